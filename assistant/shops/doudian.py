"""Doudian's (抖店) order notices: an array of tagged messages, money in fen, numbers beyond 2^53."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from assistant.shops.notice import (
    Line,
    Notice,
    NoticeRefused,
    OrderTold,
    RefundTold,
    Told,
    Unreadable,
    md5_sign,
    number,
    read_json,
    same_sign,
    text,
    whole,
)

TAGS: Mapping[str, str] = {"100": "created", "101": "paid", "102": "shipped", "103": "finished", "106": "closed", "108": "paid"}
REFUND_TAGS: Mapping[str, bool] = {"200": False, "201": False, "204": False, "206": True, "207": False}
"""Tag → status of the order, or whether a refund has moved money."""

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
    told: list[Told] = []
    unread: list[str] = []
    for message in messages:
        tag = text(str(message.get("tag", "")), 20) if isinstance(message, dict) else ""
        if tag == PROBE:
            continue
        try:
            told += _read(tag, message, now)
        except Unreadable as reason:
            unread.append(f"抖店消息 tag {tag or '（没有）'}：{reason}")
    return Notice(tuple(told), tuple(unread))


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
    parts = tuple(number(one, "子订单号") for one in said.get("s_ids") or () if isinstance(said.get("s_ids"), list))
    at = next((found for name in ("update_time", "finish_time", "pay_time", "create_time") if (found := _instant(said.get(name)))), now)
    order = OrderTold(
        shop=text(str(said.get("shop_id") or ""), 80),
        order_no=number(said.get("p_id"), "订单号 p_id"),
        at=at,
        status=status,
        paid_fen=whole(said.get("pay_amount"), "实付金额 pay_amount") if status != "created" else 0,
        total_fen=whole(said.get("pay_amount"), "实付金额 pay_amount"),
        buyer=text(said.get("doudian_open_id") or said.get("open_id"), 120),
        lines=tuple(_line(one) for one in said.get("sku_order_list") or () if isinstance(one, dict)),
        parts=parts,
        created_at=_instant(said.get("create_time")),
        paid_at=_instant(said.get("pay_time")),
        finished_at=_instant(said.get("finish_time")),
    )
    if status not in ("shipped", "finished") or not parts:
        return [order]
    paid = replace(order, status="paid", finished_at=None)
    return [paid, *(replace(order, part=part, parts=(), lines=()) for part in parts)]


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
        _instant(said.get("update_time")) or now,
        REFUND_TAGS[tag],
    )


def _instant(value: Any) -> datetime | None:
    """Seconds since 1970."""
    try:
        seconds = int(value)
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
