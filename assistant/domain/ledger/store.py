"""Rows of the book to values and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.ledger.model import Account, Entry, Hold, Later, Posted, Posting, Span
from assistant.domain.ledger.tables import balance, entry, hold, transaction
from assistant.store import View, Work, upsert

Moves = dict[str, tuple[Posting, Posted]]


def known(view: View, ids: Collection[str]) -> Moves:
    """The transactions with these ids as they were booked, by id."""
    if not ids:
        return {}
    heads = {row.id: row for row in view.all(sa.select(transaction).where(view.among(transaction.c.id, ids)))}
    if not heads:
        return {}
    sides: dict[str, dict[bool, Any]] = {}
    for row in view.all(sa.select(entry).where(view.among(entry.c.transaction_id, heads))):
        sides.setdefault(row.transaction_id, {})[row.amount > 0] = row
    moves: Moves = {}
    for number, pair in sides.items():
        source, destination, head = pair[False], pair[True], heads[number]
        posting = Posting(head.key, _account(source), _account(destination), destination.amount, head.memo)
        moves[number] = (posting, Posted(number, source.balance_after, destination.balance_after))
    return moves


def reversed_already(view: View, ids: Collection[str]) -> set[str]:
    return {row.reverses for row in view.all(sa.select(transaction.c.reverses).where(view.among(transaction.c.reverses, ids)))}


def lock_balances(work: Work, accounts: Collection[Account]) -> dict[Account, int]:
    """Balances of the accounts, held until the commit; missing ones are made first, so that two firsts cannot both win."""
    kept = {account for account in accounts if not account.issues}
    found = _locked(work, kept)
    missing = sorted(kept - found.keys(), key=_order)
    if missing and not work.is_sqlite:
        work.insert_missing(balance, [_balance_row(account, 0) for account in missing])
        found.update(_locked(work, missing))
    return found


def _locked(work: Work, accounts: Collection[Account]) -> dict[Account, int]:
    if not accounts:
        return {}
    table = balance.c
    statement = sa.select(table.owner, table.asset, table.pocket, table.balance).where(
        work.among(table.owner, {account.owner for account in accounts}), work.among(table.asset, {account.asset for account in accounts})
    )
    return {_account(row): row.balance for row in work.all(work.locked(statement.order_by(table.owner, table.asset, table.pocket)))}


def lock_owner(work: Work, owners: Collection[str]) -> dict[Account, int]:
    """All balances of the owners, held until the commit."""
    order = (balance.c.owner, balance.c.asset, balance.c.pocket)
    return {
        _account(row): row.balance
        for row in work.all(work.locked(sa.select(balance).where(balance.c.owner.in_(sorted(owners))).order_by(*order)))
    }


def newest(view: View, owner: str) -> int:
    return int(view.scalar(sa.select(sa.func.coalesce(sa.func.max(entry.c.id), 0)).where(entry.c.owner == owner)))


def joined(view: View, owner: str, prefix: str) -> dict[str, int]:
    head = transaction.c
    total = sa.func.sum(entry.c.amount).label("total")
    statement = sa.select(entry.c.asset, entry.c.pocket, total).join(transaction, head.id == entry.c.transaction_id)
    own = (entry.c.owner == owner, head.key.startswith(prefix, autoescape=True))
    rows = view.all(statement.where(*own).group_by(entry.c.asset, entry.c.pocket))
    return {f"{row.asset}/{row.pocket}": int(row.total) for row in rows}


def later(view: View, asset: str, pocket: str, span: Span) -> list[Later]:
    head = transaction.c
    own = [entry.c.owner == span.owner, entry.c.asset == asset, entry.c.pocket == pocket, entry.c.id > span.after]
    if span.until is not None:
        own.append(entry.c.id <= span.until)
    statement = sa.select(head.key, head.id, head.reverses, entry.c.amount).join(transaction, head.id == entry.c.transaction_id)
    return [Later(row.key, row.id, row.reverses or "", row.amount) for row in view.all(statement.where(*own).order_by(entry.c.id))]


def write(work: Work, booked: Sequence[tuple[Posting, Posted]], balances: Mapping[Account, int], reverses: Mapping[str, str]) -> None:
    """Writes transactions, entries and the new balances, each as one set."""
    cause, now = work.cause, work.now
    heads, lines = [], []
    for posting, posted in booked:
        number, amount = posted.transaction, posting.amount
        heads.append(
            {"id": number, "key": posting.key, "memo": posting.memo, "cause": cause, "reverses": reverses.get(posting.key), "at": now}
        )
        for account, signed, after in (
            (posting.source, -amount, posted.source_balance),
            (posting.destination, amount, posted.destination_balance),
        ):
            lines.append(
                {
                    "transaction_id": number,
                    "owner": account.owner,
                    "asset": account.asset,
                    "pocket": account.pocket,
                    "amount": signed,
                    "balance_after": after,
                }
            )
    work.insert(transaction, heads)
    work.insert(entry, lines)
    rows = [_balance_row(account, balances[account]) for account in sorted(balances, key=_order)]
    upsert(work, balance, rows, ["owner", "asset", "pocket"], ["balance", "may_overdraw"])


def balances_of(view: View, accounts: Collection[Account]) -> dict[Account, int]:
    wanted = set(accounts)
    found = dict.fromkeys(wanted, 0)
    owners = {account.owner for account in wanted if not account.issues}
    for row in view.all(sa.select(balance).where(view.among(balance.c.owner, owners))) if owners else ():
        account = _account(row)
        if account in found:
            found[account] = row.balance
    for account in wanted:
        if account.issues:
            own = (entry.c.owner == account.owner, entry.c.asset == account.asset, entry.c.pocket == account.pocket)
            found[account] = int(view.scalar(sa.select(sa.func.coalesce(sa.func.sum(entry.c.amount), 0)).where(*own)))
    return found


def member_balances(asset: str, pocket: str) -> sa.Select[Any]:
    member = sa.func.substr(balance.c.owner, len("member:") + 1)
    held = (balance.c.owner.startswith("member:"), balance.c.asset == asset, balance.c.pocket == pocket)
    return sa.select(member.label("member_id"), balance.c.balance.label("value")).where(*held)


def entries_of(view: View, owner: str, asset: str, limit: int, before: int | None) -> list[Entry]:
    head = transaction.c
    statement = sa.select(entry, head.memo, head.cause, head.at).join(transaction, head.id == entry.c.transaction_id)
    statement = statement.where(entry.c.owner == owner, entry.c.asset == asset).order_by(entry.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(entry.c.id < before)
    return [
        Entry(row.id, _account(row), row.amount, row.balance_after, row.memo, row.cause, row.at, row.transaction_id)
        for row in view.all(statement)
    ]


def totals_of(view: View) -> dict[str, int]:
    rows = view.all(sa.select(entry.c.asset, sa.func.sum(entry.c.amount).label("total")).group_by(entry.c.asset))
    return {row.asset: int(row.total) for row in rows}


def drift_of(view: View) -> dict[Account, tuple[int, int]]:
    key = [entry.c.owner, entry.c.asset, entry.c.pocket]
    sums = sa.select(*key, sa.func.sum(entry.c.amount).label("total")).group_by(*key).subquery()
    same = sa.and_(sums.c.owner == balance.c.owner, sums.c.asset == balance.c.asset, sums.c.pocket == balance.c.pocket)
    total = sa.func.coalesce(sums.c.total, 0)
    statement = sa.select(balance, total.label("total")).join(sums, same, isouter=True).where(balance.c.balance != total)
    return {_account(row): (row.balance, int(row.total)) for row in view.all(statement)}


def save_holds(work: Work, holds: Iterable[tuple[str, Hold]], at: datetime) -> None:
    rows = [
        {
            "id": number,
            "owner": item.account.owner,
            "asset": item.account.asset,
            "pocket": item.account.pocket,
            "amount": item.amount,
            "created_at": at,
        }
        for number, item in holds
    ]
    work.insert_missing(hold, rows)


def holds_of(view: View, ids: Collection[str]) -> dict[str, tuple[Account, int]]:
    """Where each hold came from and how much was set aside."""
    return {row.id: (_account(row), row.amount) for row in view.all(sa.select(hold).where(view.among(hold.c.id, ids)))}


def _account(row: Any) -> Account:
    return Account(row.owner, row.asset, row.pocket)


def _order(account: Account) -> tuple[str, str, str]:
    return account.owner, account.asset, account.pocket


def _balance_row(account: Account, amount: int) -> dict[str, Any]:
    return {"owner": account.owner, "asset": account.asset, "pocket": account.pocket, "balance": amount, "may_overdraw": amount < 0}
