"""The reads about behaviour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.events import store, tables
from assistant.domain.events.model import Event, Source, digest
from assistant.store import View, fact


@dataclass(frozen=True, slots=True)
class Named:
    """An event name: since when it is known, how often it came in the asked days, by how many members."""

    name: str
    first_at: datetime
    count: int
    members: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Events that could not be kept."""

    at: datetime
    source: str
    count: int
    reasons: tuple[str, ...]


def source_of(view: View, write_key: str) -> Source | None:
    """The open source whose write key this is."""
    source = tables.source
    row = view.one(source.select().where(source.c.write_key == digest(write_key), source.c.open)) if write_key else None
    return store.as_source(row) if row else None


def sources(view: View) -> list[Source]:
    """All sources, the oldest first."""
    return [store.as_source(row) for row in view.all(tables.source.select().order_by(tables.source.c.added_at, tables.source.c.name))]


def names(view: View, since: datetime) -> list[Named]:
    """Every name that ever came, with what came since then; the most frequent first."""
    event, name = tables.event, tables.name
    seen = (
        sa.select(event.c.name, sa.func.count().label("times"), sa.func.count(sa.distinct(event.c.member_id)).label("people"))
        .where(event.c.occurred_at >= since)
        .group_by(event.c.name)
        .subquery()
    )
    statement = sa.select(name.c.name, name.c.first_at, seen.c.times, seen.c.people).outerjoin(seen, seen.c.name == name.c.name)
    found = [Named(row.name, row.first_at, row.times or 0, row.people or 0) for row in view.all(statement)]
    return sorted(found, key=lambda one: (-one.count, one.name))


def of_member(view: View, member_id: str, limit: int = 50) -> list[Event]:
    """What a member did, the latest first."""
    event = tables.event
    statement = event.select().where(event.c.member_id == member_id).order_by(event.c.occurred_at.desc(), event.c.id).limit(limit)
    return [store.as_event(row) for row in view.all(statement)]


def between(view: View, since: datetime, until: datetime, named: Iterable[str]) -> list[Event]:
    """What members did from one instant to before another, by trusted sources, of these names; oldest first."""
    event = tables.event
    asked = (event.c.occurred_at >= since, event.c.occurred_at < until, event.c.name.in_(sorted(set(named))))
    statement = event.select().where(*asked, event.c.member_id != "", event.c.trusted).order_by(event.c.occurred_at, event.c.id)
    return [store.as_event(row) for row in view.all(statement)]


def waiting(view: View) -> int:
    """How many events are not any member's yet."""
    return int(view.scalar(sa.select(sa.func.count()).select_from(tables.event).where(tables.event.c.member_id == "")) or 0)


def refusals(view: View, limit: int = 50) -> list[Refused]:
    """Events that could not be kept, the latest first."""
    statement = sa.select(fact).where(fact.c.name == "events.refused").order_by(fact.c.id.desc()).limit(limit)
    return [_refused(row.occurred_at, row.payload) for row in view.all(statement)]


def _refused(at: datetime, payload: Mapping[str, Any]) -> Refused:
    return Refused(at, payload["source"], payload["count"], tuple(payload["reasons"]))
