"""The numbers of the day and what waits for a person, for the home page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from assistant import jobs
from assistant.base.clock import business_day, day_start
from assistant.channels import accounts, outbox
from assistant.domain import cashback, outreach, staff
from assistant.store import View, fact, inbox
from assistant.store import outbox as outbox_rows
from assistant.web.unknowns import unknown_sends

MOST = 200
LATELY = timedelta(days=1)
"""What did not arrive is told for so long."""


@dataclass(frozen=True, slots=True)
class Today:
    """``figures`` are (word, number); ``waiting`` are (word, number, where to look)."""

    figures: list[tuple[str, int]]
    waiting: list[tuple[str, int, str]]


def today(view: View) -> Today:
    """As of now."""
    start = day_start(business_day(view.now))
    sent = sa.and_(outbox_rows.c.queued_at >= start, outbox_rows.c.state == "sent")
    figures = [
        ("收到消息", _count(view, inbox, inbox.c.received_at >= start)),
        ("发出消息", _count(view, outbox_rows, sent)),
        ("主动触达", outreach.delivered_since(view, start)),
        ("付款订单", _count(view, fact, sa.and_(fact.c.name == "orders.paid", fact.c.occurred_at >= start))),
    ]
    waiting = [
        ("等着的工单", len(staff.open_tickets(view, limit=MOST)), "/tickets#tickets"),
        ("等批准的返现", len(cashback.waiting_approval(view, MOST)), "/tickets#claims"),
        ("等人工超过承诺的会话", len(staff.overdue(view, MOST)), "/tickets#tickets"),
        ("没有送到的客服消息", len(outbox.failed_since(view, view.now - LATELY, MOST)), "/tickets#failed"),
        ("要看一看的客服账号", len(accounts.troubled(view)), "/tickets#accounts"),
        ("不知是否送达的消息", len(unknown_sends(view, MOST)), "/tickets#unknowns"),
        ("卡住的工作", len(jobs.held(view, MOST)), "/tickets#held"),
    ]
    return Today(figures, [line for line in waiting if line[1]])


def _count(view: View, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return int(view.scalar(sa.select(sa.func.count()).select_from(table).where(condition)))
