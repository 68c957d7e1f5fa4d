"""Two members turn out not to be one: claims carry their own promises and debts with them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.domain import ledger
from assistant.domain.cashback import book, store
from assistant.domain.cashback.model import ENDED
from assistant.domain.ledger import Account, Posting, Span
from assistant.store import Work

CLAIM = re.compile(r"claim_[0-9a-f]{24}")
MEMO = "撤销会员合并"


def part(work: Work, key: str, kept: str, absorbed: str, moved_debt: int, spans: Sequence[Span]) -> int:
    """Gives the absorbed member, whose claims carry its name again, what they promise and what they owe: ``moved_debt`` (at or below
    zero) and what its claims did in the ``spans``. Returns the fen by which its claims have paid the other's debt, which a person must
    make good.
    """
    claims = store.claims(work, store.of_member(absorbed))
    promised = sum(one.payable_fen for one in claims if one.settled_at is None and one.state not in ENDED)
    ledger.post(work, _move(f"{key}:pending", book.pending(kept), book.pending(absorbed), promised))
    joint = book.debt(kept)
    ours = {one.id for one in claims}
    share = moved_debt + sum(
        line.amount for line in ledger.later(work, joint.asset, joint.pocket, spans) if ours & set(CLAIM.findall(line.key))
    )
    owed = min(max(share, ledger.balances(work, [joint])[joint]), 0)
    ledger.post(work, _move(f"{key}:debt", joint, book.debt(absorbed), owed))
    return max(share, 0)


def _move(key: str, one: Account, other: Account, amount: int) -> list[Posting]:
    giver, taker = (one, other) if amount > 0 else (other, one)
    return [Posting(key, giver, taker, abs(amount), MEMO, allow_negative=amount < 0)] if amount else []
