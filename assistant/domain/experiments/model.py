"""Designs, assignment by hash, and lift with a 90 % interval. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

from assistant.base.chance import hash_unit
from assistant.base.errors import Invalid

HOLDOUT = "holdout"
"""The variant of those who would have been treated and deliberately are not."""

Z90 = 1.6448536269514722
"""Two-sided 90 % of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Design:
    """``holdout_bp`` of 10 000 members are held out; the others are split over ``variants`` (name, weight)."""

    holdout_bp: int = 1000
    variants: tuple[tuple[str, int], ...] = (("treated", 1),)


@dataclass(frozen=True, slots=True)
class Assign:
    """Assigns members of one experiment. An experiment keeps its first design."""

    key: str
    experiment: str
    member_ids: tuple[str, ...]
    design: Design = Design()


@dataclass(frozen=True, slots=True)
class Assigned:
    """The variant of each member asked for; members assigned before keep theirs."""

    variants: Mapping[str, str]

    def members(self, variant: str) -> list[str]:
        return [member for member, name in self.variants.items() if name == variant]


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm by assignment: members, buyers among them, and the sum and sum of squares of net paid fen per member."""

    members: int
    buyers: int
    paid_fen: int
    squares: int


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate and its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Lift:
    """Treated minus holdout; None where an arm is too small to say anything.

    ``buyers`` is a difference of proportions (Newcombe's interval from two Wilson scores), ``paid_fen`` net paid fen per member
    (Welch's standard error, normal quantile).
    """

    treated: Arm
    holdout: Arm
    buyers: Interval | None
    paid_fen: Interval | None
    method: str = "按分组比较；购买率用 Newcombe 90% 区间，人均净付金额用 Welch 正态 90% 区间"


def checked(design: Design) -> Design:
    """The design itself; raises Invalid if nobody could be assigned by it."""
    names = [name for name, _weight in design.variants]
    if not 0 <= design.holdout_bp <= 10_000:
        raise Invalid("对照组比例应在 0 到 10000（万分比）之间", code="bad_design")
    if not names or len(set(names)) != len(names) or HOLDOUT in names or any(not name or weight <= 0 for name, weight in design.variants):
        raise Invalid("实验分组需要至少一个名字不重复、权重为正的组", code="bad_design")
    return design


def choose(experiment: str, member_id: str, design: Design) -> str:
    """The variant of a member: depends on nothing but the three arguments."""
    if int(hash_unit(experiment, member_id) * 10_000) < design.holdout_bp:
        return HOLDOUT
    point = hash_unit(experiment, "variant", member_id) * sum(weight for _name, weight in design.variants)
    for name, weight in design.variants:
        point -= weight
        if point < 0:
            return name
    return design.variants[-1][0]


def lift(treated: Arm, holdout: Arm) -> Lift:
    """What the treatment brought, by assignment not by delivery."""
    return Lift(treated, holdout, _proportions(treated, holdout), _means(treated, holdout))


def _proportions(treated: Arm, holdout: Arm) -> Interval | None:
    if treated.members < 1 or holdout.members < 1:
        return None
    one, low_one, high_one = _wilson(treated)
    two, low_two, high_two = _wilson(holdout)
    difference = one - two
    low = difference - sqrt((one - low_one) ** 2 + (high_two - two) ** 2)
    high = difference + sqrt((high_one - one) ** 2 + (two - low_two) ** 2)
    return Interval(difference, max(-1.0, low), min(1.0, high))


def _wilson(arm: Arm) -> tuple[float, float, float]:
    share, count = arm.buyers / arm.members, arm.members
    middle = share + Z90**2 / (2 * count)
    half = Z90 * sqrt(share * (1 - share) / count + Z90**2 / (4 * count**2))
    whole = 1 + Z90**2 / count
    return share, min(share, (middle - half) / whole), max(share, (middle + half) / whole)


def _means(treated: Arm, holdout: Arm) -> Interval | None:
    if treated.members < 2 or holdout.members < 2:
        return None
    difference = treated.paid_fen / treated.members - holdout.paid_fen / holdout.members
    half = Z90 * sqrt(_variance(treated) / treated.members + _variance(holdout) / holdout.members)
    return Interval(difference, difference - half, difference + half)


def _variance(arm: Arm) -> float:
    """From whole numbers until the last division, so that nothing cancels."""
    return max(0, arm.members * arm.squares - arm.paid_fen**2) / (arm.members * (arm.members - 1))
