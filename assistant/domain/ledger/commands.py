"""The writes of the book, on sets. A transaction's id is derived from its key, so the book itself remembers what was booked."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.base.errors import Conflict, Invalid
from assistant.base.ids import derive
from assistant.domain.ledger import store
from assistant.domain.ledger.model import (
    Account,
    Held,
    Hold,
    Posted,
    Posting,
    Released,
    ReleaseHold,
    Reversal,
    SpendHold,
    hold_account,
    settle,
    transaction_id,
    validate,
)
from assistant.store import Work, once


def post(work: Work, postings: Sequence[Posting]) -> list[Posted]:
    """Books the postings in order, all or none. The same key again returns what it left behind the first time.

    Raises Refused(code="insufficient") where an account would go below zero, Conflict where a key comes back with another movement.
    """
    return _book(work, postings, {})


def reverse(work: Work, reversals: Sequence[Reversal]) -> list[Posted]:
    """Books the exact negative of each transaction; a second reversal of one transaction raises Conflict(code="already_reversed")."""
    wanted = [reversal.transaction for reversal in reversals]
    originals = store.known(work, sorted(set(wanted)))
    postings, reverses = [], {}
    for reversal in reversals:
        if reversal.transaction not in originals:
            raise Invalid("要冲正的那笔账不存在", code="no_transaction", transaction=reversal.transaction)
        original = originals[reversal.transaction][0]
        memo = reversal.memo or f"冲正：{original.memo}"[:200]
        back = reversal.into or original.source
        postings.append(Posting(reversal.key, original.destination, back, original.amount, memo, reversal.allow_negative))
        reverses[reversal.key] = reversal.transaction
    return _book(work, postings, reverses)


def join(work: Work, key: str, source: str, target: str, memo: str) -> dict[str, int]:
    """Moves all that an owner has, debts too, to another owner; returns ``asset/pocket`` → amount, signed. Both are held meanwhile."""
    moved = {account: amount for account, amount in store.lock_owner(work, (source, target)).items() if account.owner == source and amount}
    postings = []
    for account, amount in sorted(moved.items(), key=lambda pair: (pair[0].asset, pair[0].pocket)):
        other = Account(target, account.asset, account.pocket)
        giver, taker = (account, other) if amount > 0 else (other, account)
        postings.append(Posting(f"{key}:{account.asset}:{account.pocket}", giver, taker, abs(amount), memo, allow_negative=True))
    post(work, postings)
    return {f"{account.asset}/{account.pocket}": amount for account, amount in moved.items()}


def hold(work: Work, holds: Sequence[Hold]) -> list[Held]:
    """Sets amounts aside; Refused(code="insufficient") where an account has not enough."""
    numbers = [derive("hold", item.key) for item in holds]
    postings = [
        Posting(f"hold:{item.key}", item.account, hold_account(number, item.account.asset), item.amount, "预留")
        for number, item in zip(numbers, holds, strict=True)
    ]
    post(work, postings)
    store.save_holds(work, zip(numbers, holds, strict=True), work.now)
    return [Held(number, item.amount) for number, item in zip(numbers, holds, strict=True)]


def spend_hold(work: Work, spends: Sequence[SpendHold]) -> list[Posted]:
    """Pays from holds; Refused(code="insufficient") where a hold has not enough left."""
    origins = store.holds_of(work, {item.hold_id for item in spends})
    return post(
        work,
        [
            Posting(item.key, hold_account(item.hold_id, _origin(origins, item.hold_id).asset), item.destination, item.amount, item.memo)
            for item in spends
        ],
    )


def release_hold(work: Work, releases: Sequence[ReleaseHold]) -> list[Released]:
    """Gives back what is left; a hold with nothing left gives back 0."""
    return once(work, "ledger.release_hold", releases, Released, _release)


def _release(work: Work, releases: Sequence[ReleaseHold]) -> list[Released]:
    origins = store.holds_of(work, {item.hold_id for item in releases})
    accounts = {item.hold_id: hold_account(item.hold_id, _origin(origins, item.hold_id).asset) for item in releases}
    left = store.lock_balances(work, set(accounts.values()))
    done, postings = [], []
    for item in releases:
        amount = left.get(accounts[item.hold_id], 0)
        left[accounts[item.hold_id]] = 0
        done.append(Released(amount))
        if amount:
            postings.append(Posting(f"release:{item.key}", accounts[item.hold_id], origins[item.hold_id][0], amount, "释放预留"))
    post(work, postings)
    return done


def _origin(origins: dict[str, tuple[Account, int]], hold_id: str) -> Account:
    if hold_id not in origins:
        raise Invalid("这笔预留不存在", code="no_hold", hold=hold_id)
    return origins[hold_id][0]


def _book(work: Work, postings: Sequence[Posting], reverses: dict[str, str]) -> list[Posted]:
    validate(postings)
    if not postings:
        return []
    numbers = [transaction_id(posting.key) for posting in postings]
    before = store.known(work, set(numbers))
    done: dict[str, Posted] = {}
    first: dict[str, Posting] = {}
    for number, posting in zip(numbers, postings, strict=True):
        earlier = before[number][0] if number in before else first.setdefault(number, posting)
        if not _same(earlier, posting):
            raise Conflict("同一个记账编号对应了不同的内容", code="key_reused", key=posting.key)
        if number in before:
            done[number] = before[number][1]
    new = [posting for number, posting in first.items() if number not in before]
    if new:
        _once_reversed(work, new, reverses)
        accounts = {account for posting in new for account in (posting.source, posting.destination)}
        balances = store.lock_balances(work, accounts)
        changed = {account: balances.get(account, 0) for account in accounts if not account.issues}
        results = settle(new, changed)
        store.write(work, list(zip(new, results, strict=True)), changed, reverses)
        done.update((result.transaction, result) for result in results)
    return [done[number] for number in numbers]


def _once_reversed(work: Work, new: Sequence[Posting], reverses: dict[str, str]) -> None:
    if not reverses:
        return
    wanted = [reverses[posting.key] for posting in new]
    if len(set(wanted)) != len(wanted) or store.reversed_already(work, wanted):
        raise Conflict("这笔账已经冲正过了", code="already_reversed")


def _same(one: Posting, other: Posting) -> bool:
    return (one.source, one.destination, one.amount) == (other.source, other.destination, other.amount)
