"""Rules at work in the book: tiers, campaigns and caps on real orders, behaviour, and how rules are changed."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Forbidden, Invalid, Refused
from assistant.base.principal import Principal
from assistant.domain import ledger, membership, points
from assistant.domain.points import Behaviour, GoLive, ProposeRules
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.points_help import OWNER, propose, put_live
from tests.rooms.test_points import ANNA, DAY, ME, held, refunded, said, sound, tell

LOOK = {"id": "look", "title": "逛新品", "event": "product_viewed", "points": 5, "where": {"new": True}}


def looked(key: str, member: str = ANNA, at: Any = NOON, new: bool = True) -> Behaviour:
    return Behaviour(key, member, "product_viewed", at, {"new": new, "sku": "A1"})


def earn(store: Store, *told: Behaviour) -> list[int]:
    return [one.points for one in store.do(points.earn_behaviour, list(told), ME)]


def newest(store: Store) -> str:
    return str(store.look(points.history, ANNA, 1)[0].reason)


def test_an_order_says_which_rule_gave_what_and_keeps_its_rules_and_tier(store: Store) -> None:
    put_live(store, {"tiers": {"银卡": 150}, "campaigns": [{"id": "gift", "title": "开业加送", "bonus": 20}]})
    store.do(membership.add_growth, [membership.AddGrowth("g", ANNA, 1000, "测试")], ME)
    tell(store, said("paid", 10000))
    assert held(store) == (170, 0)
    assert newest(store) == "订单 T1 已付款，待生效（消费 +100，银卡 1.5 倍 +50，开业加送 +20）"
    put_live(store, {"per_hundred": 1000})
    store.do(membership.add_growth, [membership.AddGrowth("g2", ANNA, 9000, "测试")], ME)
    tell(store, refunded(5000))
    assert held(store) == (85, 0)
    tell(store, refunded(5000, "R2"))
    assert held(store) == (0, 0)
    assert sound(store)


def test_a_capped_order_gives_back_its_share_and_the_cap_stays_used(store: Store) -> None:
    put_live(store, {"caps": [{"id": "day", "title": "每日上限", "points": 150}]})
    tell(store, said("paid", 10000), said("paid", 10000, order_no="T2"))
    assert held(store) == (150, 0)
    assert newest(store).endswith("（已到上限：每日上限）")
    tell(store, refunded(5000, order_no="T2"))
    assert held(store) == (125, 0)
    tell(store, said("paid", 10000, order_no="T3"), said("paid", 10000, days=-1, order_no="T4"))
    assert held(store) == (225, 0)
    tell(store, refunded(10000, order_no="T2"), refunded(10000), refunded(10000, order_no="T4"))
    assert held(store) == (0, 0)
    assert sound(store)


def test_an_order_that_a_cap_left_nothing_keeps_its_rules_when_the_cap_is_raised(store: Store) -> None:
    put_live(store, {"caps": [{"id": "day", "title": "每日上限", "points": 100}]})
    tell(store, said("paid", 10000), said("paid", 10000, order_no="T2"))
    put_live(store, {"caps": [{"id": "day", "title": "每日上限", "points": 900}]})
    tell(store, said("shipped", 10000, order_no="T2"))
    assert held(store) == (100, 0)
    tell(store, said("paid", 10000, order_no="T3"))
    assert held(store) == (200, 0)


def test_a_household_shares_its_cap_and_a_budget_is_everybodys(store: Store) -> None:
    home = {"id": "home", "title": "家庭上限", "points": 120, "who": "household", "every": "month"}
    put_live(store, {"caps": [home, {"id": "budget", "title": "预算", "points": 300, "who": "all", "every": "ever"}]})
    store.do(points.set_households, [points.SetHousehold("h1", ANNA, "a1"), points.SetHousehold("h2", "member_bell", "a1")], ME)
    for number, member in enumerate((ANNA, "member_bell", "member_cora", "member_dora")):
        tell(store, said("paid", 10000, order_no=f"H{number}", member=member))
    assert [held(store, one)[0] for one in (ANNA, "member_bell", "member_cora", "member_dora")] == [100, 20, 100, 80]


def test_behaviour_earns_once_by_key_within_its_caps(store: Store) -> None:
    put_live(store, {"behaviours": [LOOK], "caps": [{"id": "day", "title": "逛新品每日上限", "points": 12, "rules": ["look"]}]})
    assert earn(store, looked("e1"), looked("e2"), looked("e3"), looked("e4"), looked("old", new=False)) == [5, 5, 2, 0, 0]
    assert earn(store, looked("e2"), looked("e1")) == [5, 5]
    assert earn(store, looked("e5", at=NOON - DAY)) == [5]
    assert held(store) == (0, 17)
    assert {entry.reason for entry in store.look(points.history, ANNA, 9)} == {"逛新品"}
    assert store.look(points.heard_events) == {"product_viewed"}
    assert sound(store)


def test_sixteen_tellings_at_once_stay_within_the_cap(store: Store) -> None:
    put_live(store, {"behaviours": [LOOK], "caps": [{"id": "all", "title": "预算", "points": 33, "who": "all", "every": "ever"}]})

    async def together() -> None:
        told = [[looked(f"e{n % 12}", f"member_{n % 12 % 5}")] for n in range(16)]
        await asyncio.gather(*(store.write(points.earn_behaviour, one, ME) for one in told))

    asyncio.run(together())
    assert sum(held(store, f"member_{n}")[1] for n in range(5)) == 33
    assert set(store.look(ledger.totals).values()) == {0}


@pytest.mark.parametrize(
    "wrong",
    [
        looked("e", ""),
        looked("e", at=NOON.replace(tzinfo=None)),
        looked("e", at=NOON + timedelta(hours=1)),
        Behaviour("e", ANNA, "", NOON),
    ],
)
def test_a_malformed_event_changes_nothing(store: Store, wrong: Behaviour) -> None:
    put_live(store, {"behaviours": [LOOK]})
    with pytest.raises(Invalid):
        earn(store, looked("good"), wrong)
    assert held(store) == (0, 0)


def test_rules_go_live_only_tried_out_against_the_rules_in_force_and_by_somebody_with_the_right(store: Store) -> None:
    draft = store.do(points.propose_rules, [ProposeRules("p", '{"per_hundred": 150}')], OWNER)[0].version
    with pytest.raises(Refused) as refused:
        store.do(points.go_live, [GoLive("l", draft)], OWNER)
    assert refused.value.code == "not_simulated"
    first, second = propose(store, {"per_hundred": 200}), propose(store, {"per_hundred": 300})
    with pytest.raises(Forbidden):
        store.do(points.go_live, [GoLive("l", first)], Principal("operator", "o", frozenset({"operator"})))
    with pytest.raises(Forbidden):
        store.do(points.propose_rules, [ProposeRules("x", "{}")], Principal("member", ANNA))
    assert store.do(points.go_live, [GoLive("l1", first)], OWNER)[0].before == 0
    with pytest.raises(Refused):
        store.do(points.go_live, [GoLive("l2", second)], OWNER)
    with pytest.raises(Conflict):
        store.do(points.go_live, [GoLive("l3", first)], OWNER)
    assert store.look(points.rules).per_hundred == 200
    assert [(one.version, one.state) for one in store.look(points.rule_versions)] == [(3, "draft"), (2, "live"), (1, "draft")]


def test_a_tier_that_does_not_exist_is_named_before_anything_is_kept(store: Store) -> None:
    with pytest.raises(Invalid) as refused:
        store.do(points.propose_rules, [ProposeRules("p", '{"tiers": {"金牌": 150}}')], OWNER)
    assert "没有“金牌”这个会员等级，现在有：普通、银卡" in refused.value.say
    assert store.look(points.rule_versions) == []


def test_a_trial_compares_with_the_rules_in_force_and_writes_nothing(store: Store, clock: ManualClock) -> None:
    put_live(store, {"behaviours": [LOOK]})
    tell(store, said("paid", 10000), said("paid", 20000, order_no="T2", member="member_bell"), refunded(5000, order_no="T2"))
    tell(store, said("paid", 70000, days=-91, order_no="T3"), said("paid", 5000, order_no="T4", member=""))
    earn(store, looked("e1"), looked("e2"))
    before = store.look(ledger.totals), held(store)
    clock.advance(timedelta(hours=1))
    text = {"per_hundred": 200, "behaviours": [LOOK], "caps": [{"id": "day", "title": "上限", "points": 205}], "fen_per_hundred": 50}
    found = store.look(points.simulate, propose(store, text))
    assert (found.orders, found.events, found.people, found.live_people) == (2, 2, 2, 2)
    assert {one.rule: (one.points, one.live_points) for one in found.rules} == {"base": (353, 250), "look": (5, 10)}
    assert (found.points, found.cost_fen, found.live_points, found.live_cost_fen) == (358, 179, 260, 260)
    assert [(one.member_id, one.points, one.live_points) for one in found.differences] == [(ANNA, 205, 110), ("member_bell", 153, 150)]
    assert (store.look(ledger.totals), held(store)) == before
    assert json.dumps(store.look(points.rule_version, found.version).simulation)


def test_a_trial_listens_to_a_feed_of_events(store: Store) -> None:
    version = propose(store, {"behaviours": [LOOK]})
    found = store.look(points.simulate, version, 90, lambda _view, _since, _until, _names: [looked("x"), looked("y", new=False)])
    assert (found.events, found.points, found.live_points) == (2, 5, 0)


def test_activity_moves_the_end_of_points_that_end_by_inactivity(store: Store, clock: ManualClock) -> None:
    put_live(store, {"expiry": {"mode": "inactivity", "days": 30}})
    store.do(points.grant, [points.Grant("g", ANNA, 50, "赠送")], ME)
    clock.advance(20 * DAY)
    earn(store, looked("e", at=NOON + 20 * DAY))
    clock.advance(20 * DAY)
    assert held(store) == (0, 50)
    tell(store, said("paid", 1000, days=40))
    clock.advance(29 * DAY)
    assert held(store) == (10, 50)
    clock.advance(DAY)
    assert held(store) == (10, 0)
    tell(store, said("paid", 1000, days=70, order_no="T2"))
    assert held(store) == (20, 0)
    assert sound(store)


def test_a_change_of_mode_leaves_what_was_promised(store: Store, clock: ManualClock) -> None:
    store.do(points.grant, [points.Grant("a", ANNA, 10, "赠送")], ME)
    put_live(store, {"expiry": {"mode": "never"}})
    store.do(points.grant, [points.Grant("b", ANNA, 10, "赠送")], ME)
    put_live(store, {"expiry": {"mode": "fixed", "after": 0}})
    store.do(points.grant, [points.Grant("c", ANNA, 10, "赠送")], ME)
    ends = [lot.expires_at for lot in store.look(points.lots, ANNA)]
    assert [(end - NOON).days if end else None for end in ends] == [39, 365, None]
