"""Welcomes: one row for each code, claimed before it is sent, so that one whose outcome nobody knows is never sent again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from assistant.domain.contacts.tables import welcome
from assistant.store import Fact, View, Work

OUTCOMES = {
    "sent": "已送达",
    "late": "过了 20 秒，没有发出",
    "already": "已有欢迎语或已在聊天",
    "refused": "企业微信不接受",
    "blocked": "文案没有通过检查",
    "unknown": "不知是否送达",
    "sending": "发送中",
    "waiting": "等待发送",
}


@dataclass(frozen=True, slots=True)
class Welcome:
    """One welcome and what became of it, by OUTCOMES."""

    id: str
    staff: str
    external: str
    member_id: str
    state: str
    outcome: str
    reason: str
    text: str
    heard_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The end of a welcome."""

    id: str
    outcome: str
    reason: str = ""
    text: str = ""


def await_welcome(work: Work, welcomes: Sequence[Welcome]) -> None:
    """Keeps that these are to be sent; said again they stay as they are."""
    names = [column.name for column in welcome.columns]
    work.insert_missing(welcome, [{name: getattr(one, name) for name in names} for one in welcomes])


def claim_welcome(work: Work, welcome_id: str) -> Welcome | None:
    """Takes a waiting welcome for sending. One that was taken before by a process that died is unknown from now on: None."""
    row = work.one(work.locked(sa.select(welcome).where(welcome.c.id == welcome_id)))
    if row is None:
        return None
    if row.outcome == "sending":
        settle_welcome(work, Welcomed(welcome_id, "unknown", "发送途中程序停了，不再重发", row.text))
        return None
    if row.outcome != "waiting":
        return None
    work.execute(welcome.update().where(welcome.c.id == welcome_id).values(outcome="sending"))
    return Welcome(**row._mapping)


def settle_welcome(work: Work, done: Welcomed) -> None:
    """Writes how it ended, as a fact too."""
    row = work.one(sa.select(welcome).where(welcome.c.id == done.id))
    if row is None:
        return
    values = {"outcome": done.outcome, "reason": done.reason[:200], "text": done.text, "settled_at": work.now}
    work.execute(welcome.update().where(welcome.c.id == done.id).values(values))
    after = (work.now - row.heard_at).total_seconds()
    payload = {
        "outcome": done.outcome,
        "reason": done.reason[:200],
        "staff": row.staff,
        "state": row.state,
        "after_seconds": round(after, 3),
    }
    work.record(Fact("wecom.welcomed", f"member:{row.member_id}", payload, row.member_id))


def welcomes(view: View, limit: int = 50) -> list[Welcome]:
    """The latest welcomes, the newest first."""
    return [Welcome(**row._mapping) for row in view.all(sa.select(welcome).order_by(welcome.c.heard_at.desc(), welcome.c.id).limit(limit))]
