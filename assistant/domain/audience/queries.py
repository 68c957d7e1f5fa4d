"""Counting and paging members of a rule or of a snapshot, and the feature this room itself offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.audience import store, tables
from assistant.domain.audience.catalogue import catalogue
from assistant.domain.audience.compiling import members_of
from assistant.domain.audience.model import Rule, Snapshot, Tag
from assistant.domain.audience.rendering import render
from assistant.store import Feature, View, chunks


def count(view: View, rule: Rule) -> int:
    """How many members the rule holds for now."""
    found = members_of(rule, catalogue(), view.now).subquery()
    return int(view.scalar(sa.select(sa.func.count()).select_from(found)))


def find(view: View, rule: Rule, after: str = "", limit: int = 500) -> list[str]:
    """The next ``limit`` member ids after ``after`` for whom the rule holds now, in order."""
    found = members_of(rule, catalogue(), view.now).subquery()
    column = found.c.member_id
    return [row[0] for row in view.all(sa.select(column).where(column > after).order_by(column).limit(limit))]


def fits(view: View, rule: Rule, ids: Sequence[str]) -> set[str]:
    """Which of the members the rule holds for now."""
    found = members_of(rule, catalogue(), view.now).subquery()
    good: set[str] = set()
    for part in chunks(ids):
        good |= {row[0] for row in view.all(sa.select(found.c.member_id).where(found.c.member_id.in_(part)))}
    return good


def page(view: View, snapshot_id: str, after: str = "", limit: int = 500) -> list[str]:
    """The next ``limit`` members of a snapshot after ``after``, in order."""
    return store.page(view, snapshot_id, after, limit)


def snapshot(view: View, snapshot_id: str) -> Snapshot | None:
    """A snapshot, or None."""
    return store.snapshot(view, snapshot_id)


def tags_of(view: View, member_ids: Sequence[str]) -> dict[str, list[Tag]]:
    """The tags of each member, by name."""
    return store.tags_of(view, member_ids)


def tag_names(view: View, limit: int = 200) -> list[tuple[str, int]]:
    """Tags in use with how many members carry each, the most used first."""
    return store.tag_names(view, limit)


def values(view: View, feature: str, limit: int = 200) -> list[str]:
    """The values that a text feature takes among members, in order; the words a brand may use in a goal."""
    rows = catalogue().feature(feature).select(view.now, {}).subquery()
    column = list(rows.c)[1]
    found = view.all(sa.select(column).where(column.is_not(None)).distinct().order_by(column).limit(limit))
    return [str(row[0]) for row in found if row[0]]


def describe(rule: Rule) -> str:
    """The rule as a Chinese phrase, by the features in use."""
    return render(rule, catalogue())


def _tags(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return sa.select(tables.tag.c.member_id, tables.tag.c.tag.label("value"))


FEATURES = (Feature("tag", "标签", "texts", _tags),)
