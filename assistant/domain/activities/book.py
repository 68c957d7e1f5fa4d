"""Rows of described activities to values and back: the activity, its stock, who takes part, and entries."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain import audience, members
from assistant.domain.activities.language import activity_from, plain
from assistant.domain.activities.tables import activity, activity_version, entry, participant, stock
from assistant.domain.activities.values import WAITING, Entry, Stock, Stored
from assistant.store import View, Work, chunks, upsert

GOODS, PLACES, BUDGET = "goods", "places", "budget"
"""Items of the stock table that are no prize; a prize may not be called so."""


def find(view: View, name: str) -> Stored | None:
    row = view.one(sa.select(activity).where(activity.c.name == name))
    return _stored(row) if row else None


def lock(work: Work, name: str) -> Stored | None:
    row = work.one(work.locked(sa.select(activity).where(activity.c.name == name)))
    return _stored(row) if row else None


def listed(view: View, states: Collection[str] = (), kind: str = "") -> list[Stored]:
    """Activities, the newest first; of some states or one kind only where asked."""
    statement = sa.select(activity).order_by(activity.c.starts_at.desc(), activity.c.name)
    if states:
        statement = statement.where(activity.c.state.in_(sorted(states)))
    if kind:
        statement = statement.where(activity.c.kind == kind)
    return [_stored(row) for row in view.all(statement)]


def save(work: Work, one: Stored, is_new_version: bool) -> None:
    row = {
        "name": one.name,
        "kind": one.kind,
        "state": one.state,
        "version": one.version,
        "body": plain(one.activity),
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "hold_id": one.hold_id,
        "seed": one.seed,
        "seed_digest": one.seed_digest,
        "published_at": one.published_at,
        "at": work.now,
    }
    upsert(work, activity, [row], ["name"], [name for name in row if name not in ("name", "at")])
    if is_new_version:
        kept = {"name": one.name, "version": one.version, "body": row["body"], "author": work.principal.label, "at": work.now}
        work.insert(activity_version, [kept])


def set_stock(work: Work, name: str, totals: Mapping[str, int]) -> None:
    """What there is of each item; what is taken stays taken (fewer than that breaks the row's check)."""
    rows = [{"activity": name, "item": item, "total": total, "taken": 0} for item, total in sorted(totals.items())]
    upsert(work, stock, rows, ["activity", "item"], ["total"])


def take(work: Work, name: str, item: str, amount: int = 1) -> bool:
    """Takes from the stock in one statement; False where not so much is left. An item without a row is without limit."""
    mine = sa.and_(stock.c.activity == name, stock.c.item == item)
    enough = stock.c.taken + amount <= stock.c.total
    if work.execute(stock.update().where(mine, enough).values(taken=stock.c.taken + amount)).rowcount == 1:
        return True
    return work.one(sa.select(stock.c.item).where(mine)) is None


def put_back(work: Work, name: str, item: str, amount: int) -> None:
    mine = sa.and_(stock.c.activity == name, stock.c.item == item)
    work.execute(stock.update().where(mine, stock.c.taken >= amount).values(taken=stock.c.taken - amount))


def stock_of(view: View, name: str) -> dict[str, Stock]:
    return {row.item: Stock(row.total, row.taken) for row in view.all(sa.select(stock).where(stock.c.activity == name))}


def enter(work: Work, name: str, member_id: str) -> int:
    """Holds the member's place in the activity until the commit; returns how many entries there were ever."""
    work.insert_missing(participant, [{"activity": name, "member_id": member_id, "entries": 0}])
    mine = sa.select(participant.c.entries).where(participant.c.activity == name, participant.c.member_id == member_id)
    return int(work.scalar(work.locked(mine)))


def add_entry(work: Work, one: Entry) -> None:
    work.insert(entry, [{field.name: getattr(one, field.name) for field in fields(Entry)} | {"body": dict(one.body)}])
    mine = sa.and_(participant.c.activity == one.activity, participant.c.member_id == one.member_id)
    work.execute(participant.update().where(mine).values(entries=one.number))


def entries_of(view: View, member_id: str, name: str = "", limit: int = 500) -> list[Entry]:
    """A member's entries and those of whom it turned out to be, the newest first; of one activity where asked."""
    statement = sa.select(entry).where(entry.c.member_id.in_([member_id, *members.absorbed_by(view, member_id)]))
    if name:
        statement = statement.where(entry.c.activity == name)
    return [_entry(row) for row in view.all(statement.order_by(entry.c.at.desc(), entry.c.number.desc()).limit(limit))]


def entries_in(view: View, name: str, states: Collection[str] = (), limit: int = 500) -> list[Entry]:
    """Entries of an activity, the oldest first."""
    statement = sa.select(entry).where(entry.c.activity == name)
    if states:
        statement = statement.where(entry.c.state.in_(sorted(states)))
    return [_entry(row) for row in view.all(statement.order_by(entry.c.at, entry.c.id).limit(limit))]


def waiting(view: View, name: str) -> int:
    """How many entries still have to be settled."""
    statement = sa.select(sa.func.count()).select_from(entry).where(entry.c.activity == name, entry.c.state.in_(WAITING))
    return int(view.scalar(statement) or 0)


def placed_before(view: View, kinds: Collection[str], before: datetime, limit: int) -> list[str]:
    """Entries of these kinds whose goods have waited to be sent since then or longer, the oldest first."""
    late = (entry.c.state == "placed", entry.c.kind.in_(sorted(kinds)), entry.c.at <= before)
    return [row.id for row in view.all(sa.select(entry.c.id).where(*late).order_by(entry.c.at, entry.c.id).limit(limit))]


def figures(view: View, name: str) -> dict[str, int]:
    """Entries by state."""
    statement = sa.select(entry.c.state, sa.func.count().label("n")).where(entry.c.activity == name).group_by(entry.c.state)
    return {row.state: int(row.n) for row in view.all(statement)}


def lock_entries(work: Work, ids: Collection[str]) -> dict[str, Entry]:
    statement = sa.select(entry).where(entry.c.id.in_(sorted(ids))).order_by(entry.c.id)
    return {row.id: _entry(row) for row in work.all(work.locked(statement))}


def turn_entry(work: Work, entry_id: str, state: str, note: str) -> None:
    work.execute(entry.update().where(entry.c.id == entry_id).values(state=state, note=note, settled_at=work.now))


def taking_part(view: View, name: str, state: str, limit: int) -> list[str]:
    """Members with an entry in this state, in order of id."""
    statement = sa.select(entry.c.member_id).where(entry.c.activity == name, entry.c.state == state)
    return [row.member_id for row in view.all(statement.distinct().order_by(entry.c.member_id).limit(limit))]


def turn_all(work: Work, name: str, ids: Sequence[str], before: str, after: str) -> None:
    """Moves the members' entries of one state to another."""
    for part in chunks(ids):
        mine = sa.and_(entry.c.activity == name, entry.c.member_id.in_(part), entry.c.state == before)
        work.execute(entry.update().where(mine).values(state=after))


def fits(view: View, rule: Mapping[str, Any], ids: Sequence[str]) -> set[str]:
    """Which of the members the segment holds for now."""
    return audience.fits(view, audience.catalogue().parse(rule), ids)


def open_past(view: View, now: datetime) -> list[Stored]:
    """Published or paused activities whose end has passed."""
    late = sa.and_(activity.c.state.in_(("published", "paused")), activity.c.ends_at <= now)
    return [_stored(row) for row in view.all(sa.select(activity).where(late).order_by(activity.c.name).limit(100))]


def _stored(row: sa.Row[Any]) -> Stored:
    described = activity_from(row.body)
    return Stored(
        row.name, row.kind, row.state, row.version, described, row.starts_at, row.ends_at, row.hold_id, row.seed, row.seed_digest,
        row.published_at,
    )  # fmt: skip


def _entry(row: sa.Row[Any]) -> Entry:
    return Entry(**{field.name: getattr(row, field.name) for field in fields(Entry)})
