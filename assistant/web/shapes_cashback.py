"""What the API takes and gives about cashback: kinds of cards, the queue of claims, limits. Money is fen."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from assistant.web.shapes import In, Out

Money = Field(default=None, ge=0, le=1_000_000_000)


class CardKindOut(Out):
    """A kind of card. ``free_fen`` of the budget no card has taken, ``kept_fen`` is kept for cards given; both null without a budget."""

    id: str
    name: str
    kind: str
    rule: str
    valid: str
    window_days: int
    auto_bind: bool
    open: bool
    nature: str
    stock: int | None
    issued: int
    budget_fen: int | None
    free_fen: int | None
    kept_fen: int | None


class CardKindsOut(Out):
    """All kinds of cards."""

    kinds: list[CardKindOut]


class CardKindIn(In):
    """A new kind of card: a ratio in basis points or a fixed amount. The terms never change afterwards."""

    name: str = Field(min_length=1, max_length=60)
    kind: Literal["single", "multi", "month", "quarter", "year"] = "single"
    ratio_bp: int = Field(default=0, ge=0, le=10_000)
    fixed_fen: int = Field(default=0, ge=0, le=20_000)
    floor_fen: int = Field(default=0, ge=0, le=1_000_000_000)
    cap_fen: int = Field(default=20_000, ge=10, le=20_000)
    card_cap_fen: int | None = Money
    valid_days: int = Field(default=90, ge=1, le=3650)
    uses: int = Field(default=1, ge=1, le=1000)
    window_days: int = Field(default=7, ge=0, le=365)
    auto_bind: bool = False
    nature: Literal["rebate", "prize", "referral"] = "rebate"
    stock: int | None = Field(default=None, ge=0, le=1_000_000_000)
    budget_fen: int | None = Money
    sources: list[str] = Field(default=[], max_length=200)
    shops: list[str] = Field(default=[], max_length=200)
    live_rooms: list[str] = Field(default=[], max_length=200)
    products: list[str] = Field(default=[], max_length=200)
    categories: list[str] = Field(default=[], max_length=200)


class CardKindEditIn(In):
    """What may change of a kind of card; all of it is set."""

    name: str = Field(min_length=1, max_length=60)
    stock: int | None = Field(ge=0, le=1_000_000_000)
    budget_fen: int | None = Field(ge=0, le=1_000_000_000)
    auto_bind: bool
    open: bool


class QueuedOut(Out):
    """A claim that waits for a person. ``hold`` says why it must be released first, ``reasons`` what was found, ``note`` what happened."""

    id: str
    member_id: str
    nickname: str
    order_no: str
    amount_fen: int
    nature: str
    score: int
    reasons: list[str]
    hold: str
    released_by: str
    first_approver: str
    note: str
    claimed_at: datetime
    ripe_at: datetime | None


class LimitsOut(Out):
    """The limits of letting money go, and what has left today."""

    second_person_fen: int
    brand_day_fen: int
    payee_day_fen: int
    hold_score: int
    today_fen: int


class LimitsIn(In):
    """All limits at once."""

    second_person_fen: int = Field(ge=10, le=1_000_000_000)
    brand_day_fen: int = Field(ge=20_000, le=1_000_000_000)
    payee_day_fen: int = Field(ge=20_000, le=1_000_000_000)
    hold_score: int = Field(ge=1, le=100)


class QueueOut(Out):
    """The queue, oldest first, with the limits that hold."""

    claims: list[QueuedOut]
    limits: LimitsOut


class StuckOut(Out):
    """A payout a person looks after. ``word`` says where it stands, ``attention`` what has to be found out.

    ``page`` is where the member confirms, ``hand_reference`` and ``hand_by`` the voucher and its first writer while a second is awaited.
    """

    id: str
    member_id: str
    nickname: str
    order_no: str
    amount_fen: int
    state: str
    word: str
    attention: str
    bill_no: str
    asked_at: datetime | None
    hand_reference: str
    hand_by: str
    page: str


class PayoutsOut(Out):
    """Payouts a person looks after, oldest first; ``halted`` says why nothing goes out, empty while payouts go out."""

    halted: str
    payouts: list[StuckOut]


class ReferenceIn(In):
    """The voucher of money paid by hand."""

    reference: str = Field(min_length=4, max_length=64)


class DecideIn(In):
    """One decision about several claims; refusing and releasing need a reason."""

    claims: list[str] = Field(min_length=1, max_length=200)
    action: Literal["approve", "release", "reject"]
    reason: str = Field(default="", max_length=200)


class DecidedSetOut(Out):
    """How many were done, wait for a second person, are held; and what could not be done, with why."""

    done: int
    second: int
    held: int
    problems: list[str]
