"""Rows to values and back: tags and snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from assistant.domain.audience import tables
from assistant.domain.audience.model import Snapshot, Tag
from assistant.store import View, Work, chunks, upsert


def put_tags(work: Work, tags: Sequence[Tag]) -> None:
    """Sets tags; a tag that is there already takes the new source, confidence and time."""
    rows = {
        (tag.member_id, tag.tag): {
            "member_id": tag.member_id,
            "tag": tag.tag,
            "source": tag.source,
            "confidence": tag.confidence,
            "at": tag.at or work.now,
        }
        for tag in tags
    }
    upsert(work, tables.tag, list(rows.values()), ["member_id", "tag"], ["source", "confidence", "at"])


def remove_tags(work: Work, tags: Sequence[Tag]) -> None:
    pair = sa.tuple_(tables.tag.c.member_id, tables.tag.c.tag)
    for part in chunks(tags, 200):
        work.execute(tables.tag.delete().where(pair.in_([(tag.member_id, tag.tag) for tag in part])))


def tags_of(view: View, member_ids: Sequence[str]) -> dict[str, list[Tag]]:
    found: dict[str, list[Tag]] = {member_id: [] for member_id in member_ids}
    for part in chunks(member_ids):
        statement = sa.select(tables.tag).where(tables.tag.c.member_id.in_(part)).order_by(tables.tag.c.member_id, tables.tag.c.tag)
        for row in view.all(statement):
            found[row.member_id].append(Tag("", row.member_id, row.tag, row.source, row.confidence, row.at))
    return found


def tag_names(view: View, limit: int) -> list[tuple[str, int]]:
    count = sa.func.count().label("carriers")
    rows = view.all(sa.select(tables.tag.c.tag, count).group_by(tables.tag.c.tag).order_by(count.desc(), tables.tag.c.tag).limit(limit))
    return [(row.tag, row.carriers) for row in rows]


def snapshot_row(view: View, snapshot_id: str) -> Any:
    return view.one(view.locked(sa.select(tables.snapshot).where(tables.snapshot.c.id == snapshot_id)))


def snapshot(view: View, snapshot_id: str) -> Snapshot | None:
    row = view.one(sa.select(tables.snapshot).where(tables.snapshot.c.id == snapshot_id))
    return None if row is None else as_snapshot(row)


def as_snapshot(row: Any) -> Snapshot:
    return Snapshot(row.id, row.rule, row.as_of, row.count, row.digest, row.frozen)


def page(view: View, snapshot_id: str, after: str, limit: int) -> list[str]:
    table = tables.snapshot_member
    statement = sa.select(table.c.member_id).where(table.c.snapshot_id == snapshot_id, table.c.member_id > after)
    return [row[0] for row in view.all(statement.order_by(table.c.member_id).limit(limit))]
