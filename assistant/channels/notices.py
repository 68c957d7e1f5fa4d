"""Notices to our own people that wait to be said in a group: waiting → sending → sent | refused | unknown; kept for a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from assistant.store import Instant, View, Work, id_column, metadata

KEPT = timedelta(days=30)

notice = sa.Table(
    "notice",
    metadata,
    id_column(),
    sa.Column("robot", sa.String(40), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Index(None, "robot", "state"),
    sa.Index(None, "at"),
)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be seen. ``robot`` is the name under which somebody hears it."""

    id: str
    robot: str
    kind: str
    text: str
    at: datetime


def add(work: Work, one: Notice) -> bool:
    """Queues it; False if it was said or queued before."""
    return bool(work.insert_new(notice, [asdict(one) | {"state": "waiting", "why": ""}]))


def waiting(view: View, robot: str, most: int) -> list[Notice]:
    """What waits for one robot, the oldest first."""
    mine = sa.select(notice).where(notice.c.robot == robot, notice.c.state == "waiting").order_by(notice.c.at, notice.c.id).limit(most)
    return [Notice(row.id, row.robot, row.kind, row.text, row.at) for row in view.all(mine)]


def interrupted(work: Work, robot: str) -> None:
    """What was being said when its process died may have been heard: it is unknown, and not said again."""
    mine = notice.update().where(notice.c.robot == robot, notice.c.state == "sending")
    work.execute(mine.values(state="unknown", why="发送时进程中断，结果未知"))


def move(work: Work, row_ids: Sequence[str], state: str, why: str) -> None:
    """Writes down what became of them."""
    work.execute(notice.update().where(work.among(notice.c.id, row_ids)).values(state=state, why=why))


def robots_waiting(view: View) -> list[str]:
    """The robots that have something to say."""
    return [row.robot for row in view.all(sa.select(notice.c.robot).where(notice.c.state == "waiting").distinct().order_by(notice.c.robot))]


def sweep(work: Work) -> int:
    """Drops what is older than a month; returns how many."""
    return work.execute(notice.delete().where(notice.c.at < work.now - KEPT)).rowcount
