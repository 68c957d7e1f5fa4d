"""Youzan's order notices: both generations of signature, money in yuan as decimal text, times in Shanghai."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

from assistant.base.clock import SHANGHAI
from assistant.shops.notice import (
    Line,
    Notice,
    NoticeRefused,
    OrderTold,
    RefundTold,
    Told,
    Unreadable,
    fen_of_yuan,
    md5_sign,
    number,
    objects,
    read_json,
    same_sign,
    text,
    understood,
    whole,
)

BY_TYPE: Mapping[str, str] = {
    "trade_TradeCreate": "created",
    "trade_TradePaid": "paid",
    "trade_TradeBuyerPay": "paid",
    "trade_TradePartlySellerShip": "paid",
    "trade_TradeSellerShip": "shipped",
    "trade_TradeSuccess": "finished",
    "trade_TradeClose": "closed",
}
BY_STATUS: Mapping[str, str] = {
    "WAIT_BUYER_PAY": "created",
    "TRADE_PAID": "paid",
    "WAIT_CONFIRM": "paid",
    "WAIT_SELLER_SEND_GOODS": "paid",
    "WAIT_BUYER_CONFIRM_GOODS": "shipped",
    "TRADE_SUCCESS": "finished",
    "TRADE_CLOSED": "closed",
}
REFUNDS: Mapping[str, bool] = {
    "trade_refund_BuyerCreated": False,
    "trade_refund_SellerAgreeRefund": False,
    "trade_refund_RefundSuccess": True,
    "trade_refund_RefundClosed": False,
    "trade_TradeRefundSuccess": True,
}
"""Refund type → whether money has moved. Youzan's own pages differ about the names; this table is the place to add one."""

SILENT = ("trade_TradeMemoModified",)


def read(headers: Mapping[str, str], body: bytes, client_id: str, secret: str, now: datetime) -> Notice:
    """One notice. Raises NoticeRefused for a wrong signature or a foreign client, without saying which."""
    try:
        envelope = read_json(body)
    except Unreadable:
        raise NoticeRefused("bad_envelope", 400) from None
    if not isinstance(envelope, dict):
        raise NoticeRefused("bad_envelope", 400)
    _verify(headers, body, envelope, client_id, secret)
    kind = text(envelope.get("type"), 60)
    if envelope.get("test") is True or kind in SILENT:
        return Notice()
    told_as = envelope.get("msg_id") or envelope.get("id") or ""
    name = f"有赞消息 {kind or '（没有类型）'}"
    return Notice((understood(told_as, (kind, envelope.get("msg")), lambda: [_read(kind, envelope, now)], name),))


def _verify(headers: Mapping[str, str], body: bytes, envelope: Mapping[str, Any], client_id: str, secret: str) -> None:
    given = headers.get("event-sign", "")
    if given:
        wanted = md5_sign(client_id.encode(), body, secret.encode())
    else:
        signed, raw = envelope.get("sign"), envelope.get("msg")
        if not isinstance(signed, str) or not isinstance(raw, str):
            raise NoticeRefused("bad_signature", 401)
        given = signed
        wanted = md5_sign(client_id.encode(), raw.encode("utf-8", "replace"), secret.encode())
    if not same_sign(wanted, given):
        raise NoticeRefused("bad_signature", 401)


def _read(kind: str, envelope: Mapping[str, Any], now: datetime) -> Told:
    raw = envelope.get("msg")
    said = read_json(unquote_plus(raw) if isinstance(raw, str) else "")
    if not isinstance(said, dict):
        raise Unreadable("msg 不是一个对象")
    at = _instant(envelope.get("timestamp")) or now
    if kind in REFUNDS:
        return _refund(kind, said, at)
    status = BY_TYPE.get(kind)
    if status is None:
        raise Unreadable("不认识的消息类型")
    return _order(status, envelope, said, at)


def _order(status: str, envelope: Mapping[str, Any], said: Mapping[str, Any], at: datetime) -> OrderTold:
    shop = text(str(envelope.get("kdt_id", "")), 80)
    whole_info = said.get("full_order_info")
    if not isinstance(whole_info, dict):
        return OrderTold(shop, number(said.get("tid"), "订单号 tid"), at, status)
    info, pay, buyer = (_part(whole_info, name) for name in ("order_info", "pay_info", "buyer_info"))
    status = BY_STATUS.get(str(info.get("status")), status)
    paid = fen_of_yuan(pay.get("payment"), "实付金额") if status != "created" else 0
    return OrderTold(
        shop=shop,
        order_no=number(info.get("tid") or said.get("tid"), "订单号 tid"),
        at=_instant(info.get("update_time")) or at,
        status=status,
        paid_fen=paid,
        total_fen=fen_of_yuan(pay.get("total_fee"), "总金额") or paid,
        buyer=text(str(buyer.get("yz_open_id") or ""), LONGEST),
        lines=tuple(map(_line, objects(whole_info.get("orders")))),
        created_at=_instant(info.get("created")),
        paid_at=_instant(info.get("pay_time")),
        finished_at=_instant(info.get("success_time")),
    )


LONGEST = 120


def _line(one: Mapping[str, Any]) -> Line:
    return Line(
        sku=text(str(one.get("sku_id") or one.get("item_id") or ""), 80),
        title=text(one.get("title")) or "商品",
        qty=max(whole(one.get("num"), "件数", 100_000), 1),
        paid_fen=fen_of_yuan(one.get("payment"), "商品实付"),
    )


def _refund(kind: str, said: Mapping[str, Any], at: datetime) -> RefundTold:
    amount = fen_of_yuan(said.get("refunded_fee") or said.get("refund_fee"), "退款金额")
    if not amount:
        raise Unreadable("缺少退款金额 refunded_fee")
    return RefundTold(
        number(said.get("tid"), "订单号 tid"),
        number(said.get("refund_id"), "退款号 refund_id"),
        amount,
        _instant(said.get("update_time")) or at,
        REFUNDS[kind],
    )


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _instant(value: Any) -> datetime | None:
    """``2026-11-22 10:00:00`` in Shanghai, or seconds or milliseconds since 1970."""
    try:
        if isinstance(value, str) and not value.isdigit():
            return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI).astimezone(UTC)
        seconds = int(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds > 10**11 else seconds, UTC) if seconds > 0 else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
