"""Reading journeys and who is inside them."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from assistant.domain.journeys import store, tables
from assistant.domain.journeys.model import Enrolment, GroupEnrolment, Version
from assistant.store import View


def journeys(view: View) -> list[tuple[Version, bool]]:
    """The newest version of every installed journey and whether it is on."""
    return [(version, on) for name, on in store.switched(view).items() if (version := store.newest(view, name)) is not None]


def enrolments(view: View, name: str, limit: int = 200) -> list[Enrolment]:
    """Who is or was inside a journey."""
    return store.enrolments(view, tables.enrolment.c.name == name, limit=limit)


def counts(view: View, name: str) -> dict[str, int]:
    """How many enrolments of a journey, of members or of groups, are in each state."""
    found: Counter[str] = Counter()
    for table in (tables.enrolment, tables.group_enrolment):
        rows = view.all(sa.select(table.c.state, sa.func.count().label("n")).where(table.c.name == name).group_by(table.c.state))
        found.update({row.state: row.n for row in rows})
    return dict(found)


def group_enrolments(view: View, name: str, limit: int = 200) -> list[GroupEnrolment]:
    """Which customer groups are or were inside a journey, the latest first."""
    table = tables.group_enrolment
    mine = sa.select(table).where(table.c.name == name).order_by(table.c.enrolled_at.desc(), table.c.id).limit(limit)
    return [GroupEnrolment(**row._mapping) for row in view.all(mine)]
