"""Keeping what may be kept, taking back what was recalled, forgetting whom nobody asked, and what is too old."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.domain import members
from assistant.domain.archive import tables
from assistant.domain.archive.values import Agreement, Line, Taken
from assistant.domain.members import Identity
from assistant.store import Work, cursor, upsert

NAMESPACE = "wecom_external"
SETTING = "archive.days"
DAYS = 180


def agree(work: Work, requests: Sequence[Agreement]) -> int:
    """Notes who agreed and who did not, the latest word of each; who does not (any more) is forgotten. Returns how many words were new."""
    latest = {one.peer: one for one in sorted(requests, key=lambda one: one.at)}
    known = _agreements(work, list(latest))
    fresh = [one for peer, one in latest.items() if peer not in known or known[peer][1] < one.at]
    owners = _members(work, [one.peer for one in fresh])
    rows = [{"peer": one.peer, "member_id": owners.get(one.peer, ""), "agreed": one.agreed, "at": one.at} for one in fresh]
    upsert(work, tables.agreement, rows, ["peer"], ["member_id", "agreed", "at"])
    gone = [one.peer for one in fresh if not one.agreed]
    table = tables.message
    if gone:
        work.execute(table.delete().where(work.among(table.c.sender, gone)))
    return len(fresh)


def agree_member(work: Work, member_id: str) -> None:
    """The member agreed just now, in WeCom."""
    known = members.identities(work, [member_id]).get(member_id, [])
    agree(work, [Agreement(one.value, True, work.now) for one in known if one.namespace == NAMESPACE])


def keep(work: Work, lines: Sequence[Line], staff: Collection[str] = ()) -> Taken:
    """Keeps what people who agreed said in customer groups, each message once by its msgid; takes back what was recalled, also before it
    came. Said anew it changes nothing. ``staff`` are the userids of our people, who are no customers whatever they are called."""
    words = [Agreement(line.sender, line.agreed, line.at) for line in lines if line.action == "agree"]
    agreements = agree(work, words) if words else 0
    sent = {ids.derive("archive", line.msgid): line for line in lines if line.action == "send"}
    ours = {row_id: line for row_id, line in sent.items() if line.in_customer_group(staff)}
    customers = sorted({line.sender for line in ours.values() if not line.by_staff(staff)})
    may = _agreements(work, customers)
    heard = {row_id: line for row_id, line in ours.items() if line.by_staff(staff) or may.get(line.sender, (False,))[0]}
    owners = _members(work, customers)
    rows = [_row(row_id, line, owners.get(line.sender, "")) | _said(line, staff) for row_id, line in heard.items()]
    new = work.insert_new(tables.message, rows)
    taken_back = _recall(work, [line for line in lines if line.action == "recall"], staff)
    return Taken(len(new), len(heard) - len(new), len(ours) - len(heard), len(sent) - len(ours), taken_back, agreements)


def match(work: Work, member_ids: Sequence[str]) -> None:
    """What a stranger said and agreed to belongs to the member he turned out to be."""
    for member_id, known in members.identities(work, member_ids).items():
        peers = [one.value for one in known if one.namespace == NAMESPACE]
        if peers:
            for table, column in ((tables.message, tables.message.c.sender), (tables.agreement, tables.agreement.c.peer)):
                mine = sa.and_(work.among(column, peers), table.c.member_id == "")
                work.execute(table.update().where(mine).values(member_id=member_id))


def keep_for(work: Work, days: int) -> None:
    """Says for how long messages are kept."""
    upsert(work, cursor, [{"name": SETTING, "value": days, "at": work.now}], ["name"], ["value", "at"])


def sweep(work: Work) -> int:
    """Drops what is older than it may be, at most 5,000 a run; returns how many."""
    days = work.scalar(sa.select(cursor.c.value).where(cursor.c.name == SETTING)) or DAYS
    table = tables.message
    old = sa.select(table.c.id).where(table.c.at < work.now - timedelta(days=int(days))).order_by(table.c.at).limit(5000)
    rows = [row.id for row in work.all(old)]
    work.execute(table.delete().where(work.among(table.c.id, rows)))
    return len(rows)


def _recall(work: Work, lines: Sequence[Line], staff: Collection[str]) -> int:
    """The words go, the place stays; a message that comes after its recall finds its place taken."""
    wanted = {ids.derive("archive", line.recalls): line for line in lines}
    # Nothing of it is kept but its place, so nobody needs to have agreed.
    rows = [_row(row_id, line, "") | {"recalled": True, "by_staff": line.by_staff(staff)} for row_id, line in wanted.items()]
    before = work.insert_new(tables.message, rows)
    table = tables.message
    known = table.update().where(work.among(table.c.id, set(wanted) - before), table.c.recalled.is_(False))
    return len(before) + work.execute(known.values(recalled=True, text="")).rowcount


def _said(line: Line, staff: Collection[str]) -> dict[str, Any]:
    return {"sender": line.sender, "by_staff": line.by_staff(staff), "text": line.text}


def _row(row_id: str, line: Line, member_id: str) -> dict[str, Any]:
    """The place of a message, without who said what."""
    return {
        "id": row_id,
        "member_id": member_id,
        "room": line.room,
        "sender": "",
        "by_staff": False,
        "kind": line.kind,
        "text": "",
        "recalled": False,
        "at": line.at,
    }


def _agreements(work: Work, peers: Sequence[str]) -> dict[str, tuple[bool, Any]]:
    table = tables.agreement
    rows = work.all(sa.select(table.c.peer, table.c.agreed, table.c.at).where(work.among(table.c.peer, peers))) if peers else ()
    return {row.peer: (row.agreed, row.at) for row in rows}


def _members(work: Work, peers: Sequence[str]) -> dict[str, str]:
    found = members.resolve(work, [Identity(NAMESPACE, peer) for peer in peers])
    return {identity.value: member_id for identity, member_id in found.items()}
