"""The writes about points, on sets: each opens a sheet of the members concerned, works it, and books what it says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from assistant.base.errors import Conflict, Forbidden, Invalid
from assistant.base.ids import derive
from assistant.base.money import checked
from assistant.domain import ledger
from assistant.domain.points import facts, store
from assistant.domain.points.model import (
    Grant,
    Granted,
    Lot,
    OpenBalance,
    RefundSpend,
    Returned,
    Spend,
    SpendRow,
    Spent,
    account,
)
from assistant.domain.points.rulebook import Rulebook
from assistant.domain.points.rules import Rules
from assistant.store import Work, once

SWEEP = 300
"""How many lots one sweep handles at most; balances are exact without it."""


def grant(work: Work, grants: Sequence[Grant]) -> list[Granted]:
    """Gives points; a member in debt pays it from them first."""
    return once(work, "points.grant", grants, Granted, _grant)


def open_balance(work: Work, requests: Sequence[OpenBalance]) -> list[Granted]:
    """Takes over what members held in another system, with its own dates."""
    return once(work, "points.open_balance", requests, Granted, _open)


def spend(work: Work, requests: Sequence[Spend]) -> list[Spent]:
    """Takes points by earliest expiry, then earliest grant, then id.

    Raises Refused(code="insufficient" or "points_negative"); a member may spend his own only.
    """
    return once(work, "points.spend", requests, Spent, _spend)


def refund_spend(work: Work, requests: Sequence[RefundSpend]) -> list[Returned]:
    """Gives spends back to their original lots with their original expiry, or 30 days from now where that is past; each once."""
    return once(work, "points.refund_spend", requests, Returned, _refund_spend)


def mature(work: Work) -> int:
    """Makes pending lots available whose time has come; returns how many points."""
    return _sweep(work, "pending", "matured")


def expire(work: Work) -> int:
    """Takes out what is left of lots past their expiry; returns how many points."""
    return _sweep(work, "available", "expired")


def _sweep(work: Work, state: str, name: str) -> int:
    sheet = store.open_sheet(work, store.due_members(work, state, SWEEP))
    sheet.refresh()
    store.close_sheet(work, sheet)
    return sum(amount for what, _lot, amount in sheet.turned if what == name)


def _grant(work: Work, grants: Sequence[Grant]) -> list[Granted]:
    rules = Rulebook(work).now
    lots = []
    for one in grants:
        start = max(one.available_at or work.now, work.now)
        lots.append(lot_of(rules, one.key, one.member_id, one.amount, one.source or one.reason, work.now, start, one.expires_at))
    return come(work, lots, [one.reason for one in grants])


def _open(work: Work, requests: Sequence[OpenBalance]) -> list[Granted]:
    rules = Rulebook(work).now
    lots = []
    for one in requests:
        start = one.granted_at or work.now
        lots.append(lot_of(rules, f"open:{one.key}", one.member_id, one.amount, one.reason, start, start, one.expires_at))
    return come(work, lots, [one.reason for one in requests])


def lot_of(
    rules: Rules,
    key: str,
    member_id: str,
    amount: int,
    source: str,
    granted: datetime,
    available: datetime,
    expires: datetime | None = None,
) -> Lot:
    """A new lot; without an expiry of its own it ends as the rules say."""
    checked(amount, "积分")
    if not member_id:
        raise Invalid("发放积分缺少会员", code="no_member", key=key)
    ends = expires or rules.expiry.end_of(available)
    idle = 0 if expires else rules.expiry.idle_days
    return Lot(derive("lot", key), member_id, amount, 0, "", source[:200], granted, available, ends, idle_days=idle)


def come(work: Work, lots: Sequence[Lot], reasons: Sequence[str]) -> list[Granted]:
    """New lots come in; a member in debt pays it from them first."""
    sheet = store.open_sheet(work, {lot.member_id for lot in lots})
    sheet.refresh()
    for lot, reason in zip(lots, reasons, strict=True):
        lot.state = "pending" if lot.available_at is not None and lot.available_at > work.now else "available"
        sheet.grant(lot, reason)
        work.record(facts.happened("granted", lot.member_id, lot.amount, lot_id=lot.id, reason=reason))
    sheet.refresh()
    store.close_sheet(work, sheet)
    return [Granted(lot.id, lot.amount) for lot in lots]


def _spend(work: Work, requests: Sequence[Spend]) -> list[Spent]:
    own(work, [request.member_id for request in requests])
    sheet = store.open_sheet(work, {request.member_id for request in requests})
    sheet.refresh()
    done, rows = [], []
    for request in requests:
        checked(request.amount, "积分")
        key = f"points:spend:{request.key}"
        parts = sheet.spend(key, request.member_id, request.amount, request.reason)
        number = derive("spend", request.key)
        transaction = ledger.transaction_id(key)
        rows.append(SpendRow(number, request.member_id, request.amount, request.reason, parts, transaction))
        done.append(Spent(number, parts, sheet.available[request.member_id]))
        work.record(facts.happened("spent", request.member_id, request.amount, spend_id=number, reason=request.reason))
    store.close_sheet(work, sheet)
    store.save_spends(work, rows)
    return done


def _refund_spend(work: Work, requests: Sequence[RefundSpend]) -> list[Returned]:
    members = store.spends_of(work, [request.spend_id for request in requests])
    for request in requests:
        if request.spend_id not in members:
            raise Invalid("要退回的那次积分使用不存在", code="no_spend", spend=request.spend_id)
    lot_ids = {part.lot_id for row in members.values() for part in row.parts}
    sheet = store.open_sheet(work, {row.member_id for row in members.values()}, lot_ids)
    spends = store.spends_of(work, members.keys())
    own(work, [row.member_id for row in spends.values()])
    grace = timedelta(days=Rulebook(work).now.grace_days)
    sheet.refresh()
    done, seen = [], set()
    for request in requests:
        row = spends[request.spend_id]
        if row.state in ("held", "released"):
            raise Conflict("这次积分只是预留，还没有用掉，不能退回", code="not_spent", spend=row.id)
        if row.state == "returned" or row.id in seen:
            raise Conflict("这次积分使用已经退回过了", code="already_returned", spend=row.id)
        seen.add(row.id)
        sheet.give_back(row.member_id, row.parts, f"退回：{row.reason}"[:200], grace)
        done.append(Returned(row.parts, sheet.available[row.member_id]))
        work.record(facts.happened("returned", row.member_id, row.amount, spend_id=row.id))
    store.close_sheet(work, sheet)
    back = {number: account(spends[number].member_id, "available") for number in sorted(seen)}
    ledger.reverse(work, [ledger.Reversal(f"points:return:{n}", spends[n].transaction, into=own) for n, own in back.items()])
    store.mark_spends(work, seen, "returned")
    return done


def own(work: Work, ids: Sequence[str]) -> None:
    """Raises Forbidden where a member would use the points of another."""
    if work.principal.kind == "member" and any(number != work.principal.id for number in ids):
        raise Forbidden("只能使用自己的积分", code="not_own")
