"""What members differ by in stored value, for the segment language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.stored_value import store
from assistant.store import Feature


def _total(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.total_select()


FEATURES = (Feature("stored_value", "储值余额（本金加赠送）", "number", _total, missing=0, unit="分"),)
