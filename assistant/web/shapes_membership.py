"""What the API takes and gives about tiers, paid plans and stored value. Money is fen, instants are UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from assistant.web.shapes import In, Out


class VersionOut(Out):
    """Rules in force as a document, and their version."""

    version: int
    document: dict[str, Any]


class VersionIn(In):
    """New rules in place of version ``seen``."""

    seen: int
    document: dict[str, Any]


class PurchaseOut(Out):
    """Time of a plan that was bought or given. ``stage``: waiting, running, over, refunded."""

    plan: str
    payment: str
    paid_fen: int
    starts_at: datetime
    ends_at: datetime
    stage: str
    refund_fen: int


class GiftOut(Out):
    """A gift of a tier or a plan; ``given_at`` is empty while it waits."""

    name: str
    due_at: datetime
    given_at: datetime | None


class MembershipOut(Out):
    """Where a member stands. ``own`` is the tier that growth value brought, ``tier`` what shows; ``until`` ends the window of ``own``."""

    member_id: str
    tier: str
    own: str
    growth: int
    next_tier: str
    growth_needed: int
    since: datetime | None
    until: datetime | None
    keep_needed: int
    plan: str
    plan_until: datetime | None
    purchases: list[PurchaseOut]
    gifts: list[GiftOut]


class PurchaseIn(In):
    """Time of a plan that was paid for; ``payment`` is the number of the payment, once for ever."""

    plan: str = Field(max_length=40)
    payment: str = Field(max_length=120)
    paid_fen: int


class BoughtOut(Out):
    """The time that is the member's now."""

    paid_id: str
    starts_at: datetime
    ends_at: datetime


class PaymentIn(In):
    """Something by the number of the payment that bought it."""

    payment: str = Field(max_length=120)


class PlanRefundOut(Out):
    """What is to be paid back, and when all paid time ends now."""

    refund_fen: int
    until: datetime | None


class TopUpOut(Out):
    """One top-up and what is left of it."""

    payment: str
    at: datetime
    principal_fen: int
    bonus_fen: int
    principal_left_fen: int
    bonus_left_fen: int
    refunded_fen: int


class StoredLineOut(Out):
    """One movement; ``kind``: top_up, spend, return, refund; amounts are signed."""

    at: datetime
    kind: str
    principal_fen: int
    bonus_fen: int
    reference: str


class StoredValueOut(Out):
    """A member's stored value."""

    member_id: str
    principal_fen: int
    bonus_fen: int
    top_ups: list[TopUpOut]
    lines: list[StoredLineOut]


class TopUpIn(In):
    """Money that was paid in; ``payment`` is the number of the payment, once for ever."""

    pay_fen: int
    payment: str = Field(max_length=120)


class SpendIn(In):
    """An order paid with stored value; ``order`` is its number, once for ever."""

    amount_fen: int
    order: str = Field(max_length=120)


class StoredRefundIn(In):
    """Principal of one top-up to be paid back; all that is left where ``amount_fen`` is empty."""

    payment: str = Field(max_length=120)
    amount_fen: int | None = None


class MovedOut(Out):
    """What moved, and what the member holds afterwards."""

    principal_fen: int
    bonus_fen: int
    principal_left_fen: int
    bonus_left_fen: int
