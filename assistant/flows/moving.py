"""Rows that carry a member's name get another's, and come back; which tables they are is said in ``personal.TABLES``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from assistant.domain.members import Identity
from assistant.flows import personal
from assistant.store import View, Work, chunks, metadata

MEMBER = "member_id"
BY_ORDER = ("points_lot", "points_order_earning", "membership_order_growth", "cashback_claim")
"""Tables whose rows belong to whom their order belongs."""

OF_ORDERS = ("points_order_earning", "membership_order_growth")
"""Tables of one row an order, found by the orders and not by member; what is written there comes with a lot or growth value."""


def left_behind(view: View, member_ids: Iterable[str]) -> set[str]:
    """Which of these members still have rows or a balance."""
    found: set[str] = set()
    balance = metadata.tables["ledger_balance"]
    tables = [metadata.tables[name] for name, holds in personal.TABLES.items() if holds.joins and name not in OF_ORDERS]
    for part in chunks(sorted(set(member_ids))):
        for table in tables:
            found.update(row[0] for row in view.all(sa.select(table.c[MEMBER]).where(table.c[MEMBER].in_(part)).distinct()))
        owners = {f"member:{number}": number for number in part}
        here = (balance.c.owner.in_(owners), balance.c.balance != 0)
        found.update(owners[row.owner] for row in view.all(sa.select(balance.c.owner).where(*here)))
    return found


def move(work: Work, source: str, target: str) -> dict[str, list[str]]:
    """Gives the rows of one member to another; returns table → keys of the rows. What the other has already stays where it is."""
    moved: dict[str, list[str]] = {}
    order = metadata.tables["shop_order"]
    for name, holds in personal.TABLES.items():
        if not holds.joins:
            continue
        table = metadata.tables[name]
        mine = table.update().where(table.c[MEMBER] == source, _free(table, target)).values({MEMBER: target})
        if name in OF_ORDERS:
            mine = mine.where(table.c.order_id.in_(sa.select(order.c.id).where(order.c[MEMBER].in_((source, target)))))
        keys = [_key(row) for row in work.all(mine.returning(*_others(table)))]
        if keys:
            moved[name] = sorted(keys)
    return moved


def give_back(work: Work, moved: Mapping[str, Iterable[str]], holder: str, owner: str) -> None:
    """Rows that were moved become the owner's again, where they are still the holder's and the owner has not got another such since."""
    for name, keys in moved.items():
        table = metadata.tables[name]
        columns = _others(table)
        for part in chunks(keys, 100):
            values = [_values(columns, json.loads(key)) for key in part]
            here = columns[0].in_([row[0] for row in values]) if len(columns) == 1 else sa.tuple_(*columns).in_(values)
            work.execute(table.update().where(table.c[MEMBER] == holder, here, _free(table, owner)).values({MEMBER: owner}))


def follow(work: Work, holder: str, owner: str, identities: Iterable[Identity]) -> None:
    """What came to the holder by one of the owner's identities becomes the owner's: orders and all that hangs on them, conversations with
    what was spent in them, and what a device did."""
    tables, own = metadata.tables, list(identities)
    order = tables["shop_order"]
    for one in own:
        bought = (order.c.buyer_namespace == one.namespace, order.c.buyer_value == one.value, order.c[MEMBER] == holder)
        work.execute(order.update().where(*bought).values({MEMBER: owner}))
    bought_by = sa.select(order.c.id).where(order.c[MEMBER] == owner)
    for name in BY_ORDER:
        table = tables[name]
        work.execute(table.update().where(table.c[MEMBER] == holder, table.c.order_id.in_(bought_by)).values({MEMBER: owner}))
    lot, movement = tables["points_lot"], tables["points_movement"]
    lots = sa.select(lot.c.id).where(lot.c[MEMBER] == owner)
    came = (movement.c[MEMBER] == holder, movement.c.lot_id.in_(lots), movement.c.change >= 0)
    work.execute(movement.update().where(*came).values({MEMBER: owner}))
    _talks(work, holder, owner, own)
    event, device = tables["event"], tables["event_device"]
    used = sa.select(device.c.anonymous_id).where(device.c[MEMBER] == owner)
    work.execute(event.update().where(event.c[MEMBER] == holder, event.c.anonymous_id.in_(used)).values({MEMBER: owner}))


def _talks(work: Work, holder: str, owner: str, identities: Iterable[Identity]) -> None:
    tables = metadata.tables
    talk, turn, spend, booked = (tables[name] for name in ("conversation", "turn", "points_spend", "ledger_transaction"))
    peers = {one.value for one in identities}
    theirs = [
        row.id for row in work.all(sa.select(talk.c.id, talk.c.address).where(talk.c[MEMBER] == holder)) if row.address.get("peer") in peers
    ]
    for part in chunks(theirs):
        work.execute(talk.update().where(talk.c.id.in_(part)).values({MEMBER: owner}))
    causes = sa.select(sa.literal("turn:") + turn.c.id).join(talk, talk.c.id == turn.c.conversation).where(talk.c[MEMBER] == owner)
    paid = sa.select(booked.c.id).where(booked.c.cause.in_(causes))
    work.execute(spend.update().where(spend.c[MEMBER] == holder, spend.c.transaction_id.in_(paid)).values({MEMBER: owner}))
    spent = sa.select(spend.c.id).where(spend.c[MEMBER] == owner)
    redemption = tables["activity_redemption"]
    work.execute(redemption.update().where(redemption.c[MEMBER] == holder, redemption.c.spend_id.in_(spent)).values({MEMBER: owner}))


def _others(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.primary_key.columns if column.name != MEMBER]


def _unique(table: sa.Table) -> list[list[sa.Column[Any]]]:
    """Every set of columns that must be unique and names the member."""
    keys: list[list[sa.Column[Any]]] = [list(table.primary_key.columns)]
    keys += [list(one.columns) for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    keys += [[table.c[column.name] for column in one.columns] for one in table.indexes if one.unique]
    return [columns for columns in keys if any(column.name == MEMBER for column in columns)]


def _free(table: sa.Table, target: str) -> sa.ColumnElement[bool]:
    """Rows that the target has not already."""
    return sa.and_(sa.true(), *(sa.not_(_taken(table, columns, target)) for columns in _unique(table)))


def _taken(table: sa.Table, columns: list[sa.Column[Any]], target: str) -> sa.ColumnElement[bool]:
    other = table.alias()
    same = [other.c[column.name] == column for column in columns if column.name != MEMBER]
    return sa.exists().where(other.c[MEMBER] == target, *same)


def _key(row: sa.Row[Any]) -> str:
    return json.dumps(list(row), ensure_ascii=False, default=str)


def _values(columns: list[sa.Column[Any]], key: list[Any]) -> list[Any]:
    """A key as the columns hold it."""
    return [_typed(column, value) for column, value in zip(columns, key, strict=True)]


def _typed(column: sa.Column[Any], value: Any) -> Any:
    python = column.type.python_type
    return python.fromisoformat(value) if hasattr(python, "fromisoformat") and isinstance(value, str) else value
