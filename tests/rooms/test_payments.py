"""The simulated payer keeps the promises of the real one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Transient
from assistant.payments import Answer, Knobs, SimulatedPayout, bills, paid_total
from assistant.store import Store


async def test_one_bill_number_pays_once_whatever_is_lost_and_retried(store: Store) -> None:
    payer = SimulatedPayout(store, Knobs(lose_replies=8))

    async def insist() -> Answer:
        while True:
            try:
                return await payer.pay("b1", "open1", 500)
            except Transient:
                continue

    answers = await asyncio.gather(*(insist() for _ in range(16)))
    assert {answer.state for answer in answers} == {"paid"}
    assert store.look(paid_total) == 500
    assert store.look(bills) == [("b1", "open1", 500, "paid")]


async def test_a_lost_request_has_no_effect_and_a_lost_reply_has(store: Store) -> None:
    payer = SimulatedPayout(store, Knobs(lose_requests=1))
    with pytest.raises(Transient):
        await payer.pay("b1", "open1", 500)
    assert (await payer.query("b1")).state == "not_found"
    payer.knobs.lose_replies = 1
    with pytest.raises(Transient):
        await payer.pay("b1", "open1", 500)
    assert (await payer.query("b1")).state == "paid"


async def test_a_bill_waits_for_the_receiver_and_closes_after_a_day(store: Store, clock: ManualClock) -> None:
    payer = SimulatedPayout(store, Knobs(wait_user=True))
    assert (await payer.pay("b1", "open1", 500)).state == "wait_user"
    assert (await payer.pay("b2", "open2", 700)).state == "wait_user"
    assert (await payer.confirm("b2")).state == "paid"
    clock.advance(timedelta(hours=24))
    assert (await payer.query("b1")).state == "closed"
    assert (await payer.confirm("b1")).state == "closed"
    assert (await payer.pay("b1", "open1", 500)).state == "closed"
    assert store.look(paid_total) == 700


async def test_a_bill_number_with_another_amount_is_refused(store: Store) -> None:
    payer = SimulatedPayout(store)
    await payer.pay("b1", "open1", 500)
    assert (await payer.pay("b1", "open1", 501)).state == "refused"
    payer.knobs.refuse = "收款人未实名"
    assert (await payer.pay("b2", "open1", 500)) == Answer("refused", "收款人未实名", amount_fen=500, payee="open1")
    assert (await payer.confirm("none")).state == "not_found"
    assert store.look(paid_total) == 500


async def test_bills_survive_the_payer(store: Store) -> None:
    await SimulatedPayout(store).pay("b1", "open1", 500)
    assert (await SimulatedPayout(store).query("b1")).state == "paid"
