"""The nightly look: a sound book gives nothing, each kind of difference is found, told to a person once, and left as it is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.domain import cashback, orders, points, staff
from assistant.flows import payout
from assistant.flows.importing import import_lines
from assistant.flows.reconciling import Reconciler
from assistant.flows.settle import settle_orders
from assistant.payments import Knobs, SimulatedPayout
from assistant.store import Store, Work, fact, metadata
from tests.conftest import NOON
from tests.rooms.test_cashback_payout import ready
from tests.rooms.test_cashback_shop import BOSS, ME

AT = (NOON - timedelta(days=1)).isoformat()
LINES: list[dict[str, Any]] = [
    {"kind": "member", "key": "m1", "nickname": "林小满"},
    {
        "kind": "order",
        "source": "taobao",
        "order_no": "T9",
        "status": "paid",
        "at": AT,
        "member": "m1",
        "items": [{"title": "睡衣", "paid_fen": 10000}],
    },
]


@pytest.fixture
def shop(store: Store) -> Store:
    assert import_lines(store, "old.jsonl", [json.dumps(line).encode() for line in LINES], BOSS).bad == []
    return store


def due_claim(store: Store, clock: ManualClock) -> str:
    """An approved claim whose order has earned its points too."""
    claim_id = ready(store, clock)
    found = store.look(cashback.claims_by_id, [claim_id])[claim_id]
    store.do(settle_orders, [found.order_id], ME)
    return claim_id


async def night(store: Store, key: str = "2026-11-23", payer: SimulatedPayout | None = None) -> list[tuple[str, str]]:
    found = await Reconciler(store, payer or SimulatedPayout(store)).run(key)
    return [(one.kind, one.say) for one in found.found]


def change(store: Store, table: str, **values: Any) -> None:
    store.do(lambda work, _: work.execute(metadata.tables[table].update().values(**values)), None, ME)


def tickets(store: Store) -> list[staff.Ticket]:
    return store.look(staff.open_tickets)


async def test_a_sound_book_gives_no_task_and_says_how_much_was_looked_at(shop: Store) -> None:
    assert await night(shop) == []
    assert tickets(shop) == []
    told = shop.look(lambda view: view.one(sa.select(fact.c.payload).where(fact.c.name == "book.reconciled")))
    assert told is not None
    assert told.payload == {"looked": 1, "differences": 0}


async def test_a_refund_that_never_reached_the_points_is_told_and_not_corrected(shop: Store) -> None:
    def refund_unheard(work: Work, _: None) -> None:
        work.quietly(lambda quiet: orders.refund(quiet, [orders.Refund("r", "taobao", "T9", "R1", 4000, NOON)]))

    shop.do(refund_unheard, None, ME)
    assert await night(shop) == [("order", "订单 T9（taobao）应为 60 积分，账上是 100 积分")]
    assert [(one.kind, one.title) for one in tickets(shop)] == [("task", "对账发现 1 处不一致")]
    order = shop.look(orders.by_number, "T9")[0]
    assert shop.look(points.earned_by_order, [order.id]) == {order.id: 100}


async def test_the_same_night_twice_is_one_task(shop: Store) -> None:
    change(shop, "points_lot", remaining=99)
    for _ in range(2):
        await night(shop)
    assert len(tickets(shop)) == 1


async def test_lots_and_book_that_differ_are_told(shop: Store) -> None:
    change(shop, "points_lot", remaining=99)
    assert ("lots", 100, 99) in [(kind, *(int(word) for word in say.split() if word.isdigit())) for kind, say in _plain(await night(shop))]


def _plain(found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(kind, say.replace("，", " ")) for kind, say in found]


async def test_a_balance_that_was_edited_is_told(shop: Store) -> None:
    change(shop, "ledger_balance", balance=7)
    kinds = [kind for kind, _say in await night(shop)]
    assert {"balance", "lots"} <= set(kinds)


async def test_an_entry_without_its_other_side_is_told(shop: Store) -> None:
    entry = metadata.tables["ledger_entry"]
    shop.do(lambda work, _: work.execute(entry.delete().where(entry.c.owner == "brand")), None, ME)
    assert "ledger" in [kind for kind, _say in await night(shop)]


async def test_a_payout_that_the_payer_does_not_know_is_told(store: Store, clock: ManualClock) -> None:
    claim_id = due_claim(store, clock)
    payer = SimulatedPayout(store)
    assert await payout.carry(store, payer, claim_id, "1") == "paid"
    assert await night(store) == []
    bill = metadata.tables["payment_simulated_bill"]
    store.do(lambda work, _: work.execute(bill.delete()), None, ME)
    found = await night(store, "another")
    assert [kind for kind, _say in found] == ["payout"]
    assert "账上已付，付款平台说 not_found" in found[0][1]


async def test_an_outcome_unknown_for_a_day_is_told(store: Store, clock: ManualClock) -> None:
    claim_id = due_claim(store, clock)
    payer = SimulatedPayout(store, Knobs(lose_requests=1))
    assert await payout.carry(store, payer, claim_id, "1") == "unknown"
    assert await night(store) == []
    clock.advance(timedelta(hours=25))
    assert [kind for kind, _say in await night(store, "next")] == ["payout_unknown"]


async def test_a_payer_that_does_not_answer_is_told_and_the_night_ends(store: Store, clock: ManualClock) -> None:
    claim_id = due_claim(store, clock)
    assert await payout.carry(store, SimulatedPayout(store), claim_id, "1") == "paid"
    assert [kind for kind, _say in await night(store, payer=SimulatedPayout(store, Knobs(lose_requests=1)))] == ["payout_silent"]
