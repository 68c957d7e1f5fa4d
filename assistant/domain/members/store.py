"""Rows of people to values and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from assistant.domain.members.model import CustomerGroup, Group, Identity, Member
from assistant.domain.members.tables import group, identity, in_group, member, merge, topic_opt_out
from assistant.store import View, Work, chunks, upsert
from assistant.store.work import listed

Row = dict[str, Any]


def owners(view: View, wanted: Collection[Identity]) -> dict[Identity, str]:
    """Which member each identity points to; unknown ones are left out."""
    asked, found = set(wanted), {}
    rows = view.all(_with_values(view.dialect), {"values": sorted({item.value for item in asked})}) if asked else ()
    for row in rows:
        item = Identity(row.namespace, row.value)
        if item in asked:
            found[item] = row.member_id
    return found


def standing_for(view: View, ids: Collection[str]) -> dict[str, str]:
    """Each of these that is a member → who it is by now: itself, or whom it was merged into."""
    rows = view.all(sa.select(member.c.id, member.c.merged_into).where(view.among(member.c.id, ids))) if ids else ()
    return {row.id: row.merged_into or row.id for row in rows}


def standing_below(view: View, member_id: str) -> list[str]:
    """The member and all whom active merges have led to it."""
    found, ahead = [member_id], [member_id]
    while ahead:
        rows = view.all(sa.select(merge.c.absorbed).where(merge.c.kept.in_(ahead), merge.c.state == "active"))
        ahead = [row.absorbed for row in rows]
        found += ahead
    return found


def locked_rows(work: Work, ids: Collection[str]) -> dict[str, Row]:
    """The members' own rows, held until the commit, in one order."""
    found: dict[str, Row] = {}
    for part in chunks(sorted(ids)):
        statement = work.locked(sa.select(member).where(member.c.id.in_(part)).order_by(member.c.id))
        found.update({row.id: dict(row._mapping) for row in work.all(statement)})
    return found


def save_rows(work: Work, rows: Sequence[Row]) -> None:
    for row in rows:
        row["month_day"] = row["birthday"][-5:]
    names = [column.name for column in member.columns if column.name not in ("id", "created_at", "merged_into")]
    upsert(work, member, sorted(rows, key=lambda row: str(row["id"])), ["id"], names)


def save_identities(work: Work, pairs: Mapping[Identity, str], now: datetime) -> None:
    """Writes new identities; one that another unit bound meanwhile breaks this unit, which is then run again."""
    work.insert(identity, _identity_rows(pairs, now))


def offer_identities(work: Work, pairs: Mapping[Identity, str], now: datetime) -> None:
    """Writes identities that are nobody's yet and leaves the others where they are."""
    work.insert_missing(identity, _identity_rows(pairs, now))


def _identity_rows(pairs: Mapping[Identity, str], now: datetime) -> list[Row]:
    return [
        {"namespace": item.namespace, "value": item.value, "member_id": pairs[item], "bound_at": now}
        for item in sorted(pairs, key=lambda item: (item.namespace, item.value))
    ]


def join_groups(work: Work, pairs: Iterable[tuple[str, str]]) -> None:
    """Puts (chatid, member) pairs in; not into groups of which WeCom tells who is inside."""
    wanted = sorted(set(pairs))
    told = followed(work, [chatid for chatid, _number in wanted])
    work.insert_missing(in_group, [{"chatid": chatid, "member_id": number} for chatid, number in wanted if chatid not in told])


def followed(view: View, chatids: Sequence[str]) -> set[str]:
    """Which of these groups are a copy of what WeCom tells."""
    mine = sa.select(group.c.chatid).where(group.c.followed)
    return {row.chatid for part in chunks(sorted(set(chatids))) for row in view.all(mine.where(group.c.chatid.in_(part)))}


def save_groups(work: Work, groups: Sequence[Group]) -> None:
    told = followed(work, [item.chatid for item in groups])
    rows: dict[bool, list[dict[str, Any]]] = {True: [], False: []}
    for item in groups:
        row = {"chatid": item.chatid, "name": item.name, "owner": item.owner, "persona": item.persona, "updated_at": work.now}
        rows[item.chatid in told].append(row | {"followed": item.chatid in told, "gone": False})
    upsert(work, group, rows[False], ["chatid"], ["name", "owner", "persona", "updated_at"])
    upsert(work, group, rows[True], ["chatid"], ["persona", "updated_at"])


