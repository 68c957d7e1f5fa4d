"""Reading journeys and who is inside them."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.domain.journeys import store, tables
from assistant.domain.journeys.model import Enrolment, Version
from assistant.store import View


def journeys(view: View) -> list[tuple[Version, bool]]:
    """The newest version of every installed journey and whether it is on."""
    return [(version, on) for name, on in store.switched(view).items() if (version := store.newest(view, name)) is not None]


def enrolments(view: View, name: str, limit: int = 200) -> list[Enrolment]:
    """Who is or was inside a journey."""
    return store.enrolments(view, tables.enrolment.c.name == name, limit=limit)


def counts(view: View, name: str) -> dict[str, int]:
    """How many enrolments of a journey are in each state."""
    table = tables.enrolment
    rows = view.all(sa.select(table.c.state, sa.func.count().label("n")).where(table.c.name == name).group_by(table.c.state))
    return {row.state: row.n for row in rows}
