"""A 客服 session as a person reads it: who has the word, and how much may still be said until when."""

from __future__ import annotations

from datetime import datetime

from assistant.channels import accounts, session
from assistant.domain import staff
from assistant.store import View

STATES = {
    "": "状态未知，发送前会先问企业微信",
    "new": "助手在答",
    "assistant": "助手在答",
    "pool": "在接待池里等人工接入",
    "person": "在企业微信客户端里人工接待",
    "ended": "会话已结束，客户再来信会重新开始",
}

SILENT = ("new", "assistant")
"""States in which the assistant has WeCom's word, and so whoever holds the conversation here."""


def session_words(view: View, conversation: str, held: bool = False) -> list[str]:
    """Two short lines, none where the conversation is not one of 微信客服; ``held`` where an operator answers from here."""
    current = session.get(view, conversation)
    if current is None:
        return []
    account = accounts.names(view).get(current.account, "")
    who = staff.person(view, current.servicer) if current.servicer else None
    name = who.name if who is not None else current.servicer
    said = "在老友里由人接待" if held and current.state in SILENT else STATES.get(current.state, current.state)
    state = said + (f"：{name}" if name else "")
    return [f"{account} · {state}" if account else state, _window(current, view.now)]


def _window(current: session.Session, now: datetime) -> str:
    if current.last_said is None:
        return "客户还没有说过话，现在不能主动发消息"
    if current.closes_at is None or not current.is_open(now):
        return "已过 48 小时，要等客户再来信"
    left, minutes = current.left(now), int((current.closes_at - now).total_seconds() // 60)
    span = f"{minutes // 60} 小时" if minutes >= 60 else f"{minutes} 分钟"
    return f"还可发 {left} 条，剩 {span}" if left else f"这次已发满 {session.PER_MESSAGE} 条，要等客户再来信"


def holder_words(view: View, holder: str, names: dict[str, str]) -> str:
    """Who holds a conversation: an operator, a colleague in WeCom's client, or nobody yet."""
    if holder in names:
        return names[holder]
    userid = holder.removeprefix("kf:")
    if userid == "pool":
        return "接待池"
    who = staff.person(view, userid)
    return who.name if who is not None else userid