def topics(view: View, ids: Collection[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for part in chunks(ids):
        for row in view.all(sa.select(topic_opt_out).where(topic_opt_out.c.member_id.in_(part))):
            found.setdefault(row.member_id, set()).add(row.topic)
    return found


def add_topics(work: Work, pairs: Iterable[tuple[str, str]]) -> None:
    work.insert_missing(topic_opt_out, [{"member_id": number, "topic": topic, "at": work.now} for number, topic in sorted(set(pairs))])


def drop_topics(work: Work, pairs: Iterable[tuple[str, str]]) -> None:
    """Takes (member, topic) pairs out; an empty topic takes all topics of the member out."""
    for number, topic in sorted(set(pairs)):
        statement = topic_opt_out.delete().where(topic_opt_out.c.member_id == number)
        work.execute(statement.where(topic_opt_out.c.topic == topic) if topic else statement)


def members_of(view: View, ids: Collection[str]) -> dict[str, Member]:
    inside: dict[str, list[str]] = {}
    rows: list[Any] = []
    for part in chunks(sorted(set(ids))):
        rows += view.all(sa.select(member).where(member.c.id.in_(part)))
        statement = sa.select(in_group).where(in_group.c.member_id.in_(part)).order_by(in_group.c.chatid)
        for row in view.all(statement):
            inside.setdefault(row.member_id, []).append(row.chatid)
    out = topics(view, ids)
    return {row.id: _member(row, inside.get(row.id, []), out.get(row.id, set())) for row in rows}


def nicknames_of(view: View, ids: Collection[str]) -> dict[str, str]:
    return {row.id: row.nickname for row in view.all(_named(view.dialect), {"ids": sorted(ids)})}


@cache
def _named(dialect: str) -> sa.Select[Any]:
    return sa.select(member.c.id, member.c.nickname).where(listed(member.c.id, "ids", dialect))


@cache
def _with_values(dialect: str) -> sa.Select[Any]:
    return sa.select(identity).where(listed(identity.c.value, "values", dialect))


def search_ids(view: View, text: str, after: str, limit: int) -> list[str]:
    statement = sa.select(member.c.id).where(member.c.id > after, member.c.merged_into == "").order_by(member.c.id).limit(limit)
    if text:
        named = sa.select(identity.c.member_id).where(identity.c.value == text)
        matches = [member.c.nickname.contains(text, autoescape=True), member.c.id == text, member.c.id.in_(named)]
        if text.isdigit() and len(text) >= 4:
            matches += [member.c.phone.startswith(text), member.c.phone.endswith(text)]
        statement = statement.where(sa.or_(*matches))
    return [row.id for row in view.all(statement)]


def identities_of(view: View, ids: Collection[str]) -> dict[str, list[Identity]]:
    found: dict[str, list[Identity]] = {}
    for part in chunks(ids):
        statement = sa.select(identity).where(identity.c.member_id.in_(part)).order_by(identity.c.namespace, identity.c.value)
        for row in view.all(statement):
            found.setdefault(row.member_id, []).append(Identity(row.namespace, row.value))
    return found


def with_namespace(view: View, namespace: str) -> list[tuple[str, str, str]]:
    statement = sa.select(identity.c.value, member.c.nickname, member.c.owner_staff).join(member, member.c.id == identity.c.member_id)
    rows = view.all(statement.where(identity.c.namespace == namespace).order_by(identity.c.value))
    return [(row.value, row.nickname, row.owner_staff) for row in rows]


def groups_of(view: View) -> list[CustomerGroup]:
    inside: dict[str, list[str]] = {}
    outside: dict[str, list[str]] = {}
    external = sa.and_(identity.c.member_id == in_group.c.member_id, identity.c.namespace == "wecom_external")
    joined = sa.select(in_group.c.chatid, in_group.c.member_id, identity.c.value).join(identity, external, isouter=True)
    for row in view.all(joined.order_by(in_group.c.chatid, in_group.c.member_id, identity.c.value)):
        known = inside.setdefault(row.chatid, [])
        if not known or known[-1] != row.member_id:
            known.append(row.member_id)
        if row.value is not None:
            outside.setdefault(row.chatid, []).append(row.value)
    return [
        CustomerGroup(row.chatid, row.name, row.owner, row.persona, tuple(inside.get(row.chatid, ())), tuple(outside.get(row.chatid, ())))
        for row in view.all(sa.select(group).where(~group.c.gone).order_by(group.c.chatid))
    ]


def group_list(view: View) -> list[CustomerGroup]:
    rows = view.all(sa.select(group).where(~group.c.gone).order_by(group.c.chatid))
    return [CustomerGroup(row.chatid, row.name, row.owner, row.persona, (), ()) for row in rows]


def inside_groups(view: View, chats: Sequence[str]) -> int:
    found = sa.select(sa.func.count(in_group.c.member_id.distinct())).where(view.among(in_group.c.chatid, chats))
    return int(view.scalar(found))


def group_name(view: View, chatid: str) -> str:
    return str(view.scalar(sa.select(group.c.name).where(group.c.chatid == chatid)) or "")


def total(view: View) -> int:
    return int(view.scalar(sa.select(sa.func.count()).select_from(member).where(member.c.merged_into == "")))


def _member(row: Any, inside: list[str], out: set[str]) -> Member:
    return Member(
        id=row.id,
        shop_key=row.shop_key,
        nickname=row.nickname,
        phone=row.phone,
        gender=row.gender,
        city=row.city,
        birthday=row.birthday,
        joined_at=row.joined_at,
        owner_staff=row.owner_staff,
        groups=tuple(inside),
        opted_out=row.opted_out,
        opted_out_topics=frozenset(out),
        blocked=row.blocked,
        is_employee=row.is_employee,
        preferred_hour=row.preferred_hour,
        open_complaint=row.open_complaint,
        created_at=row.created_at,
        preferences=row.preferences,
        merged_into=row.merged_into,
    )
