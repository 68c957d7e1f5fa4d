"""How long a 群发 task is waited for: when its employee is reminded, when others are asked, when it is given up. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any, Literal

from assistant.base.clock import SHANGHAI

DAY = timedelta(days=1)
Chat = Literal["single", "group"]
Ending = Literal["", "paused", "stopped", "expired", "fallback", "left"]
"""Why a task is cancelled. ``left``: its employee does not work with customers any more."""

Next = Literal["wait", "remind", "expired", "fallback", "left"]
MOST: dict[str, int] = {"single": 10_000, "group": 2_000}
"""So many customers or groups go into one task."""


@dataclass(frozen=True, slots=True)
class MassRules:
    """The house rules of 群发 as data. Hours are Shanghai's; an employee is reminded and others are asked only while people work.

    ``remind_after`` counts from the creation; after those comes one reminder each morning. WeCom takes three a task in 24 hours.
    """

    remind_after: tuple[timedelta, ...] = (timedelta(hours=2), timedelta(hours=5))
    remind_apart: timedelta = timedelta(hours=2)
    work_from: time = time(9, 30)
    work_until: time = time(20, 0)
    fall_back_after: timedelta = timedelta(hours=24)
    give_up_after: timedelta = timedelta(days=3)


MASS = MassRules()


@dataclass(frozen=True, slots=True)
class Task:
    """One 群发 task of one employee. ``state``: filling, calling, open, closing, unknown, refused, done.

    ``since`` is when its first touch was queued, ``alone`` that nobody else could be asked, ``ending`` why it was cancelled.
    """

    id: str
    chat: Chat
    cause: str
    group: str
    staff: str
    text: str
    attachments: list[dict[str, Any]]
    state: str
    ending: str
    reason: str
    msgid: str | None
    size: int
    since: datetime
    called_at: datetime | None
    created_at: datetime | None
    confirmed_at: datetime | None
    ended_at: datetime | None
    reminders: int
    reminded_at: datetime | None
    alone: bool


def next_step(task: Task, now: datetime, *, usable: bool, rules: MassRules = MASS) -> Next:
    """What is to be done now for a task that its employee has not confirmed."""
    if now >= task.since + rules.give_up_after:
        return "expired"
    if not usable:
        return "left"
    begun = task.created_at or task.since
    if not task.alone and now >= at_work(begun + rules.fall_back_after, rules):
        return "fallback"
    due = next(islice(reminders(begun, rules), task.reminders, None))
    rested = task.reminded_at is None or now >= task.reminded_at + rules.remind_apart
    return "remind" if now >= due and rested and at_work(now, rules) == now else "wait"


def reminders(begun: datetime, rules: MassRules = MASS) -> Iterator[datetime]:
    """The instants (UTC) at which the employee is reminded, without end, each at work and apart from the one before."""
    last = begun
    morning = at_work(_morning(begun, rules), rules)
    for after in rules.remind_after:
        at = at_work(begun + after, rules)
        if at >= last + rules.remind_apart and at < morning:
            yield at
            last = at
    while True:
        if morning >= last + rules.remind_apart:
            yield morning
        morning += DAY


def at_work(now: datetime, rules: MassRules = MASS) -> datetime:
    """The first instant not before ``now`` at which people work."""
    local = now.astimezone(SHANGHAI)
    if rules.work_from <= local.time() < rules.work_until:
        return now
    day = local.date() if local.time() < rules.work_from else local.date() + DAY
    return datetime.combine(day, rules.work_from, SHANGHAI).astimezone(now.tzinfo)


def _morning(begun: datetime, rules: MassRules) -> datetime:
    """When work begins on the day after."""
    return datetime.combine(begun.astimezone(SHANGHAI).date() + DAY, rules.work_from, SHANGHAI).astimezone(begun.tzinfo)
