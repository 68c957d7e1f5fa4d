"""Rows of activities to values and back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.base.clock import day_start
from assistant.domain.activities.model import CheckedIn, Item, Redemption, StockItem
from assistant.domain.activities.tables import checkin, item, redemption
from assistant.store import View, Work, upsert


def checkin_on(view: View, member_id: str, day: date) -> CheckedIn | None:
    row = view.one(sa.select(checkin).where(checkin.c.member_id == member_id, checkin.c.day == day))
    return CheckedIn(row.day, row.points, row.streak, already=True) if row else None


def insert_checkin(work: Work, member_id: str, done: CheckedIn, bonus: int, made_up: bool = False) -> None:
    row = {"member_id": member_id, "day": done.day, "streak": done.streak, "points": done.points, "at": work.now}
    work.insert(checkin, [row | {"bonus": bonus, "made_up": made_up}])


def checkins_since(view: View, member_id: str, first: date) -> set[date]:
    """The days on which the member is checked in, from ``first`` on."""
    return {row.day for row in view.all(sa.select(checkin.c.day).where(checkin.c.member_id == member_id, checkin.c.day >= first))}


def first_checkin(view: View, member_id: str) -> date | None:
    return view.scalar(sa.select(sa.func.min(checkin.c.day)).where(checkin.c.member_id == member_id))  # type: ignore[no-any-return]


def makeups_since(view: View, member_id: str, first: date) -> int:
    """How many days were made up since then, whichever days they are."""
    made = (checkin.c.member_id == member_id, checkin.c.made_up, checkin.c.at >= day_start(first))
    return int(view.scalar(sa.select(sa.func.count()).select_from(checkin).where(*made)) or 0)


def bonuses(view: View, member_id: str, first: date, last: date) -> int:
    """How many full streaks were rewarded between two days, both included."""
    mine = (checkin.c.member_id == member_id, checkin.c.bonus > 0, checkin.c.day.between(first, last))
    return int(view.scalar(sa.select(sa.func.count()).select_from(checkin).where(*mine)) or 0)


def lengthen(work: Work, member_id: str, day: date, streak: int) -> date:
    """Counts the days in a row that follow ``day`` on from its streak; returns the last of them."""
    later = sa.select(checkin.c.day).where(checkin.c.member_id == member_id, checkin.c.day > day).order_by(checkin.c.day)
    last = day
    for row in work.all(later):
        if row.day != last + timedelta(days=1):
            break
        last = row.day
    run = sa.and_(checkin.c.member_id == member_id, checkin.c.day > day, checkin.c.day <= last)
    work.execute(checkin.update().where(run).values(streak=checkin.c.streak + streak))
    return last


def add_bonus(work: Work, member_id: str, day: date, bonus: int) -> None:
    mine = sa.and_(checkin.c.member_id == member_id, checkin.c.day == day)
    work.execute(checkin.update().where(mine).values(points=bonus, bonus=bonus))


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
            "code_name": one.code_name,
            "value_fen": one.value_fen,
            "at": work.now,
        }
        for one in requests
    ]
    upsert(work, item, rows, ["id"], ["title", "points", "stock", "per_member", "kind", "code_name", "value_fen"])


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


def placed_before(view: View, before: datetime, limit: int) -> list[str]:
    """Redemptions that have waited since then or longer, the oldest first."""
    late = (redemption.c.state == "placed", redemption.c.at <= before)
    return [row.id for row in view.all(sa.select(redemption.c.id).where(*late).order_by(redemption.c.at, redemption.c.id).limit(limit))]


def _item(row: sa.Row[Any]) -> Item:
    return Item(row.id, row.title, row.points, row.stock, row.per_member, row.kind, row.code_name, row.value_fen)


def _redemption(row: sa.Row[Any]) -> Redemption:
    return Redemption(row.id, row.member_id, row.item, row.title, row.quantity, row.points, row.spend_id, row.state, row.note, row.at)
