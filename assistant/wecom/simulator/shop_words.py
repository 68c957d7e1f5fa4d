"""What shops say of an order, as each platform writes and signs it: Doudian, Douyin local life, Youzan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote_plus

from assistant.base.clock import SHANGHAI
from assistant.wecom.simulator.world import SimulatorError


class ShopKeys(NamedTuple):
    """Our app on a platform as the service under test knows it too, and where that listens."""

    app_id: str
    secret: str
    path: str


@dataclass(frozen=True)
class ShopOrder:
    """An order as its shop keeps it: money in whole fen, times in whole seconds, a number beyond 2^53."""

    number: int
    paid_fen: int
    buyer: str
    created: int
    title: str = "棉质睡衣"
    qty: int = 1


@dataclass(frozen=True)
class Telling:
    """One thing to be told of an order: ``step`` as in the tables below; ``form`` chooses the other of a platform's two ways."""

    step: str
    msg_id: str
    at: int
    refund_fen: int = 0
    form: str = ""


@dataclass(frozen=True)
class Word:
    """One notice, ready to post."""

    shop: str
    step: str
    msg_id: str
    headers: Mapping[str, str]
    body: bytes
    path: str


PROBE, UNKNOWN = "probe", "unknown"
DOUDIAN_TAGS = {
    "created": "100",
    "paid": "101",
    "shipped": "102",
    "finished": "103",
    "closed": "106",
    "refund_applied": "200",
    "refunded": "206",
    UNKNOWN: "9977",
    PROBE: "0",
}
YOUZAN_TYPES = {
    "created": "trade_TradeCreate",
    "paid": "trade_TradePaid",
    "shipped": "trade_TradeSellerShip",
    "finished": "trade_TradeSuccess",
    "closed": "trade_TradeClose",
    "refund_applied": "trade_refund_BuyerCreated",
    "refunded": "trade_refund_RefundSuccess",
    UNKNOWN: "trade_TradeNeverHeardOf",
    PROBE: "trade_TradePaid",
}
YOUZAN_STATUSES = {
    "created": "WAIT_BUYER_PAY",
    "paid": "WAIT_SELLER_SEND_GOODS",
    "shipped": "WAIT_BUYER_CONFIRM_GOODS",
    "finished": "TRADE_SUCCESS",
    "closed": "TRADE_CLOSED",
}
LIFE_ACTIONS = {"paid": "pay_success", "finished": "verify", "use_cancelled": "verify_cancel", "refunded": "refund_success"}
LIFE_CHALLENGE = 12345


def said(shop: str, keys: ShopKeys, order: ShopOrder, telling: Telling) -> Word:
    """The notice a platform would post; SimulatorError when it has no word for the step or there is no such shop."""
    if shop not in WRITERS:
        raise SimulatorError(f"没有店铺平台 {shop}，只有 {'、'.join(WRITERS)}")
    return WRITERS[shop](keys, order, telling)


def has_word(shop: str, step: str) -> bool:
    """Whether the platform tells such a step at all: local life says nothing of shipping."""
    return step in {"doudian": DOUDIAN_TAGS, "youzan": YOUZAN_TYPES}.get(shop, {*LIFE_ACTIONS, PROBE, UNKNOWN})


def _doudian(keys: ShopKeys, order: ShopOrder, telling: Telling) -> Word:
    """An array of one message; ``form`` text gives ``data`` as JSON text instead of an object."""
    step = _known("doudian", telling.step)
    data: dict[str, Any] = {
        "p_id": order.number,
        "s_ids": [order.number + 1],
        "shop_id": 991,
        "order_type": 0,
        "create_time": order.created,
        "pay_amount": order.paid_fen,
        "doudian_open_id": order.buyer,
        "update_time": telling.at,
    }
    if step in ("refund_applied", "refunded"):
        named = {name: data[name] for name in ("p_id", "shop_id", "update_time")}
        data = {**named, "s_id": order.number + 1, "aftersale_id": order.number + 7, "refund_amount": telling.refund_fen}
    elif step == "paid":
        data |= {"pay_time": telling.at, "order_status": 2, "pay_type": 1}
    elif step == "finished":
        data["complete_time"] = telling.at
    message: dict[str, Any] = {"tag": DOUDIAN_TAGS[step], "msg_id": telling.msg_id, "data": json.dumps(data) if telling.form else data}
    if step == PROBE:
        message = {"tag": "0", "msg_id": "0", "data": str(telling.at)}
    body = json.dumps([message], ensure_ascii=False).encode()
    return _word(
        "doudian", keys, telling, {"app-id": keys.app_id, "event-sign": _md5(keys.app_id.encode(), body, keys.secret.encode())}, body
    )


