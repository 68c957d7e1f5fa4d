"""A paid plan takes part in the rules of points: the best multiplier counts once, and stays what it was when the order first earned."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.domain import points
from assistant.domain.points.rules import quote, rules_from
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.points_help import propose, put_live
from tests.rooms.test_membership_plans import RULES, buy, obey
from tests.rooms.test_points import ANNA, held, refunded, said, sound, tell
from tests.rooms.test_points_earning_rules import ELEVEN, order

DOCUMENT: dict[str, Any] = {"tiers": {"金卡": 150}, "plans": {"年卡": 200, "月卡": 120}}


@pytest.mark.parametrize(
    ("tier", "plan", "held_by"), [("金卡", "年卡", "年卡"), ("金卡", "月卡", "金卡"), ("普通", "", "普通"), ("普通", "月卡", "月卡")]
)
def test_of_tier_and_plan_the_one_that_multiplies_more_is_held(tier: str, plan: str, held_by: str) -> None:
    assert rules_from(DOCUMENT).held(tier, plan) == held_by


def test_a_plan_and_a_campaign_do_not_multiply_each_other() -> None:
    rules = rules_from(DOCUMENT | {"campaigns": [ELEVEN | {"times_percent": 180}]})
    assert quote(rules, order(10000), "年卡", NOON).parts() == {"base": 100, "plan": 100}
    assert quote(rules, order(10000), "月卡", NOON).parts() == {"base": 100, "eleven": 80}


def test_a_plan_that_runs_doubles_an_order_and_a_refund_takes_the_double_back(store: Store, clock: ManualClock) -> None:
    obey(store, RULES)
    put_live(store, DOCUMENT)
    tell(store, said("paid", 10000, order_no="T0"))
    buy(store, "wx1", "year", 30000)
    tell(store, said("paid", 10000))
    assert held(store) == (100 + 200, 0)
    assert "年卡 双倍 +100" in store.look(points.history, ANNA, 1)[0].reason
    clock.advance(timedelta(days=400))
    tell(store, refunded(5000), said("paid", 10000, order_no="T2"))
    assert held(store) == (100 + 100 + 100, 0), "what was earned keeps its plan, what comes after its end has none"
    assert sound(store)


def test_a_trial_knows_the_plans_of_today(store: Store) -> None:
    obey(store, RULES)
    tell(store, said("paid", 10000, days=-1))
    buy(store, "wx1", "year", 30000)
    found = store.look(points.simulate, propose(store, DOCUMENT))
    assert (found.points, found.live_points) == (200, 100)


@pytest.mark.parametrize("document", [{"plans": {"周卡": 150}}, {"plans": {"年卡": 99}}, {"tiers": {"金卡": 150}, "plans": {"金卡": 150}}])
def test_a_plan_that_nobody_can_buy_or_that_is_called_like_a_tier_is_refused(store: Store, document: dict[str, Any]) -> None:
    obey(store, RULES)
    with pytest.raises(Invalid):
        propose(store, document)
