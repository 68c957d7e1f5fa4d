"""Rows of stored value to values and back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

import sqlalchemy as sa

from assistant.domain import ledger
from assistant.domain.stored_value.model import ASSETS, DEFAULT_RULES, Balance, Line, Lot, Part, Rules, account, rules_from, rules_to
from assistant.domain.stored_value.tables import holder, lot, movement, rules, spend
from assistant.domain.stored_value.wallet import Wallet
from assistant.store import View, Work, chunks, upsert

LOT_FIELDS = [field.name for field in fields(Lot)]


@dataclass(slots=True)
class Spent:
    """A spend as stored."""

    id: str
    member_id: str
    order_ref: str
    amount: int
    returned: int
    parts: list[Part]
    version: int = 0


SPENT_FIELDS = [field.name for field in fields(Spent) if field.name != "parts"]


def lock(work: Work, member_ids: Collection[str]) -> None:
    """Holds one row per member until the commit, in one order; SQLite has one writer and needs none."""
    ids = sorted(set(member_ids))
    if not ids or work.is_sqlite:
        return
    work.insert_missing(holder, [{"member_id": number} for number in ids])
    for part in chunks(ids):
        work.all(work.locked(sa.select(holder.c.member_id).where(holder.c.member_id.in_(part)).order_by(holder.c.member_id)))


def open_wallet(work: Work, member_ids: Collection[str]) -> Wallet:
    """The members' top-ups, held until the commit."""
    lock(work, member_ids)
    found: list[Lot] = []
    for part in chunks(sorted(set(member_ids))):
        found += map(_lot, work.all(sa.select(lot).where(lot.c.member_id.in_(part))))
    return Wallet(found)


def close_wallet(work: Work, wallet: Wallet) -> None:
    """Books the postings and keeps lots and history, each as one set."""
    ledger.post(work, wallet.postings)
    rows = [{name: getattr(one, name) for name in LOT_FIELDS} for _number, one in sorted(wallet.changed.items())]
    upsert(work, lot, rows, ["id"], LOT_FIELDS[1:])
    work.insert(movement, [{**row, "at": work.now} for row in wallet.movements])
    work.record(*wallet.facts)


def lots_by(view: View, payments: Collection[str]) -> dict[str, Lot]:
    """Top-ups by what paid for them."""
    found: dict[str, Lot] = {}
    for part in chunks(sorted(set(payments))):
        found.update({row.payment: _lot(row) for row in view.all(sa.select(lot).where(lot.c.payment.in_(part)))})
    return found


def top_ups_of(view: View, member_id: str) -> list[Lot]:
    rows = view.all(sa.select(lot).where(lot.c.member_id == member_id).order_by(lot.c.at.desc(), lot.c.id))
    return [_lot(row) for row in rows]


def spends_by(view: View, references: Collection[str]) -> dict[str, Spent]:
    found: dict[str, Spent] = {}
    for part in chunks(sorted(set(references))):
        found.update({row.order_ref: _spent(row) for row in view.all(sa.select(spend).where(spend.c.order_ref.in_(part)))})
    return found


def spends_of(view: View, member_ids: Collection[str]) -> list[Spent]:
    """All spends of the members, the oldest first."""
    statement = sa.select(spend).where(spend.c.member_id.in_(sorted(member_ids))).order_by(spend.c.at, spend.c.id)
    return [_spent(row) for row in view.all(statement)]


def even_history(work: Work, member_ids: Collection[str], reference: str) -> None:
    """One line of kind ``parting`` where the members' lines do not add up to what the book says."""
    for number, book in balances(work, member_ids).items():
        told = [
            work.scalar(sa.select(sa.func.sum(one)).where(movement.c.member_id == number))
            for one in (movement.c.principal, movement.c.bonus)
        ]
        principal, bonus = book.principal_fen - int(told[0] or 0), book.bonus_fen - int(told[1] or 0)
        if principal or bonus:
            line = {"member_id": number, "kind": "parting", "principal": principal, "bonus": bonus, "reference": reference[:160]}
            work.insert(movement, [{**line, "at": work.now}])


def _spent(row: Any) -> Spent:
    values = {name: getattr(row, name) for name in SPENT_FIELDS}
    return Spent(**values, parts=[Part(*values) for values in row.parts])


def save_spends(work: Work, spends: Sequence[Spent]) -> None:
    rows = [
        {**{name: getattr(one, name) for name in SPENT_FIELDS}, "parts": [list(astuple(part)) for part in one.parts], "at": work.now}
        for one in sorted(spends, key=lambda one: one.id)
    ]
    upsert(work, spend, rows, ["id"], ["returned", "parts", "version"])


def balances(view: View, member_ids: Collection[str]) -> dict[str, Balance]:
    accounts = {number: [account(number, asset) for asset in ASSETS] for number in member_ids}
    book = ledger.balances(view, [one for pair in accounts.values() for one in pair])
    return {number: Balance(*(book[one] for one in pair)) for number, pair in accounts.items()}


def history(view: View, member_id: str, limit: int) -> list[Line]:
    order = (movement.c.at.desc(), movement.c.id.desc())
    rows = view.all(sa.select(movement).where(movement.c.member_id == member_id).order_by(*order).limit(limit))
    return [Line(row.at, row.kind, row.principal, row.bonus, row.reference) for row in rows]


def rules_in_force(view: View) -> tuple[int, Rules]:
    row = view.one(sa.select(rules).order_by(rules.c.version.desc()).limit(1))
    return (row.version, rules_from(row.body)) if row else (0, DEFAULT_RULES)


def save_rules(work: Work, version: int, chosen: Rules) -> None:
    work.insert(rules, [{"version": version, "body": rules_to(chosen), "by": work.principal.label, "at": work.now}])


def total_select() -> sa.Select[Any]:
    both = sa.union_all(*(ledger.balance_select(asset) for asset in ASSETS)).subquery()
    total = sa.cast(sa.func.sum(both.c.value), sa.BigInteger).label("value")
    return sa.select(both.c.member_id.label("member_id"), total).group_by(both.c.member_id)


def _lot(row: Any) -> Lot:
    return Lot(**{name: getattr(row, name) for name in LOT_FIELDS})
