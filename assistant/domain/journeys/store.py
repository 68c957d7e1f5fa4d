"""Rows of journeys to values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.journeys import tables
from assistant.domain.journeys.model import Enrolment, Journey, Version
from assistant.store import View, chunks


def _version(row: Any) -> Version:
    return Version(row.name, row.version, Journey.model_validate(row.body), row.hold_id)


def newest(view: View, name: str) -> Version | None:
    table = tables.version
    row = view.one(sa.select(table).where(table.c.name == name).order_by(table.c.version.desc()).limit(1))
    return None if row is None else _version(row)


def version(view: View, name: str, number: int) -> Version:
    table = tables.version
    row = view.one(sa.select(table).where(table.c.name == name, table.c.version == number))
    if row is None:
        raise LookupError(f"journey {name} has no version {number}")
    return _version(row)


def switched(view: View) -> dict[str, bool]:
    return {row.name: row.on for row in view.all(sa.select(tables.journey).order_by(tables.journey.c.name))}


def ran(view: View, name: str, planned_at: datetime) -> bool:
    table = tables.run
    return view.one(sa.select(table.c.name).where(table.c.name == name, table.c.planned_at == planned_at)) is not None


def inside_since(view: View, name: str, member_ids: Sequence[str], since: datetime) -> set[str]:
    table = tables.enrolment
    found: set[str] = set()
    for part in chunks(member_ids):
        rows = view.all(sa.select(table.c.member_id).where(table.c.name == name, table.c.member_id.in_(part), table.c.enrolled_at > since))
        found |= {row.member_id for row in rows}
    return found


def ready(view: View, names: Sequence[str], limit: int) -> list[Enrolment]:
    """Active enrolments of journeys that are on whose next step is due, held until the commit."""
    table = tables.enrolment
    wanted = sa.select(table).where(table.c.state == "active", table.c.next_at <= view.now, table.c.name.in_(names))
    return [_enrolment(row) for row in view.all(view.locked(wanted.order_by(table.c.next_at, table.c.id).limit(limit)))]


def enrolments(view: View, *conditions: sa.ColumnElement[bool], limit: int = 500) -> list[Enrolment]:
    table = tables.enrolment
    return [_enrolment(row) for row in view.all(sa.select(table).where(*conditions).order_by(table.c.id).limit(limit))]


def _enrolment(row: Any) -> Enrolment:
    return Enrolment(row.id, row.name, row.version, row.member_id, row.step, row.state, row.next_at, row.enrolled_at, row.reason)
