"""What members differ by in points, for the segment language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.points import store
from assistant.store import Feature

MONTH = 30


def _available(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.balance_select("available")


def _pending(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.balance_select("pending")


def _expiring(now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.expiring_select(now, int(arguments.get("within_days") or MONTH))


FEATURES = (
    Feature("points.available", "可用积分", "number", _available, missing=0, unit="分"),
    Feature("points.pending", "待生效积分", "number", _pending, missing=0, unit="分"),
    Feature("points.expiring", "即将到期积分", "number", _expiring, missing=0, arguments=("within_days",), unit="分"),
)
