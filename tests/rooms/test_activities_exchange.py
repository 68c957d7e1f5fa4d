"""Points of an exchange that a person fulfils: set aside, spent when it is sent, back in their own lots when it is not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import Refused
from assistant.domain import activities, benefits, ledger, points
from assistant.domain.activities import Buy, CancelRedeem, Fulfil, Redeem, Settle, StockItem
from assistant.domain.activities.tables import redemption
from assistant.store import Store, Work, fact
from tests.support.fair import ME, body, launch

DAY = timedelta(days=1)


def give(store: Store, amount: int, key: str, days: int) -> None:
    store.do(points.grant, [points.Grant(key, "m1", amount, "赠送", expires_at=store.clock.now() + days * DAY)], ME)


def balance(store: Store) -> tuple[int, int]:
    """(available, held)."""
    one = store.look(points.balance, ["m1"])["m1"]
    return one.available, one.held


def left(store: Store) -> list[int]:
    return [lot.remaining for lot in store.look(points.lots, "m1")]


def redeem(store: Store, code_name: str = "") -> str:
    item = StockItem(f"s{code_name}", f"sock{code_name}", "纯棉袜一双", 300, 5, 0, "goods", code_name, 3000 if code_name else 0)
    store.do(activities.stock_mall, [item], ME)
    return str(store.do(activities.redeem, [Redeem(f"r{code_name}", "m1", item.item, 1, 300)], ME)[0].redemption_id)


def buy(store: Store) -> str:
    launch(store, body("exchange", title="换睡衣", stock=3, points=300))
    return str(store.do(activities.buy, [Buy("b", "m1", "my_exchange", 1, 300)], ME)[0].entry_id)


def send(store: Store, number: str) -> None:
    verb, request = (
        (activities.settle, Settle("f", number, "fulfilled")) if number.startswith("entry") else (activities.fulfil, Fulfil("f", number))
    )
    store.do(verb, [request], ME)


def cancel(store: Store, number: str, key: str = "c") -> None:
    mall = activities.cancel_redeem, CancelRedeem(key, number)
    verb, request = (activities.settle, Settle(key, number, "cancelled")) if number.startswith("entry") else mall
    store.do(verb, [request], ME)


def paid_at_once(work: Work, both: tuple[str, str]) -> None:
    work.execute(redemption.update().where(redemption.c.id == both[1]).values(spend_id=both[0]))


def lapse(store: Store) -> int:
    return int(store.do(lambda work, _none: activities.lapse(work), None, ME))


def sound(store: Store) -> bool:
    return store.look(points.drift) == {} and store.look(ledger.drift) == {}


def spent(store: Store) -> int:
    return len(store.look(lambda view: view.all(sa.select(fact.c.id).where(fact.c.name == "points.spent"))))


@pytest.mark.parametrize("exchange", [redeem, buy])
def test_points_are_spent_when_the_goods_are_sent_and_not_before(store: Store, exchange: Any) -> None:
    give(store, 200, "a", 10)
    give(store, 200, "b", 90)
    number = exchange(store)
    assert (balance(store), spent(store)) == ((100, 300), 0)
    send(store, number)
    assert (balance(store), spent(store)) == ((100, 0), 1)
    with pytest.raises(Refused):
        cancel(store, number)
    assert left(store) == [0, 100]
    assert sound(store)


@pytest.mark.parametrize("exchange", [redeem, buy])
def test_a_cancelled_one_fills_the_same_lots_and_an_end_that_passed_gets_its_grace(store: Store, clock: ManualClock, exchange: Any) -> None:
    give(store, 200, "a", 10)
    give(store, 200, "b", 90)
    number = exchange(store)
    clock.advance(20 * DAY)
    cancel(store, number)
    assert (balance(store), left(store), spent(store)) == ((400, 0), [200, 200], 0)
    first = store.look(points.lots, "m1")[0]
    assert first.expires_at == clock.now() + 30 * DAY
    with pytest.raises(Refused):
        cancel(store, number, "again")
    assert sound(store)


@pytest.mark.parametrize("exchange", [redeem, buy])
def test_what_nobody_sends_in_sixty_days_comes_back_with_its_stock(store: Store, clock: ManualClock, exchange: Any) -> None:
    give(store, 300, "a", 400)
    exchange(store)
    clock.advance(60 * DAY - timedelta(seconds=1))
    assert (lapse(store), balance(store)) == (0, (0, 300))
    clock.advance(timedelta(seconds=1))
    assert (lapse(store), balance(store)) == (1, (300, 0))
    assert lapse(store) == 0
    if exchange is redeem:
        assert store.look(activities.items)[0].stock == 5
    else:
        assert store.look(activities.stock, "my_exchange")["goods"].taken == 0
    assert sound(store)


def test_a_code_that_is_handed_over_at_once_is_paid_at_once(store: Store) -> None:
    give(store, 300, "a", 90)
    store.do(benefits.load_codes, [benefits.LoadCodes("l", "影院券", ("C1",))], ME)
    redeem(store, "影院券")
    assert (balance(store), spent(store)) == ((0, 0), 1)


def test_an_exchange_whose_points_left_at_once_as_they_used_to_is_still_sent_or_taken_back(store: Store) -> None:
    give(store, 600, "a", 90)
    old = [store.do(points.spend, [points.Spend(key, "m1", 300, "兑换")], ME)[0].spend_id for key in ("x", "y")]
    store.do(activities.stock_mall, [StockItem("s", "sock", "纯棉袜一双", 300, 5)], ME)
    give(store, 600, "b", 90)
    numbers = [store.do(activities.redeem, [Redeem(f"r{n}", "m1", "sock", 1, 300)], ME)[0].redemption_id for n in range(2)]
    for number, spend_id in zip(numbers, old, strict=True):
        store.do(paid_at_once, (spend_id, number), ME)
    send(store, numbers[0])
    cancel(store, numbers[1])
    assert balance(store) == (300, 600)
    assert sound(store)


@pytest.mark.parametrize("round_", range(5))
def test_sent_and_cancelled_at_once_is_one_of_the_two(store: Store, round_: int) -> None:
    give(store, 300, f"a{round_}", 90)
    number = redeem(store)

    async def together() -> list[Any]:
        sends = [store.write(activities.fulfil, [Fulfil(f"f{n}", number)], ME) for n in range(8)]
        cancels = [store.write(activities.cancel_redeem, [CancelRedeem(f"c{n}", number)], ME) for n in range(8)]
        return await asyncio.gather(*(one for both in zip(cancels, sends, strict=True) for one in both), return_exceptions=True)

    assert sum(isinstance(one, list) for one in asyncio.run(together())) == 1
    state = store.look(activities.redemptions_of, "m1")[0].state
    assert balance(store) == ((300, 0) if state == "cancelled" else (0, 0))
    assert sound(store)
