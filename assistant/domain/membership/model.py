"""Tiers and growth value as values and pure rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from assistant.domain.ledger import Account

ASSET = "growth"
BRAND = Account("brand", ASSET)
FEN_PER_GROWTH = 100


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier and the growth value it begins at."""

    name: str
    growth: int


TIERS = (Tier("普通", 0), Tier("银卡", 1000), Tier("金卡", 3000), Tier("黑金", 8000))


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
class Standing:
    """Where a member stands; ``next_tier`` is empty and ``growth_needed`` 0 at the top."""

    tier: str = TIERS[0].name
    growth: int = 0
    next_tier: str = TIERS[1].name
    growth_needed: int = TIERS[1].growth
    since: datetime | None = None


@dataclass(slots=True)
class OrderGrowth:
    """What an order counts for so far."""

    order_id: str
    member_id: str
    counted: int = 0
    version: int = 0


def tier_at(growth: int) -> str:
    """The tier that this growth value reaches."""
    return next(tier.name for tier in reversed(TIERS) if growth >= tier.growth or tier is TIERS[0])


def rank(tier: str) -> int:
    return next(number for number, one in enumerate(TIERS) if one.name == tier)


def raised(tier: str, growth: int) -> str:
    """The tier after growth changed: higher if reached, never lower."""
    return max(tier, tier_at(growth), key=rank)


def standing(tier: str, growth: int, since: datetime | None) -> Standing:
    following = TIERS[rank(tier) + 1] if rank(tier) + 1 < len(TIERS) else None
    if following is None:
        return Standing(tier, growth, "", 0, since)
    return Standing(tier, growth, following.name, max(0, following.growth - growth), since)


def account(member_id: str) -> Account:
    return Account(f"member:{member_id}", ASSET)
