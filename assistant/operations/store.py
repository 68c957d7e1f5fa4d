"""Rows of plans to values and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from assistant.base.errors import Invalid
from assistant.operations import tables
from assistant.operations.language import Plan, plan_json
from assistant.operations.values import Stored
from assistant.store import Fact, View, Work, chunks


def get(view: View, plan_id: str) -> Stored:
    """One plan; raises Invalid if there is none."""
    row = view.one(sa.select(tables.plan).where(tables.plan.c.id == plan_id))
    if row is None:
        raise Invalid(f"没有这个方案：{plan_id}", code="no_plan")
    return _stored(row)


def locked(work: Work, plan_id: str) -> Stored:
    """One plan, held until the commit."""
    row = work.one(work.locked(sa.select(tables.plan).where(tables.plan.c.id == plan_id)))
    if row is None:
        raise Invalid(f"没有这个方案：{plan_id}", code="no_plan")
    return _stored(row)


def list_plans(view: View, states: Sequence[str], limit: int) -> list[Stored]:
    statement = sa.select(tables.plan).order_by(tables.plan.c.created_at.desc(), tables.plan.c.id).limit(limit)
    if states:
        statement = statement.where(tables.plan.c.state.in_(states))
    return [_stored(row) for row in view.all(statement)]


def goals(view: View, plan_ids: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in chunks(sorted(plan_ids)):
        rows = view.all(sa.select(tables.plan.c.id, tables.plan.c.body).where(tables.plan.c.id.in_(part)))
        found |= {row.id: str(row.body["goal"]) for row in rows}
    return found


def _stored(row: Any) -> Stored:
    fields = dict(row._mapping)
    plan = Plan.model_validate(fields.pop("body"))
    return Stored(plan=plan, progress=fields.pop("preview"), **fields)


def insert(work: Work, plan_id: str, plan: Plan) -> None:
    row = {
        "id": plan_id,
        "state": "draft",
        "body": plan_json(plan),
        "version": 1,
        "maker": work.principal.label,
        "created_at": work.now,
        "expires_at": None,
        "started_at": None,
        "ended_at": None,
        "preview": {},
        "after": "",
        "chunk": 0,
        "sent": 0,
    }
    empty = dict.fromkeys(("decided_by", "reason", "snapshot_id", "digest", "hold_id"), "")
    work.insert(tables.plan, [row | empty])
    work.record(Fact("plan.drafted", f"plan:{plan_id}", {"goal": plan.goal}, cause=plan_id))


def change(work: Work, stored: Stored, **values: Any) -> None:
    """Writes columns of a plan; a new state is recorded as a fact ``plan.<state>``."""
    if isinstance(values.get("body"), Plan):
        values["body"] = plan_json(values["body"])
    work.execute(tables.plan.update().where(tables.plan.c.id == stored.id).values(values))
    state = values.get("state")
    if state is not None and state != stored.state:
        payload = {"from": stored.state, "reason": values.get("reason", ""), "digest": values.get("digest", stored.digest)}
        work.record(Fact(f"plan.{state}", f"plan:{stored.id}", payload, cause=stored.id))


def handled(view: View, plan_id: str, member_ids: Sequence[str]) -> set[str]:
    """Those of the members whom this plan has already decided about."""
    table = tables.plan_member
    found: set[str] = set()
    for part in chunks(member_ids):
        rows = view.all(sa.select(table.c.member_id).where(table.c.plan_id == plan_id, table.c.member_id.in_(part)))
        found |= {row.member_id for row in rows}
    return found


def keep_members(work: Work, plan_id: str, chunk: int, outcomes: Mapping[str, str]) -> None:
    """One row per member for ever: a second decision about the same member breaks the unit."""
    rows = [
        {"plan_id": plan_id, "member_id": member_id, "outcome": outcome, "chunk": chunk, "at": work.now}
        for member_id, outcome in outcomes.items()
    ]
    work.insert(tables.plan_member, rows)


def outcome_counts(view: View, plan_id: str) -> dict[str, int]:
    table = tables.plan_member
    counted = sa.select(table.c.outcome, sa.func.count().label("n")).where(table.c.plan_id == plan_id).group_by(table.c.outcome)
    return {row.outcome: row.n for row in view.all(counted)}
