"""Rows of points to values and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.base.clock import day_start
from assistant.domain import ledger
from assistant.domain.points import facts
from assistant.domain.points.model import (
    ASSET,
    Behaviour,
    Expiring,
    HistoryEntry,
    Lot,
    Movement,
    OrderEarning,
    Part,
    PointsBalance,
    SpendRow,
    account,
)
from assistant.domain.points.sheet import Sheet
from assistant.domain.points.tables import behaviour, earning, holder, lot, movement, notice, spend
from assistant.store import View, Work, chunks, upsert

LOT_COLUMNS = [column.name for column in lot.columns if column.name != "id"]
LOT_FIELDS = [field.name for field in fields(Lot)]
MOVEMENT_FIELDS = [field.name for field in fields(Movement)]
EARNING_FIELDS = [field.name for field in fields(OrderEarning)]


def open_sheet(work: Work, member_ids: Collection[str], lot_ids: Collection[str] = ()) -> Sheet:
    """The members' live lots and the named ones, held until the commit: one row per member is locked first, in one order."""
    ids = sorted(set(member_ids))
    hold_members(work, ids)
    live = sa.or_(lot.c.remaining > 0, lot.c.state == "pending")
    found = {row.id: _lot(row) for row in work.all(sa.select(lot).where(work.among(lot.c.member_id, ids), live))}
    overdue = overdue_of(work, ids)
    wanted = {*lot_ids, *(part.lot_id for row in overdue for part in row.parts)}
    found.update(lots_named(work, wanted - found.keys()))
    accounts = {number: account(number, "available") for number in ids}
    balances = ledger.balances(work, accounts.values())
    return Sheet(work.now, found.values(), {number: balances[one] for number, one in accounts.items()}, overdue)


def lots_named(view: View, ids: Collection[str]) -> dict[str, Lot]:
    """Lots by id, spent ones too."""
    return {row.id: _lot(row) for row in view.all(sa.select(lot).where(view.among(lot.c.id, ids)))} if ids else {}


def hold_members(work: Work, member_ids: Collection[str]) -> None:
    """One row per member is held until the commit, in one order, so that nobody else decides on their points meanwhile."""
    if work.is_sqlite:
        return
    found = _held(work, member_ids)
    missing = sorted(set(member_ids) - found)
    if missing:
        work.insert_missing(holder, [{"member_id": number} for number in missing])
        _held(work, missing)


def _held(work: Work, member_ids: Collection[str]) -> set[str]:
    statement = sa.select(holder.c.member_id).where(work.among(holder.c.member_id, member_ids)).order_by(holder.c.member_id)
    return {row.member_id for row in work.all(work.locked(statement))}


def close_sheet(work: Work, sheet: Sheet) -> None:
    """Books the postings and writes lots and history, each as one set."""
    ledger.post(work, sheet.postings)
    rows = [_row(sheet.lots[number], LOT_FIELDS) for number in sorted(sheet.changed)]
    upsert(work, lot, rows, ["id"], LOT_COLUMNS)
    mark_spends(work, sheet.released, "released")
    work.record(*facts.turned(sheet))
    work.insert(movement, [{**_row(one, MOVEMENT_FIELDS), "reason": one.reason[:200]} for one in sheet.movements])


def earnings(work: Work, order_ids: Collection[str]) -> dict[str, OrderEarning]:
    """What these orders have earned; to decide on it, hold their members first."""
    rows = work.all(sa.select(earning).where(work.among(earning.c.order_id, order_ids)))
    return {row.order_id: OrderEarning(**{name: getattr(row, name) for name in EARNING_FIELDS}) for row in rows}


def save_earnings(work: Work, changed: Iterable[OrderEarning]) -> None:
    rows = sorted((_row(one, EARNING_FIELDS) for one in changed), key=lambda row: str(row["order_id"]))
    upsert(work, earning, rows, ["order_id"], ["counted", "earned", "lot_id", "version"])


