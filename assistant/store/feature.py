"""What a room offers for selecting members by: one value per member, as a select that the segment language may compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing members differ by.

    ``select(now, arguments)`` yields rows ``(member_id, value)``: at most one row per member, several for ``texts``. A member without a row
    has the value ``missing``. ``arguments`` names the optional narrowing that the select understands (``within_days``, ``shop`` …).
    ``words`` says stored values as people do.
    """

    name: str
    label: str
    kind: Literal["number", "text", "texts", "instant", "flag"]
    select: Callable[[datetime, Mapping[str, Any]], sa.Select[Any]]
    missing: Any = None
    arguments: tuple[str, ...] = ()
    unit: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
