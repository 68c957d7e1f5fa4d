"""Points set aside, notices before points end, and order numbers that members name."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Forbidden, Invalid, Refused
from assistant.base.principal import Principal
from assistant.domain import ledger, orders, points
from assistant.domain.points import Capture, ClaimOrder, Release, Reserve, Spend
from assistant.store import Store, fact
from tests.rooms.points_help import put_live
from tests.rooms.test_points import ANNA, DAY, ME, give, held, refunded, said, sound, spend, tell

MINUTE = timedelta(minutes=1)


def reserve(store: Store, amount: int, key: str = "r") -> str:
    return str(store.do(points.reserve, [Reserve(key, ANNA, amount, "兑换袜子")], ME)[0].reservation_id)


def capture(store: Store, number: str, key: str = "c") -> Any:
    return store.do(points.capture, [Capture(key, number)], ME)[0]


def release(store: Store, number: str, key: str = "x") -> Any:
    return store.do(points.release, [Release(key, number)], ME)[0]


def set_aside(store: Store) -> int:
    found: int = store.look(points.balance, [ANNA])[ANNA].held
    book = store.look(ledger.balances, [ledger.Account(f"member:{ANNA}", "points", "held")])
    assert found <= sum(book.values())
    return found


def test_points_set_aside_cannot_be_spent_and_are_spent_by_capture_once(store: Store) -> None:
    give(store, 100)
    number = reserve(store, 80)
    assert (held(store), set_aside(store)) == ((0, 20), 80)
    with pytest.raises(Refused):
        spend(store, 21)
    assert capture(store, number).spend_id == number
    assert capture(store, number).available == 20
    with pytest.raises(Conflict):
        capture(store, number, "again")
    with pytest.raises(Conflict):
        release(store, number)
    assert (held(store), set_aside(store)) == ((0, 20), 0)
    assert sound(store)
    store.do(points.refund_spend, [points.RefundSpend("b", number)], ME)
    assert held(store) == (0, 100)
    assert sound(store)


def test_a_release_gives_back_to_the_same_lots_once(store: Store) -> None:
    soon, late = give(store, 30, "a", expires_in=10), give(store, 100, "b", expires_in=90)
    number = reserve(store, 50)
    with pytest.raises(Conflict):
        store.do(points.refund_spend, [points.RefundSpend("b", number)], ME)
    assert [(part.lot_id, part.amount) for part in release(store, number).lots] == [(soon, 30), (late, 20)]
    assert release(store, number, "again").lots == ()
    assert (held(store), set_aside(store)) == ((0, 130), 0)
    with pytest.raises(Refused) as refused:
        capture(store, number)
    assert refused.value.code == "reservation_over"
    assert sound(store)


def test_a_reservation_ends_after_fifteen_minutes_even_before_the_sweep(store: Store, clock: ManualClock) -> None:
    give(store, 100)
    number = reserve(store, 80)
    clock.advance(15 * MINUTE - timedelta(seconds=1))
    assert held(store) == (0, 20)
    clock.advance(timedelta(seconds=1))
    assert (held(store), set_aside(store)) == ((0, 100), 0)
    assert sum(lot.remaining for lot in store.look(points.lots, ANNA)) == 100
    with pytest.raises(Refused):
        capture(store, number)
    spend(store, 100)
    assert store.do(lambda work, _none: points.release_overdue(work), None, ME) == 0
    assert (held(store), set_aside(store)) == ((0, 0), 0)
    assert sound(store)


def test_the_sweep_releases_and_says_so(store: Store, clock: ManualClock) -> None:
    give(store, 100)
    reserve(store, 80)
    clock.advance(15 * MINUTE)
    assert store.do(lambda work, _none: points.release_overdue(work), None, ME) == 1
    assert "没有完成，退回：兑换袜子" in {entry.reason for entry in store.look(points.history, ANNA, 9)}
    assert sound(store)


def test_time_that_passes_while_points_are_set_aside_is_not_given_back(store: Store, clock: ManualClock) -> None:
    give(store, 100, expires_in=1)
    clock.advance(DAY - 5 * MINUTE)
    number = reserve(store, 100)
    clock.advance(10 * MINUTE)
    assert release(store, number).available == 0
    assert held(store) == (0, 0)
    assert sound(store)


def test_a_debt_that_comes_while_points_are_set_aside_is_paid_when_they_come_back(store: Store) -> None:
    tell(store, said("finished", fen=10000, days=-8))
    number = reserve(store, 60)
    tell(store, refunded(10000))
    assert held(store) == (0, -60)
    with pytest.raises(Refused) as refused:
        reserve(store, 1, "r2")
    assert refused.value.code == "points_negative"
    release(store, number)
    assert held(store) == (0, 0)
    assert sound(store)


def test_what_was_set_aside_before_a_debt_may_still_be_captured(store: Store) -> None:
    tell(store, said("finished", fen=10000, days=-8))
    number = reserve(store, 60)
    tell(store, refunded(10000))
    assert capture(store, number).available == -60
    assert sound(store)


def test_sixteen_reservations_at_once_never_hold_too_much(store: Store) -> None:
    give(store, 100)

    async def together() -> list[object]:
        writes = [store.write(points.reserve, [Reserve(f"r{n}", ANNA, 15, "兑换")], ME) for n in range(16)]
        return await asyncio.gather(*writes, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 6
    assert (held(store), set_aside(store)) == ((0, 10), 90)


def test_nobody_reserves_or_captures_for_another_and_an_unknown_one_is_named(store: Store) -> None:
    give(store, 100)
    number = reserve(store, 10)
    bell = Principal("member", "member_bell")
    for verb, request in (
        (points.reserve, Reserve("x", ANNA, 1, "偷")),
        (points.capture, Capture("y", number)),
        (points.release, Release("z", number)),
    ):
        with pytest.raises(Forbidden):
            store.do(verb, [request], bell)
    with pytest.raises(Invalid):
        capture(store, "nothing")


def told(store: Store) -> list[tuple[int, int, int, str]]:
    rows = store.look(lambda view: view.all(sa.select(fact.c.payload).where(fact.c.name == "points.expiring").order_by(fact.c.id)))
    return [(row.payload["ahead"], row.payload["amount"], row.payload["days_left"], row.payload["expires_on"]) for row in rows]


def notice(store: Store) -> int:
    return len(store.do(lambda work, _none: points.notice_expiring(work), None, ME))


def test_notices_come_thirty_seven_and_one_days_ahead_each_once(store: Store, clock: ManualClock) -> None:
    give(store, 30, "a", expires_in=40)
    give(store, 12, "b", expires_in=40)
    give(store, 7, "c", expires_in=20)
    for _day in range(42):
        notice(store)
        notice(store)
        clock.advance(DAY)
    day = "2027-01-01"
    assert told(store) == [(30, 42, 30, day), (7, 7, 7, "2026-12-12"), (1, 7, 1, "2026-12-12"), (7, 42, 7, day), (1, 42, 1, day)]


def test_a_notice_that_was_missed_is_made_up_and_what_was_spent_is_not_told(store: Store, clock: ManualClock) -> None:
    give(store, 30, "a", expires_in=9)
    clock.advance(3 * DAY)
    assert notice(store) == 1
    store.do(points.spend, [Spend("s", ANNA, 30, "兑换")], ME)
    clock.advance(5 * DAY)
    assert notice(store) == 0
    assert told(store) == [(7, 30, 6, "2026-12-01")]


def test_points_that_end_with_the_year_are_told_by_their_last_day(store: Store, clock: ManualClock) -> None:
    put_live(store, {"expiry": {"mode": "fixed", "after": 0}})
    store.do(points.grant, [points.Grant("a", ANNA, 5, "赠送")], ME)
    clock.advance(38 * DAY)
    notice(store)
    assert told(store) == [(1, 5, 1, "2026-12-31")]


def claim(store: Store, number: str, key: str, member: str = ANNA) -> points.OrderClaimed:
    mine = Principal("member", member)
    found: points.OrderClaimed = store.do(points.claim_order, [ClaimOrder(key, member, number)], mine)[0]
    return found


def test_a_member_claims_an_order_once_and_its_points_follow(store: Store) -> None:
    tell(store, said("paid", 12999, order_no="T1001", member=""))
    done = claim(store, " T1001 ", "a")
    assert (done.taken, done.points, held(store)) == (True, 129, (129, 0))
    assert "129 积分" in done.say
    assert claim(store, "T1001", "b").points == 129
    assert held(store) == (129, 0)
    found = store.look(orders.get, "taobao", "T1001")
    assert found is not None
    assert found.member_id == ANNA


def test_wrong_foreign_and_taken_numbers_get_the_same_answer_and_guessing_ends(store: Store, clock: ManualClock) -> None:
    tell(store, said("paid", order_no="T1001", member="member_bell"), said("paid", order_no="T1002", member=""))
    claim(store, "T1002", "c", "member_cora")
    answers = {claim(store, number, f"w{number}").say for number in ("T1001", "T1002", "T9999")}
    assert len(answers) == 1
    assert "bell" not in answers.pop()
    tell(store, said("paid", order_no="T1003", member=""))
    claim(store, "T8001", "w4")
    claim(store, "T8002", "w5")
    blocked = claim(store, "T1003", "w6")
    assert (blocked.taken, held(store)) == (False, (0, 0))
    assert "明天再试" in blocked.say
    assert claim(store, "T9999", "wT9999").taken is False
    clock.advance(DAY)
    assert claim(store, "T1003", "w7").taken
    with pytest.raises(Invalid):
        claim(store, "1", "short")


def test_sixteen_guesses_at_once_are_all_counted(store: Store) -> None:
    mine = Principal("member", ANNA)

    async def together() -> list[Any]:
        writes = [store.write(points.claim_order, [ClaimOrder(f"g{n}", ANNA, f"T70{n:02d}")], mine) for n in range(16)]
        return await asyncio.gather(*writes)

    said_to = [result[0].say for result in asyncio.run(together())]
    assert sum("明天再试" in one for one in said_to) == 11
