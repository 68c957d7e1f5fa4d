"""Whether money goes out at all: a fault of our own set-up stops every payout with one task for a person, who lets it go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from assistant.access import Permission, require
from assistant.base.ids import derive
from assistant.domain import staff
from assistant.domain.cashback.limits import ROW, lock
from assistant.domain.cashback.tables import limits
from assistant.store import Fact, View, Work, once


@dataclass(frozen=True, slots=True)
class Halt:
    """Stops every payout."""

    key: str
    why: str


@dataclass(frozen=True, slots=True)
class Halted:
    """Why nothing goes out; empty when payouts go on."""

    why: str


def halted_why(view: View) -> str:
    """Why nothing goes out; empty while payouts go out."""
    return str(view.scalar(sa.select(limits.c.halted_why).where(limits.c.id == ROW)) or "")


def halt(work: Work, why: str) -> None:
    """Stops every payout; the first to say so opens the one task."""
    lock(work)
    if halted_why(work):
        return
    why = why[:300] or "打款设置有问题"
    work.execute(limits.update().where(limits.c.id == ROW).values(halted_why=why, halted_at=work.now))
    work.record(Fact("cashback.halted", "cashback:payouts", {"why": why}))
    summary = f"{why}。批准的返现先不打款，已发起的不会重复付。处理好之后到“返现”页点“继续打款”。"
    staff.open_ticket(work, [staff.OpenTicket(derive("halted", work.now, why), "task", title="返现打款已暂停", summary=summary)])


def stop_payouts(work: Work, requests: Sequence[Halt]) -> list[Halted]:
    """Stops every payout, for whoever finds out before a bill does."""
    return once(work, "cashback.stop_payouts", requests, Halted, _stop)


def _stop(work: Work, requests: list[Halt]) -> list[Halted]:
    for request in requests:
        halt(work, request.why)
    return [Halted(halted_why(work)) for _ in requests]


def may_go_on(work: Work) -> None:
    """Lets payouts go out again; Forbidden without the right."""
    require(work.principal, Permission.PAYOUT_APPROVE)
    lock(work)
    if halted_why(work):
        work.execute(limits.update().where(limits.c.id == ROW).values(halted_why="", halted_at=None))
        work.record(Fact("cashback.resumed", "cashback:payouts", {}))
