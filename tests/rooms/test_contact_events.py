"""Callbacks of customer contact become named facts and the state of the room, in whatever order they arrive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations

import pytest

from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.domain import contacts, members, outreach, staff
from assistant.domain.outreach import Candidate
from assistant.store import Work
from assistant.wecom import CallbackRefused, from_xml
from tests.conftest import NOON
from tests.rooms.contact_help import Desk, customer, desk_on

ME = system("test")
ADD, HALF = "add_external_contact", "add_half_external_contact"


@pytest.fixture
def desk(database: str, clock: ManualClock) -> Iterator[Desk]:
    with desk_on(database, clock) as opened:
        yield opened


def test_every_family_becomes_a_named_fact(desk: Desk) -> None:
    for change in (HALF, ADD, "edit_external_contact", "del_follow_user", "del_external_contact", "msg_audit_approved"):
        desk.contact(change)
    desk.contact("transfer_fail", more="<FailReason>customer_refused</FailReason>")
    for change in ("create", "update", "dismiss"):
        desk.group(change, "<UpdateDetail>change_name</UpdateDetail><JoinScene>0</JoinScene>" if change == "update" else "")
    for change, more in (("create", "tag"), ("update", "tag"), ("delete", "tag_group")):
        desk.event(f"<Event>change_external_tag</Event><ChangeType>{change}</ChangeType><Id>et1</Id><TagType>{more}</TagType>")
    desk.event("<Event>change_external_tag</Event><ChangeType>shuffle</ChangeType>")
    desk.event("<Event>customer_acquisition</Event><ChangeType>customer_start_chat</ChangeType><LinkId>cawc1</LinkId>")
    chosen = "<SelectedItem><QuestionKey>q1</QuestionKey><OptionIds><OptionId>a</OptionId><OptionId>b</OptionId></OptionIds></SelectedItem>"
    card = f"<EventKey>ok</EventKey><TaskId>t1</TaskId><CardType>vote</CardType><SelectedItems>{chosen}</SelectedItems>"
    desk.event(f"<Event>template_card_event</Event>{card}", agent="<AgentID>7</AgentID>")
    for name in ("subscribe", "enter_agent", "LOCATION", "low_active"):
        desk.event(f"<Event>{name}</Event>", agent="<AgentID>7</AgentID>")
    assert {name for name in desk.names() if name.startswith("wecom.")} == {
        *(f"wecom.contact_{name}" for name in ("added", "half_added", "edited", "deleted_by_staff", "deleted_by_customer")),
        *("wecom.contact_archive_agreed", "wecom.contact_transfer_failed", "wecom.acquisition", "wecom.card_clicked"),
        *("wecom.group_created", "wecom.group_updated", "wecom.group_dismissed"),
        *(f"wecom.tag_{name}" for name in ("created", "updated", "deleted", "shuffled")),
        *(f"wecom.app_{name}" for name in ("subscribed", "entered", "located", "low_active")),
    }
    assert desk.facts("wecom.card_clicked")[0]["chosen"] == {"q1": ["a", "b"]}
    # An app that is about to lose its rights is a person's business.
    assert [ticket.kind for ticket in desk.store.look(staff.open_tickets)] == ["task"]


def test_what_nobody_understands_is_kept_with_what_was_strange(desk: Desk) -> None:
    desk.event("<Event>change_weather</Event><ChangeType>rain</ChangeType>")
    desk.contact(ADD, more="<Mood>happy</Mood>")
    desk.event("<Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType><UserID>lin</UserID>")
    told = [(one["event"], one["elements"], one["missing"]) for one in desk.facts("wecom.not_understood")]
    assert told == [
        ("change_weather.rain", [], []),
        ("change_external_contact.add_external_contact", ["Mood"], []),
        ("change_external_contact.add_external_contact", [], ["ExternalUserID"]),
    ]
    # A strange element does not keep the rest from being heard.
    assert desk.relation() is not None


def test_two_customers_of_one_second_are_two_and_one_told_twice_is_one(desk: Desk) -> None:
    for name in ("wm1", "wm2", "wm1"):
        desk.contact(ADD, name)
    assert len(desk.facts("wecom.contact_added")) == 2
    assert desk.member("wm1").id != desk.member("wm2").id
    assert (desk.member("wm1").owner_staff, desk.store.look(contacts.counts)) == ("lin", {"lin": 2})


@pytest.mark.parametrize("last", ["added", "deleted"])
def test_any_order_of_arrival_ends_in_the_same_friendship(last: str) -> None:
    words = [("added", 0, ""), ("ended", 1, "customer"), ("added", 2, ""), ("ended", 3, "staff")][: 3 if last == "added" else 4]
    for order in permutations(words):
        row = None
        for change, second, by in (*order, *order):
            heard = contacts.Heard("lin", "wm1", "m1", change, NOON + timedelta(seconds=second), by)  # type: ignore[arg-type]
            row = contacts.after_event(row, heard).relation
        assert row is not None
        assert (row.status, row.ended_by) == (("full", "") if last == "added" else ("ended", "staff")), order


def test_half_a_friend_becomes_a_whole_one_and_not_the_other_way_round(desk: Desk) -> None:
    desk.contact(HALF, more="<State>live</State>")
    assert desk.relation().status == "half"  # type: ignore[union-attr]
    desk.contact(ADD)
    desk.contact(HALF, at=desk.clock.now() + timedelta(seconds=1))
    assert (desk.relation().status, desk.relation().state) == ("full", "live")  # type: ignore[union-attr]


def test_a_customer_who_deletes_us_is_not_written_to_by_that_employee_until_added_again(desk: Desk) -> None:
    desk.contact(ADD)
    desk.contact(ADD, staff="chen")
    number = desk.member().id

    def way() -> str:
        decision = desk.store.look(outreach.decide, [Candidate(number, "marketing")])[0]
        return getattr(decision, "staff", "") or getattr(decision, "code", "")

    assert way() == "lin"
    desk.contact("del_follow_user", at=desk.clock.now() + timedelta(seconds=1))
    assert (way(), desk.member().owner_staff) == ("chen", "chen")
    desk.contact("del_follow_user", staff="chen", at=desk.clock.now() + timedelta(seconds=1))
    assert (way(), desk.member().blocked) == ("unfriended", False)
    desk.contact(ADD, at=desk.clock.now() + timedelta(seconds=2))
    assert way() == "lin"


def test_an_unknown_customer_with_a_known_unionid_is_the_member_who_holds_it(desk: Desk) -> None:
    union = members.Identity("unionid", "o1")
    known = desk.store.do(members.register, [members.Register("shop", "S1", (union,), members.Profile(nickname="阿香"))], ME)[0]
    desk.corp.answers["get"] = lambda _body: customer(
        "wm1", "香香", {"lin": {"add_way": 1, "remark_mobiles": ["13800000001"]}}, unionid="o1"
    )
    desk.contact(ADD)
    stranger = desk.member().id
    desk.later(3)
    merged = {desk.store.look(members.find, ref) for ref in (stranger, known.member_id)}
    assert len(merged) == 1
    number = merged.pop() or ""
    assert desk.store.look(contacts.of_member, number)[0].add_way == 1
    # A number from a remark is told, not proved.
    told = desk.store.look(members.identities, [number])[number]
    assert members.Identity("told:phone", "13800000001") in told


def test_a_look_ends_what_wecom_does_not_show_but_believes_a_deletion_by_the_customer(desk: Desk) -> None:
    desk.contact(ADD)
    desk.contact(ADD, staff="chen")
    desk.contact("del_follow_user", at=desk.clock.now() + timedelta(seconds=1))
    desk.corp.answers["get"] = lambda _body: customer("wm1", "阿香", {"lin": {}})
    desk.later(30)
    lin, chen = desk.relation(), desk.relation("chen")
    assert lin is not None
    assert chen is not None
    assert (lin.ended_by, chen.ended_by) == ("customer", "missing")


def test_an_event_of_another_corp_is_refused() -> None:
    with pytest.raises(CallbackRefused) as refused:
        from_xml(b"<xml><ToUserName>ww2</ToUserName><MsgType>event</MsgType></xml>", ManualClock(NOON).now(), "ww1")
    assert (refused.value.reason, refused.value.status) == ("other_receiver", 403)


def test_customers_are_passed_on_a_hundred_at_a_time_and_none_twice(desk: Desk) -> None:
    many = [contacts.Heard("lin", f"wm{number}", f"m{number}", "added", NOON) for number in range(101)]
    desk.store.do(contacts.hear, many, ME)
    desk.store.do(contacts.ask_transfer, [contacts.AskTransfer("t", "lin", "chen")], ME)
    route = ("lin", "chen", False)
    taken = [len(desk.store.do(contacts.claim_transfers, route, ME)) for _call in range(3)]
    # A call that was cut off is not made again: what it held is unknown.
    assert (taken, {one.state for one in desk.store.look(contacts.under_way, "lin")}) == ([100, 1, 0], {"unknown"})


def test_who_leaves_frees_what_they_had_to_do(desk: Desk) -> None:
    ticket = staff.OpenTicket("t", "task", title="回访", staff="lin")
    desk.store.do(_open_and_leave, ticket, ME)
    assert [(one.staff, one.title) for one in desk.store.look(staff.open_tickets, "chen")] == [("", "回访")]


def _open_and_leave(work: Work, ticket: staff.OpenTicket) -> None:
    staff.open_ticket(work, [ticket])
    staff.leave(work, [staff.Leave("l", "lin")])
