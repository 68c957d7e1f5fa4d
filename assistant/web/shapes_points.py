"""What the API takes and gives about the rules of points. Points are whole, money is fen, instants are UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from assistant.web.shapes import In, Out


class RulesIn(In):
    """A draft: the document is checked field by field."""

    document: dict[str, Any]
    note: str = Field(default="", max_length=200)


class RuleResultOut(Out):
    """What one rule would have given, and what it gives under the rules in force."""

    rule: str
    title: str
    points: int
    live_points: int


class DifferenceOut(Out):
    """A member who would have earned another amount."""

    member_id: str
    name: str
    points: int
    live_points: int


class SimulationOut(Out):
    """A trial beside ``compared_with``, the version then in force."""

    compared_with: int
    since: datetime
    until: datetime
    orders: int
    events: int
    people: int
    points: int
    cost_fen: int
    live_people: int
    live_points: int
    live_cost_fen: int
    rules: list[RuleResultOut]
    differences: list[DifferenceOut]


class RulesOut(Out):
    """One version; ``state`` is draft, live or past, ``words`` say it in sentences; ``ready`` where it may go live."""

    version: int
    state: str
    note: str
    proposed_by: str
    proposed_at: datetime | None
    live_by: str
    live_at: datetime | None
    document: dict[str, Any]
    words: list[str]
    simulation: SimulationOut | None
    ready: bool


class AllRulesOut(Out):
    """The version in force and all others, newest first."""

    live: RulesOut
    versions: list[RulesOut]
