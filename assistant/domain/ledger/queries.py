"""The reads of the book."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from assistant.domain.ledger import store
from assistant.domain.ledger.model import Account, Entry, Later, Span, hold_account
from assistant.store import View


def balances(view: View, accounts: Iterable[Account]) -> dict[Account, int]:
    """The balance of each account; 0 where nothing was ever booked."""
    return store.balances_of(view, set(accounts))


def entries(view: View, owner: str, asset: str, limit: int, before: int | None = None) -> list[Entry]:
    """The newest lines of an owner's asset, newest first; ``before`` is the id of the last line seen."""
    return store.entries_of(view, owner, asset, limit, before)


def newest(view: View, owner: str) -> int:
    """The id of the owner's newest line, 0 where there is none."""
    return store.newest(view, owner)


def joined(view: View, owner: str, prefix: str) -> dict[str, int]:
    """What ``join`` with keys of this beginning has brought the owner: ``asset/pocket`` → amount, signed."""
    return store.joined(view, owner, prefix)


def later(view: View, asset: str, pocket: str, spans: Iterable[Span]) -> list[Later]:
    """The lines of these spans in one pocket of an asset, in order."""
    return [line for span in spans for line in store.later(view, asset, pocket, span)]


def totals(view: View) -> dict[str, int]:
    """The sum of all entries per asset: always 0."""
    return store.totals_of(view)


def drift(view: View) -> dict[Account, tuple[int, int]]:
    """Accounts whose kept balance is not the sum of their entries, as (kept, sum): always empty."""
    return store.drift_of(view)


def held(view: View, hold_ids: Iterable[str]) -> dict[str, int]:
    """What is left in each hold."""
    origins = store.holds_of(view, set(hold_ids))
    accounts = {number: hold_account(number, origin.asset) for number, (origin, _amount) in origins.items()}
    left = store.balances_of(view, set(accounts.values()))
    return {number: left[account] for number, account in accounts.items()}


def balance_select(asset: str, pocket: str = "main") -> sa.Select[Any]:
    """A select of ``(member_id, value)``: every member's balance of one pocket, for the features of rooms above."""
    return store.member_balances(asset, pocket)
