"""Customer groups are kept by the room that hears WeCom; what segments and plans read is its copy and never differs from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.base.clock import ManualClock
from assistant.domain import contacts, members
from assistant.domain.contacts import GroupHeard, GroupSeen, Heard, Look, Seat, Seen
from assistant.store import Store, Work
from tests.rooms.test_operations_world import ME, people

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
CHATS, PERSONS = ("wr0", "wr1", "wr2"), ("wm0", "wm1", "wm2", "wmx")
DEEDS = st.one_of(
    st.tuples(st.just("came"), st.sampled_from(CHATS), st.sampled_from(PERSONS)),
    st.tuples(st.just("went"), st.sampled_from(CHATS), st.sampled_from(PERSONS)),
    st.tuples(st.just("shown"), st.sampled_from(CHATS), st.sets(st.sampled_from(PERSONS))),
    st.tuples(st.just("dismissed"), st.sampled_from(CHATS), st.none()),
    st.tuples(st.just("imported"), st.sampled_from(CHATS), st.sampled_from(PERSONS[:3])),
    st.tuples(st.just("registered"), st.sampled_from(CHATS), st.sampled_from(PERSONS[:3])),
    st.tuples(st.just("befriended"), st.none(), st.sampled_from(PERSONS)),
    st.tuples(st.just("found"), st.none(), st.sampled_from(PERSONS)),
)


def _do(work: Work, deed: tuple[str, Any, Any], ids: dict[str, str], number: int) -> None:
    what, chat, who = deed
    at, row = AT + timedelta(minutes=number), contacts.groups.one_group(work, chat) if chat else None
    version = row.version if row else ""
    match what:
        case "came":
            seat = Seat(chat, who, ids.get(who, "") if number % 2 else "", "customer", at)
            contacts.groups.hear(work, [GroupHeard(chat, "updated", at, (seat,), last_version=version, version=f"v{number}")])
        case "went":
            contacts.groups.hear(work, [GroupHeard(chat, "updated", at, (), (who,), "left", version, f"v{number}")])
        case "shown":
            seats = tuple(Seat(chat, one, ids.get(one, "") if number % 2 else "", "customer", at) for one in sorted(who))
            shown = GroupSeen(chat, f"群{number}", f"owner{number % 2}", f"v{number}", seats, "", AT)
            contacts.groups.look(work, shown, last_try=True)
        case "dismissed":
            contacts.groups.dismiss(work, [chat])
        case "imported":
            members.set_groups(work, [members.Group(f"g{number}", chat, "导入的名字", "nobody", "宝妈", (ids[who],))])
        case "registered":
            profile = members.Profile(nickname="老友", groups=(chat,))
            members.register(work, [members.Register(f"r{number}", f"R{number}", (members.Identity("wecom_external", who),), profile)])
        case "befriended":
            contacts.hear(work, [Heard("lin", who, ids.get(who, "m_x"), "added", at)])
        case _:
            contacts.look(work, Look([Seen("lin", who, ids.get(who, "m_x"), at)]))


def _compare(work: Work) -> None:
    """Of every group that WeCom has told about: its name, owner and who sits there are the same on both sides; a dismissed one is gone."""
    copies = {one.chatid: one for one in members.groups(work)}
    for chat in CHATS:
        row = contacts.groups.one_group(work, chat)
        if row is None:
            continue
        if row.status == "dismissed":
            assert chat not in copies
            continue
        told = {each.member_id for each in contacts.groups.seats(work, chat) if each.left_at is None and each.member_id}
        copy = copies[chat]
        assert set(copy.members) == told
        if row.name:
            assert (copy.name, copy.owner) == (row.name, row.owner)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(DEEDS, max_size=14))
def test_the_copy_of_a_group_never_differs_from_what_wecom_told(store: Store, clock: ManualClock, deeds: list[Any]) -> None:
    ids = {f"wm{number}": member_id for number, member_id in enumerate(people(store, 3))}

    class UndoError(Exception):
        """Each example begins on the same book."""

    def play(work: Work, _nothing: None) -> None:
        for number, deed in enumerate(deeds):
            _do(work, deed, ids, number)
            _compare(work)
        raise UndoError

    try:
        store.do(play, None, ME)
    except UndoError:
        return
    raise AssertionError("nothing was played")


def test_an_import_before_wecom_is_heard_counts_and_afterwards_gives_only_the_persona(store: Store) -> None:
    one, two = people(store, 2)
    store.do(members.set_groups, [members.Group("g1", "wr1", "名单上的群", "he", "宝妈", (one,))], ME)
    assert store.look(members.groups)[0].members == (one,)

    def heard(work: Work, _nothing: None) -> None:
        contacts.groups.look(work, GroupSeen("wr1", "老友一群", "lin", "v1", (Seat("wr1", "wm1", two, "customer", AT),), "", AT))

    store.do(heard, None, ME)
    store.do(members.set_groups, [members.Group("g2", "wr1", "旧名字", "he", "白领", (one,))], ME)
    (group,) = store.look(members.groups)
    assert (group.name, group.owner, group.persona, group.members) == ("老友一群", "lin", "白领", (two,))
