"""Douyin local life (抖音来客): paid orders and the coupons of an order, money in fen, content as JSON inside JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

from assistant.shops.notice import (
    Message,
    Notice,
    NoticeRefused,
    OrderTold,
    RefundTold,
    Told,
    Unreadable,
    number,
    read_json,
    same_sign,
    text,
    understood,
    whole,
)

ORDER, COUPON, CHECK = "life_trade_order_notify", "life_trade_certificate_notify", "verify_webhook"

FOR_A_PERSON: Mapping[str, str] = {
    "verify_cancel": "券的核销被撤销了，订单已按核销算完成，请到来客后台核对",
    "refund_success": "退款没有说金额，请到来客后台核对后用导入补上",
}
"""What a coupon's notice leaves open, by action: the first whenever it comes, the second when no amount was told."""


def read(headers: Mapping[str, str], body: bytes, client_key: str, secret: str, now: datetime) -> Notice:
    """One call. Raises NoticeRefused for a wrong signature or a foreign app; the check of the address is answered with its challenge."""
    wanted = sha1(secret.encode() + body, usedforsecurity=False).hexdigest()
    if not same_sign(wanted, headers.get("x-douyin-signature", "")):
        raise NoticeRefused("bad_signature", 401)
    try:
        envelope = read_json(body)
    except Unreadable:
        raise NoticeRefused("bad_envelope", 400) from None
    if not isinstance(envelope, dict):
        raise NoticeRefused("bad_envelope", 400)
    if envelope.get("client_key") not in (client_key, None, ""):
        raise NoticeRefused("bad_signature", 401)
    event = text(envelope.get("event"), 60)
    if event == CHECK:
        return Notice(ack={"challenge": _challenge(envelope)})
    return Notice((_understood(event, headers, envelope, now),))


def _challenge(envelope: Mapping[str, Any]) -> int | str:
    try:
        found = _content(envelope).get("challenge")
    except Unreadable:
        found = None
    if not isinstance(found, int | str) or isinstance(found, bool):
        raise NoticeRefused("bad_envelope", 400)
    return found


def _understood(event: str, headers: Mapping[str, str], envelope: Mapping[str, Any], now: datetime) -> Message:
    told_as = headers.get("msg-id", "") or text(envelope.get("msg_id"))
    name = f"来客消息 {event or '（没有类型）'}"
    message = understood(told_as, (event, envelope.get("content")), lambda: _read(event, envelope, now), name)
    left = "" if message.unread else _left_open(event, envelope, message)
    return replace(message, unread=f"{name}：{left}") if left else message


def _left_open(event: str, envelope: Mapping[str, Any], message: Message) -> str:
    action = str(_content(envelope).get("action")) if event == COUPON else ""
    told_amount = any(isinstance(one, RefundTold) for one in message.told)
    return FOR_A_PERSON.get(action, "") if not told_amount else ""


def _read(event: str, envelope: Mapping[str, Any], now: datetime) -> list[Told]:
    said = _content(envelope)
    at = _instant(said.get("msg_time")) or now
    buyer = text(envelope.get("from_user_id"), 120)
    if event == ORDER:
        return [_order(said, buyer, at)]
    if event == COUPON:
        return _coupon(said, buyer, at)
    raise Unreadable("不认识的消息类型")


def _order(said: Mapping[str, Any], buyer: str, at: datetime) -> OrderTold:
    order = said.get("order")
    if said.get("action") != "pay_success" or not isinstance(order, dict):
        raise Unreadable("不认识的订单动作")
    paid = whole(order.get("pay_amount"), "实付金额 pay_amount")
    return OrderTold(
        shop=text(str(order.get("account_id") or ""), 80),
        order_no=number(order.get("order_id"), "订单号 order_id"),
        at=at,
        status="paid",
        paid_fen=paid,
        total_fen=whole(order.get("original_amount"), "原价 original_amount") or paid,
        buyer=buyer,
        created_at=_instant(order.get("create_time")),
        paid_at=_instant(order.get("pay_time")),
    )


def _coupon(said: Mapping[str, Any], buyer: str, at: datetime) -> list[Told]:
    """A coupon is a part of its order: used it is finished, given back it is closed, or refunded where the amount was told."""
    coupon, action = said.get("certificate"), said.get("action")
    if not isinstance(coupon, dict) or action not in ("verify", *FOR_A_PERSON):
        raise Unreadable("不认识的券动作")
    order_no, part = number(coupon.get("order_id"), "订单号 order_id"), number(coupon.get("certificate_id"), "券号 certificate_id")
    shop = text(str(coupon.get("account_id") or ""), 80)
    if action == "verify":
        return [OrderTold(shop, order_no, at, "finished", buyer=buyer, part=part, finished_at=at)]
    if action == "verify_cancel":
        return []
    amount = whole(coupon.get("refund_amount") or said.get("refund_amount"), "退款金额 refund_amount")
    if amount:
        return [RefundTold(order_no, part, amount, at, True, part)]
    return [OrderTold(shop, order_no, at, "closed", buyer=buyer, part=part)]


def _content(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    raw = envelope.get("content")
    said = read_json(raw) if isinstance(raw, str) else raw
    if not isinstance(said, dict):
        raise Unreadable("content 不是一个对象")
    return said


def _instant(value: Any) -> datetime | None:
    """Seconds since 1970."""
    try:
        seconds = int(value)
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
