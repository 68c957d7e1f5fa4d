"""A person is erased: what tells who it was goes, sums and statistics stay under a name that leads to nobody."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from assistant import access
from assistant.base.errors import Invalid, Refused
from assistant.base.ids import derive
from assistant.domain import cashback, members, stored_value
from assistant.flows import personal
from assistant.flows.personal import Trace
from assistant.store import Fact, Work, metadata, once

ON_THE_WAY = ("approved", "paying", "wait_user_confirm", "unknown")
GONE = "gone"
"""The kind of an alias."""

NOT_YET = ("waiting_receipt", "waiting_window", "due")


@dataclass(frozen=True, slots=True)
class Erase:
    """Erases the member whom our id, the shop's key or ``namespace:value`` names.

    ``alias`` is a fresh random id of kind GONE under which sums go on; nothing derives it from the person.
    """

    key: str
    ref: str
    alias: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Erased:
    """The name that is left, how many rows went and how many were kept under it."""

    alias: str
    dropped: int
    kept: int


def erase(work: Work, requests: Sequence[Erase]) -> list[Erased]:
    """Erases members for good. Cashback not yet approved is given up; Refused while money is on its way to them or
    stored value that they paid in is left.

    Orders, points, cashback and their order numbers stay under the alias, since books must be kept; who it was cannot be told from them.
    """
    access.require(work.principal, access.Permission.MEMBER_ERASE)
    return once(work, "members.erase", requests, Erased, _erase)


def _erase(work: Work, requests: list[Erase]) -> list[Erased]:
    return [_erase_one(work, request) for request in requests]


def _erase_one(work: Work, request: Erase) -> Erased:
    member_id = members.find(work, request.ref)
    if member_id is None:
        raise Invalid("找不到这位会员", code="no_member")
    _nothing_paid_in(work, member_id)
    _give_up_cashback(work, request.key, member_id)
    before = [_forget(work, number, derive(GONE, request.alias, number)) for number in members.absorbed_by(work, member_id)]
    dropped, kept = _forget(work, member_id, request.alias)
    work.record(Fact("members.erased", f"member:{request.alias}", {"reason": request.reason}))
    return Erased(request.alias, dropped + sum(one for one, _kept in before), kept + sum(one for _dropped, one in before))


def _forget(work: Work, member_id: str, alias: str) -> tuple[int, int]:
    """How many rows of the member went and how many were kept under the alias."""
    found = personal.trace(work, member_id)
    dropped = kept = 0
    # Members come last: identities point at them.
    for name in sorted(personal.TABLES, key=lambda name: (_RANK.get(name, 1), name)):
        if personal.TABLES[name].drop:
            dropped += _drop(work, name, found)
        else:
            kept += _keep(work, name, found, alias)
    _forget_keys(work, found)
    return dropped, kept


_RANK = {"ledger_transaction": 0, "member_merge_row": 0, "operations_plan": 0, "order_word": 0, "shop_order_item": 0, "member": 2}
"""Rows found through others are changed before those others change their name."""


def _nothing_paid_in(work: Work, member_id: str) -> None:
    if stored_value.balance(work, [member_id])[member_id].principal_fen > 0:
        raise Refused("这位会员还有储值本金没有退，退完才能删除", code="stored_value_left")


def _give_up_cashback(work: Work, key: str, member_id: str) -> None:
    claims = cashback.claims_of(work, member_id)
    if any(claim.state in ON_THE_WAY for claim in claims):
        raise Refused("这位会员还有返现在打款途中，到账或退回之后才能删除", code="payout_under_way")
    waiting = [claim for claim in claims if claim.state in NOT_YET]
    cashback.reject(work, [cashback.Reject(f"{key}:{claim.id}", claim.id, "会员已注销") for claim in waiting])


def _drop(work: Work, name: str, found: Trace) -> int:
    table = metadata.tables[name]
    return work.execute(table.delete().where(personal.rows_of(name, found))).rowcount


def _keep(work: Work, name: str, found: Trace, alias: str) -> int:
    """Blanks and strikes out, then gives the rows the alias."""
    table, holds = metadata.tables[name], personal.TABLES[name]
    mine = personal.rows_of(name, found)
    if holds.scrub:
        _strike_out(work, table, holds.scrub, mine, found, alias)
    values: dict[str, Any] = dict(holds.blank)
    if "member_id" in table.c:
        values["member_id"] = sa.case((table.c.member_id == found.member_id, alias), else_=table.c.member_id)
    if "owner" in table.c:
        values["owner"] = f"member:{alias}"
    if "subject" in table.c:
        values["subject"] = sa.case((table.c.subject == f"member:{found.member_id}", f"member:{alias}"), else_=table.c.subject)
    return work.execute(table.update().where(mine).values(**values)).rowcount if values else 0


def _strike_out(work: Work, table: sa.Table, columns: Sequence[str], mine: sa.ColumnElement[bool], found: Trace, alias: str) -> None:
    """The person's words leave these columns, wherever inside they stand; what must be unique stays so by the alias."""
    key = list(table.primary_key.columns)
    for row in work.all(sa.select(*key, *(table.c[name] for name in columns)).where(mine)):
        told = {name: getattr(row, name) for name in columns}
        clean = {name: _without(value, found, alias) for name, value in told.items()}
        if clean != told:
            here = sa.and_(*(column == getattr(row, column.name) for column in key))
            work.execute(table.update().where(here).values(**clean))


def _without(value: Any, found: Trace, alias: str) -> Any:
    """The value with the person's id replaced by the alias and his other words by nothing."""
    if isinstance(value, dict):
        return {_without(name, found, alias): _without(item, found, alias) for name, item in value.items() if name != "buyer"}
    if isinstance(value, list):
        return [_without(item, found, alias) for item in value]
    if not isinstance(value, str):
        return value
    value = value.replace(found.member_id, alias)
    for word in (*found.conversations, *found.words):
        value = _whole(word).sub(alias[-8:], value) if word in value else value
    return value


def _whole(word: str) -> re.Pattern[str]:
    """The word as a whole: ``m001`` does not stand in ``m0012``."""
    return re.compile(rf"(?<![0-9A-Za-z]){re.escape(word)}(?![0-9A-Za-z])")


def _forget_keys(work: Work, found: Trace) -> None:
    """Stored outcomes that name the person go, and keys made of his words with them: who comes back is somebody new."""
    table = metadata.tables["command_key"]
    for word in dict.fromkeys((found.member_id, *found.words, *found.conversations)):
        pattern = f"%{word.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
        named = sa.or_(table.c.outcome.like(pattern, escape="!"), table.c.key.like(pattern, escape="!"))
        whole = _whole(word)
        for row in work.all(sa.select(table.c.verb, table.c.key, table.c.outcome).where(named)):
            if whole.search(row.key) or whole.search(row.outcome):
                work.execute(table.delete().where(table.c.verb == row.verb, table.c.key == row.key))
