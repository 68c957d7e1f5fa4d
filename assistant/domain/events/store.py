"""The rows of behaviour."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.events import tables
from assistant.domain.events.model import Event, Source
from assistant.store import View, Work, chunks

_KEPT = ("id", "source", "kind", "name", "member_id", "trusted", "occurred_at", "received_at", "properties")


def as_event(row: sa.Row[Any]) -> Event:
    return Event(*(getattr(row, field) for field in _KEPT))


def as_source(row: sa.Row[Any]) -> Source:
    return Source(row.name, row.title, row.namespace, row.trusted, row.open, row.added_at)


def known(view: View, ids: Sequence[str]) -> set[str]:
    """Which of the events are kept already."""
    found: set[str] = set()
    for part in chunks(ids):
        found |= {row.id for row in view.all(sa.select(tables.event.c.id).where(tables.event.c.id.in_(part)))}
    return found


def owners_of_devices(view: View, source: str, anonymous_ids: Iterable[str]) -> dict[str, str]:
    """Browser or device → the member who was seen on it first."""
    found: dict[str, str] = {}
    device = tables.device
    for part in chunks(sorted(anonymous_ids)):
        statement = sa.select(device.c.anonymous_id, device.c.member_id).where(device.c.source == source, device.c.anonymous_id.in_(part))
        found.update((row.anonymous_id, row.member_id) for row in view.all(statement))
    return found


def add_devices(work: Work, source: str, owners: Mapping[str, str]) -> None:
    rows = [{"source": source, "anonymous_id": number, "member_id": owner, "at": work.now} for number, owner in sorted(owners.items())]
    work.insert_missing(tables.device, rows)


def give_device(work: Work, source: str, anonymous_id: str, owner: str, since: datetime) -> int:
    """Gives what a device did unknown since then to its owner."""
    event = tables.event
    mine = sa.and_(event.c.source == source, event.c.anonymous_id == anonymous_id, event.c.member_id == "", event.c.person == "")
    return work.execute(event.update().where(mine, event.c.occurred_at >= since).values(member_id=owner)).rowcount


def told_of(view: View, references: Collection[str]) -> list[str]:
    """Those of the references under which something was told of a person nobody knew."""
    event = tables.event
    wanted = sa.select(event.c.person).distinct().where(view.among(event.c.person, references), event.c.member_id == "")
    return sorted(row.person for row in view.all(wanted)) if references else []


def give_person(work: Work, reference: str, owner: str) -> list[tuple[str, str]]:
    """Gives what was told of a person under this reference to the member; returns (source, device) of what was given."""
    event = tables.event
    mine = sa.and_(event.c.person == reference, event.c.member_id == "")
    devices = sa.select(event.c.source, event.c.anonymous_id).where(mine).distinct()
    found = [(row.source, row.anonymous_id) for row in work.all(devices)]
    if found:
        work.execute(event.update().where(mine).values(member_id=owner))
    return found


def unheard(work: Work, limit: int) -> list[Event]:
    """Events of members that nobody has listened to yet, in order of arrival."""
    event = tables.event
    columns = [event.c[field] for field in _KEPT]
    statement = sa.select(*columns).where(sa.not_(event.c.heard), event.c.member_id != "").order_by(event.c.received_at, event.c.id)
    return [as_event(row) for row in work.all(work.locked(statement.limit(limit)))]


def set_heard(work: Work, ids: Sequence[str]) -> None:
    for part in chunks(ids):
        work.execute(tables.event.update().where(tables.event.c.id.in_(part)).values(heard=True))
