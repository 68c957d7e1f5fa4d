"""Reservation: points are set aside while an exchange is under way, taken when it is finished, given back when it is not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from assistant.base.errors import Conflict, Invalid, Refused
from assistant.base.ids import derive
from assistant.base.money import checked
from assistant.domain import ledger
from assistant.domain.points import facts, store
from assistant.domain.points.commands import SWEEP, own
from assistant.domain.points.model import Part, Returned, SpendRow, Spent, account
from assistant.domain.points.rulebook import Rulebook
from assistant.domain.points.sheet import Sheet
from assistant.store import Work, once

HOLD = timedelta(minutes=15)
"""How long an exchange may take unless it says otherwise."""


@dataclass(frozen=True, slots=True)
class Reserve:
    """Sets points aside for something the member is about to take; ``lasts`` as long as that may take."""

    key: str
    member_id: str
    amount: int
    reason: str
    lasts: timedelta = HOLD


@dataclass(frozen=True, slots=True)
class Reserved:
    """A reservation by its id, the lots it drew on, what is available beside it, and when it ends by itself."""

    reservation_id: str
    lots: tuple[Part, ...]
    available: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Capture:
    """The exchange is done: the points are spent."""

    key: str
    reservation_id: str


@dataclass(frozen=True, slots=True)
class Release:
    """The exchange is off: the points come back. With ``grace`` an end that has passed meanwhile is put off, because we are to blame."""

    key: str
    reservation_id: str
    grace: bool = False


def reserve(work: Work, requests: Sequence[Reserve]) -> list[Reserved]:
    """Sets points aside by the order of spending, for as long as asked; nobody else can spend them meanwhile.

    Raises Refused(code="insufficient" or "points_negative"); a member may reserve his own only.
    """
    return once(work, "points.reserve", requests, Reserved, _reserve)


def capture(work: Work, requests: Sequence[Capture]) -> list[Spent]:
    """Turns reservations into spends of the same id, which ``refund_spend`` gives back.

    Raises Refused(code="reservation_over") where the time is up, Conflict where it was captured or released already.
    """
    return once(work, "points.capture", requests, Spent, _capture)


def release(work: Work, requests: Sequence[Release]) -> list[Returned]:
    """Gives reservations back to their lots, whose ends stay as they are but for a grace; one that is over gives back nothing more."""
    return once(work, "points.release", requests, Returned, _release)


def release_overdue(work: Work) -> int:
    """Gives back reservations whose time is up; returns how many. Balances and spending are exact without it."""
    sheet = store.open_sheet(work, store.overdue_members(work, SWEEP))
    sheet.refresh()
    store.close_sheet(work, sheet)
    return len(sheet.released)


def _reserve(work: Work, requests: list[Reserve]) -> list[Reserved]:
    own(work, [request.member_id for request in requests])
    sheet = store.open_sheet(work, {request.member_id for request in requests})
    sheet.refresh()
    done, rows = [], []
    for request in requests:
        checked(request.amount, "积分")
        number = derive("spend", "reserve", request.key)
        key = f"points:reserve:{number}"
        parts = sheet.spend(key, request.member_id, request.amount, request.reason, into=account(request.member_id, "held"))
        until = work.now + request.lasts
        transaction = ledger.transaction_id(key)
        rows.append(SpendRow(number, request.member_id, request.amount, request.reason, parts, transaction, "held", until))
        done.append(Reserved(number, parts, sheet.available[request.member_id], until))
        work.record(facts.happened("reserved", request.member_id, request.amount, spend_id=number, reason=request.reason))
    store.close_sheet(work, sheet)
    store.save_spends(work, rows)
    return done


def _capture(work: Work, requests: list[Capture]) -> list[Spent]:
    ids = [request.reservation_id for request in requests]
    if len(set(ids)) != len(ids):
        raise Conflict("同一笔预留不能扣两次", code="already_captured")
    sheet, rows = _opened(work, ids)
    done, transactions = [], {}
    for number in ids:
        row = rows[number]
        if row.state in ("spent", "returned"):
            raise Conflict("这笔预留已经用掉了", code="already_captured", spend=number)
        if row.state != "held" or number in sheet.released:
            raise Refused("预留积分的时间过了，积分已经退回账户，请重新兑换", code="reservation_over", spend=number)
        transactions[number] = ledger.transaction_id(sheet.capture(number, row.member_id, row.amount, row.reason))
        done.append(Spent(number, row.parts, sheet.available[row.member_id]))
        work.record(facts.happened("spent", row.member_id, row.amount, spend_id=number, reason=row.reason))
    store.close_sheet(work, sheet)
    store.mark_captured(work, transactions)
    return done


def _release(work: Work, requests: list[Release]) -> list[Returned]:
    ids = [request.reservation_id for request in requests]
    sheet, rows = _opened(work, ids)
    back: dict[str, tuple[Part, ...]] = {}
    grace = timedelta(days=Rulebook(work).now.grace_days)
    for request in requests:
        number, row = request.reservation_id, rows[request.reservation_id]
        if row.state in ("spent", "returned"):
            raise Conflict("这笔预留已经用掉了，要退请走退回", code="already_captured", spend=number)
        if row.state == "held" and number not in sheet.released:
            sheet.release(row, grace if request.grace else None)
            back[number] = row.parts
    sheet.refresh()
    store.close_sheet(work, sheet)
    return [Returned(back.get(number, ()), sheet.available[rows[number].member_id]) for number in ids]


def _opened(work: Work, ids: Collection[str]) -> tuple[Sheet, dict[str, SpendRow]]:
    found = store.spends_of(work, ids)
    if missing := set(ids) - found.keys():
        raise Invalid("这笔积分预留不存在", code="no_reservation", spend=sorted(missing)[0])
    own(work, [row.member_id for row in found.values()])
    sheet = store.open_sheet(work, {row.member_id for row in found.values()}, {part.lot_id for row in found.values() for part in row.parts})
    sheet.refresh()
    return sheet, store.spends_of(work, ids)
