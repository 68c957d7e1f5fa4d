"""Publishing, switching, the daily tick, enrolling in sets, and leaving early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.base.clock import SHANGHAI
from assistant.base.errors import Invalid
from assistant.domain import audience
from assistant.domain.journeys import grouping, store, tables
from assistant.domain.journeys.model import Journey, Publish, Published, Switch, Switched, Version, journey_from, shipped
from assistant.store import Due, Fact, Work, chunks, once, upsert

PAGE = 500
STEP = "journey.step"
ENROL = "journey.enrol"


def publish(work: Work, requests: Sequence[Publish]) -> list[Published]:
    """Adds versions; the same words as the newest version are no new version. Members inside stay in theirs. Raises Invalid."""
    return once(work, "journey.publish", requests, Published, _publish)


def _publish(work: Work, requests: list[Publish]) -> list[Published]:
    done = []
    for request in requests:
        journey = journey_from(request.body)
        journey.rule(work.now)
        done.append(_add(work, journey, request.hold_id))
    return done


def _add(work: Work, journey: Journey, hold_id: str = "") -> Published:
    known = store.newest(work, journey.name)
    if known is not None and known.journey == journey and known.hold_id == hold_id:
        return Published(known.name, known.version)
    number = known.version + 1 if known else 1
    row = {"name": journey.name, "version": number, "body": journey.model_dump(mode="json"), "hold_id": hold_id, "at": work.now}
    work.insert(tables.version, [row])
    work.insert_missing(tables.journey, [{"name": journey.name, "on": False}])
    return Published(journey.name, number)


def install(work: Work, _nothing: None = None) -> list[Published]:
    """Puts the shipped journeys in where they are missing, switched off."""
    return [_add(work, journey) for journey in shipped() if store.newest(work, journey.name) is None]


def switch(work: Work, requests: Sequence[Switch]) -> list[Switched]:
    """Turns journeys on and off; raises Invalid for one that does not exist."""
    return once(work, "journey.switch", requests, Switched, _switch)


def _switch(work: Work, requests: list[Switch]) -> list[Switched]:
    install(work)
    for request in requests:
        if store.newest(work, request.name) is None:
            raise Invalid(f"没有“{request.name}”这个旅程", code="no_journey")
        upsert(work, tables.journey, [{"name": request.name, "on": request.on}], ["name"], ["on"])
        work.record(Fact("journey.switched", f"journey:{request.name}", {"on": request.on}))
    return [Switched(request.name, request.on) for request in requests]


def tick(work: Work) -> int:
    """Starts today's run of every journey that is on and whose hour has come, each once; wakes due steps. Returns runs started."""
    started = 0
    on = [name for name, is_on in store.switched(work).items() if is_on]
    for name in on:
        version = store.newest(work, name)
        if version is None or version.journey.enter_on is not None:
            continue
        planned = planned_today(version.journey, work.now)
        if version.journey.weekday not in (None, planned.astimezone(SHANGHAI).isoweekday()):
            continue
        if work.now >= planned and not store.ran(work, name, planned):
            work.insert(tables.run, [{"name": name, "planned_at": planned, "at": work.now}])
            started += 1
            if version.journey.groups is not None:
                grouping.enrol(work, version, planned)
                continue
            payload = {"name": name, "planned_at": planned.isoformat(), "after": ""}
            work.due(Due(ENROL, f"{name}:{planned:%Y-%m-%d}", work.now, payload, order_key=f"journey:{name}"))
    if on:
        work.due(Due(STEP, "all", work.now, {}, order_key=STEP))
    return started


def planned_today(journey: Journey, now: datetime) -> datetime:
    """The hour of the journey on the business day of now."""
    day = now.astimezone(SHANGHAI).date()
    return datetime.combine(day, time(journey.at_hour), SHANGHAI).astimezone(UTC)


def enrol(work: Work, payload: Mapping[str, Any]) -> int:
    """Enrols the next page of a run's people, as the rule finds them now; returns how many. More pages are made due."""
    version = store.newest(work, payload["name"])
    if version is None or not store.switched(work).get(version.name):
        return 0
    journey = version.journey
    found = audience.find(work, journey.rule(work.now), payload["after"], PAGE)
    inside = store.inside_since(work, version.name, found, work.now - timedelta(days=journey.reenter_days))
    rows = newcomers(version, [one for one in found if one not in inside], payload["planned_at"], work.now, work.now)
    work.insert_missing(tables.enrolment, rows)
    if len(found) == PAGE:
        again = dict(payload) | {"after": found[-1]}
        work.due(
            Due(ENROL, f"{version.name}:{payload['planned_at'][:10]}:{found[-1]}", work.now, again, order_key=f"journey:{version.name}")
        )
    if rows:
        work.due(Due(STEP, "all", work.now, {}, order_key=STEP))
    return len(rows)


def newcomers(version: Version, member_ids: Sequence[str], key: str, start: datetime, now: datetime) -> list[dict[str, Any]]:
    """The rows of members who come in now and whose first step is due at ``start``; ``key`` tells one coming in from the next."""
    plain = {"name": version.name, "version": version.version, "step": 0, "state": "active", "reason": ""}
    return [
        plain | {"id": ids.derive("enr", version.name, number, key), "member_id": number, "next_at": start, "enrolled_at": now}
        for number in member_ids
    ]


def exit_on(work: Work, fact_name: str, member_id: str) -> int:
    """Ends the member's journeys that this fact ends; returns how many."""
    return exit_since(work, fact_name, {member_id: work.now}) if member_id else 0


def exit_since(work: Work, fact_name: str, latest: Mapping[str, datetime]) -> int:
    """The same for many members: the fact last happened at the given instant, and what was entered after it goes on."""
    table = tables.enrolment
    gone = []
    for part in chunks(sorted(latest)):
        for one in store.enrolments(work, table.c.member_id.in_(part), table.c.state == "active", limit=100_000):
            ends = fact_name in store.version(work, one.name, one.version).journey.exit_on
            if ends and one.enrolled_at <= latest[one.member_id]:
                gone.append(one.id)
                work.record(Fact("journey.exited", f"enrolment:{one.id}", {"journey": one.name, "fact": fact_name}, one.member_id))
    for part in chunks(gone):
        work.execute(sa.update(table).where(table.c.id.in_(part)).values(state="exited", reason=fact_name))
    return len(gone)


def leave(work: Work, member_id: str, reason: str) -> int:
    """Ends all the member's journeys for this reason; returns how many."""
    table = tables.enrolment
    live = store.enrolments(work, table.c.member_id == member_id, table.c.state == "active", limit=100_000)
    work.record(*(Fact("journey.exited", f"enrolment:{one.id}", {"journey": one.name, "fact": reason}, member_id) for one in live))
    for part in chunks([one.id for one in live]):
        work.execute(sa.update(table).where(table.c.id.in_(part)).values(state="exited", reason=reason))
    return len(live)
