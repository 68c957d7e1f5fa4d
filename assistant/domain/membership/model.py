"""Membership as values: where a member stands, what is asked for and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from assistant.domain.ledger import Account
from assistant.domain.membership.rules import DEFAULT_RULES, Rules

ASSET = "growth"
BRAND = Account("brand", ASSET)
FEN_PER_GROWTH = 100
Stage = Literal["waiting", "running", "over", "refunded"]


@dataclass(frozen=True, slots=True)
class AddGrowth:
    """Growth value outside orders."""

    key: str
    member_id: str
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class Grown:
    """A member's growth value and tier afterwards."""

    member_id: str
    growth: int
    tier: str


@dataclass(frozen=True, slots=True)
class SetRules:
    """A new version of the rules in place of version ``seen``; ``body`` is plain data."""

    key: str
    seen: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RulesSet:
    """The version that holds from now on."""

    version: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a member stands; ``next_tier`` is empty and ``growth_needed`` 0 at the top.

    ``until`` ends the window of the tier that growth value brought (``own``), ``keep_needed`` is what the window must still bring to
    keep it. ``plan`` is the paid plan that runs now, ``plan_until`` the end of all time that is paid.
    """

    tier: str = DEFAULT_RULES.base
    growth: int = 0
    next_tier: str = DEFAULT_RULES.tiers[1].name
    growth_needed: int = DEFAULT_RULES.tiers[1].growth
    since: datetime | None = None
    own: str = DEFAULT_RULES.base
    until: datetime | None = None
    keep_needed: int = 0
    plan: str = ""
    plan_until: datetime | None = None


@dataclass(slots=True)
class Place:
    """A member's tiers as stored. ``tier`` is what shows: the higher of ``own`` (by growth value) and what a running plan grants.

    ``floor`` is the tier no refund goes below, ``base`` the growth value the window began with, ``window`` numbers the windows,
    ``version`` is the version of the rules that dated the tier, ``checked`` the last one that it was held against.
    """

    member_id: str
    tier: str
    since: datetime
    own: str
    floor: str
    until: datetime | None = None
    base: int = 0
    window: int = 0
    version: int = 0
    checked: int = 0


@dataclass(slots=True)
class Paid:
    """One purchase of a plan: the time from ``starts_at`` to ``ends_at``, ``offset`` months after ``anchor``; ``days`` instead of
    ``months`` where days were given.

    ``payment`` names what paid for it, once for ever. ``noticed`` is how many days ahead the end was last told (0: not yet).
    """

    id: str
    member_id: str
    plan: str
    version: int
    months: int
    days: int
    paid_fen: int
    payment: str
    bought_at: datetime
    anchor: datetime
    offset: int
    starts_at: datetime
    ends_at: datetime
    stage: Stage = "waiting"
    noticed: int = 0
    refund_fen: int = 0


@dataclass(frozen=True, slots=True)
class Buy:
    """Time of a plan that was paid for elsewhere; ``payment`` names what paid for it, once for ever."""

    key: str
    member_id: str
    plan: str
    payment: str
    paid_fen: int


@dataclass(frozen=True, slots=True)
class GiveDays:
    """Days of a plan as a gift."""

    key: str
    member_id: str
    plan: str
    days: int


@dataclass(frozen=True, slots=True)
class Bought:
    """The time that is now the member's."""

    paid_id: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class RefundPaid:
    """Ends the time that this payment bought."""

    key: str
    payment: str


@dataclass(frozen=True, slots=True)
class Refunded:
    """What is to be paid back, and when all paid time ends now."""

    refund_fen: int
    until: datetime | None


@dataclass(slots=True)
class DueGift:
    """A gift that is to be given once: ``slot`` is unique for a member."""

    id: str
    member_id: str
    slot: str
    source: str
    name: str
    benefit: Mapping[str, Any] = field(default_factory=dict)
    value_fen: int = 0
    paid_id: str = ""


@dataclass(frozen=True, slots=True)
class GiftEntry:
    """A gift of a member: when it became due, and when it was given (None: not yet)."""

    name: str
    source: str
    due_at: datetime
    given_at: datetime | None


@dataclass(slots=True)
class OrderGrowth:
    """What an order counts for so far."""

    order_id: str
    member_id: str
    counted: int = 0
    version: int = 0


def standing(rules: Rules, place: Place, growth: int, line: list[Paid], names: Mapping[str, str]) -> Standing:
    """What is shown of a place."""
    above = rules.rank(place.tier) + 1
    following = rules.tiers[above] if above < len(rules.tiers) else None
    running = next((one for one in line if one.stage == "running"), None)
    own = rules.tiers[rules.rank(place.own)]
    return Standing(
        tier=place.tier,
        growth=growth,
        next_tier=following.name if following else "",
        growth_needed=max(0, following.growth - growth) if following else 0,
        since=place.since,
        own=place.own,
        until=place.until,
        keep_needed=max(0, own.to_keep - (growth - place.base)) if place.until else 0,
        plan=names.get(running.id, running.plan) if running else "",
        plan_until=max(one.ends_at for one in line) if running else None,
    )


def account(member_id: str) -> Account:
    return Account(f"member:{member_id}", ASSET)