def _youzan(keys: ShopKeys, order: ShopOrder, telling: Telling) -> Word:
    """The header signature, or with ``form`` body the older signature inside the body; money in yuan as text."""
    step = _known("youzan", telling.step)
    tid = f"E{order.number}"
    if step in ("refund_applied", "refunded"):
        message: dict[str, Any] = {"tid": tid, "refund_id": f"R{order.number}", "refunded_fee": yuan(telling.refund_fen)}
        message["update_time"] = _shanghai(telling.at)
    else:
        message = {"full_order_info": _youzan_order(tid, order, telling, step)}
    packed = quote_plus(json.dumps(message, ensure_ascii=False))
    envelope: dict[str, Any] = {
        "id": tid,
        "msg_id": telling.msg_id,
        "type": YOUZAN_TYPES[step],
        "status": YOUZAN_STATUSES.get(step, ""),
        "kdt_id": 63077,
        "client_id": keys.app_id,
        "msg": packed,
        "mode": 1,
        "test": step == PROBE,
        "timestamp": telling.at * 1000,
        "version": telling.at,
    }
    if telling.form == "body":
        envelope["sign"] = _md5(keys.app_id.encode(), packed.encode(), keys.secret.encode())
        return _word("youzan", keys, telling, {}, json.dumps(envelope).encode())
    body = json.dumps(envelope).encode()
    signed = _md5(keys.app_id.encode(), body, keys.secret.encode())
    headers = {"event-sign": signed, "client-id": keys.app_id, "event-type": YOUZAN_TYPES[step]}
    return _word("youzan", keys, telling, headers, body)


def _youzan_order(tid: str, order: ShopOrder, telling: Telling, step: str) -> dict[str, Any]:
    info = {"tid": tid, "status": YOUZAN_STATUSES.get(step, ""), "created": _shanghai(order.created), "update_time": _shanghai(telling.at)}
    if step == "paid":
        info["pay_time"] = _shanghai(telling.at)
    if step == "finished":
        info["success_time"] = _shanghai(telling.at)
    line = {"oid": str(order.number), "item_id": 7, "sku_id": 9, "title": order.title, "num": order.qty, "payment": yuan(order.paid_fen)}
    return {
        "order_info": info,
        "pay_info": {"payment": yuan(order.paid_fen), "total_fee": yuan(order.paid_fen), "post_fee": "0.00"},
        "buyer_info": {"yz_open_id": order.buyer, "buyer_phone": "138****0000"},
        "orders": [line],
    }


def _life(keys: ShopKeys, order: ShopOrder, telling: Telling) -> Word:
    """Content is JSON inside JSON; a coupon of the order is used, un-used, refunded (``form`` amount: the refund says how much)."""
    step = _known("douyin_life", telling.step)
    number = str(order.number)
    content: dict[str, Any] = {"action": LIFE_ACTIONS.get(step, "something_new"), "msg_time": telling.at}
    event = "life_trade_order_notify" if step in ("paid", UNKNOWN) else "life_trade_certificate_notify"
    if step in ("paid", UNKNOWN):
        amounts = {"pay_amount": order.paid_fen, "original_amount": order.paid_fen}
        times = {"create_time": order.created, "pay_time": telling.at}
        content["order"] = {"order_id": number, "account_id": "7126518681177163816", **amounts, **times}
    elif step == PROBE:
        event, content = "verify_webhook", {"challenge": LIFE_CHALLENGE}
    else:
        coupon: dict[str, Any] = {"certificate_id": str(order.number + 1), "order_id": number, "account_id": "7126518681177163816"}
        content["certificate"] = {**coupon, "refund_amount": telling.refund_fen} if telling.form and step == "refunded" else coupon
    envelope = {"event": event, "client_key": keys.app_id, "from_user_id": order.buyer, "content": json.dumps(content)}
    body = json.dumps({**envelope, "log_id": f"log{telling.at}"}).encode()
    signed = hashlib.sha1(keys.secret.encode() + body, usedforsecurity=False).hexdigest()
    return _word("douyin_life", keys, telling, {"X-Douyin-Signature": signed, "Msg-Id": telling.msg_id}, body)


WRITERS: Mapping[str, Callable[[ShopKeys, ShopOrder, Telling], Word]] = {"doudian": _doudian, "youzan": _youzan, "douyin_life": _life}


def acknowledged(word: Word, status: int, reply: str) -> bool:
    """Whether the platform takes the answer for an acknowledgement: local life looks at the status, and at the challenge it sent."""
    if status != 200:
        return False
    if word.shop == "douyin_life" and word.step != PROBE:
        return True
    try:
        answer = json.loads(reply)
    except ValueError:
        return False
    wanted = ("challenge", LIFE_CHALLENGE) if word.shop == "douyin_life" else ("code", 0)
    return isinstance(answer, dict) and answer.get(wanted[0]) == wanted[1]


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _known(shop: str, step: str) -> str:
    if not has_word(shop, step):
        raise SimulatorError(f"{shop} 没有 {step} 这种消息")
    return step


def _word(shop: str, keys: ShopKeys, telling: Telling, headers: Mapping[str, str], body: bytes) -> Word:
    return Word(shop, telling.step, telling.msg_id, {"Content-Type": "application/json", **headers}, body, keys.path)


def _md5(*parts: bytes) -> str:
    return hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()


def _shanghai(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
