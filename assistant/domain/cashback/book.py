"""Cashback in the account book: budget → kept for cards → promised to the member → paid out; what must come back is a debt.

A template with a budget has an account of its own that cannot go below zero: what is free lies in ``main``, the worst case of the cards
given in ``cards``. A template without one issues from the brand.
"""

from __future__ import annotations

from collections.abc import Iterable

from assistant.domain import ledger
from assistant.domain.cashback.model import RebateClaim
from assistant.domain.ledger import Account, Posting
from assistant.store import View, Work

ASSET = "cashback"
BRAND = Account("brand", ASSET)
PAYOUT = Account("payout", ASSET)


def pending(member_id: str) -> Account:
    """What is promised and not yet paid."""
    return Account(f"member:{member_id}", ASSET, "pending")


def debt(member_id: str) -> Account:
    """At or below zero: what later rebates pay back first."""
    return Account(f"member:{member_id}", ASSET, "debt")


def free(template_id: str) -> Account:
    """What of a template's budget no card has taken."""
    return Account(f"budget:cashback:{template_id}", ASSET)


def kept(template_id: str) -> Account:
    """What of a template's budget is kept for cards given and not yet promised to an order."""
    return Account(f"budget:cashback:{template_id}", ASSET, "cards")


def _source(one: RebateClaim) -> Account:
    return kept(one.template_id) if one.budgeted else _brand(one.template_id)


def _brand(template_id: str) -> Account:
    return Account(f"brand:cashback:{template_id}", ASSET)


def _home(one: RebateClaim) -> Account:
    """Where money of a claim goes back to: to its card while that can be used again, else to the free budget."""
    if not one.budgeted:
        return _brand(one.template_id)
    return free(one.template_id) if frees(one) else kept(one.template_id)


def frees(one: RebateClaim) -> bool:
    """Whether what comes back of a claim can be given to others."""
    return one.card_closed or one.settled_at is not None


def fund(work: Work, key: str, template_id: str, change_fen: int) -> None:
    """Gives a template more budget, or less; Refused(code="insufficient") where cards have taken too much of it."""
    giver, taker = (BRAND, free(template_id)) if change_fen > 0 else (free(template_id), BRAND)
    if change_fen:
        ledger.post(work, [Posting(key, giver, taker, abs(change_fen), "返现预算")])


def keep(work: Work, cards: Iterable[tuple[str, str, int]]) -> None:
    """Keeps the worst case of new cards, given as (card, template, fen), from the budgets of their templates."""
    ledger.post(work, [Posting(f"{card}:keep", free(template), kept(template), fen, "返现卡预留") for card, template, fen in cards])


def let_go(work: Work, cards: Iterable[tuple[str, str, int]]) -> None:
    """Gives back what closed cards did not use."""
    ledger.post(work, [Posting(f"{card}:close", kept(template), free(template), fen, "返现卡到期释放") for card, template, fen in cards])


def set_aside(work: Work, one: RebateClaim) -> None:
    """Promises the rebate."""
    ledger.post(work, [Posting(f"{one.id}:bind", _source(one), pending(one.member_id), one.amount_fen, f"返现申请 {one.order_no}")])


def recover(work: Work, one: RebateClaim, amount: int) -> None:
    """Pays an old debt from this rebate."""
    key = f"{one.id}:recover:{one.attempt}:{one.recovered_fen}"
    ledger.post(work, [Posting(key, pending(one.member_id), debt(one.member_id), amount, "抵扣退款订单的返现")])


def pay(work: Work, one: RebateClaim) -> None:
    """The money has left."""
    ledger.post(work, [Posting(f"{one.bill_no}:pay", pending(one.member_id), PAYOUT, one.payable_fen, f"返现到账 {one.order_no}")])


def take_back(work: Work, one: RebateClaim, entitled_fen: int) -> None:
    """Lowers what the claim may cost to ``entitled_fen``: first from what is set aside, the rest becomes debt."""
    lower = one.amount_fen - one.clawed_fen - entitled_fen
    aside = 0 if one.settled_at is not None else min(lower, one.payable_fen)
    postings = []
    if aside > 0:
        postings.append(Posting(f"{one.id}:back:{entitled_fen}", pending(one.member_id), _home(one), aside, f"返现减少 {one.order_no}"))
    if lower > aside:
        key, memo = f"{one.id}:claw:{entitled_fen}", f"退款收回返现 {one.order_no}"
        postings.append(Posting(key, debt(one.member_id), _home(one), lower - aside, memo, allow_negative=True))
    ledger.post(work, postings)


def owed(view: View, member_id: str) -> int:
    """What the member's later rebates pay back first, fen."""
    account = debt(member_id)
    return max(0, -ledger.balances(view, [account])[account])


def budget(view: View, template_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """What of each template's budget is free, and what is kept for its cards."""
    wanted = list(template_ids)
    found = ledger.balances(view, [account for number in wanted for account in (free(number), kept(number))])
    return {number: (found[free(number)], found[kept(number)]) for number in wanted}
