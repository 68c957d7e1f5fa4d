"""Customers passed from one staff member to another: asked for, accepted by WeCom, and after a day known how it ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from assistant.base.errors import Invalid
from assistant.base.ids import derive
from assistant.domain.contacts import store
from assistant.domain.contacts.tables import relation, transfer
from assistant.store import Fact, View, Work, once

AT_ONCE = 100
"""Customers of one call."""

COMPLETES_AFTER = timedelta(hours=24)
TRANSFER_STATES = {
    "asked": "等待提交",
    "sending": "提交中",
    "waiting": "等待接替（24 小时）",
    "done": "已接替",
    "refused": "客户拒绝",
    "limit": "接替人好友已满",
    "failed": "没有提交成功",
    "unknown": "不知是否提交",
}
OPEN = ("asked", "sending", "waiting", "unknown")


@dataclass(frozen=True, slots=True)
class AskTransfer:
    """Passes customers on; without ``externals`` all of the one who hands over. ``message`` is told to them (not of a resigned one)."""

    key: str
    handover: str
    takeover: str
    externals: tuple[str, ...] = ()
    resigned: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True)
class AskedTransfer:
    """How many customers were put on their way."""

    count: int


@dataclass(frozen=True, slots=True)
class Transfer:
    """One customer on the way; ``state`` by TRANSFER_STATES."""

    id: str
    handover: str
    takeover: str
    external: str
    member_id: str
    resigned: bool
    message: str
    state: str
    reason: str
    by: str
    at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class TransferTurn:
    """What became of one customer's transfer."""

    id: str
    state: str
    reason: str = ""


def ask_transfer(work: Work, requests: Sequence[AskTransfer]) -> list[AskedTransfer]:
    """Puts customers on their way; those already on a way stay. Raises Invalid for a bad pair of staff or nobody to pass on."""
    return once(work, "contacts.ask_transfer", requests, AskedTransfer, lambda work, fresh: [_ask(work, one) for one in fresh])


def _ask(work: Work, one: AskTransfer) -> AskedTransfer:
    if not one.handover or not one.takeover or one.handover == one.takeover:
        raise Invalid("请填写两位不同的员工：原跟进人和接替人", code="bad_transfer")
    if len(one.message) > 200:
        raise Invalid(f"告诉客户的话最多 200 个字，现在有 {len(one.message)} 个字", code="message_too_long")
    wanted = sorted(set(one.externals)) or _all_of(work, one.handover, one.resigned)
    members = {external: each.member_id for (_staff, external), each in store.relations(work, [(one.handover, x) for x in wanted]).items()}
    strangers = [external for external in wanted if external not in members]
    if strangers:
        raise Invalid(f"{strangers[0]} 不是 {one.handover} 的客户", code="not_a_customer", external=strangers[0])
    under_way = {row.external for row in work.all(sa.select(transfer.c.external).where(transfer.c.state.in_(OPEN)))}
    fresh = [external for external in wanted if external not in under_way]
    if not fresh:
        raise Invalid("没有可以转接的客户，或者都已经在转接中", code="nobody_to_transfer")
    rows = [
        {
            "id": derive("transfer", one.key, external),
            "handover": one.handover,
            "takeover": one.takeover,
            "external": external,
            "member_id": members[external],
            "resigned": one.resigned,
            "message": "" if one.resigned else one.message,
            "state": "asked",
            "reason": "",
            "by": work.principal.label,
            "at": work.now,
            "settled_at": None,
        }
        for external in fresh
    ]
    work.insert(transfer, rows)
    payload = {"handover": one.handover, "takeover": one.takeover, "count": len(rows), "resigned": one.resigned}
    work.record(Fact("contacts.transfer_asked", f"staff:{one.handover}", payload))
    return AskedTransfer(len(rows))


def _all_of(work: Work, staff: str, resigned: bool) -> list[str]:
    """Open friendships, and those that ended because the staff member left."""
    theirs = sa.or_(relation.c.status != "ended", relation.c.ended_by == "left") if resigned else relation.c.status != "ended"
    return sorted(row.external for row in work.all(sa.select(relation.c.external).where(relation.c.staff == staff, theirs)))


def claim_transfers(work: Work, route: tuple[str, str, bool]) -> list[Transfer]:
    """The next hundred of one route (who hands over, who takes over, resigned), from asked to sending.

    What a process that died left in sending is unknown: WeCom's results will tell.
    """
    handover, takeover, resigned = route
    mine = sa.and_(transfer.c.handover == handover, transfer.c.takeover == takeover, transfer.c.resigned.is_(resigned))
    stuck = transfer.update().where(mine, transfer.c.state == "sending").values(state="unknown", reason="提交途中程序停了")
    work.execute(stuck)
    rows = work.all(work.locked(sa.select(transfer).where(mine, transfer.c.state == "asked").order_by(transfer.c.id).limit(AT_ONCE)))
    taken = [Transfer(**row._mapping) for row in rows]
    if taken:
        work.execute(transfer.update().where(transfer.c.id.in_([one.id for one in taken])).values(state="sending"))
    return taken


def turn_transfers(work: Work, turns: Sequence[TransferTurn]) -> list[Transfer]:
    """Writes what became of transfers; each end is a fact of its member. Returns those that changed."""
    known = {row.id: row for row in work.all(work.locked(sa.select(transfer).where(transfer.c.id.in_([one.id for one in turns]))))}
    changed = []
    for one in turns:
        row = known.get(one.id)
        if row is None or (row.state, row.reason) == (one.state, one.reason):
            continue
        settled = None if one.state in OPEN else work.now
        values = {"state": one.state, "reason": one.reason[:200], "settled_at": settled}
        work.execute(transfer.update().where(transfer.c.id == one.id).values(values))
        changed.append(Transfer(**(dict(row._mapping) | values)))
        payload = {"state": one.state, "reason": one.reason[:200], "handover": row.handover, "takeover": row.takeover}
        work.record(Fact("contacts.transfer_turned", f"member:{row.member_id}", payload, row.member_id))
    return changed


def transfers(view: View, limit: int = 100) -> list[Transfer]:
    """The latest transfers, the newest first."""
    return [Transfer(**row._mapping) for row in view.all(sa.select(transfer).order_by(transfer.c.at.desc(), transfer.c.id).limit(limit))]


def under_way(view: View, handover: str, externals: Collection[str] = ()) -> list[Transfer]:
    """Transfers from one staff member that have not ended."""
    mine = [transfer.c.handover == handover, transfer.c.state.in_(OPEN)]
    if externals:
        mine.append(transfer.c.external.in_(sorted(externals)))
    return [Transfer(**row._mapping) for row in view.all(sa.select(transfer).where(*mine).order_by(transfer.c.id))]


def routes_under_way(view: View) -> list[tuple[str, str, bool]]:
    """(who hands over, who takes over, resigned) of transfers that have not ended."""
    columns = (transfer.c.handover, transfer.c.takeover, transfer.c.resigned)
    rows = view.all(sa.select(*columns).where(transfer.c.state.in_(OPEN)).distinct().order_by(*columns))
    return [(row.handover, row.takeover, bool(row.resigned)) for row in rows]