def earned(view: View, order_ids: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(sorted(order_ids)):
        rows = view.all(sa.select(earning.c.order_id, earning.c.earned).where(earning.c.order_id.in_(part)))
        found.update({row.order_id: row.earned for row in rows})
    return found


def save_spends(work: Work, spends: Iterable[SpendRow]) -> None:
    work.insert(
        spend,
        [
            {
                "id": one.id,
                "member_id": one.member_id,
                "amount": one.amount,
                "reason": one.reason[:200],
                "parts": [[part.lot_id, part.amount] for part in one.parts],
                "transaction_id": one.transaction,
                "state": one.state,
                "until": one.until,
                "at": work.now,
            }
            for one in spends
        ],
    )


def spends_of(work: Work, ids: Collection[str]) -> dict[str, SpendRow]:
    found: dict[str, SpendRow] = {}
    for part in chunks(sorted(set(ids))):
        found.update({row.id: _spend(row) for row in work.all(sa.select(spend).where(spend.c.id.in_(part)))})
    return found


def count_live(view: View) -> int:
    return int(view.scalar(sa.select(sa.func.count()).select_from(lot).where(lot.c.remaining > 0)) or 0)


def state_of_spend(view: View, spend_id: str) -> str:
    return str(view.scalar(sa.select(spend.c.state).where(spend.c.id == spend_id)) or "")


def spends_by_members(view: View, member_ids: Collection[str]) -> list[SpendRow]:
    """All spends of the members, of any state, the oldest first."""
    order = (spend.c.at, spend.c.id)
    return [_spend(row) for row in view.all(sa.select(spend).where(spend.c.member_id.in_(sorted(member_ids))).order_by(*order))]


def change_parts(work: Work, changed: Iterable[SpendRow]) -> None:
    """Spends come back to other lots than those they drew on."""
    for one in changed:
        parts = [[part.lot_id, part.amount] for part in one.parts]
        work.execute(spend.update().where(spend.c.id == one.id).values(parts=parts))


def even_history(work: Work, member_ids: Collection[str], reason: str) -> None:
    """One line where the members' lines do not add up to what the book says."""
    accounts = {number: [account(number, pocket) for pocket in ("pending", "available", "held")] for number in member_ids}
    book = ledger.balances(work, [one for many in accounts.values() for one in many])
    for number, many in accounts.items():
        told = work.scalar(sa.select(sa.func.coalesce(sa.func.sum(movement.c.change), 0)).where(movement.c.member_id == number))
        lack = sum(book[one] for one in many) - int(told)
        if lack:
            row = {"member_id": number, "lot_id": "", "change": lack, "reason": reason, "order_no": "", "at": work.now}
            work.insert(movement, [row])


def _spend(row: Any) -> SpendRow:
    parts = tuple(Part(number, amount) for number, amount in row.parts)
    return SpendRow(row.id, row.member_id, row.amount, row.reason, parts, row.transaction_id, row.state, row.until)


def overdue_of(view: View, member_ids: Collection[str]) -> list[SpendRow]:
    """The members' reservations whose time is up. There are few of them in all, so they are picked out here."""
    rows = view.all(sa.select(spend).where(spend.c.state == "held", spend.c.until <= view.now).order_by(spend.c.until, spend.c.id))
    wanted = set(member_ids) if rows else set()
    return [_spend(row) for row in rows if row.member_id in wanted]


def overdue_members(work: Work, limit: int) -> list[str]:
    statement = sa.select(spend.c.member_id).where(spend.c.state == "held", spend.c.until <= work.now).order_by(spend.c.until)
    return sorted({row.member_id for row in work.all(statement.limit(limit))})


def mark_captured(work: Work, transactions: Mapping[str, str]) -> None:
    for number in sorted(transactions):
        work.execute(spend.update().where(spend.c.id == number).values(state="spent", transaction_id=transactions[number]))


def mark_spends(work: Work, ids: Collection[str], state: str) -> None:
    """Spends enter a state: ``held`` until captured (``spent``) or ``released``; ``returned`` after a refund."""
    for part in chunks(sorted(ids)):
        work.execute(spend.update().where(spend.c.id.in_(part)).values(state=state))


def unnoticed(work: Work, day: date, ahead: int, limit: int) -> dict[str, int]:
    """Members with points whose last good day is ``day`` and who were not told ``ahead`` days before, with how many points."""
    told = sa.exists().where(notice.c.member_id == lot.c.member_id, notice.c.expires_on == day.isoformat(), notice.c.ahead == ahead)
    within = (lot.c.expires_at > max(day_start(day), work.now), lot.c.expires_at <= day_start(day + timedelta(days=1)))
    statement = sa.select(lot.c.member_id, sa.cast(sa.func.sum(lot.c.remaining), sa.BigInteger).label("points"))
    statement = statement.where(lot.c.state == "available", lot.c.remaining > 0, *within, ~told)
    rows = work.all(statement.group_by(lot.c.member_id).order_by(lot.c.member_id).limit(limit))
    return {row.member_id: row.points for row in rows}


def save_notices(work: Work, members: Iterable[str], day: date, ahead: int) -> None:
    """A second telling of the same would break the key and undo its unit."""
    many = [{"member_id": number, "expires_on": day.isoformat(), "ahead": ahead, "at": work.now} for number in sorted(members)]
    work.insert(notice, many)


def save_behaviours(work: Work, rows: Iterable[tuple[str, str, str, dict[str, Any], datetime]]) -> None:
    """(id, member, name, properties, at) of the events that rules answered."""
    names = ("id", "member_id", "name", "properties", "at")
    work.insert(behaviour, [dict(zip(names, row, strict=True)) for row in rows])


def behaviours_between(view: View, since: datetime, until: datetime, names: Iterable[str]) -> Iterator[Behaviour]:
    """Events of these names that rules answered, oldest first."""
    asked = (behaviour.c.at >= since, behaviour.c.at < until, behaviour.c.name.in_(sorted(set(names))))
    statement = sa.select(behaviour).where(*asked).order_by(behaviour.c.at, behaviour.c.id)
    for row in view.all(statement):
        yield Behaviour(row.id, row.member_id, row.name, row.at, row.properties)


def idle_members(view: View, ids: Collection[str]) -> list[str]:
    """Those of the members who hold lots that end by inactivity."""
    found: set[str] = set()
    for part in chunks(sorted(set(ids))):
        live = sa.or_(lot.c.remaining > 0, lot.c.state == "pending")
        statement = sa.select(lot.c.member_id).where(lot.c.member_id.in_(part), lot.c.idle_days > 0, live).distinct()
        found.update(row.member_id for row in view.all(statement))
    return sorted(found)


def due_members(work: Work, state: str, limit: int) -> list[str]:
    """Members of the lots that have been due longest to mature (``pending``) or to expire (``available``)."""
    at = lot.c.available_at if state == "pending" else lot.c.expires_at
    statement = sa.select(lot.c.member_id).where(lot.c.state == state, at <= work.now).order_by(at).limit(limit)
    return sorted({row.member_id for row in work.all(statement if state == "pending" else statement.where(lot.c.remaining > 0))})


def balance_of(view: View, ids: Collection[str]) -> dict[str, PointsBalance]:
    """The book's balances, with lots and reservations that are due but not swept yet counted as what they are by now."""
    members = sorted(set(ids))
    book = ledger.balances(view, [account(number, pocket) for number in members for pocket in ("pending", "available", "held")])
    late: dict[str, Lot] = {}
    for part in chunks(members):
        mature = sa.and_(lot.c.state == "pending", lot.c.available_at <= view.now)
        gone = sa.and_(lot.c.state == "available", lot.c.expires_at <= view.now)
        rows = view.all(sa.select(lot).where(lot.c.member_id.in_(part), lot.c.remaining > 0, sa.or_(mature, gone)))
        late.update({row.id: _lot(row) for row in rows})
    overdue = overdue_of(view, members)
    late.update(lots_named(view, {part.lot_id for row in overdue for part in row.parts} - late.keys()))
    sheet = Sheet(view.now, late.values(), {number: book[account(number, "available")] for number in members}, overdue)
    sheet.refresh()
    matured: Counter[str] = Counter()
    for what, one, amount in sheet.turned:
        matured[one.member_id] += amount if what == "matured" else 0
    back: Counter[str] = Counter()
    for row in overdue:
        back[row.member_id] += row.amount
    return {
        number: PointsBalance(
            book[account(number, "pending")] - matured[number],
            sheet.available[number],
            book[account(number, "held")] - back[number],
        )
        for number in members
    }


def lots_of(view: View, member_id: str) -> list[Lot]:
    rows = view.all(sa.select(lot).where(lot.c.member_id == member_id))
    available = ledger.balances(view, [account(member_id, "available")])[account(member_id, "available")]
    sheet = Sheet(view.now, [_lot(row) for row in rows], {member_id: available}, overdue_of(view, [member_id]))
    sheet.refresh()
    return sorted(sheet.lots.values(), key=lambda one: one.rank)


def history_of(view: View, member_id: str, limit: int) -> list[HistoryEntry]:
    statement = (
        sa.select(movement).where(movement.c.member_id == member_id).order_by(movement.c.at.desc(), movement.c.id.desc()).limit(limit)
    )
    return [HistoryEntry(row.at, row.change, row.reason, row.order_no) for row in view.all(statement)]


def expiring_of(view: View, ids: Collection[str], within_days: int) -> dict[str, Expiring]:
    found = _live_until(view, ids, within_days)
    return {
        number: Expiring(sum(row.remaining for row in rows), rows[0].expires_at, tuple(Part(row.id, row.remaining) for row in rows))
        for number, rows in found.items()
    }


def ending_of(view: View, ids: Collection[str], within_days: int) -> dict[str, list[tuple[datetime, int]]]:
    """When points of these members end within so many days, and how many."""
    found = _live_until(view, ids, within_days)
    return {number: [(row.expires_at, row.remaining) for row in rows] for number, rows in found.items()}


def _live_until(view: View, ids: Collection[str], within_days: int) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for part in chunks(sorted(set(ids))):
        statement = sa.select(lot.c.id, lot.c.member_id, lot.c.remaining, lot.c.expires_at)
        due = (lot.c.expires_at > view.now, lot.c.expires_at <= view.now + timedelta(days=within_days))
        live = (lot.c.member_id.in_(part), lot.c.state == "available", lot.c.remaining > 0)
        for row in view.all(statement.where(*live, *due).order_by(lot.c.expires_at, lot.c.granted_at, lot.c.id)):
            found.setdefault(row.member_id, []).append(row)
    return found


def expiring_select(now: datetime, within_days: int) -> sa.Select[Any]:
    due = (lot.c.expires_at > now, lot.c.expires_at <= now + timedelta(days=within_days), lot.c.state == "available", lot.c.remaining > 0)
    total = sa.cast(sa.func.sum(lot.c.remaining), sa.BigInteger).label("value")
    return sa.select(lot.c.member_id.label("member_id"), total).where(*due).group_by(lot.c.member_id)


def balance_select(pocket: str) -> sa.Select[Any]:
    return ledger.balance_select(ASSET, pocket)


def _row(value: Any, names: Sequence[str]) -> dict[str, Any]:
    """The fields as a row; ``dataclasses.asdict`` copies deeply and takes as long as the writing itself."""
    return {name: getattr(value, name) for name in names}


def _lot(row: Any) -> Lot:
    return Lot(
        id=row.id,
        member_id=row.member_id,
        amount=row.amount,
        remaining=row.remaining,
        state=row.state,
        source=row.source,
        granted_at=row.granted_at,
        available_at=row.available_at,
        expires_at=row.expires_at,
        order_id=row.order_id,
        order_no=row.order_no,
        expired=row.expired,
        waived=row.waived,
        idle_days=row.idle_days,
        version=row.version,
    )


def drift_of(view: View, pocket: str) -> dict[str, tuple[int, int]]:
    """Member → (balance of the pocket, sum of the lots in it) where the two differ."""
    held = sa.func.sum(lot.c.remaining)
    lots = sa.select(lot.c.member_id, held.label("total")).where(lot.c.state == pocket).group_by(lot.c.member_id).subquery()
    kept = ledger.balance_select(ASSET, pocket).subquery()
    total, value = sa.func.coalesce(lots.c.total, 0), sa.func.coalesce(kept.c.value, 0)
    both = kept.join(lots, lots.c.member_id == kept.c.member_id, full=True)
    differs = sa.and_(value != total, sa.or_(value >= 0, total != 0))
    member = sa.func.coalesce(kept.c.member_id, lots.c.member_id).label("member_id")
    rows = view.all(sa.select(member, value.label("value"), total.label("total")).select_from(both).where(differs))
    return {row.member_id: (int(row.value), int(row.total)) for row in rows}
