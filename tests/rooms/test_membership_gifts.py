"""Gifts of tiers and plans: on entering, by the calendar, once a period whatever the tier does in between."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.domain import benefits, members, membership, points
from assistant.domain.membership import DEFAULT_RULES, Buy, Gift, PaidPlan, Rules, SetRules, Tier, rules_to
from assistant.flows import gifts
from assistant.store import Store, fact
from tests.rooms.test_membership import ANNA, ME, refunded, said, standing, tell
from tests.rooms.test_membership_plans import at
from tests.rooms.test_membership_windows import grow, obey, review


def coins(amount: int) -> dict[str, object]:
    return {"kind": "points", "points": amount}


SILVER = (Gift("银卡入会礼", "entry", coins(10)), Gift("银卡月礼", "monthly", coins(1)), Gift("生日礼", "birthday", coins(100)))
GOLD = (Gift("金卡入会礼", "entry", coins(20)), Gift("金卡月礼", "monthly", coins(2)), Gift("金卡季礼", "quarterly", coins(5)))
RULES = Rules(
    (Tier("普通", 0), Tier("银卡", 100, gifts=SILVER), Tier("金卡", 300, gifts=GOLD)),
    lower_on_refund=True,
    plans=(PaidPlan("month", "月卡", 1, 3000, "", (), (Gift("月卡礼", "entry", coins(30)), Gift("月卡月礼", "monthly", coins(3)))),),
)


def given(store: Store) -> list[str]:
    """Gives what is due, as the reaction to the fact does, and names all that a member has been given."""
    rows = store.look(lambda view: view.all(sa.select(fact).where(fact.c.name == "membership.gift_due").order_by(fact.c.id)))
    for row in rows:
        store.do(gifts.give, row.payload["gift_id"], ME)
    return [row.payload["name"] for row in rows]


def look_round(store: Store) -> None:
    """The clock's work until nothing is left."""
    while store.do(lambda work, _: gifts.sweep(work), None, ME):
        pass
    review(store)


def coins_of(store: Store, member: str = ANNA) -> int:
    return store.look(points.balance, [member])[member].available


def test_entering_a_tier_brings_its_gift_once_however_often_it_is_given(store: Store) -> None:
    obey(store, RULES)
    grow(store, 150)
    for _ in range(3):
        assert given(store) == ["银卡入会礼"]
    assert coins_of(store) == 10
    assert [one.name for one in store.look(membership.gifts_of, ANNA, 10) if one.given_at] == ["银卡入会礼"]


def test_who_jumps_a_tier_has_the_gift_of_the_tier_entered(store: Store) -> None:
    obey(store, RULES)
    grow(store, 400)
    assert given(store) == ["金卡入会礼"]


def test_down_and_up_inside_a_window_brings_no_second_gift(store: Store, clock: ManualClock) -> None:
    obey(store, RULES)
    for number in range(4):
        tell(store, said("finished", 15000, f"T{number}"))
        assert standing(store).tier == "银卡"
        tell(store, refunded(15000, "R", f"T{number}"))
        assert standing(store).tier == "普通"
        clock.advance(timedelta(days=20))
    assert given(store) == ["银卡入会礼"]
    clock.advance(timedelta(days=365))
    tell(store, said("finished", 15000, "T9"))
    assert given(store) == ["银卡入会礼", "银卡入会礼"]


def test_a_month_gift_goes_to_who_held_the_tier_when_the_month_began(store: Store, clock: ManualClock) -> None:
    obey(store, RULES)
    grow(store, 100)
    look_round(store)
    assert given(store) == ["银卡入会礼"], "who joins in the middle waits for the next month"
    clock.advance(at("2026-12-01T00:01") - clock.now())
    for _ in range(3):
        look_round(store)
    assert given(store)[1:] == ["银卡月礼"]
    grow(store, 300)
    clock.advance(timedelta(days=10))
    look_round(store)
    assert given(store)[2:] == ["金卡入会礼"]
    clock.advance(at("2027-01-01T00:00") - clock.now())
    look_round(store)
    assert given(store)[3:] == ["金卡月礼", "金卡季礼"]
    clock.advance(timedelta(days=31))
    look_round(store)
    assert given(store)[5:] == ["金卡月礼"]
    assert coins_of(store) == 10 + 1 + 20 + 2 + 5 + 2


def test_a_birthday_gift_comes_once_a_year_also_when_the_birthday_moves(store: Store, clock: ManualClock) -> None:
    profile = members.Profile(birthday="12-20")
    anna = store.do(members.register, [members.Register("r", "M1", (), profile)], ME)[0].member_id
    obey(store, RULES)
    grow(store, 100, anna)
    for month in (12, 1, 2):
        clock.advance(at(f"{2026 if month == 12 else 2027}-{month:02}-01T00:00") - clock.now())
        look_round(store)
        store.do(members.update, [members.Update(f"u{month}", anna, {"birthday": f"0{month % 12 + 1}-05"})], ME)
    assert given(store).count("生日礼") == 2, "December 2026 and January 2027"


