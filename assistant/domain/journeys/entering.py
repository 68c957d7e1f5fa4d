"""Journeys that a fact begins: who it happened to comes in, if the journey is meant for them and they were not inside lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from assistant.base.clock import business_day
from assistant.domain import audience
from assistant.domain.journeys import store, tables
from assistant.domain.journeys.commands import newcomers, planned_today
from assistant.domain.journeys.model import Version
from assistant.store import Work


def enter(work: Work, fact_name: str, happened: Sequence[tuple[str, Mapping[str, Any]]]) -> int:
    """Takes members to whom something happened, with what is told of it, into the journeys that answer it; returns how many came in."""
    entered = 0
    for name, on in store.switched(work).items():
        version = store.newest(work, name) if on and happened else None
        entrance = version.journey.enter_on if version is not None else None
        if version is None or entrance is None or entrance.fact != fact_name:
            continue
        wanted = sorted({member_id for member_id, told in happened if member_id and entrance.fits(told)})
        entered += _come_in(work, version, fact_name, wanted)
    return entered


def _come_in(work: Work, version: Version, fact_name: str, wanted: list[str]) -> int:
    journey = version.journey
    meant = audience.fits(work, journey.rule(work.now), wanted)
    inside = store.inside_since(work, version.name, wanted, work.now - timedelta(days=journey.reenter_days))
    key = f"{fact_name}:{business_day(work.now)}"
    start = max(work.now, planned_today(journey, work.now))
    rows = newcomers(version, [one for one in wanted if one in meant and one not in inside], key, start, work.now)
    work.insert_missing(tables.enrolment, rows)
    return len(rows)
