"""Parts of what WeCom tells, read without trust: what is not of its kind is as if it were not there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def rows(value: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    found = value.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside; empty where there is none."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def text(value: Mapping[str, Any], name: str) -> str:
    """A text without the white space around it."""
    found = value.get(name)
    return found.strip() if isinstance(found, str) else ""


def number(value: Any) -> int:
    """A whole number; 0 for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def instant(seconds: Any) -> datetime | None:
    """A Unix second; None for what is none."""
    found = number(seconds)
    return datetime.fromtimestamp(found, UTC) if 0 < found < 10**10 else None