def test_a_plan_brings_its_gifts_at_its_beginning_and_by_the_month(store: Store, clock: ManualClock) -> None:
    obey(store, RULES)
    for number in range(2):
        store.do(membership.buy, [Buy(f"b{number}", ANNA, "month", f"wx{number}", 3000)], ME)
    look_round(store)
    assert given(store) == ["月卡礼"]
    clock.advance(at("2026-12-01T08:00") - clock.now())
    look_round(store)
    assert given(store)[1:] == ["月卡月礼"]
    clock.advance(at("2026-12-23T08:00") - clock.now())
    look_round(store)
    assert given(store)[2:] == ["月卡礼"], "the second month has begun"


def test_many_members_are_looked_at_in_sets_that_go_on_where_they_stopped(store: Store, clock: ManualClock) -> None:
    obey(store, RULES)
    store.do(membership.add_growth, [membership.AddGrowth(f"g{n}", f"member_{n:04}", 100, "测试") for n in range(350)], ME)
    clock.advance(at("2026-12-01T00:00") - clock.now())
    looked = [store.do(lambda work, _: gifts.sweep(work), None, ME) for _ in range(9)]
    assert (looked[0] > 0, sum(looked), looked[-1]) == (True, 350, 0)
    names = store.look(lambda view: view.all(sa.text("SELECT count(*), name FROM membership_gift GROUP BY name ORDER BY name")))
    assert {row[1]: row[0] for row in names} == {"银卡入会礼": 350, "银卡月礼": 350}


def test_a_gift_that_cannot_be_given_is_refused_with_its_place(store: Store) -> None:
    for benefit in ({"kind": "gold"}, {"kind": "points", "points": 0}, {"kind": "cashback_card", "template": "none"}, {}):
        rules = Rules((Tier("普通", 0), Tier("银卡", 100, gifts=(Gift("怪礼", "entry", benefit),))))
        with pytest.raises(Invalid, match="银卡.*怪礼"):
            store.do(gifts.set_rules, [SetRules("bad", 0, rules_to(rules))], ME)
    assert store.look(membership.rules) == (0, DEFAULT_RULES)


def test_a_gift_that_cannot_be_given_now_stays_due(store: Store) -> None:
    store.do(benefits.load_codes, [benefits.LoadCodes("c", "礼券", ("A",))], ME)
    voucher = Gift("礼券", "entry", {"kind": "coupon", "name": "礼券", "value_fen": 100})
    obey(store, Rules((Tier("普通", 0), Tier("银卡", 100, gifts=(voucher,)))))
    grow(store, 100)
    grow(store, 100, "member_ben")
    with pytest.raises(Exception, match="券码不够"):
        given(store)
    assert [one.given_at is None for one in store.look(membership.gifts_of, "member_ben", 5)] == [True]
    store.do(benefits.load_codes, [benefits.LoadCodes("d", "礼券", ("B",))], ME)
    given(store)
    assert [one.code for one in store.look(benefits.coupons_of, "member_ben")] == ["B"]


def test_a_set_gives_its_gifts_in_the_same_commit_and_asks_for_the_next_at_once(store: Store, clock: ManualClock) -> None:
    obey(store, RULES)
    store.do(membership.add_growth, [membership.AddGrowth(f"g{n}", f"member_{n:04}", 100, "测试") for n in range(120)], ME)
    clock.advance(at("2026-12-01T00:00") - clock.now())
    looked = store.do(lambda work, _: gifts.sweep(work), None, ME)
    due = store.look(lambda view: view.all(sa.text("SELECT due_at FROM due WHERE kind = 'membership.gifts'")))
    assert (0 < looked < 120, len(due)) == (True, 1)
    assert coins_of(store, "member_0000") == 1
    assert [one.given_at for one in store.look(membership.gifts_of, "member_0000", 10) if one.name == "银卡月礼"] == [clock.now()]
    look_round(store)
    assert sum(coins_of(store, f"member_{n:04}") for n in range(120)) == 120
    given(store)
    assert sum(coins_of(store, f"member_{n:04}") for n in range(120)) == 120 + 120 * 10, (
        "the gifts of entering, and none of the month twice"
    )


def test_codes_that_do_not_suffice_for_a_set_go_to_whom_they_reach_and_the_rest_stays_due(store: Store, clock: ManualClock) -> None:
    store.do(benefits.load_codes, [benefits.LoadCodes("c", "礼券", ("A",))], ME)
    voucher = Gift("月券", "monthly", {"kind": "coupon", "name": "礼券", "value_fen": 100})
    obey(store, Rules((Tier("普通", 0), Tier("银卡", 100, gifts=(voucher, Gift("月礼", "monthly", coins(1)))))))
    for name in ("member_a", "member_b"):
        grow(store, 100, name)
    clock.advance(at("2026-12-01T00:00") - clock.now())
    look_round(store)
    assert [coins_of(store, name) for name in ("member_a", "member_b")] == [1, 1]
    with pytest.raises(Exception, match="券码不够"):
        given(store)
    assert sum(len(store.look(benefits.coupons_of, name)) for name in ("member_a", "member_b")) == 1
    store.do(benefits.load_codes, [benefits.LoadCodes("d", "礼券", ("B", "C"))], ME)
    given(store)
    assert [len(store.look(benefits.coupons_of, name)) for name in ("member_a", "member_b")] == [1, 1]
