"""What came of each code to scan: who became a friend or came into a group by it, who stayed, whose first order followed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.domain import contacts, orders
from assistant.store import View, metadata

FIRST = timedelta(days=30)
"""An order paid so soon after somebody came counts as brought by the code, if it is the member's first."""


@dataclass(frozen=True, slots=True)
class CodeFigures:
    """``came``: people by this code; ``inside``: of those who came into a group, who still sit there; ``friends``: members among them who
    are friends of an employee now (for a code of employees: of those it led to); ``first_orders`` within thirty days.
    """

    came: int = 0
    inside: int = 0
    friends: int = 0
    first_orders: int = 0


@dataclass(frozen=True, slots=True)
class CodeLine:
    """One state in a time: people who came by it, and who of them is still there."""

    state: str
    came: int
    still: int


def by_code(view: View, states: Collection[str]) -> dict[str, CodeFigures]:
    """Figures of codes by their states; one by which nobody came is left out."""
    found = {}
    for state, came in contacts.of_states(view, states).items():
        since = {number: at for number, at, _friends in came if number}
        found[state] = CodeFigures(len(since), 0, len({number for number, _at, friends in came if friends}), _first_orders(view, since))
    for state, seats in contacts.groups.seats_by_state(view, states).items():
        since = {one.member_id: one.joined_at for one in seats if one.member_id}
        friends = sum(bool(one.staff) for one in contacts.friends(view, since).values())
        people, inside = {one.person for one in seats}, {one.person for one in seats if one.left_at is None}
        found[state] = CodeFigures(len(people), len(inside), friends, _first_orders(view, dict(since)))
    return found


def _first_orders(view: View, since: dict[str, datetime | None]) -> int:
    firsts = orders.first_paid(view, since)
    return sum(1 for number, at in since.items() if at is not None and number in firsts and at <= firsts[number] <= at + FIRST)


def code_statement(since: datetime, until: datetime) -> sa.Select[Any]:
    """By state: customers who came by it in this time, as friends or into groups, and who of them is still there."""
    relation, seat = metadata.tables["contact_relation"], metadata.tables["contact_group_seat"]
    ends = sa.case((relation.c.status != "ended", relation.c.external))
    friends = sa.select(relation.c.state, relation.c.external.label("person"), ends.label("still"))
    friends = friends.where(relation.c.state != "", relation.c.since >= since, relation.c.since < until)
    stays = sa.case((seat.c.left_at.is_(None), seat.c.person))
    joined = sa.select(seat.c.state, seat.c.person, stays.label("still"))
    joined = joined.where(seat.c.state != "", seat.c.kind == "customer", seat.c.joined_at >= since, seat.c.joined_at < until)
    every = sa.union_all(friends, joined).subquery()
    came, still = sa.func.count(every.c.person.distinct()).label("came"), sa.func.count(every.c.still.distinct()).label("still")
    return sa.select(every.c.state, came, still).group_by(every.c.state).order_by(sa.desc("came"), every.c.state)


def codes(view: View, since: datetime, until: datetime) -> list[CodeLine]:
    """The codes by which somebody came in this time, the most first."""
    return [CodeLine(row.state, row.came, row.still) for row in view.all(code_statement(since, until))]
