"""Cashback in the account book: budget → set aside for the member → paid out; what must come back is a debt of later rebates only."""

from __future__ import annotations

from assistant.domain import ledger
from assistant.domain.cashback.model import RebateClaim
from assistant.domain.ledger import Account, Posting
from assistant.store import View, Work

ASSET = "cashback"
PAYOUT = Account("payout", ASSET)


def pending(member_id: str) -> Account:
    """What is promised and not yet paid."""
    return Account(f"member:{member_id}", ASSET, "pending")


def debt(member_id: str) -> Account:
    """At or below zero: what later rebates pay back first."""
    return Account(f"member:{member_id}", ASSET, "debt")


def origin(template_id: str) -> Account:
    """Where rebates of a template come from. An issuer: the limit is the worst case kept at each issue."""
    return Account(f"brand:cashback:{template_id}", ASSET)


def fund(work: Work, template_id: str, budget_fen: int) -> None:
    """Gives a template its budget."""
    ledger.post(work, [Posting(f"{template_id}:fund", Account("brand", ASSET), origin(template_id), budget_fen, "返现预算")])


def set_aside(work: Work, one: RebateClaim) -> None:
    """Promises the rebate."""
    ledger.post(
        work, [Posting(f"{one.id}:bind", origin(one.template_id), pending(one.member_id), one.amount_fen, f"返现申请 {one.order_no}")]
    )


def recover(work: Work, one: RebateClaim, amount: int) -> None:
    """Pays an old debt from this rebate."""
    ledger.post(
        work,
        [
            Posting(
                f"{one.id}:recover:{one.attempt}:{one.recovered_fen}",
                pending(one.member_id),
                debt(one.member_id),
                amount,
                "抵扣退款订单的返现",
            )
        ],
    )


def pay(work: Work, one: RebateClaim) -> None:
    """The money has left."""
    ledger.post(work, [Posting(f"{one.bill_no}:pay", pending(one.member_id), PAYOUT, one.payable_fen, f"返现到账 {one.order_no}")])


def take_back(work: Work, one: RebateClaim, entitled_fen: int) -> int:
    """Lowers what the claim may cost to ``entitled_fen``: first from what is set aside, the rest becomes debt. Returns the debt."""
    lower = one.amount_fen - one.clawed_fen - entitled_fen
    aside = 0 if one.settled_at is not None else min(lower, one.payable_fen)
    back = origin(one.template_id)
    if aside > 0:
        ledger.post(work, [Posting(f"{one.id}:back:{entitled_fen}", pending(one.member_id), back, aside, f"返现减少 {one.order_no}")])
    if lower > aside:
        key = f"{one.id}:claw:{entitled_fen}"
        memo = f"退款收回返现 {one.order_no}"
        ledger.post(work, [Posting(key, debt(one.member_id), back, lower - aside, memo, allow_negative=True)])
    return lower - aside


def owed(view: View, member_id: str) -> int:
    """What the member's later rebates pay back first, fen."""
    account = debt(member_id)
    return max(0, -ledger.balances(view, [account])[account])
