"""The account book: accounts, assets, postings, holds and reversals. Not for what points, growth or money mean: rooms above decide that.

Owners: ``member:<id>``, ``budget:<plan>``, ``hold:<id>`` never go below zero unless a posting says ``allow_negative``; ``brand…`` and
``payout…`` issue value and may. Issuers are never locked: their balance is the sum of their entries.
"""

from assistant.domain.ledger.commands import hold, join, post, release_hold, reverse, spend_hold
from assistant.domain.ledger.model import (
    Account,
    Entry,
    Held,
    Hold,
    Later,
    Posted,
    Posting,
    Released,
    ReleaseHold,
    Reversal,
    Span,
    SpendHold,
    hold_account,
    settle,
    transaction_id,
)
from assistant.domain.ledger.queries import balance_select, balances, drift, entries, held, joined, later, newest, totals

__all__ = [
    "Account",
    "Entry",
    "Held",
    "Hold",
    "Later",
    "Posted",
    "Posting",
    "ReleaseHold",
    "Released",
    "Reversal",
    "Span",
    "SpendHold",
    "balance_select",
    "balances",
    "drift",
    "entries",
    "held",
    "hold",
    "hold_account",
    "join",
    "joined",
    "later",
    "newest",
    "post",
    "release_hold",
    "reverse",
    "settle",
    "spend_hold",
    "totals",
    "transaction_id",
]
