"""What members differ by in what they did, for the segment language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.domain.events.tables import event
from assistant.store import Feature


def _did(now: datetime, arguments: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    clauses: list[sa.ColumnElement[bool]] = [event.c.member_id != ""]
    if arguments.get("event"):
        clauses.append(event.c.name == arguments["event"])
    if arguments.get("within_days"):
        clauses.append(event.c.occurred_at >= now - timedelta(days=int(arguments["within_days"])))
    return clauses


def _count(now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
    statement = sa.select(event.c.member_id.label("member_id"), sa.func.count().label("value"))
    return statement.where(*_did(now, arguments)).group_by(event.c.member_id)


def _last(now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
    statement = sa.select(event.c.member_id.label("member_id"), sa.func.max(event.c.occurred_at).label("value"))
    return statement.where(*_did(now, arguments)).group_by(event.c.member_id)


FEATURES = (
    Feature("event_count", "行为次数", "number", _count, missing=0, arguments=("event", "within_days"), unit="次"),
    Feature("last_event_at", "最近一次行为时间", "instant", _last, arguments=("event",)),
)
