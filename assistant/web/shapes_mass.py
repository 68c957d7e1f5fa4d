"""What the API takes and gives about 群发: tasks of employees and what came of them. Instants are UTC."""

from __future__ import annotations

from datetime import datetime

from assistant.web.shapes import Out


class MassTaskOut(Out):
    """One task; ``say`` is its state in words, ``size`` how many customers or groups it goes to."""

    id: str
    chat: str
    cause: str
    title: str
    staff: str
    staff_name: str
    text: str
    size: int
    state: str
    say: str
    created_at: datetime | None
    confirmed_at: datetime | None
    reminders: int


class StaffLineOut(Out):
    """One employee: tasks asked for and confirmed; customers (or groups) created, delivered, refused, replied, ordered."""

    staff: str
    name: str
    tasks: int
    confirmed: int
    rate: int
    hours: float | None
    waiting: int
    created: int
    delivered: int
    refused: int
    replied: int
    ordered: int


class FunnelOut(Out):
    """One line per employee, the best confirmers first."""

    staff: list[StaffLineOut]


class MassOut(Out):
    """What waits for a tap, the employees of the last 30 days, and the latest tasks."""

    open: list[MassTaskOut]
    league: list[StaffLineOut]
    latest: list[MassTaskOut]


class MineOut(Out):
    """The caller's own tasks that wait for a tap."""

    open: list[MassTaskOut]
