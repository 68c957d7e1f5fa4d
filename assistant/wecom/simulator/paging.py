"""Listings page by page: opaque cursors that belong to one listing of one run, and pages that may be shorter than asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, TypeVar

from assistant.wecom.simulator.world import ApiError, World

Row = TypeVar("Row")


def page(world: World, listing: str, rows: Sequence[Row], body: dict[str, Any], *, default: int, most: int) -> tuple[list[Row], str]:
    """(rows, next_cursor); the cursor is empty at the end. A cursor of another listing is refused with 50100.

    ``listing`` names what is listed with what the answer depends on, as in ``send_result:msg1:wang``.
    """
    limit = int_of(body.get("limit") or default, "limit")
    if not 1 <= limit <= most:
        raise ApiError(40058, "invalid limit")
    start = _start(world, listing, str(body.get("cursor") or ""))
    size = world.chance.randint(1, limit) if world.knobs.short_pages and limit > 1 else limit
    end = start + size
    return list(rows[start:end]), _cursor(world, listing, end) if end < len(rows) else ""


def int_of(value: Any, name: str) -> int:
    """A number of a body or, as text, of a query; anything else is a parameter error."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise ApiError(40058, f"invalid {name}")


def texts_of(body: dict[str, Any], name: str, most: int, least: int = 0) -> list[str]:
    """A list of texts of a body with so many entries; anything else is a parameter error."""
    value = body.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value) or not least <= len(value) <= most:
        raise ApiError(40058, f"invalid {name}")
    return value


def numbers_of(body: dict[str, Any], name: str, most: int = 1000) -> list[int]:
    """A list of numbers of a body; anything else is a parameter error."""
    value = body.get(name) or []
    if not isinstance(value, list) or len(value) > most:
        raise ApiError(40058, f"invalid {name}")
    return [int_of(each, name) for each in value]


def part_of(body: dict[str, Any], name: str) -> dict[str, Any]:
    """An object of a body, empty when absent; anything else is a parameter error."""
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise ApiError(40058, f"invalid {name}")
    return value


def _mark(world: World, listing: str, position: int) -> str:
    return hashlib.sha256(f"{world.born}|{listing}|{position}".encode()).hexdigest()[:16]


def _cursor(world: World, listing: str, position: int) -> str:
    return f"{_mark(world, listing, position)}{position:x}"


def _start(world: World, listing: str, cursor: str) -> int:
    if not cursor:
        return 0
    try:
        position = int(cursor[16:], 16)
    except ValueError:
        position = -1
    if position < 0 or cursor[:16] != _mark(world, listing, position):
        raise ApiError(50100, "invalid cursor")
    return position
