"""Rows of friendships and groups to values and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from assistant.domain import members
from assistant.domain.contacts.model import Group, Relation, Seat
from assistant.domain.contacts.tables import group, relation, seat
from assistant.store import View, Work, chunks, upsert

Pair = tuple[str, str]
_RELATION = ("member_id", "status", "since", "add_way", "state", "remark", "description", "mobiles", "tags", "ended_by", "ended_at")
_GROUP = ("name", "owner", "notice", "status", "version", "told_version", "told_at", "created_at", "ended_at")
_SEAT = ("member_id", "kind", "joined_at", "scene", "invited_by", "state", "left_at", "left_how", "returns")


def relations(view: View, pairs: Collection[Pair], *, hold: bool = False) -> dict[Pair, Relation]:
    """The relations of these pairs; ``hold`` keeps them until the commit."""
    found: dict[Pair, Relation] = {}
    for part in chunks(sorted(set(pairs)), 200):
        statement = sa.select(relation).where(sa.tuple_(relation.c.staff, relation.c.external).in_(part))
        statement = statement.order_by(relation.c.staff, relation.c.external)
        for row in view.all(view.locked(statement) if hold else statement):
            found[row.staff, row.external] = as_relation(row)
    return found


def save_relations(work: Work, many: Sequence[Relation], seen: str | None = None) -> None:
    """Writes the relations; ``seen`` is the run that saw them, None leaves it as it is."""
    rows = [_relation_row(one) | {"seen": seen or ""} for one in {(one.staff, one.external): one for one in many}.values()]
    replaced = (*_RELATION, "changed_at", *(("seen",) if seen is not None else ()))
    upsert(work, relation, rows, ["staff", "external"], replaced)


def mark_seen(work: Work, pairs: Collection[Pair], run: str) -> None:
    for part in chunks(sorted(set(pairs)), 200):
        work.execute(relation.update().where(sa.tuple_(relation.c.staff, relation.c.external).in_(part)).values(seen=run))


def unseen(view: View, run: str, started: Any, unasked: Collection[str], limit: int) -> list[Relation]:
    """Open relations that were there before the run and that it has not seen, but for those of these staff."""
    old = sa.and_(relation.c.status != "ended", relation.c.seen != run, relation.c.changed_at < started, relation.c.staff.not_in(unasked))
    statement = sa.select(relation).where(old).order_by(relation.c.staff, relation.c.external).limit(limit)
    return [as_relation(row) for row in view.all(statement)]


def listed(view: View, *conditions: sa.ColumnElement[bool], limit: int = 500) -> list[Relation]:
    statement = sa.select(relation).where(*conditions).order_by(relation.c.since.desc(), relation.c.staff, relation.c.external)
    return [as_relation(row) for row in view.all(statement.limit(limit))]


def as_relation(row: Any) -> Relation:
    return Relation(
        row.staff,
        row.external,
        row.member_id,
        row.status,
        row.since,
        row.changed_at,
        row.add_way,
        row.state,
        row.remark,
        row.description,
        tuple(row.mobiles),
        tuple(row.tags),
        row.ended_by,
        row.ended_at,
    )


def _relation_row(one: Relation) -> dict[str, Any]:
    return asdict(one) | {
        "mobiles": list(one.mobiles),
        "tags": list(one.tags),
        "state": one.state[:64],
        "remark": one.remark[:100],
        "description": one.description[:600],
    }


def groups(view: View, chatids: Collection[str], *, hold: bool = False) -> dict[str, Group]:
    found: dict[str, Group] = {}
    for part in chunks(sorted(set(chatids))):
        statement = sa.select(group).where(group.c.chatid.in_(part)).order_by(group.c.chatid)
        for row in view.all(view.locked(statement) if hold else statement):
            found[row.chatid] = as_group(row)
    return found


def save_groups(work: Work, many: Sequence[Group], seen: str | None = None) -> None:
    rows = [{name: getattr(one, name) for name in ("chatid", *_GROUP)} | {"seen": seen or ""} for one in many]
    upsert(work, group, rows, ["chatid"], (*_GROUP, *(("seen",) if seen is not None else ())))


def as_group(row: Any, inside: int = 0) -> Group:
    return Group(row.chatid, **{name: getattr(row, name) for name in _GROUP}, inside=inside)


def seats(view: View, chatids: Collection[str]) -> dict[str, dict[str, Seat]]:
    """Everybody who ever sat in these groups, by person."""
    found: dict[str, dict[str, Seat]] = {}
    for part in chunks(sorted(set(chatids))):
        for row in view.all(sa.select(seat).where(seat.c.chatid.in_(part)).order_by(seat.c.person)):
            found.setdefault(row.chatid, {})[row.person] = as_seat(row)
    return found


def save_seats(work: Work, many: Sequence[Seat]) -> None:
    rows = [{name: getattr(one, name) for name in ("chatid", "person", *_SEAT)} for one in many]
    upsert(work, seat, rows, ["chatid", "person"], _SEAT)


def as_seat(row: Any) -> Seat:
    return Seat(row.chatid, row.person, **{name: getattr(row, name) for name in _SEAT})


def inside(view: View, chatids: Collection[str]) -> dict[str, int]:
    """How many customers sit in each group now."""
    counted = sa.select(seat.c.chatid, sa.func.count().label("n")).where(seat.c.left_at.is_(None), seat.c.kind == "customer")
    found: dict[str, int] = {}
    for part in chunks(sorted(set(chatids))):
        found |= {row.chatid: row.n for row in view.all(counted.where(seat.c.chatid.in_(part)).group_by(seat.c.chatid))}
    return found


def name_seats(work: Work, owners: Mapping[str, str]) -> None:
    """Seats of customers who were nobody yet get their member."""
    moved: set[str] = set()
    for part in chunks(sorted(owners)):
        nameless = sa.select(seat.c.person, seat.c.chatid).where(seat.c.person.in_(part), seat.c.member_id == "")
        for row in work.all(nameless):
            mine = sa.and_(seat.c.person == row.person, seat.c.chatid == row.chatid)
            work.execute(seat.update().where(mine).values(member_id=owners[row.person]))
            moved.add(row.chatid)
    copy_groups(work, moved)


def copy_groups(work: Work, chatids: Collection[str]) -> None:
    """Makes the room of members' copy of these groups equal to ours: it belongs behind every write of groups and seats."""
    known = groups(work, chatids)
    inside: dict[str, list[str]] = {}
    customers = sa.select(seat.c.chatid, seat.c.member_id).where(
        seat.c.left_at.is_(None), seat.c.kind == "customer", seat.c.member_id != ""
    )
    for part in chunks(sorted(known)):
        for row in work.all(customers.where(seat.c.chatid.in_(part))):
            inside.setdefault(row.chatid, []).append(row.member_id)
    seatings = [
        members.Seating(one.chatid, one.name, one.owner, tuple(inside.get(one.chatid, ())), one.status == "dismissed")
        for one in known.values()
    ]
    members.seat(work, seatings)
