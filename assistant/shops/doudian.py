"""Doudian's (抖店) order notices: an array of tagged messages, money in fen, numbers beyond 2^53."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from assistant.shops.notice import (
    Line,
    Message,
    Notice,
    NoticeRefused,
    OrderTold,
    RefundTold,
    Told,
    Unreadable,
    md5_sign,
    number,
    objects,
    read_json,
    same_sign,
    text,
    understood,
    whole,
)

TAGS: Mapping[str, str] = {"100": "created", "101": "paid", "102": "shipped", "103": "finished", "106": "closed", "108": "paid"}
REFUND_TAGS: Mapping[str, bool] = {"200": False, "201": False, "204": False, "206": True, "207": False}
"""Tag → status of the order, or whether a refund has moved money."""

STATUSES: Mapping[str, str] = {
    "1": "created",
    "105": "paid",
    "2": "paid",
    "101": "paid",
    "3": "shipped",
    "5": "finished",
    "4": "closed",
    "21": "closed",
    "22": "closed",
    "39": "closed",
}
"""``order_status`` of the whole order → status. It may be ahead of the tag: what is further along holds."""

RANK = ("created", "paid", "shipped", "finished", "closed")
TIMES: Mapping[str, tuple[str, ...]] = {
    "created": ("create_time",),
    "paid": ("pay_time",),
    "shipped": ("ship_time", "update_time"),
    "finished": ("complete_time", "finish_time", "update_time"),
    "closed": ("cancel_time", "update_time"),
}
"""Status → the fields that tell when it was reached. Without one it is when we were told: an earlier time would open points too early."""

PROBE = "0"


def read(headers: Mapping[str, str], body: bytes, app_key: str, secret: str, now: datetime) -> Notice:
    """One call with its messages, each understood alone. Raises NoticeRefused for a wrong signature or a foreign app."""
    signed = md5_sign(app_key.encode(), body, secret.encode())
    if headers.get("app-id", "") != app_key or not same_sign(signed, headers.get("event-sign", "")):
        raise NoticeRefused("bad_signature", 401)
    try:
        messages = read_json(body)
    except Unreadable:
        raise NoticeRefused("bad_envelope", 400) from None
    if not isinstance(messages, list):
        raise NoticeRefused("bad_envelope", 400)
    return Notice(tuple(_understood(one, now) for one in messages if not _probe(one)))


def _probe(message: Any) -> bool:
    return isinstance(message, dict) and str(message.get("tag")) == PROBE


def _understood(message: Any, now: datetime) -> Message:
    said = message if isinstance(message, dict) else {}
    tag = text(str(said.get("tag", "")), 20)
    return understood(
        said.get("msg_id", ""), (tag, said.get("data")), lambda: _read(tag, message, now), f"抖店消息 tag {tag or '（没有）'}"
    )


def _read(tag: str, message: Any, now: datetime) -> list[Told]:
    if not isinstance(message, dict):
        raise Unreadable("消息不是一个对象")
    data = message.get("data")
    said = read_json(data) if isinstance(data, str) else data
    if not isinstance(said, dict):
        raise Unreadable("data 不是一个对象")
    if tag in REFUND_TAGS:
        return [_refund(tag, said, now)]
    if tag not in TAGS:
        raise Unreadable("不认识的消息类型")
    return _orders(TAGS[tag], said, now)


def _orders(status: str, said: Mapping[str, Any], now: datetime) -> list[Told]:
    """A word about the whole order; shipping and finishing are told part by part where the message names parts."""
    named = said.get("s_ids")
    parts = tuple(number(one, "子订单号") for one in named) if isinstance(named, list) else ()
    by_part = bool(parts) and status in ("shipped", "finished")
    told = "paid" if by_part else max(status, STATUSES.get(str(said.get("order_status")), status), key=RANK.index)
    amount = whole(said.get("pay_amount"), "实付金额 pay_amount")
    order = OrderTold(
        shop=text(str(said.get("shop_id") or ""), 80),
        order_no=number(said.get("p_id"), "订单号 p_id"),
        at=_reached(told if not by_part else status, said) or now,
        status=told,
        paid_fen=amount if told != "created" else 0,
        total_fen=amount,
        buyer=text(said.get("doudian_open_id") or said.get("open_id"), 120),
        lines=tuple(map(_line, objects(said.get("sku_order_list")))),
        parts=parts,
        created_at=_instant(said.get("create_time")),
        paid_at=_instant(said.get("pay_time")),
        finished_at=_reached("finished", said) if told == "finished" else None,
    )
    if not by_part:
        return [order]
    finished = _reached("finished", said) if status == "finished" else None
    return [order, *(replace(order, part=part, parts=(), lines=(), status=status, finished_at=finished) for part in parts)]


def _reached(status: str, said: Mapping[str, Any]) -> datetime | None:
    return next((found for name in TIMES[status] if (found := _instant(said.get(name)))), None)


def _line(one: Mapping[str, Any]) -> Line:
    return Line(
        sku=text(str(one.get("sku_id") or one.get("product_id") or ""), 80),
        title=text(one.get("product_name")) or "商品",
        qty=max(whole(one.get("item_num"), "件数", 100_000), 1),
        paid_fen=whole(one.get("pay_amount"), "商品实付"),
    )


def _refund(tag: str, said: Mapping[str, Any], now: datetime) -> RefundTold:
    amount = whole(said.get("refund_amount"), "退款金额 refund_amount")
    if not amount:
        raise Unreadable("缺少退款金额 refund_amount")
    return RefundTold(
        number(said.get("p_id"), "订单号 p_id"),
        number(said.get("aftersale_id") or said.get("refund_id"), "售后单号 aftersale_id"),
        amount,
        _instant(said.get("success_time") or said.get("update_time")) or now,
        REFUND_TAGS[tag],
        number(said["s_id"], "子订单号") if said.get("s_id") else "",
    )


def _instant(value: Any) -> datetime | None:
    """Seconds since 1970."""
    try:
        seconds = int(value)
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
