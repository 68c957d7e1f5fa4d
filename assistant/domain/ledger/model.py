"""Accounts, postings and the pure rule of the book: a posting moves an amount, and who may go below zero."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from assistant.base.errors import Invalid, Refused
from assistant.base.ids import derive
from assistant.base.money import checked

ISSUERS = ("brand", "payout")


class Account(NamedTuple):
    """Where value lies: an owner's pocket of one asset. A tuple, since books of large sets are kept by account."""

    owner: str
    asset: str
    pocket: str = "main"

    @property
    def issues(self) -> bool:
        """Whether the account makes value, so that its balance may be negative and is kept as a sum only."""
        return self.owner.startswith(ISSUERS)


@dataclass(frozen=True, slots=True)
class Posting:
    """Moves ``amount`` of one asset from source to destination."""

    key: str
    source: Account
    destination: Account
    amount: int
    memo: str = ""
    allow_negative: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """What a posting left behind; the balance of an issuer is not kept and reads 0."""

    transaction: str
    source_balance: int
    destination_balance: int


@dataclass(frozen=True, slots=True)
class Reversal:
    """The exact negative of a transaction, once. ``into`` takes the place of its source where that account was joined to another."""

    key: str
    transaction: str
    memo: str = ""
    allow_negative: bool = False
    into: Account | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The lines of an owner after the line ``after``, up to ``until`` where that is given."""

    owner: str
    after: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Later:
    """One line of an account after a certain one: the key of its transaction, which it reverses, the signed amount."""

    key: str
    transaction: str
    reverses: str
    amount: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Sets ``amount`` of an account aside, so that nobody else can spend it."""

    key: str
    account: Account
    amount: int


@dataclass(frozen=True, slots=True)
class Held:
    """A hold by its id; ``amount`` is what was set aside."""

    id: str
    amount: int


@dataclass(frozen=True, slots=True)
class SpendHold:
    """Pays from a hold."""

    key: str
    hold_id: str
    destination: Account
    amount: int
    memo: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseHold:
    """Gives what is left of a hold back to where it came from."""

    key: str
    hold_id: str


@dataclass(frozen=True, slots=True)
class Released:
    """How much a release gave back."""

    amount: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an account; ``amount`` is signed."""

    id: int
    account: Account
    amount: int
    balance_after: int
    memo: str
    cause: str
    at: datetime
    transaction: str


@lru_cache(maxsize=2000)
def transaction_id(key: str) -> str:
    """The id that a posting with this key has or will have."""
    return derive("txn", key)


def hold_account(hold_id: str, asset: str) -> Account:
    """The account that a hold itself is."""
    return Account(f"hold:{hold_id}", asset)


def validate(postings: Sequence[Posting]) -> None:
    """Raises Invalid for a posting that could never be booked."""
    for posting in postings:
        checked(posting.amount)
        if posting.source.asset != posting.destination.asset or posting.source == posting.destination:
            raise Invalid("一笔记账的两边必须是同一种资产的两个不同账户", code="bad_posting", key=posting.key)
        if not (posting.key and posting.source.owner and posting.destination.owner and posting.source.asset):
            raise Invalid("记账缺少编号、账户或资产", code="bad_posting", key=posting.key)


def settle(postings: Sequence[Posting], balances: MutableMapping[Account, int]) -> list[Posted]:
    """Books in order on the given balances; raises Refused where an account would go below zero against the rule."""
    done = []
    for posting in postings:
        source, destination, amount = posting.source, posting.destination, posting.amount
        left = came = 0
        if not source.issues:
            left = balances.get(source, 0) - amount
            if left < 0 and not posting.allow_negative:
                raise Refused(
                    "余额不足，这次没有扣减",
                    code="insufficient",
                    owner=source.owner,
                    asset=source.asset,
                    balance=left + amount,
                    wanted=amount,
                    key=posting.key,
                )
            balances[source] = left
        if not destination.issues:
            came = balances.get(destination, 0) + amount
            balances[destination] = came
        done.append(Posted(transaction_id(posting.key), left, came))
    return done
