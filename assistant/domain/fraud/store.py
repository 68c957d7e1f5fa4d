"""Rows of evidence to values and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa

from assistant.domain.fraud.model import Evidence, digest
from assistant.domain.fraud.tables import evidence
from assistant.store import View, Work, chunks

Row = tuple[str, str, str]
"""(member, kind, digest)."""


def add(work: Work, found: Sequence[Evidence]) -> list[bool]:
    """Keeps what is new; returns which were."""
    wanted = [(one.member_id, one.kind, digest(one.kind, one.value)) for one in found]
    known = set(of_members(work, {one.member_id for one in found}))
    rows = {
        key: {"member_id": key[0], "kind": key[1], "digest": key[2], "source": one.source[:30], "at": work.now}
        for key, one in zip(wanted, found, strict=True)
        if key not in known
    }
    work.insert_missing(evidence, [rows[key] for key in sorted(rows)])
    return [key not in known for key in wanted]


def of_members(view: View, ids: Collection[str]) -> list[Row]:
    return _rows(view, evidence.c.member_id, ids)


def with_digests(view: View, digests: Collection[str]) -> list[Row]:
    return _rows(view, evidence.c.digest, digests)


def of_kinds(view: View, kinds: Iterable[str]) -> list[Row]:
    statement = sa.select(evidence.c.member_id, evidence.c.kind, evidence.c.digest).where(evidence.c.kind.in_(list(kinds)))
    return [(row.member_id, row.kind, row.digest) for row in view.all(statement.order_by(evidence.c.member_id, evidence.c.digest))]


def _rows(view: View, column: sa.ColumnElement[str], values: Collection[str]) -> list[Row]:
    found: list[Row] = []
    for part in chunks(sorted(values)):
        statement = sa.select(evidence.c.member_id, evidence.c.kind, evidence.c.digest).where(column.in_(part))
        found += [(row.member_id, row.kind, row.digest) for row in view.all(statement)]
    return found
