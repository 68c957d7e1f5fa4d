"""Carries approved rebates to the payer: begin, ask, write down. Killed anywhere it goes on with the same bill number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from assistant.base.errors import Broken, Transient
from assistant.base.money import format_yuan
from assistant.base.principal import system
from assistant.domain import cashback
from assistant.jobs import Handler, Job
from assistant.store import Store

PAYER = system("payout")
Stage = Callable[[str], None]

ANSWERABLE = timedelta(days=29)
"""The payer answers questions about a bill for thirty days; afterwards "not found" says nothing about whether it was paid."""

CONFIRMED_WITHIN = timedelta(hours=26)
"""The payer closes what nobody has confirmed after 24 hours, a little late at times; what is still open then is taken back."""


class _Heard(NamedTuple):
    outcome: str
    reason: str = ""
    package_info: str = ""


def _no_stage(_name: str) -> None:
    """No fault test is listening."""


def handler(store: Store, port: cashback.PayoutPort | None, stage: Stage = _no_stage, unset: str = "") -> Handler:
    """The handler of ``payout`` jobs; without a payer it halts the payouts for the reason ``unset``, and nothing moves."""

    async def handle(job: Job) -> None:
        if port is None:
            stop = cashback.Halt(f"{job.id}:{job.generation}", unset)
            await store.write(cashback.stop_payouts, [stop], PAYER, cause="payout")
            raise Transient(unset, code="no_payer", retry_at=store.clock.now() + timedelta(hours=1))
        await carry(store, port, job.payload["claim"], f"{job.id}:{job.generation}:{job.attempts}", stage)

    return handle


async def carry(store: Store, port: cashback.PayoutPort, claim_id: str, key: str, stage: Stage = _no_stage) -> str:
    """One step of one claim; returns its state. What is not settled yet is due again by the commit that says so."""
    stage("payout.before_begin")
    begin = cashback.BeginPayout(key, claim_id, port.app)
    begun = (await store.write(cashback.begin_payout, [begin], PAYER, cause=f"payout:{claim_id}"))[0]
    stage("payout.begun")
    if not begun.in_flight:
        return str(begun.state)
    heard = await _ask(port, begun, store.clock.now())
    stage("payout.asked")
    result = cashback.PayoutResult(key, claim_id, begun.bill_no, heard.outcome, heard.reason, heard.package_info)
    recorded = (await store.write(cashback.record_payout, [result], PAYER, cause=f"payout:{claim_id}"))[0]
    stage("payout.recorded")
    return str(recorded.state)


async def _ask(port: cashback.PayoutPort, begun: cashback.Begun, now: datetime) -> _Heard:
    """A bill the payer may know of is asked about before it is shown again; a refusal counts only as the payer's own record has it."""
    try:
        return await (_pay(port, begun) if begun.fresh else _look(port, begun, now))
    except Broken as error:
        if error.code != "payer_setup":
            raise
        return _Heard("halted", error.say)
    except (Transient, TimeoutError, OSError) as error:
        return _Heard("unknown", str(error))


async def _look(port: cashback.PayoutPort, begun: cashback.Begun, now: datetime) -> _Heard:
    age = now - (begun.asked_at or now)
    seen = await port.query(begun.bill_no)
    if seen.state == "not_found":
        if age > ANSWERABLE:
            return _Heard("person", f"付款平台已查不到这一笔，且第一次发起在 {age.days} 天前，请在资金账单里核对是否已付，不会自动重付")
        return await _pay(port, begun)
    if (wrong := differs(seen, begun.payee, begun.amount_fen)) or seen.state != "wait_user":
        return _Heard("person", wrong) if wrong else _Heard(seen.state, seen.reason)
    if age > CONFIRMED_WITHIN:
        seen = await port.cancel(begun.bill_no)
        return _Heard("closed" if seen.state == "closed" else "accepted", seen.reason)
    return await _pay(port, begun) if not begun.confirmable else _Heard("wait_user")


async def _pay(port: cashback.PayoutPort, begun: cashback.Begun) -> _Heard:
    answer = await port.pay(begun.bill_no, begun.payee, begun.amount_fen, "返现")
    if answer.state != "refused":
        return _Heard(answer.state, answer.reason, answer.package_info)
    seen = await port.query(begun.bill_no)
    if seen.state == "not_found":
        return _Heard("not_taken", answer.reason)
    wrong = differs(seen, begun.payee, begun.amount_fen)
    return _Heard("person", wrong) if wrong else _Heard(seen.state, seen.reason)


def differs(seen: cashback.PayoutAnswer, payee: str, amount_fen: int) -> str:
    """What the payer holds otherwise than we asked, as a sentence for a person; empty if it agrees."""
    if seen.amount_fen is not None and seen.amount_fen != amount_fen:
        return f"付款平台上这个单号是 {format_yuan(seen.amount_fen)} 元，我们要付的是 {format_yuan(amount_fen)} 元，请核对"
    if seen.payee and seen.payee != payee:
        return "付款平台上这个单号的收款人和我们要付的不是同一个 openid，请核对"
    return ""
