"""The limits of letting money go: when a second person must look, how much leaves in a day, from what score on a claim is held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.access import Permission, require
from assistant.base.clock import business_day, day_start
from assistant.base.errors import Invalid
from assistant.base.money import MOST
from assistant.domain.cashback.model import RebateClaim
from assistant.domain.cashback.tables import claim, limits
from assistant.domain.cashback.terms import LEAST_FEN, MOST_FEN
from assistant.store import Fact, View, Work, once, upsert

ROW = "brand"


@dataclass(frozen=True, slots=True)
class Limits:
    """Amounts in fen. Days are those of Shanghai; ``hold_score`` of 100."""

    second_person_fen: int = 10_000
    brand_day_fen: int = 5_000_000
    payee_day_fen: int = 200_000
    hold_score: int = 60


@dataclass(frozen=True, slots=True)
class SetLimits:
    """Sets all limits at once."""

    key: str
    limits: Limits


def limits_now(view: View) -> Limits:
    """The limits that hold."""
    row = view.one(sa.select(limits).where(limits.c.id == ROW))
    return Limits(row.second_person_fen, row.brand_day_fen, row.payee_day_fen, row.hold_score) if row else Limits()


def set_limits(work: Work, requests: Sequence[SetLimits]) -> list[Limits]:
    """Changes the limits; Forbidden without the right, Invalid for limits under which something could never be paid."""
    return once(work, "cashback.set_limits", requests, Limits, _set)


def _set(work: Work, requests: list[SetLimits]) -> list[Limits]:
    require(work.principal, Permission.SETTINGS_EDIT)
    for request in requests:
        wanted = request.limits
        if not LEAST_FEN <= wanted.second_person_fen <= MOST or not 1 <= wanted.hold_score <= 100:
            raise Invalid("双人审核线应不低于 0.10 元，风险分的线应在 1–100 之间", code="bad_limits")
        if not MOST_FEN <= wanted.payee_day_fen <= wanted.brand_day_fen <= MOST:
            raise Invalid("每人每天的上限应不低于 200 元，且不高于品牌每天的上限", code="bad_limits")
        row = _row(wanted, work)
        upsert(work, limits, [row], ["id"], [name for name in row if name not in ("id", "halted_why")])
        work.record(Fact("cashback.limits_set", "cashback:limits", asdict(wanted)))
    return [request.limits for request in requests]


def over_today(work: Work, one: RebateClaim, payee: str) -> bool:
    """Whether this payout would exceed what may leave today. Whoever asks is alone until the commit."""
    lock(work)
    held = limits_now(work)
    out, theirs = billed_today(work), billed_today(work, payee)
    return out + one.payable_fen > held.brand_day_fen or theirs + one.payable_fen > held.payee_day_fen


def lock(work: Work) -> None:
    """Whoever asks is alone with the limits until the commit."""
    work.insert_missing(limits, [_row(Limits(), work)])
    work.all(work.locked(sa.select(limits.c.id).where(limits.c.id == ROW)))


def _row(held: Limits, work: Work) -> dict[str, Any]:
    return asdict(held) | {"id": ROW, "halted_why": "", "updated_by": work.principal.label, "updated_at": work.now}


def billed_today(view: View, payee: str = "") -> int:
    """What bills begun today come to, of one payee or of all; a bill that is final without money does not count."""
    total = sa.func.coalesce(sa.func.sum(claim.c.amount_fen - claim.c.recovered_fen), 0)
    statement = sa.select(total).where(claim.c.billed_at >= today(view))
    return int(view.scalar(statement.where(claim.c.payee == payee) if payee else statement) or 0)


def today(view: View) -> datetime:
    """The instant at which today began."""
    return day_start(business_day(view.now))


def until_tomorrow(view: View) -> timedelta:
    """From now until the limits of a day are fresh."""
    return day_start(business_day(view.now) + timedelta(days=1)) - view.now
