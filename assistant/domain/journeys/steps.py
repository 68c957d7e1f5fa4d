"""The steps that are due, in sets: the gate decides before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from assistant.domain import benefits, members, outreach
from assistant.domain.journeys import store, tables
from assistant.domain.journeys.commands import STEP
from assistant.domain.journeys.model import Enrolment, Gift, Message, Version, Wait
from assistant.store import Due, Fact, Work

SET = 200


def run_steps(work: Work, _payload: Mapping[str, Any]) -> int:
    """Does the next step of up to 200 enrolments that are due; returns how many. Comes again at once while more are due."""
    on = [name for name, is_on in store.switched(work).items() if is_on]
    due = store.ready(work, on, SET)
    for (name, number, step), group in groupby(sorted(due, key=_place), key=_place):
        version = store.version(work, name, number)
        _step(work, version, step, list(group))
    if due:
        work.due(Due(STEP, "all", work.now, {}, order_key=STEP))
    return len(due)


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
    journey = version.journey
    decisions = outreach.decide(work, [outreach.Candidate(one.member_id, journey.kind, journey.topic) for one in people])
    names = members.profiles(work, [one.member_id for one in people])
    queued, skipped, gone = [], [], []
    for one, decision in zip(people, decisions, strict=True):
        if isinstance(decision, outreach.Send):
            name = names[one.member_id].nickname.strip()[:20] if decision.route == "kf" else ""
            text = step.template.replace("{nickname}", name or "老友")
            queued.append(outreach.Queue(f"{one.id}:{number}", decision, version.cause, text))
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
