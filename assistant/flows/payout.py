"""Carries approved rebates to the payer: begin, ask, write down. Killed anywhere it goes on with the same bill number."""

from __future__ import annotations

from collections.abc import Callable

from assistant.base.errors import Transient
from assistant.base.principal import system
from assistant.domain import cashback
from assistant.jobs import Handler, Job
from assistant.store import Store

PAYER = system("payout")
Stage = Callable[[str], None]


def _no_stage(_name: str) -> None:
    """No fault test is listening."""


def handler(store: Store, port: cashback.PayoutPort, stage: Stage = _no_stage) -> Handler:
    """The handler of ``payout`` jobs."""

    async def handle(job: Job) -> None:
        await carry(store, port, job.payload["claim"], f"{job.id}:{job.generation}:{job.attempts}", stage)

    return handle


async def carry(store: Store, port: cashback.PayoutPort, claim_id: str, key: str, stage: Stage = _no_stage) -> str:
    """One step of one claim; returns its state. What is not settled yet is due again by the commit that says so."""
    stage("payout.before_begin")
    begun = (await store.write(cashback.begin_payout, [cashback.BeginPayout(key, claim_id)], PAYER, cause=f"payout:{claim_id}"))[0]
    stage("payout.begun")
    if not begun.in_flight:
        return str(begun.state)
    outcome, reason = await _ask(port, begun)
    stage("payout.asked")
    result = cashback.PayoutResult(key, claim_id, begun.bill_no, outcome, reason)
    recorded = (await store.write(cashback.record_payout, [result], PAYER, cause=f"payout:{claim_id}"))[0]
    stage("payout.recorded")
    return str(recorded.state)


async def _ask(port: cashback.PayoutPort, begun: cashback.Begun) -> tuple[str, str]:
    """A bill the payer may know of is asked about before it is shown again; a refusal counts only as the payer's own record has it."""
    try:
        if not begun.fresh:
            seen = await port.query(begun.bill_no)
            if seen.state != "not_found":
                return seen.state, seen.reason
        answer = await port.pay(begun.bill_no, begun.payee, begun.amount_fen, "返现")
        if answer.state != "refused":
            return answer.state, answer.reason
        seen = await port.query(begun.bill_no)
        return ("not_taken", answer.reason) if seen.state == "not_found" else (seen.state, seen.reason)
    except (Transient, TimeoutError, OSError) as error:
        return "unknown", str(error)
