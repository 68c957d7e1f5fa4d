"""What members differ by as buyers, for the segment language. Closed and wholly refunded orders do not count."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.domain.orders.model import PAID
from assistant.domain.orders.tables import item, order
from assistant.store import Feature

Select = Callable[[datetime, Mapping[str, Any]], sa.Select[Any]]
WHERE = ("within_days", "shop", "category")


def _bought(now: datetime, arguments: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    clauses: list[sa.ColumnElement[bool]] = [
        order.c.member_id != "",
        order.c.status.in_(PAID),
        sa.or_(order.c.paid_fen == 0, order.c.refund_fen < order.c.paid_fen),
    ]
    if arguments.get("within_days"):
        clauses.append(order.c.paid_at >= now - timedelta(days=int(arguments["within_days"])))
    if arguments.get("shop"):
        clauses.append(order.c.shop == arguments["shop"])
    return clauses


def _count(now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
    clauses = _bought(now, arguments)
    if arguments.get("category"):
        clauses.append(order.c.id.in_(sa.select(item.c.order_id).where(item.c.category == arguments["category"])))
    statement = sa.select(order.c.member_id.label("member_id"), sa.func.count().label("value"))
    return statement.where(*clauses).group_by(order.c.member_id)


def _amount(now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
    net: sa.ColumnElement[Any] = order.c.paid_fen - order.c.refund_fen
    statement = sa.select(order.c.member_id.label("member_id"))
    clauses = _bought(now, arguments)
    if arguments.get("category"):
        # A refund is not told by item, so each item bears its share of it.
        net = item.c.paid_fen * net // sa.case((order.c.paid_fen == 0, 1), else_=order.c.paid_fen)
        statement = statement.join(item, item.c.order_id == order.c.id)
        clauses.append(item.c.category == arguments["category"])
    return statement.add_columns(sa.cast(sa.func.sum(net), sa.BigInteger).label("value")).where(*clauses).group_by(order.c.member_id)


def _texts(column: sa.ColumnElement[Any], of_item: bool = False) -> Select:
    def select(now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
        statement = (
            sa.select(order.c.member_id.label("member_id"), column.label("value")).distinct().where(*_bought(now, arguments), column != "")
        )
        return statement.join(item, item.c.order_id == order.c.id) if of_item else statement

    return select


def _days_since_last(now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
    seconds = int(now.timestamp()) - sa.cast(sa.extract("epoch", sa.func.max(order.c.paid_at)), sa.BigInteger)
    statement = sa.select(order.c.member_id.label("member_id"), (seconds // 86400).label("value"))
    return statement.where(*_bought(now, arguments)).group_by(order.c.member_id)


def _instant(pick: Callable[[Any], Any]) -> Select:
    def select(now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
        statement = sa.select(order.c.member_id.label("member_id"), pick(order.c.paid_at).label("value"))
        return statement.where(*_bought(now, arguments)).group_by(order.c.member_id)

    return select


FEATURES = (
    Feature("order_count", "订单数", "number", _count, missing=0, arguments=WHERE, unit="单"),
    Feature("order_amount", "实付金额（扣除退款）", "number", _amount, missing=0, arguments=WHERE, unit="分"),
    Feature("category", "买过的品类", "texts", _texts(item.c.category, of_item=True), arguments=("within_days", "shop")),
    Feature("product", "买过的商品", "texts", _texts(item.c.title, of_item=True), arguments=("within_days", "shop")),
    Feature("shop", "买过的店铺", "texts", _texts(order.c.shop), arguments=("within_days",)),
    Feature("live_room", "在哪个直播间买过", "texts", _texts(order.c.live_room), arguments=("within_days",)),
    Feature("days_since_last_order", "距上次下单天数", "number", _days_since_last, unit="天"),
    Feature("first_order_at", "首次下单时间", "instant", _instant(sa.func.min)),
    Feature("last_order_at", "最近下单时间", "instant", _instant(sa.func.max)),
)
