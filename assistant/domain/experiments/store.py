"""Rows of experiments to values and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from assistant.domain.experiments.model import Design
from assistant.domain.experiments.tables import assignment, experiment
from assistant.store import View, Work, chunks


def design_of(view: View, name: str) -> Design | None:
    row = view.one(sa.select(experiment).where(experiment.c.name == name))
    return Design(row.holdout_bp, tuple((variant, weight) for variant, weight in row.variants)) if row else None


def keep_design(work: Work, name: str, design: Design) -> None:
    row = {"name": name, "holdout_bp": design.holdout_bp, "variants": [list(pair) for pair in design.variants], "at": work.now}
    work.insert_missing(experiment, [row])


def keep(work: Work, name: str, variants: Mapping[str, str]) -> None:
    rows = [{"experiment": name, "member_id": member, "variant": variant, "at": work.now} for member, variant in sorted(variants.items())]
    work.insert_missing(assignment, rows)


def variants_of(view: View, name: str, member_ids: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in chunks(member_ids):
        statement = sa.select(assignment.c.member_id, assignment.c.variant)
        rows = view.all(statement.where(assignment.c.experiment == name, assignment.c.member_id.in_(part)))
        found.update((row.member_id, row.variant) for row in rows)
    return found


def counts(view: View, name: str) -> dict[str, int]:
    statement = sa.select(assignment.c.variant, sa.func.count().label("members")).where(assignment.c.experiment == name)
    return {row.variant: row.members for row in view.all(statement.group_by(assignment.c.variant))}
