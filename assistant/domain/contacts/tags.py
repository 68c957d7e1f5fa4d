"""The corp's tag library and which tag of our own stands for which of its tags."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from assistant.base.errors import Conflict, Invalid
from assistant.domain.contacts.tables import tag
from assistant.store import Fact, View, Work, chunks, upsert


@dataclass(frozen=True, slots=True)
class CorpTag:
    """A tag of the corp; ``ours`` is the tag of our own that means the same, empty for none."""

    id: str
    name: str
    group_id: str = ""
    group_name: str = ""
    ours: str = ""
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class Library:
    """Tags as WeCom lists them; ``run`` marks them as seen."""

    tags: Sequence[CorpTag]
    run: str = ""


@dataclass(frozen=True, slots=True)
class MapTag:
    """From now on ``ours`` stands for the corp's tag; empty parts them."""

    tag_id: str
    ours: str


def look_tags(work: Work, library: Library) -> int:
    """Takes over tags; a new one stands for our tag of the same name unless another does. Returns how many differed."""
    known = by_id(work, [one.id for one in library.tags])
    taken = standing_for(work, [one.name for one in library.tags])
    rows, differed = [], 0
    for one in library.tags:
        before = known.get(one.id)
        ours = before.ours if before else ("" if one.name in taken else one.name)
        if before is None and ours:
            taken[ours] = one.id
        after = CorpTag(one.id, one.name[:60], one.group_id, one.group_name[:60], ours)
        differed += before != after
        rows.append(_row(after, library.run))
    upsert(work, tag, rows, ["id"], ("name", "group_id", "group_name", "deleted", "ours", "seen"))
    if differed:
        work.record(Fact("contacts.tags_differed", "tags", {"count": differed, "run": library.run}))
    return differed


def drop_tags(work: Work, ids: Collection[str] = (), *, group_id: str = "", unseen: str = "") -> int:
    """Deleted tags keep their row, but stand for nothing any more; by id, of a whole group, or those a run has not seen."""
    one_of = tag.c.id.in_(sorted(ids)) if ids else tag.c.group_id == group_id if group_id else tag.c.seen != unseen
    gone = work.all(tag.update().where(one_of, tag.c.deleted.is_(False)).values(deleted=True).returning(tag.c.id))
    if gone:
        work.record(Fact("contacts.tags_dropped", "tags", {"ids": [row.id for row in gone][:100], "count": len(gone)}))
    return len(gone)


def map_tag(work: Work, request: MapTag) -> None:
    """Says which tag of ours a corp tag is; raises Invalid for an unknown one, Conflict where another stands for ours already."""
    ours = request.ours.strip()
    if len(ours) > 60:
        raise Invalid("标签最多 60 个字", code="bad_tag")
    if request.tag_id not in by_id(work, [request.tag_id]):
        raise Invalid("企业微信里没有这个标签，请先对账", code="no_tag", tag=request.tag_id)
    other = standing_for(work, [ours]).get(ours) if ours else None
    if other not in (None, request.tag_id):
        raise Conflict(f"“{ours}”已经对应另一个企业标签，请先取消那一个", code="tag_taken", tag=other)
    work.execute(tag.update().where(tag.c.id == request.tag_id).values(ours=ours))
    work.record(Fact("contacts.tag_mapped", f"tag:{request.tag_id}", {"ours": ours}))


def library(view: View, limit: int = 500) -> list[CorpTag]:
    """The corp's living tags by group and name."""
    rows = view.all(sa.select(tag).where(tag.c.deleted.is_(False)).order_by(tag.c.group_name, tag.c.name, tag.c.id).limit(limit))
    return [_value(row) for row in rows]


def mapped(view: View) -> dict[str, str]:
    """Tag id → our tag, of living tags that stand for one."""
    rows = view.all(sa.select(tag.c.id, tag.c.ours).where(tag.c.deleted.is_(False), tag.c.ours != ""))
    return {row.id: row.ours for row in rows}


def by_id(view: View, ids: Collection[str]) -> dict[str, CorpTag]:
    """Tags by id, deleted ones too."""
    found: dict[str, CorpTag] = {}
    for part in chunks(sorted(set(ids))):
        found |= {row.id: _value(row) for row in view.all(sa.select(tag).where(tag.c.id.in_(part)))}
    return found


def standing_for(view: View, names: Collection[str]) -> dict[str, str]:
    """Our tag → the id of the living corp tag that stands for it."""
    found: dict[str, str] = {}
    for part in chunks(sorted(set(names))):
        alive = sa.select(tag.c.ours, tag.c.id).where(tag.c.ours.in_(part), tag.c.deleted.is_(False))
        found |= {row.ours: row.id for row in view.all(alive)}
    return found


def _row(one: CorpTag, run: str) -> dict[str, object]:
    row = {"id": one.id, "name": one.name, "group_id": one.group_id, "group_name": one.group_name}
    return {**row, "deleted": False, "ours": one.ours[:60], "seen": run}


def _value(row: sa.Row[tuple[object, ...]]) -> CorpTag:
    return CorpTag(row.id, row.name, row.group_id, row.group_name, row.ours, row.deleted)
