"""What the API gives about a member: who they are and what the book says, each entry with its reason. Phone numbers are masked."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from assistant.web.shapes import In, Out


class MemberBriefOut(Out):
    """A member in a list."""

    id: str
    nickname: str
    phone: str
    city: str
    joined_at: datetime | None


class MembersOut(Out):
    """Those who match."""

    members: list[MemberBriefOut]


class MemberOut(MemberBriefOut):
    """A member's profile."""

    shop_key: str
    gender: str
    birthday: str
    owner_staff: str
    owner_name: str
    groups: list[str]
    tags: list[str]
    opted_out: bool
    opted_out_topics: list[str]
    tier: str
    growth: int
    next_tier: str
    growth_needed: int
    household: str


class HouseholdIn(In):
    """Any key that the people of one home share; empty for none."""

    household: str = Field(max_length=64)


class LotOut(Out):
    """Points granted together."""

    amount: int
    remaining: int
    state: str
    source: str
    expires_at: datetime | None


class EntryOut(Out):
    """One change of a balance, and why."""

    at: datetime
    change: int
    reason: str
    order_no: str


class OrderOut(Out):
    """One order."""

    order_no: str
    shop: str
    status: str
    created_at: datetime | None
    paid_fen: int
    refund_fen: int
    points: int


class CardOut(Out):
    """A cashback card; ``used_fen`` is what its orders bring so far."""

    name: str
    rule: str
    remaining: int
    valid_until: datetime | None
    kind: str = ""
    used_fen: int = 0


class ClaimOut(Out):
    """A cashback claim."""

    id: str
    order_no: str
    amount_fen: int
    state: str
    say: str


class TouchOut(Out):
    """One contact that was made, or skipped with its reason. ``cause`` is the plan or SOP behind it, ``because`` its name."""

    at: datetime
    what: str
    state: str
    reason: str
    cause: str
    because: str


class BookOut(Out):
    """The account book of one member."""

    member_id: str
    available: int
    pending: int
    lots: list[LotOut]
    entries: list[EntryOut]
    orders: list[OrderOut]
    cards: list[CardOut]
    claims: list[ClaimOut]
    touches: list[TouchOut]


class DueClaimOut(Out):
    """A claim that waits for a person to let the money go."""

    id: str
    member_id: str
    order_no: str
    amount_fen: int
    state: str
    say: str


class DueClaimsOut(Out):
    """Claims to be looked at."""

    claims: list[DueClaimOut]


class SopOut(Out):
    """One SOP: a versioned sequence of steps that members, or customer groups, are enrolled in; ``who``, ``rhythm``, ``steps`` in words."""

    id: str
    name: str
    version: int
    enabled: bool
    of: Literal["members", "groups"]
    who: str
    rhythm: str
    steps: list[str]
    definition: dict[str, Any]
    figures: dict[str, int]


class SopsOut(Out):
    """All SOPs."""

    sops: list[SopOut]


class SopIn(In):
    """On or off, a new version, or both."""

    enabled: bool | None = None
    definition: dict[str, Any] | None = None


class DecidedOut(Out):
    """The claim's state afterwards; ``needs_second`` while another person must approve too, ``held`` while somebody must release it."""

    claim_id: str
    state: str
    needs_second: bool
    held: bool = False


class CopyOut(Out):
    """Everything the book holds about a member: rows by table."""

    member_id: str
    sections: dict[str, list[dict[str, Any]]]


class EraseIn(In):
    """Why a member is erased."""

    reason: str = ""


class ErasedOut(Out):
    """The name that is left of an erased member, how many rows went and how many were kept under it."""

    alias: str
    dropped: int
    kept: int
