"""Cards given and claims made as values, and the pure rule which state may follow which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from assistant.base.ids import derive
from assistant.domain.cashback.terms import LEAST_FEN, Rule, Scope
from assistant.domain.orders import Order

GIVES_UP_AFTER = timedelta(days=180)
"""A claim whose order is never received ends after this."""

State = Literal[
    "issued",
    "bound",
    "waiting_receipt",
    "waiting_window",
    "due",
    "approved",
    "paying",
    "wait_user_confirm",
    "paid",
    "void",
    "expired",
    "rejected",
    "unknown",
    "clawed_back",
]
WAITING = ("waiting_receipt", "waiting_window", "due", "approved")
IN_FLIGHT = ("paying", "wait_user_confirm", "unknown")
PAID = ("paid", "clawed_back")
ENDED = ("void", "expired", "rejected")
_BACK = frozenset({"void", "expired", "rejected"})
ALLOWED: dict[str, frozenset[str]] = {
    "issued": frozenset({"bound", "expired"}),
    "bound": frozenset({"waiting_receipt", "waiting_window", "due"}),
    "waiting_receipt": frozenset({"waiting_window", "due"}) | _BACK,
    "waiting_window": frozenset({"due"}) | _BACK,
    "due": frozenset({"approved"}) | _BACK,
    "approved": frozenset({"paying", "paid"}) | _BACK,
    "paying": frozenset({"wait_user_confirm", "paid", "unknown", "due"}),
    "wait_user_confirm": frozenset({"paid", "unknown", "due"}),
    "unknown": frozenset({"paying", "wait_user_confirm", "paid", "due"}),
    "paid": frozenset({"clawed_back"}),
    "clawed_back": frozenset(),
    "void": frozenset(),
    "expired": frozenset(),
    "rejected": frozenset(),
}
"""Which state may follow which. From in flight back to ``due`` only when the payer says that no money has moved.

``issued`` is a card that no order is bound to: it becomes the claim of an order, or it ends."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Gives a member a card. ``shop_key`` is the shop's own number of it, ``issued_at`` an earlier instant for cards from elsewhere."""

    key: str
    member_id: str
    template_id: str
    shop_key: str = ""
    issued_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """The card."""

    card_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """A member asks money back for an order; without ``card_id`` the fitting card that gives most is taken.

    ``source`` names the platform where one number belongs to orders of several.
    """

    key: str
    member_id: str
    order_no: str
    card_id: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """The claim as it stands and what to tell the member; ``when`` is when the money comes, as the end of a sentence."""

    claim_id: str
    state: str
    amount_fen: int
    say: str
    when: str = ""


@dataclass(frozen=True, slots=True)
class RebateClaim:
    """One order bound to one card, through to payout.

    ``amount_fen`` is what the order earns, ``recovered_fen`` what of it paid an old debt, ``paid_fen`` what went to the member,
    ``clawed_fen`` what of that became a debt again. ``score`` and ``signs`` are what was found against it, ``hold`` why it waits for a
    person to look (empty: it does not), ``released_by`` who looked and let it pass, ``billed_at`` when the present bill was begun.
    ``billed_no`` is the number the payer was last shown, ``asked_at`` since when it may know of it, ``attention`` why a person must look
    after the payout, ``package_info`` what opens the page on which the member confirms, ``hand_reference`` the voucher of money paid by
    hand and ``hand_by`` who wrote it first.
    """

    id: str
    member_id: str
    order_id: str
    order_no: str
    card_id: str
    template_id: str
    rule: Rule
    scope: Scope
    amount_fen: int
    recovered_fen: int
    paid_fen: int
    clawed_fen: int
    state: str
    reason: str
    attempt: int
    first_approver: str
    approver: str
    payee: str
    created_at: datetime
    ripe_at: datetime | None
    settled_at: datetime | None
    window_days: int = 7
    budgeted: bool = False
    card_closed: bool = False
    nature: str = "rebate"
    how: str = "member"
    score: int = 0
    signs: tuple[str, ...] = ()
    hold: str = ""
    released_by: str = ""
    billed_at: datetime | None = None
    billed_no: str = ""
    asked_at: datetime | None = None
    attention: str = ""
    package_info: str = ""
    hand_reference: str = ""
    hand_by: str = ""

    @property
    def bill_no(self) -> str:
        """The payer's number of this attempt: derived, so that no retry can make another; letters and digits only, as payers take it."""
        return derive("bill", self.id, self.attempt).replace("_", "")

    @property
    def payable_fen(self) -> int:
        return self.amount_fen - self.recovered_fen


def standing(order: Order, window_days: int, now: datetime) -> tuple[State, datetime | None]:
    """Where a claim on this order stands by time: its state, and when its return window ends."""
    if order.finished_at is None:
        return "waiting_receipt", None
    ripe_at = order.finished_at + timedelta(days=window_days)
    return ("due" if ripe_at <= now else "waiting_window"), ripe_at


def recovery(payable: int, debt: int) -> int:
    """How much of a rebate pays an old debt: all of it, but a rest is never smaller than the payer can pay."""
    taken = min(payable, debt)
    rest = payable - taken
    return payable - LEAST_FEN if 0 < rest < LEAST_FEN else taken
