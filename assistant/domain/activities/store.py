"""Rows of activities to values and back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from assistant.domain.activities.model import CheckedIn, Item, Redemption, StockItem
from assistant.domain.activities.tables import checkin, item, redemption
from assistant.store import View, Work, upsert


def checkin_on(view: View, member_id: str, day: date) -> CheckedIn | None:
    row = view.one(sa.select(checkin).where(checkin.c.member_id == member_id, checkin.c.day == day))
    return CheckedIn(row.day, row.points, row.streak, already=True) if row else None


def insert_checkin(work: Work, member_id: str, done: CheckedIn) -> None:
    row = {"member_id": member_id, "day": done.day, "streak": done.streak, "points": done.points, "at": work.now}
    work.insert(checkin, [row])


def last_checkin(view: View, member_id: str) -> CheckedIn | None:
    row = view.one(sa.select(checkin).where(checkin.c.member_id == member_id).order_by(checkin.c.day.desc()).limit(1))
    return CheckedIn(row.day, row.points, row.streak, already=True) if row else None


def save_items(work: Work, requests: Sequence[StockItem]) -> None:
    rows = [
        {
            "id": one.item,
            "title": one.title.strip()[:120],
            "points": one.points,
            "stock": one.stock,
            "per_member": one.per_member,
            "kind": one.kind,
            "at": work.now,
        }
        for one in requests
    ]
    upsert(work, item, rows, ["id"], ["title", "points", "stock", "per_member", "kind"])


def items(view: View) -> list[Item]:
    return [_item(row) for row in view.all(sa.select(item).order_by(item.c.points, item.c.id))]


def lock_items(work: Work, ids: Collection[str]) -> dict[str, Item]:
    statement = sa.select(item).where(item.c.id.in_(sorted(ids))).order_by(item.c.id)
    return {row.id: _item(row) for row in work.all(work.locked(statement))}


def set_stock(work: Work, item_id: str, stock: int) -> None:
    work.execute(item.update().where(item.c.id == item_id).values(stock=stock))


def had(view: View, member_id: str, item_id: str) -> int:
    """How many of an item a member has redeemed and kept."""
    statement = sa.select(sa.func.coalesce(sa.func.sum(redemption.c.quantity), 0))
    mine = statement.where(redemption.c.member_id == member_id, redemption.c.item == item_id, redemption.c.state != "cancelled")
    return int(view.scalar(mine) or 0)


def insert_redemption(work: Work, one: Redemption) -> None:
    work.insert(redemption, [{column.name: getattr(one, column.name) for column in redemption.columns}])


def lock_redemptions(work: Work, ids: Collection[str]) -> dict[str, Redemption]:
    statement = sa.select(redemption).where(redemption.c.id.in_(sorted(ids))).order_by(redemption.c.id)
    return {row.id: _redemption(row) for row in work.all(work.locked(statement))}


def turn(work: Work, redemption_id: str, state: str, note: str) -> None:
    work.execute(redemption.update().where(redemption.c.id == redemption_id).values(state=state, note=note))


def redemptions_of(view: View, member_id: str) -> list[Redemption]:
    statement = sa.select(redemption).where(redemption.c.member_id == member_id)
    return [_redemption(row) for row in view.all(statement.order_by(redemption.c.at.desc(), redemption.c.id))]


def redemptions_in(view: View, state: str, limit: int) -> list[Redemption]:
    statement = sa.select(redemption).where(redemption.c.state == state).order_by(redemption.c.at, redemption.c.id)
    return [_redemption(row) for row in view.all(statement.limit(limit))]


def _item(row: sa.Row[Any]) -> Item:
    return Item(row.id, row.title, row.points, row.stock, row.per_member, row.kind)


def _redemption(row: sa.Row[Any]) -> Redemption:
    return Redemption(row.id, row.member_id, row.item, row.title, row.quantity, row.points, row.spend_id, row.state, row.note, row.at)
