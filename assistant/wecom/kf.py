"""What the numbers and kinds of 微信客服 mean: session states, reasons of failure, and messages that are more than words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assistant.channels.session import State

STATES: dict[int, State] = {0: "new", 1: "assistant", 2: "pool", 3: "person", 4: "ended"}

FAILURES: dict[int, tuple[str, str]] = {
    0: ("kf_failed", "企业微信没有送达，原因不明"),
    1: ("kf_account_gone", "客服账号已被删除"),
    2: ("kf_app_closed", "微信客服应用已关闭"),
    4: ("kf_window_over", "客户超过 48 小时没有说话"),
    5: ("kf_ended", "会话已经结束"),
    6: ("kf_quota_used", "客户这条消息之后已经发满 5 条"),
    8: ("kf_unverified", "企业还没有完成验证"),
    10: ("kf_rejected", "客户拒收了客服消息"),
    11: ("kf_no_member", "企业没有成员登录企业微信"),
    12: ("kf_forbidden_type", "这种消息不能在这里发送"),
    13: ("kf_security", "内容被安全策略拦下"),
}
"""fail_type of msg_send_fail → (code, words)."""

REJECTED = "kf_rejected"
CHANGES: dict[int, tuple[State, str]] = {
    1: ("person", "从接待池接入"),
    2: ("person", "转给了另一位接待人员"),
    3: ("ended", "结束了会话"),
    4: ("person", "重新接入了会话"),
}
"""change_type of session_status_change → (state afterwards, words)."""

MOST_QUOTED = 20
LONGEST_QUOTED = 200


def kf_state(number: int) -> State:
    """The state of a session; a number nobody knows is no state."""
    return STATES.get(number, "")


def fail_words(number: Any) -> tuple[str, str]:
    """(code, why) of a message that was accepted and did not arrive."""
    return FAILURES.get(number, FAILURES[0]) if isinstance(number, int) else FAILURES[0]


def told_by(msgtype: str, body: Mapping[str, Any]) -> str:
    """What a card, an order or a passed-on talk says, in words; empty where it says nothing that helps."""
    teller = _TELLERS.get(msgtype)
    return teller(body) if teller is not None else ""


def quotes_others(msgtype: str) -> bool:
    """Whether the words of this kind were written by other people. What an order or a product is called the shop has written itself."""
    return msgtype in ("merged_msg", "link", "miniprogram", "channels")


def _order(body: Mapping[str, Any]) -> str:
    parts = [f"订单号 {_of(body, 'order_id')}", _of(body, "product_titles"), _of(body, "price_wording"), _of(body, "state")]
    return "视频号小店订单：" + " ".join(filter(None, parts)) if _of(body, "order_id") else ""


def _product(body: Mapping[str, Any]) -> str:
    return f"想了解商品：{_of(body, 'title')}" if _of(body, "title") else ""


def _mini(body: Mapping[str, Any]) -> str:
    return f"小程序：{_of(body, 'title')}" if _of(body, "title") else ""


def _channels(body: Mapping[str, Any]) -> str:
    return "视频号：" + " ".join(filter(None, (_of(body, "nickname"), _of(body, "title"))))


def _merged(body: Mapping[str, Any]) -> str:
    """Lines of a passed-on talk, as far as they are text."""
    listed = body.get("item")
    items: Sequence[Any] = listed if isinstance(listed, list) else []
    lines = [line for item in items[:MOST_QUOTED] if isinstance(item, Mapping) and (line := _merged_line(item))]
    title = _of(body, "title")
    return "\n".join([f"转发的聊天记录：{title}", *lines]) if title or lines else ""


def _merged_line(item: Mapping[str, Any]) -> str:
    try:
        content = json.loads(_of(item, "msg_content"))
    except (ValueError, RecursionError):
        return ""
    inner = content.get("text") if isinstance(content, dict) else None
    said = _of(inner if isinstance(inner, dict) else content if isinstance(content, dict) else {}, "content")
    return f"{_of(item, 'sender_name')[:40]}：{said[:LONGEST_QUOTED]}" if said else ""


_TELLERS = {
    "channels_shop_order": _order,
    "channels_shop_product": _product,
    "miniprogram": _mini,
    "channels": _channels,
    "merged_msg": _merged,
}


def _of(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
