"""People: registered once, met again by identity, changed with care, written to only as they wish."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.errors import Forbidden, Invalid
from assistant.base.principal import Principal, system
from assistant.domain import members
from assistant.domain.members import Bind, Choice, Group, Identity, Member, Profile, Register, Update
from assistant.store import Store, fact

ME = system("test")
WECOM = Identity("wecom_external", "wm_1")
PHONE = Identity("phone", "13800005678")


def join(store: Store, key: str, *identities: Identity, profile: Profile | None = None, shop_key: str = "") -> str:
    return str(store.do(members.register, [Register(key, shop_key, identities, profile or Profile())], ME)[0].member_id)


def member(store: Store, member_id: str) -> Member:
    return store.look(members.profiles, [member_id])[member_id]


def feature(store: Store, name: str) -> dict[str, Any]:
    chosen = next(item for item in members.FEATURES if item.name == name)
    rows = store.look(lambda view: view.all(chosen.select(view.now, {})))
    return {row.member_id: row.value for row in rows}


def test_a_member_is_made_once_and_met_again_by_any_identity(store: Store) -> None:
    first = store.do(members.register, [Register("a", "M1", (WECOM,), Profile(nickname="小满"))], ME)[0]
    again = store.do(members.register, [Register("b", "", (WECOM, PHONE), Profile(city="上海"))], ME)[0]
    by_shop = store.do(members.register, [Register("c", "M1", (), Profile())], ME)[0]
    assert first.created
    assert not again.created
    assert {first.member_id, again.member_id, by_shop.member_id} == {first.member_id}
    known = member(store, first.member_id)
    assert (known.nickname, known.city, known.shop_key) == ("小满", "上海", "M1")
    assert len(store.look(lambda view: view.all(sa.select(fact).where(fact.c.name == "members.registered")))) == 1


def test_two_lines_of_one_set_may_mean_one_member(store: Store) -> None:
    done = store.do(members.register, [Register("a", "", (WECOM,)), Register("b", "M1", (WECOM, PHONE)), Register("c", "", (PHONE,))], ME)
    assert len({one.member_id for one in done}) == 1
    assert [one.created for one in done] == [True, False, False]


def test_identities_of_two_members_in_one_request_meet_the_first_and_are_told(store: Store) -> None:
    first, second = join(store, "a", WECOM), join(store, "b", PHONE)
    assert join(store, "c", WECOM, PHONE) == first
    found = store.look(members.proposals)
    assert [{one.one, one.other} for one in found] == [{first, second}]
    assert store.look(members.resolve, [WECOM, PHONE]) == {WECOM: first, PHONE: second}


def test_a_phone_in_a_profile_finds_its_first_owner_and_disturbs_nobody(store: Store) -> None:
    one = join(store, "a", profile=Profile(phone="13800005678"), shop_key="M1")
    other = join(store, "b", profile=Profile(phone="13800005678"), shop_key="M2")
    assert one != other
    assert store.look(members.find, "phone:13800005678") == one
    assert members.masked_phone(member(store, other).phone) == "138****5678"


def test_sixteen_first_meetings_at_once_make_one_member(store: Store) -> None:
    async def together() -> list[Any]:
        return await asyncio.gather(*(store.write(members.register, [Register(f"k{n}", "", (WECOM,))], ME) for n in range(16)))

    done = [result[0] for result in asyncio.run(together())]
    assert len({one.member_id for one in done}) == 1
    assert sum(one.created for one in done) == 1


def test_silence_in_a_later_registration_erases_nothing(store: Store) -> None:
    early = datetime(2024, 1, 1, tzinfo=UTC)
    number = join(store, "a", WECOM, profile=Profile(nickname="小满", birthday="05-20", opted_out=True, joined_at=early, groups=("g1",)))
    join(store, "b", WECOM, profile=Profile(nickname="满满", groups=("g2",), joined_at=datetime(2025, 1, 1, tzinfo=UTC)))
    known = member(store, number)
    assert (known.nickname, known.birthday, known.opted_out, known.joined_at) == ("满满", "05-20", True, early)
    assert known.groups == ("g1", "g2")


def test_a_reference_is_our_id_the_shops_key_or_an_identity(store: Store) -> None:
    number = join(store, "a", WECOM, Identity("openid:wx1", "o:2"), shop_key="M1")
    refs = [number, "M1", "wecom_external:wm_1", "openid:wx1:o:2", "nobody", "phone:1"]
    assert store.look(members.find_all, refs) == dict.fromkeys(refs[:4], number)
    assert store.look(members.find, "nobody") is None
    assert store.look(members.resolve, [WECOM, PHONE]) == {WECOM: number}


def test_binding_is_repeatable_and_never_takes_an_identity_from_another(store: Store) -> None:
    one, other = join(store, "a", WECOM), join(store, "b", PHONE)
    more = Identity("taobao", "t1")
    assert store.do(members.bind, [Bind("x", one, more)], ME)[0].new
    assert not store.do(members.bind, [Bind("y", one, more)], ME)[0].new
    assert not store.do(members.bind, [Bind("z", other, more)], ME)[0].new
    assert store.look(members.resolve, [more]) == {more: one}
    with pytest.raises(Invalid):
        store.do(members.bind, [Bind("n", "member_nobody", Identity("jd", "1"))], ME)
    assert Identity("taobao", "t1") in store.look(members.identities, [one])[one]


def test_one_identity_bound_by_two_members_at_once_goes_to_one(store: Store) -> None:
    crowd = [join(store, f"m{n}", shop_key=f"M{n}") for n in range(8)]

    async def together() -> list[object]:
        writes = [store.write(members.bind, [Bind(f"b{n}", number, PHONE)], ME) for n, number in enumerate(crowd)]
        return await asyncio.gather(*writes, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(result[0].new for result in results if isinstance(result, list)) == 1
    assert len(store.look(members.proposals)) == 7


BAD: list[dict[str, Any]] = [
    {"birthday": "02-31"},
    {"birthday": "2023-02-29"},
    {"preferred_hour": 24},
    {"phone": "12"},
    {"gender": "x"},
    {"id": "m"},
    {"nickname": "字" * 61},
]


def test_a_bad_change_is_invalid_and_changes_nothing(store: Store) -> None:
    number = join(store, "a", WECOM)
    for n, changes in enumerate(BAD):
        with pytest.raises(Invalid):
            store.do(members.update, [Update(f"u{n}", number, {"city": "杭州", **changes})], ME)
    assert member(store, number).city == ""


SAID: list[tuple[str, str, dict[str, Any]]] = [
    ("birthday", "5月20日", {"birthday": "05-20"}),
    ("birthday", "1995-05-20", {"birthday": "1995-05-20"}),
    ("preferred_hour", "晚上8点", {"preferred_hour": 20}),
    ("preferred_hour", "20:00", {"preferred_hour": 20}),
    ("size", " M ", {"size": "M"}),
]


def test_a_preference_as_said_becomes_a_change(store: Store) -> None:
    number = join(store, "a", WECOM)
    for n, (name, said, change) in enumerate(SAID):
        assert members.preference(name, said) == change
        store.do(members.update, [Update(f"u{n}", number, change)], Principal("member", number))
        known = member(store, number)
        assert [known.preferences.get(field, getattr(known, field, None)) for field in change] == list(change.values())


def test_a_member_changes_himself_only_and_never_the_brands_judgement(store: Store) -> None:
    one, other = join(store, "a", WECOM), join(store, "b", PHONE)
    with pytest.raises(Forbidden):
        store.do(members.update, [Update("u", other, {"city": "杭州"})], Principal("member", one))
    with pytest.raises(Forbidden):
        store.do(members.update, [Update("v", one, {"blocked": False})], Principal("member", one))
    with pytest.raises(Forbidden):
        store.do(members.opt_out, [Choice("c", other)], Principal("member", one))


def test_opting_out_by_topic_or_wholly_and_in_again(store: Store) -> None:
    number = join(store, "a", WECOM)
    assert store.do(members.opt_out, [Choice("1", number, "直播")], ME)[0].changed
    assert not store.do(members.opt_out, [Choice("2", number, "直播")], ME)[0].changed
    store.do(members.opt_out, [Choice("3", number)], ME)
    known = member(store, number)
    assert (known.opted_out, known.opted_out_topics) == (True, frozenset({"直播"}))
    store.do(members.opt_in, [Choice("4", number, "直播")], ME)
    assert (member(store, number).opted_out, member(store, number).opted_out_topics) == (True, frozenset())
    store.do(members.opt_out, [Choice("5", number, "上新")], ME)
    assert store.do(members.opt_in, [Choice("6", number)], ME)[0].changed
    known = member(store, number)
    assert (known.opted_out, known.opted_out_topics) == (False, frozenset())


def test_groups_know_their_members_and_the_other_way_round(store: Store) -> None:
    one = join(store, "a", WECOM, profile=Profile(groups=("wr_1",)))
    other = join(store, "b", shop_key="M2")
    store.do(members.set_groups, [Group("g", "wr_1", "妈妈群", "lin", "宝妈", (other,))], ME)
    group = store.look(members.groups)[0]
    assert (group.chatid, group.name, group.owner, group.externals) == ("wr_1", "妈妈群", "lin", ("wm_1",))
    assert set(group.members) == {one, other}
    assert feature(store, "group_persona") == {one: "宝妈", other: "宝妈"}


def test_search_finds_by_name_phone_end_key_and_identity_in_pages(store: Store) -> None:
    for n in range(5):
        join(store, f"k{n}", Identity("jd", f"j{n}"), profile=Profile(nickname=f"小满{n}", phone=f"1380000567{n}"), shop_key=f"M{n}")
    first = store.look(members.search, "小满", "", 3)
    rest = store.look(members.search, "小满", first[-1].id, 3)
    assert len({one.id for one in first + rest}) == 5
    for text in ("5674", "M4", "j4"):
        assert [one.nickname for one in store.look(members.search, text)] == ["小满4"]
    assert store.look(members.search, "100%") == []
    assert store.look(members.count) == 5


def test_features_give_one_value_per_member(store: Store) -> None:
    one = join(
        store, "a", WECOM, profile=Profile(city="上海", birthday="1995-05-20", preferred_hour=20, owner_staff="lin", gender="female")
    )
    other = join(store, "b", PHONE)
    assert feature(store, "city") == {one: "上海"}
    assert feature(store, "birthday_month") == {one: 5}
    assert feature(store, "birthday") == {one: "05-20"}
    assert feature(store, "preferred_hour") == {one: 20}
    assert feature(store, "gender") == {one: "female", other: "unknown"}
    assert {bool(value) for value in feature(store, "opted_out").values()} == {False}
    for item in members.FEATURES:
        feature(store, item.name)
