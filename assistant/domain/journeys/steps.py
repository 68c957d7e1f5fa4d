"""The steps that are due, in sets: the gate decides before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from assistant.base.clock import business_day, day_start
from assistant.domain import benefits, members, outreach
from assistant.domain.journeys import grouping, store, tables
from assistant.domain.journeys.commands import STEP
from assistant.domain.journeys.model import Enrolment, Gift, Message, Version, Wait
from assistant.domain.journeys.slots import Filled, filled, put_in
from assistant.store import Due, Fact, Work

SET = 200
PERSONAL_A_DAY = 20
"""So many different texts a staff member is asked to confirm in a day for one journey that also has one text for all."""


def run_steps(work: Work, _payload: Mapping[str, Any]) -> int:
    """Does the next step of up to 200 members and 200 groups that are due; returns how many. Comes again at once while more are due."""
    on = [name for name, is_on in store.switched(work).items() if is_on]
    due = store.ready(work, on, SET)
    for (name, number, step), group in groupby(sorted(due, key=_place), key=_place):
        version = store.version(work, name, number)
        _step(work, version, step, list(group))
    groups = grouping.run_steps(work, on)
    if due or groups:
        work.due(Due(STEP, "all", work.now, {}, order_key=STEP))
    return len(due) + groups


def _place(one: Enrolment) -> tuple[str, int, int]:
    return one.name, one.version, one.step


def _step(work: Work, version: Version, number: int, people: list[Enrolment]) -> None:
    if number >= len(version.journey.steps):
        _change(work, people, "done", "", step=number)
        return
    step = version.journey.steps[number]
    if isinstance(step, Wait):
        _move(work, people, number + 1, work.now + step.span)
    elif isinstance(step, Gift):
        benefit = benefits.from_dict(step.benefit)
        reason = version.journey.title
        grants = [benefits.BenefitGrant(f"{one.id}:{number}", one.member_id, benefit, version.hold_id or None, reason) for one in people]
        benefits.grant(work.acting(work.principal, version.cause), grants)
        _move(work, people, number + 1, work.now)
    else:
        _message(work, version, number, step, people)


def _message(work: Work, version: Version, number: int, step: Message, people: list[Enrolment]) -> None:
    slots, empty = filled(work, step.template, [one.member_id for one in people])
    for why in sorted(set(empty.values())):
        _change(work, [one for one in people if empty.get(one.member_id) == why], "exited", why, step=number)
    people = [one for one in people if one.member_id not in empty]
    journey = version.journey
    decisions = outreach.decide(work, [outreach.Candidate(one.member_id, journey.kind, journey.topic) for one in people])
    texts = _Texts(work, version, step, slots)
    queued, skipped, gone = [], [], []
    for one, decision in zip(people, decisions, strict=True):
        if isinstance(decision, outreach.Send):
            queued.append(outreach.Queue(f"{one.id}:{number}", decision, version.cause, texts.of(decision)))
            gone.append(one)
        elif isinstance(decision, outreach.Defer) and decision.until <= one.enrolled_at + _patience(version, number):
            _move(work, [one], number, decision.until)
        else:
            skip = outreach.Skip(decision.candidate, decision.code, decision.reason)
            skipped.append(outreach.KeepSkip(version.cause, skip))
            _change(work, [one], "skipped", decision.reason, step=number)
    outreach.queue(work, queued)
    outreach.keep_skips(work, skipped)
    _move(work, gone, number + 1, work.now)


class _Texts:
    """The texts of one step: by name where one person is written to, and no more of them than a staff member can tap in a day."""

    def __init__(self, work: Work, version: Version, step: Message, slots: Filled) -> None:
        self._step, self._slots = step, slots
        self._names = members.profiles(work, list(slots))
        self._tasks = outreach.tasks_since(work, version.cause, day_start(business_day(work.now))) if step.mass else {}
        self._own: dict[str, set[str]] = {}

    def of(self, decision: outreach.Send) -> str:
        member_id = decision.candidate.member_id
        name = self._names[member_id].nickname.strip()[:20] if decision.route == "kf" else ""
        text = put_in(self._step.template, self._slots[member_id] | {"nickname": name or "老友"})
        if decision.route == "kf" or not self._step.mass:
            return text
        own = self._own.setdefault(decision.staff, set())
        if text not in own and len(own) + self._tasks.get(decision.staff, 0) >= PERSONAL_A_DAY:
            return put_in(self._step.mass, self._slots[member_id] | {"nickname": "老友"})
        own.add(text)
        return text


def _patience(version: Version, number: int) -> timedelta:
    """How long after enrolment a message of this step is still worth sending: the waits before it and the journey's patience."""
    waits = sum((step.span for step in version.journey.steps[:number] if isinstance(step, Wait)), timedelta())
    return waits + timedelta(days=version.journey.patience_days)


def _move(work: Work, people: list[Enrolment], step: int, at: datetime) -> None:
    if people:
        table = tables.enrolment
        work.execute(table.update().where(table.c.id.in_([one.id for one in people])).values(step=step, next_at=at))


def _change(work: Work, people: list[Enrolment], state: str, reason: str, *, step: int) -> None:
    table = tables.enrolment
    work.execute(table.update().where(table.c.id.in_([one.id for one in people])).values(state=state, reason=reason, step=step))
    for one in people:
        work.record(Fact(f"journey.{state}", f"enrolment:{one.id}", {"journey": one.name, "reason": reason}, one.member_id))
