"""The reads of friendships, and what segments may ask of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.contacts import store
from assistant.domain.contacts.model import Relation
from assistant.domain.contacts.tables import relation, seat
from assistant.store import Feature, View, chunks


@dataclass(frozen=True, slots=True)
class Friends:
    """Staff whose friend a member is now, the oldest friendship first; empty: nobody is any more."""

    staff: tuple[str, ...]


def friends(view: View, member_ids: Collection[str]) -> dict[str, Friends]:
    """Members of whom we know any friendship, now or before; a member without one is left out: nothing is known."""
    found: dict[str, Friends] = {}
    for part in chunks(sorted(set(member_ids))):
        statement = sa.select(relation.c.member_id, relation.c.staff, relation.c.status).where(relation.c.member_id.in_(part))
        for row in view.all(statement.order_by(relation.c.since, relation.c.staff)):
            before = found.setdefault(row.member_id, Friends(()))
            if row.status != "ended":
                found[row.member_id] = Friends((*before.staff, row.staff))
    return found


def of_member(view: View, member_id: str) -> list[Relation]:
    """A member's friendships, open ones and ended ones, the newest first."""
    return store.listed(view, relation.c.member_id == member_id)


def of_pairs(view: View, pairs: Collection[tuple[str, str]]) -> dict[tuple[str, str], Relation]:
    """Relations by (staff, external)."""
    return store.relations(view, pairs)


def of_external(view: View, external: str) -> list[Relation]:
    """All relations of one customer."""
    return store.listed(view, relation.c.external == external)


def open_with(view: View, staff: str, after: str = "", limit: int = 500) -> list[Relation]:
    """Open relations of one staff member, by customer, a page after ``after``."""
    mine = (relation.c.staff == staff, relation.c.status != "ended", relation.c.external > after)
    rows = view.all(sa.select(relation).where(*mine).order_by(relation.c.external).limit(limit))
    return [store.as_relation(row) for row in rows]


def members_with_friends(view: View, after: str = "", limit: int = 100) -> list[str]:
    """Members who are friends of somebody now, by id, a page after ``after``."""
    mine = (relation.c.status != "ended", relation.c.member_id > after, relation.c.member_id != "")
    return [row.member_id for row in view.all(_members().where(*mine).order_by(relation.c.member_id).limit(limit))]


def count_members(view: View) -> int:
    """How many members are friends of somebody now."""
    inside = _members().where(relation.c.status != "ended", relation.c.member_id != "").subquery()
    return int(view.scalar(sa.select(sa.func.count()).select_from(inside)))


def _members() -> sa.Select[Any]:
    return sa.select(relation.c.member_id).distinct()


def of_members(view: View, member_ids: Collection[str]) -> dict[str, list[Relation]]:
    """The friendships of members, ended ones too."""
    found: dict[str, list[Relation]] = {}
    for part in chunks(sorted(set(member_ids))):
        rows = view.all(sa.select(relation).where(relation.c.member_id.in_(part)).order_by(relation.c.staff, relation.c.external))
        for row in rows:
            found.setdefault(row.member_id, []).append(store.as_relation(row))
    return found


def counts(view: View) -> dict[str, int]:
    """Staff → how many customers are their friends now."""
    statement = sa.select(relation.c.staff, sa.func.count().label("n")).where(relation.c.status != "ended").group_by(relation.c.staff)
    return {row.staff: row.n for row in view.all(statement.order_by(relation.c.staff))}


def audience_of(view: View, staff: Collection[str], tags: Collection[str] = ()) -> int:
    """How many customers are confirmed friends of at least one of these employees, with any of the corp's tags where some are named."""
    found: set[str] = set()
    wanted = set(tags)
    for part in chunks(sorted(set(staff))):
        mine = sa.select(relation.c.external, relation.c.tags).where(relation.c.staff.in_(part), relation.c.status == "full")
        found |= {row.external for row in view.all(mine) if not wanted or wanted & set(row.tags)}
    return len(found)


def left_behind(view: View) -> dict[str, int]:
    """Staff who left → how many of their former customers wait to be passed on: nobody has taken them over yet."""
    mine = sa.select(relation.c.staff, sa.func.count().label("n")).where(relation.c.ended_by == "left")
    return {row.staff: row.n for row in view.all(mine.group_by(relation.c.staff).order_by(relation.c.staff))}


def unseen(view: View, run: str, started: datetime, unasked: Collection[str], limit: int) -> list[Relation]:
    """Open relations that a run of the reconciliation has not seen although they were there before and their staff was asked."""
    return store.unseen(view, run, started, unasked, limit)


def of_states(view: View, states: Collection[str]) -> dict[str, list[tuple[str, datetime | None, bool]]]:
    """State of a way → (member, since, still friends) of those who came by it."""
    found: dict[str, list[tuple[str, datetime | None, bool]]] = {}
    columns = (relation.c.state, relation.c.member_id, relation.c.since, relation.c.status)
    for part in chunks(sorted({state for state in states if state})):
        for row in view.all(sa.select(*columns).where(relation.c.state.in_(part))):
            found.setdefault(row.state, []).append((row.member_id, row.since, row.status != "ended"))
    return found


def _friend(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    one = sa.select(relation.c.member_id, sa.true().label("value")).where(relation.c.status != "ended", relation.c.member_id != "")
    return one.distinct()


def _friend_of(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return sa.select(relation.c.member_id, relation.c.staff.label("value")).where(relation.c.status != "ended", relation.c.member_id != "")


def _state(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return sa.select(relation.c.member_id, relation.c.state.label("value")).where(relation.c.state != "", relation.c.member_id != "")


def _in_group(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    inside = sa.select(seat.c.member_id, sa.true().label("value")).where(seat.c.left_at.is_(None), seat.c.member_id != "")
    return inside.distinct()


FEATURES = (
    Feature("wecom_friend", "是企业微信好友", "flag", _friend, missing=False),
    Feature("wecom_friend_of", "是哪位员工的好友", "texts", _friend_of),
    Feature("wecom_state", "来自渠道码", "texts", _state),
    Feature("in_wecom_group", "在客户群里", "flag", _in_group, missing=False),
)
