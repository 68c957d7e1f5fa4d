"""A dated tier: raised at once, reviewed at the end of its window once, softly, and never lowered by a change of the rules."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Invalid, Refused
from assistant.base.principal import system
from assistant.domain import ledger, membership
from assistant.domain.membership import DEFAULT_RULES, AddGrowth, Rules, SetRules, Standing, Tier, rules_to
from assistant.store import Store, fact
from tests.conftest import NOON
from tests.rooms.test_membership import ANNA, ME, refunded, said, standing, tell

YEAR = timedelta(days=365)
SHORT = (Tier("普通", 0), Tier("银卡", 100), Tier("金卡", 300), Tier("黑金", 800))


def grow(store: Store, amount: int, member: str = ANNA) -> None:
    number = store.look(lambda view: view.scalar(sa.text("SELECT count(*) FROM command_key")))
    store.do(membership.add_growth, [AddGrowth(f"{member}:{number}", member, amount, "测试")], ME)


def obey(store: Store, rules: Rules) -> int:
    seen = store.look(membership.rules)[0]
    done: list[membership.RulesSet] = store.do(membership.set_rules, [SetRules(f"rules:{seen}", seen, rules_to(rules))], ME)
    return done[0].version


def told(store: Store) -> list[tuple[str, str]]:
    asked = sa.select(fact).where(fact.c.name.in_(["membership.upgraded", "membership.kept", "membership.lowered"])).order_by(fact.c.id)
    return [(row.name.removeprefix("membership."), row.payload["tier"]) for row in store.look(lambda view: view.all(asked))]


def review(store: Store) -> int:
    looked: int = store.do(lambda work, _: membership.review(work), None, ME)
    return looked


def test_a_window_begins_with_the_tier_and_says_what_keeps_it(store: Store) -> None:
    grow(store, 1200)
    assert standing(store) == Standing("银卡", 1200, "金卡", 1800, NOON, "银卡", NOON + YEAR, 1000)
    grow(store, 300)
    assert standing(store).keep_needed == 700


def test_a_kept_tier_gets_another_window_and_growth_begins_anew(store: Store, clock: ManualClock) -> None:
    grow(store, 1000)
    clock.advance(timedelta(days=10))
    grow(store, 1000)
    clock.advance(YEAR - timedelta(days=10))
    assert (standing(store).tier, standing(store).growth, standing(store).until) == ("银卡", 0, NOON + 2 * YEAR)
    assert (review(store), review(store)) == (1, 0)
    assert told(store) == [("upgraded", "银卡"), ("kept", "银卡")]
    assert standing(store) == Standing("银卡", 0, "金卡", 3000, NOON, "银卡", NOON + 2 * YEAR, 1000)
    assert store.look(ledger.totals) == {"growth": 0}


def test_a_review_goes_one_step_down_softly_or_all_the_way_where_so_set(store: Store, clock: ManualClock) -> None:
    grow(store, 9000)
    clock.advance(YEAR)
    review(store)
    assert standing(store).tier == "金卡"
    obey(store, Rules(DEFAULT_RULES.tiers, soft_landing=False))
    clock.advance(YEAR)
    review(store)
    assert (standing(store).tier, standing(store).until) == ("普通", None)
    assert told(store) == [("upgraded", "黑金"), ("lowered", "金卡"), ("lowered", "普通")]


def test_what_a_window_brought_decides_how_far_down(store: Store, clock: ManualClock) -> None:
    obey(store, Rules(DEFAULT_RULES.tiers, soft_landing=False))
    grow(store, 9000)
    grow(store, 1500)
    clock.advance(YEAR)
    review(store)
    assert standing(store).tier == "银卡"


def test_growth_after_the_window_counts_for_the_next_however_late_the_review_runs(store: Store, clock: ManualClock) -> None:
    grow(store, 1000)
    clock.advance(YEAR + timedelta(days=3))
    grow(store, 900)
    assert (standing(store).tier, standing(store).growth) == ("普通", 900)
    grow(store, 100)
    assert (standing(store).tier, standing(store).since) == ("银卡", NOON + YEAR + timedelta(days=3))
    assert told(store) == [("upgraded", "银卡"), ("lowered", "普通"), ("upgraded", "银卡")]


def test_years_of_silence_are_reviewed_window_by_window(store: Store, clock: ManualClock) -> None:
    grow(store, 9000)
    clock.advance(5 * YEAR)
    assert standing(store).tier == "普通"
    review(store)
    assert told(store) == [("upgraded", "黑金"), ("lowered", "金卡"), ("lowered", "银卡"), ("lowered", "普通")]


def test_a_review_run_sixteen_times_at_once_happens_once(store: Store, clock: ManualClock) -> None:
    for number in range(5):
        grow(store, 3500, f"member_{number}")
    clock.advance(YEAR)

    async def together() -> None:
        await asyncio.gather(*(store.write(lambda work, _: membership.review(work), None, ME) for _ in range(16)))

    asyncio.run(together())
    assert told(store) == [("upgraded", "金卡")] * 5 + [("lowered", "银卡")] * 5
    assert store.look(ledger.totals) == {"growth": 0}


def test_a_rule_change_raises_at_once_and_lowers_nobody(store: Store, clock: ManualClock) -> None:
    grow(store, 3000)
    grow(store, 200, "member_ben")
    obey(store, Rules((Tier("普通", 0), Tier("银卡", 100), Tier("金卡", 5000), Tier("黑金", 9000))))
    assert (standing(store).tier, standing(store, "member_ben").tier) == ("金卡", "银卡")
    assert (review(store), review(store)) == (2, 0)
    assert told(store) == [("upgraded", "金卡"), ("upgraded", "银卡")]
    tell(store, said("finished", 10000), refunded(9000))
    assert standing(store).tier == "金卡"
    clock.advance(YEAR)
    assert standing(store).tier == "银卡"


def test_a_refund_lowers_inside_the_window_only_where_so_set_and_by_the_rules_that_dated_the_tier(store: Store) -> None:
    obey(store, Rules(SHORT, lower_on_refund=True))
    tell(store, said("finished", 35000), refunded(5000))
    assert standing(store).tier == "金卡"
    obey(store, Rules((Tier("普通", 0), Tier("银卡", 100), Tier("金卡", 500), Tier("黑金", 900)), lower_on_refund=True))
    tell(store, refunded(0 + 1, "R2"))
    assert standing(store).tier == "银卡", "299 is below the 300 at which the tier was entered"
    tell(store, refunded(20000, "R3"))
    assert (standing(store).tier, standing(store).until) == ("普通", None)
    assert [tier for word, tier in told(store) if word == "lowered"] == ["银卡", "普通"]


def test_a_tier_that_a_review_has_kept_is_safe_from_refunds(store: Store, clock: ManualClock) -> None:
    obey(store, Rules(SHORT, lower_on_refund=True))
    grow(store, 100)
    tell(store, said("finished", 15000))
    clock.advance(YEAR)
    review(store)
    tell(store, refunded(15000))
    assert (standing(store).tier, standing(store).growth) == ("银卡", -150)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"tiers": []}, "tiers"),
        ({"tiers": [{"name": "普通", "growth": 1}]}, "从 0 开始"),
        ({"tiers": [{"name": "普通", "growth": 0}, {"name": "银卡", "growth": "1000"}]}, "tiers.1.growth"),
        ({"tiers": [{"name": "普通", "growth": 0}, {"name": "银卡", "growth": 10.5}]}, "tiers.1.growth"),
        ({"tiers": [{"name": "普通", "growth": 0}, {"name": "银卡", "growth": 10**18}]}, "tiers.1.growth"),
        ({"tiers": [{"name": "普通", "growth": 0}, {"name": "普通", "growth": 5}]}, "同名"),
        ({"tiers": [{"name": "普通", "growth": 0}, {"name": "银卡", "growth": 5, "keep": 6}]}, "keep"),
        ({"tiers": [{"name": "普通", "growth": 0}], "window_days": 0}, "window_days"),
        ({"tiers": [{"name": "普通", "growth": 0}], "colour": "red"}, "colour"),
        ({"tiers": [{"name": "普通", "growth": 0}], "plans": [{"id": "y", "name": "年卡", "months": 12, "price_fen": -1}]}, "price_fen"),
        ("tiers", "整体"),
    ],
)
def test_rules_that_cannot_be_right_are_refused_with_the_place(store: Store, body: Any, part: str) -> None:
    with pytest.raises(Invalid, match=part):
        store.do(membership.set_rules, [SetRules("bad", 0, body)], ME)
    assert store.look(membership.rules) == (0, DEFAULT_RULES)


def test_a_tier_that_is_held_stays_in_the_rules(store: Store) -> None:
    grow(store, 1000)
    with pytest.raises(Refused, match="银卡"):
        obey(store, Rules((Tier("普通", 0), Tier("金卡", 3000))))
    with pytest.raises(Refused, match="普通"):
        obey(store, Rules((Tier("粉丝", 0), Tier("银卡", 1000), Tier("金卡", 3000), Tier("黑金", 8000))))
    assert obey(store, Rules((Tier("普通", 0), Tier("铜卡", 500), Tier("银卡", 1000)))) == 1


def test_rules_changed_under_ones_eyes_are_a_conflict(store: Store) -> None:
    obey(store, DEFAULT_RULES)
    with pytest.raises(Conflict, match="刷新"):
        store.do(membership.set_rules, [SetRules("late", 0, rules_to(DEFAULT_RULES))], system("other"))
