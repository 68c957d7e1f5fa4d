"""Rows of orders to values and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.base.ids import derive, digest_of
from assistant.domain.members import Identity
from assistant.domain.orders.model import Item, Order, Waiting
from assistant.domain.orders.tables import item, order, word
from assistant.store import View, Work, chunks, upsert

COLUMNS = [column.name for column in order.columns if column.name not in ("id", "source", "order_no", "received_at")]


def begin(work: Work, wanted: Collection[Order]) -> tuple[dict[str, Order], set[str]]:
    """The orders as stored, held until the commit in one order, and which of them nobody had heard of: those begin empty."""
    found = hold(work, [one.id for one in wanted])
    missing = sorted((one for one in wanted if one.id not in found), key=lambda one: one.id)
    begun = {one.id for one in missing}
    if missing and not work.is_sqlite:
        # An empty row is what another unit that hears of the order in this moment waits for.
        begun = work.insert_new(order, [{**_row(one), "received_at": work.now} for one in missing])
        found |= hold(work, [one.id for one in missing if one.id not in begun])
    return found | {one.id: one for one in missing if one.id in begun}, begun


def hold(work: Work, ids: Collection[str]) -> dict[str, Order]:
    """The orders as stored, held until the commit in one order; unknown ids are left out."""
    if not ids:
        return {}
    statement = work.locked(sa.select(order).where(work.among(order.c.id, ids)).order_by(order.c.id))
    return {one.id: one for one in _read(work, statement)}


def add_words(work: Work, words: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, list[Mapping[str, Any]]]:
    """Keeps what was said, the same words about one order as one row; returns what was said, each once, by order."""
    rows, said = {}, dict[str, list[Mapping[str, Any]]]()
    for number, body in words:
        name = derive("word", number, digest_of(body))
        if name not in rows:
            rows[name] = {"id": name, "order_id": number, "body": dict(body), "received_at": work.now}
            said.setdefault(number, []).append(body)
    work.insert_missing(word, [rows[name] for name in sorted(rows)])
    return said


def words_of(view: View, ids: Collection[str]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    if ids:
        for row in view.all(sa.select(word.c.order_id, word.c.body).where(view.among(word.c.order_id, ids))):
            found.setdefault(row.order_id, []).append(row.body)
    return found


def save(work: Work, changed: Sequence[tuple[Order, Order]]) -> None:
    """Writes (before, after) pairs; item lines only where they changed."""
    if not changed:
        return
    rows = sorted(({**_row(after), "received_at": work.now} for _before, after in changed), key=lambda row: str(row["id"]))
    upsert(work, order, rows, ["id"], [*COLUMNS, "received_at"])
    relined = [after for before, after in changed if before.items != after.items]
    for part in chunks([after.id for before, after in changed if before.items and before.items != after.items]):
        work.execute(item.delete().where(item.c.order_id.in_(part)))
    work.insert(item, [_line(one.id, number, line) for one in relined for number, line in enumerate(one.items)])


def waiting_for(work: Work, buyers: Collection[Identity]) -> list[str]:
    """Orders without an owner whose buyer is one of these."""
    asked = {(one.namespace, one.value) for one in buyers}
    found: list[str] = []
    for part in chunks(sorted({one.value for one in buyers})):
        statement = sa.select(order.c.id, order.c.buyer_namespace, order.c.buyer_value)
        rows = work.all(statement.where(order.c.buyer_value.in_(part), order.c.member_id == ""))
        found += [row.id for row in rows if (row.buyer_namespace, row.buyer_value) in asked]
    return sorted(found)


def waiting_since(view: View, since: datetime, limit: int) -> list[str]:
    statement = sa.select(order.c.id).where(order.c.member_id == "", order.c.buyer_value != "", order.c.received_at >= since)
    return [row.id for row in view.all(statement.order_by(order.c.received_at.desc()).limit(limit))]


def waiting_page(view: View, source: str, after: str, limit: int) -> list[Order]:
    at_last = view.one(sa.select(order.c.received_at, order.c.id).where(order.c.id == after)) if after else None
    statement = sa.select(order).where(order.c.member_id == "", order.c.status != "")
    if source:
        statement = statement.where(order.c.source == source)
    if at_last is not None:
        earlier = sa.and_(order.c.received_at == at_last.received_at, order.c.id > at_last.id)
        statement = statement.where(sa.or_(order.c.received_at < at_last.received_at, earlier))
    return _read(view, statement.order_by(order.c.received_at.desc(), order.c.id).limit(limit))


def waiting_by_source(view: View) -> list[Waiting]:
    statement = sa.select(
        order.c.source,
        sa.func.count().label("orders"),
        sa.func.sum(order.c.paid_fen).label("paid_fen"),
        sa.func.sum(sa.case((order.c.buyer_value != "", 1), else_=0)).label("with_buyer"),
        sa.func.min(order.c.received_at).label("since"),
    )
    rows = view.all(statement.where(order.c.member_id == "", order.c.status != "").group_by(order.c.source).order_by(order.c.source))
    return [Waiting(row.source, row.orders, int(row.paid_fen), int(row.with_buyer), row.since) for row in rows]


def by_id(view: View, ids: Collection[str]) -> dict[str, Order]:
    if not ids:
        return {}
    return {one.id: one for one in _read(view, sa.select(order).where(view.among(order.c.id, ids), order.c.status != ""))}


def by_number(view: View, order_no: str, source: str) -> list[Order]:
    statement = sa.select(order).where(order.c.order_no == order_no, order.c.status != "").order_by(order.c.source)
    return _read(view, statement.where(order.c.source == source) if source else statement)


def of_member(view: View, member_id: str, limit: int) -> list[Order]:
    at = sa.func.coalesce(order.c.paid_at, order.c.created_at)
    statement = sa.select(order).where(order.c.member_id == member_id, order.c.status != "").order_by(at.desc(), order.c.id)
    return _read(view, statement.limit(limit))


def counts_of(view: View, member_ids: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(sorted(member_ids)):
        statement = sa.select(order.c.member_id, sa.func.count().label("orders")).where(order.c.member_id.in_(part), order.c.status != "")
        found.update({row.member_id: row.orders for row in view.all(statement.group_by(order.c.member_id))})
    return found


def paid_between(view: View, since: datetime, until: datetime, at_once: int) -> Iterator[list[Order]]:
    at, number = since, ""
    while True:
        after = sa.or_(order.c.paid_at > at, sa.and_(order.c.paid_at == at, order.c.id > number))
        statement = sa.select(order).where(after, order.c.paid_at < until, order.c.status != "").order_by(order.c.paid_at, order.c.id)
        found = _read(view, statement.limit(at_once))
        if found:
            yield found
        if len(found) < at_once:
            return
        at, number = found[-1].paid_at or until, found[-1].id


def _read(view: View, statement: sa.Select[Any]) -> list[Order]:
    rows = view.all(statement)
    lines = _items(view, [row.id for row in rows])
    return [_order(row, lines.get(row.id, ())) for row in rows]


def _items(view: View, ids: Sequence[str]) -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    if ids:
        for row in view.all(sa.select(item).where(view.among(item.c.order_id, ids)).order_by(item.c.order_id, item.c.line)):
            found.setdefault(row.order_id, []).append(Item(row.sku, row.title, row.category, row.qty, row.paid_fen))
    return found


def _line(number: str, line: int, one: Item) -> dict[str, Any]:
    return {
        "order_id": number,
        "line": line,
        "sku": one.sku,
        "title": one.title,
        "category": one.category,
        "qty": one.qty,
        "paid_fen": one.paid_fen,
    }


def _row(one: Order) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in ("id", "source", "order_no", *COLUMNS) if not name.startswith("buyer_")}
    buyer = one.buyer or Identity("", "")
    return {**row, "buyer_namespace": buyer.namespace, "buyer_value": buyer.value}


def _order(row: Any, lines: Iterable[Item]) -> Order:
    return Order(
        id=row.id,
        source=row.source,
        order_no=row.order_no,
        shop=row.shop,
        status=row.status,
        member_id=row.member_id,
        buyer=Identity(row.buyer_namespace, row.buyer_value) if row.buyer_value else None,
        paid_fen=row.paid_fen,
        total_fen=row.total_fen,
        refund_fen=row.refund_fen,
        live_room=row.live_room,
        created_at=row.created_at,
        paid_at=row.paid_at,
        finished_at=row.finished_at,
        items=tuple(lines),
    )


def sums(view: View) -> dict[str, tuple[int, int, int]]:
    paid, back = sa.func.sum(order.c.paid_fen).label("paid"), sa.func.sum(order.c.refund_fen).label("back")
    statement = sa.select(order.c.source, sa.func.count().label("n"), paid, back).where(order.c.status != "").group_by(order.c.source)
    return {row.source: (int(row.n), int(row.paid), int(row.back)) for row in view.all(statement)}


def first_paid(view: View, member_ids: Collection[str]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for part in chunks(sorted(member_ids)):
        first = sa.func.min(order.c.paid_at).label("first")
        statement = sa.select(order.c.member_id, first).where(order.c.member_id.in_(part), order.c.paid_at.is_not(None))
        found |= {row.member_id: row.first for row in view.all(statement.group_by(order.c.member_id))}
    return found
