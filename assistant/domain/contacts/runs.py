"""Reconciliations with WeCom: one row a run, with where it stands, so that it goes on after a stop and people see it move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from assistant.base.ids import derive
from assistant.domain.contacts.tables import run
from assistant.store import Fact, View, Work

Kind = Literal["tags", "contacts", "groups"]
KINDS: tuple[Kind, ...] = ("tags", "contacts", "groups")
MARKS = "marks"
"""A run that brings a newly mapped tag to everybody; it reconciles nothing."""


@dataclass(frozen=True, slots=True)
class Run:
    """``looked`` of ``total`` (0: not known yet); ``counts`` differences by kind; ``place`` is for the one who goes on."""

    id: str
    kind: str
    status: str
    stage: str
    place: Mapping[str, Any]
    total: int
    looked: int
    differences: int
    counts: Mapping[str, int]
    trouble: str
    by: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a run, written in the commit of what it found. ``stage`` done ends the run."""

    run_id: str
    stage: str
    place: Mapping[str, Any]
    looked: int = 0
    total: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    trouble: str = ""


def begin(work: Work, kind: str) -> Run:
    """The run of this kind that goes on, or a new one."""
    statement = sa.select(run).where(run.c.kind == kind, run.c.status == "running").order_by(run.c.started_at.desc())
    row = work.one(work.locked(statement))
    if row is not None:
        return Run(**row._mapping)
    made = Run(
        derive("run", kind, work.now.isoformat()), kind, "running", "begin", {}, 0, 0, 0, {}, "", work.principal.label, work.now, None
    )
    work.insert(run, [{column.name: getattr(made, column.name) for column in run.columns}])
    return made


def step(work: Work, done: Step) -> Run:
    """Writes where a run stands; at its end its figures are a fact."""
    row = work.one(work.locked(sa.select(run).where(run.c.id == done.run_id)))
    if row is None:
        raise LookupError(done.run_id)
    counts = {name: row.counts.get(name, 0) + done.counts.get(name, 0) for name in {*row.counts, *done.counts}}
    ended = done.stage == "done"
    values = {
        "stage": done.stage,
        "place": dict(done.place),
        "looked": row.looked + done.looked,
        "total": row.total if done.total is None else done.total,
        "differences": sum(counts.values()),
        "counts": counts,
        "trouble": done.trouble[:300],
        "status": "done" if ended else "running",
        "ended_at": work.now if ended else None,
    }
    work.execute(run.update().where(run.c.id == done.run_id).values(values))
    if ended and row.kind != MARKS:
        payload = {"kind": row.kind, "looked": values["looked"], "differences": values["differences"], "counts": counts}
        work.record(Fact("wecom.reconciled", f"run:{row.id}", payload))
    return Run(**(dict(row._mapping) | values))


def run_of(view: View, run_id: str) -> Run | None:
    """One run, held until the commit where it is written, or None."""
    row = view.one(view.locked(sa.select(run).where(run.c.id == run_id)))
    return None if row is None else Run(**row._mapping)


def latest(view: View) -> list[Run]:
    """The newest run of each kind."""
    found = []
    for kind in (*KINDS, MARKS):
        row = view.one(sa.select(run).where(run.c.kind == kind).order_by(run.c.started_at.desc(), run.c.id).limit(1))
        if row is not None:
            found.append(Run(**row._mapping))
    return found
