"""The lottery: what is published is what is drawn, nothing is given twice or beyond stock and budget, and anybody can check it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Forbidden, LaoyouError, Refused
from assistant.base.principal import Principal
from assistant.domain import activities, benefits, ledger, points
from assistant.domain.activities import Draw, Drawn, Move, Prize, Settle, commitment, prize_at, roll
from assistant.store import Store
from tests.support.fair import ME, SEED, available, body, launch, lottery, put_on, rich

SCRIPT = Path(__file__).parents[2] / "docs" / "verify_draws.py"
SOCK = {"id": "sock", "title": "纯棉袜", "odds": 400_000, "stock": 3, "goods": True}
POINTS = {"id": "points", "title": "50 积分", "odds": 500_000, "benefit": {"kind": "points", "points": 50}}


def draw(store: Store, member: str = "m1", key: str = "", cost: int = 0, name: str = "my_lottery") -> Drawn:
    return store.do(activities.draw, [Draw(key or f"d:{member}", member, name, cost)], ME)[0]  # type: ignore[no-any-return]


def refusal(store: Store, member: str, key: str, cost: int = 0) -> str:
    with pytest.raises(Refused) as refused:
        draw(store, member, key, cost)
    return refused.value.code


def together(store: Store, requests: list[Draw]) -> list[Any]:
    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(store.write(activities.draw, [one], ME) for one in requests), return_exceptions=True)

    return asyncio.run(all_at_once())


@settings(max_examples=3)
@given(st.text("abcdef0123456789", min_size=16, max_size=32), st.lists(st.integers(0, 250_000), min_size=1, max_size=4))
def test_a_hundred_thousand_draws_keep_the_published_odds(seed: str, odds: list[int]) -> None:
    prizes = [Prize(id=f"p{n}", title="奖", odds=one) for n, one in enumerate(odds)]
    prizes.append(Prize(id="rest", title="谢谢", odds=1_000_000 - sum(odds)))
    drawn = dict.fromkeys((prize.id for prize in prizes), 0)
    for number in range(100_000):
        drawn[prize_at(prizes, roll(seed, "a", f"m{number % 977}", number)).id] += 1
    for prize in prizes:
        share = prize.odds / 1_000_000
        five_sigma = 5 * (100_000 * share * (1 - share)) ** 0.5
        assert abs(drawn[prize.id] - 100_000 * share) <= five_sigma + 1e-9


def test_the_script_in_the_docs_agrees_with_the_book_and_finds_a_changed_draw(store: Store, tmp_path: Path) -> None:
    launch(store, lottery(SOCK, POINTS, budget_fen=500))
    for n in range(40):
        draw(store, f"m{n}")
    before = store.look(activities.published_draws, "my_lottery")
    assert before["seed_sha256"] == commitment(SEED)
    assert not {"seed", "draws"} & before.keys()
    store.do(activities.move, [Move("end", "my_lottery", "ended")], ME)
    book = store.look(activities.published_draws, "my_lottery")
    assert (book["seed"], len(book["draws"])) == (SEED, 40)

    def verdict(changed: dict[str, Any]) -> int:
        (tmp_path / "draws.json").write_text(json.dumps(changed), encoding="utf-8")
        return subprocess.run([sys.executable, SCRIPT, tmp_path / "draws.json"], capture_output=True, check=False).returncode

    assert verdict(book) == 0
    assert verdict(book | {"seed": "another_seed_altogether"}) != 0
    other = {"sock": "points", "points": "thanks", "thanks": "sock"}
    assert verdict(book | {"draws": [{**one, "hit": other[one["hit"]]} if n == 7 else one for n, one in enumerate(book["draws"])]}) != 0


@pytest.mark.parametrize("round_", range(5))
def test_sixteen_draws_at_once_never_give_more_than_there_is(store: Store, round_: int) -> None:
    sure = [{"id": "sock", "title": "纯棉袜", "odds": 500_000, "stock": 3, "goods": True}, {**POINTS, "odds": 500_000}]
    launch(store, lottery(*sure, budget_fen=150))
    results = together(store, [Draw(f"d{n}", f"r{round_}m{n}", "my_lottery") for n in range(16)])
    drawn = [one[0] for one in results]
    hits = [one.hit for one in drawn]
    given_socks = sum(one.prize == "sock" for one in drawn)
    given_points = sum(one.prize == "points" for one in drawn)
    assert (given_socks, given_points) == (min(3, hits.count("sock")), min(3, hits.count("points")))
    assert {one.why for one in drawn if one.prize != one.hit} <= {"stock", "budget"}
    assert sum(available(store, f"r{round_}m{n}") for n in range(16)) == 50 * given_points
    stock = store.look(activities.stock, "my_lottery")
    assert (stock["sock"].taken, stock["budget"].taken) == (given_socks, 50 * given_points)
    assert store.look(ledger.totals) == dict.fromkeys(store.look(ledger.totals), 0)
    assert store.look(ledger.drift) == {}


def test_one_member_at_sixteen_uses_each_chance_once(store: Store) -> None:
    launch(store, lottery(POINTS, budget_fen=10_000, free=3))
    results = together(store, [Draw(f"d{n}", "m1", "my_lottery") for n in range(16)])
    drawn = [one[0] for one in results if isinstance(one, list)]
    assert sorted(one.number for one in drawn) == [1, 2, 3]
    assert {one.code for one in results if isinstance(one, LaoyouError)} == {"no_chance"}
    assert available(store) == 50 * sum(one.prize == "points" for one in drawn)


def test_the_same_key_draws_once_and_another_input_under_it_is_a_conflict(store: Store) -> None:
    launch(store, lottery(POINTS, budget_fen=10_000, free=5))
    first = together(store, [Draw("same", "m1", "my_lottery")] * 8)
    assert len({one[0].entry_id for one in first}) == 1
    assert len(store.look(activities.my_entries, "m1")) == 1
    with pytest.raises(Conflict):
        draw(store, "m2", "same")


def test_free_chances_come_first_then_won_ones_then_points(store: Store) -> None:
    launch(store, lottery(POINTS, budget_fen=10_000, free=1, points=30))
    rich(store, "m1", amount=60)
    grant = benefits.BenefitGrant("g", "m1", benefits.Chance("my_lottery", 1))
    store.do(benefits.grant, [grant], ME)
    assert store.look(activities.chances, "my_lottery", "m1") == activities.Chances(1, 1, 30)
    assert [draw(store, key=f"k{n}").paid_with for n in range(2)] == ["free", "chance"]
    assert refusal(store, "m1", "k3") == "price_changed"
    before = available(store)
    third = draw(store, key="k4", cost=30)
    assert (third.paid_with, available(store)) == ("points", before - 30 + (50 if third.prize == "points" else 0))
    if draw(store, "m9").prize == "points":
        store.do(points.spend, [points.Spend("all", "m9", 50, "用掉")], ME)
    assert refusal(store, "m9", "x1", 30) == "insufficient"


def test_a_day_brings_its_free_draw_and_limits_hold(store: Store, clock: ManualClock) -> None:
    launch(store, lottery(POINTS, budget_fen=10_000, free=0, free_a_day=2, limits={"day": 1, "member": 2, "total": 3}))
    draw(store, key="a")
    assert refusal(store, "m1", "b") == "limit_today"
    clock.advance(timedelta(days=1))
    draw(store, key="c")
    clock.advance(timedelta(days=1))
    assert refusal(store, "m1", "d") == "limit_reached"
    draw(store, "m2")
    assert refusal(store, "m3", "e") == "full"


def test_only_the_open_window_and_only_oneself(store: Store, clock: ManualClock) -> None:
    store.do(put_on, lottery(POINTS, budget_fen=100) | {"starts_at": "2026-11-22T20:00:00+08:00"}, ME)
    assert refusal(store, "m1", "early") == "not_yet"
    clock.advance(timedelta(hours=9))
    with pytest.raises(Forbidden):
        store.do(activities.draw, [Draw("x", "m1", "my_lottery")], Principal("member", "m2"))
    store.do(activities.move, [Move("p", "my_lottery", "paused")], ME)
    assert refusal(store, "m1", "p") == "paused"
    store.do(activities.move, [Move("r", "my_lottery", "published")], ME)
    draw(store)
    clock.advance(timedelta(days=30))
    assert refusal(store, "m1", "late") == "over"
    assert refusal(store, "m1", "y") == "over"


def test_what_is_left_of_the_budget_goes_back_when_nothing_waits(store: Store, clock: ManualClock) -> None:
    launch(store, lottery({**SOCK, "odds": 1_000_000 - 1}, budget_fen=0, free=1))
    launch(store, {**lottery(POINTS, budget_fen=500), "name": "other_lottery"})
    won = draw(store)
    for n in range(6):
        draw(store, f"m{n}", f"o{n}", name="other_lottery")
    clock.advance(timedelta(days=30))
    assert store.do(lambda work, _: activities.close(work), None, ME) == 3
    store.do(activities.settle, [Settle("s", won.entry_id, "fulfilled", "SF1")], ME)
    assert store.do(lambda work, _: activities.close(work), None, ME) == 1
    assert {one.state for one in store.look(activities.activities)} == {"closed"}
    spent = sum(available(store, f"m{n}") for n in range(6))
    brand = ledger.Account("brand:marketing", benefits.BUDGET_ASSET)
    assert [one.amount for one in store.look(ledger.entries, brand.owner, brand.asset, 10)] == [500 - spent, -500]


def test_a_coupon_whose_codes_are_out_falls_to_the_fallback(store: Store) -> None:
    store.do(benefits.load_codes, [benefits.LoadCodes("l", "咖啡券", ("A1",))], ME)
    coupon = {"id": "coffee", "title": "咖啡券", "odds": 1_000_000, "benefit": {"kind": "coupon", "name": "咖啡券", "value_fen": 900}}
    launch(store, lottery(coupon, budget_fen=9000))
    assert [draw(store, f"m{n}").prize for n in range(3)] == ["coffee", "thanks", "thanks"]
    assert [one.code for one in store.look(benefits.coupons_of, "m0")] == ["A1"]
    assert store.look(activities.stock, "my_lottery")["budget"].taken == 900


def test_a_published_lottery_keeps_its_promise(store: Store) -> None:
    launch(store, lottery(POINTS, budget_fen=500))
    with pytest.raises(Refused) as refused:
        store.do(activities.describe, [activities.Describe("v2", lottery({**POINTS, "odds": 1}, budget_fen=500))], ME)
    assert refused.value.code == "fixed"
    done = store.do(activities.describe, [activities.Describe("v3", lottery(POINTS, budget_fen=500, words="每天都来"))], ME)
    assert done[0].version == 2
    with pytest.raises(Refused):
        store.do(put_on, body("lottery") | lottery(POINTS, budget_fen=20) | {"name": "poor"}, ME)
