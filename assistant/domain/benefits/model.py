"""Anything grantable as a closed union of values, to and from plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictInt, StrictStr, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from assistant.base.errors import Invalid
from assistant.domain.ledger import Account

BUDGET_ASSET = "cny"
"""The ledger asset of budgets, in fen: what a grant costs at worst is spent from a hold of it."""

FEN_PER_POINT = 1
CHANCE_ASSET = "chance"
CHANCES = Account("brand:chances", CHANCE_ASSET)
"""Where chances come from and go to when they are used."""

_CLOSED = ConfigDict(extra="forbid")


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class Points:
    """Points, available at once."""

    points: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    kind: Literal["points"] = "points"


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class CashbackCard:
    """A cashback card of a template (its id)."""

    template: Annotated[StrictStr, Field(min_length=1, max_length=64)]
    kind: Literal["cashback_card"] = "cashback_card"


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class Coupon:
    """A coupon of the shop. Where codes were loaded under its name one of them is given, else the grant makes its own code."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=60)]
    value_fen: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    kind: Literal["coupon"] = "coupon"


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class Chance:
    """Chances of an activity (a lottery's draws, made-up days of a check-in), by the activity's name."""

    activity: Annotated[StrictStr, Field(min_length=1, max_length=40)]
    chances: Annotated[StrictInt, Field(ge=1, le=100)] = 1
    kind: Literal["chance"] = "chance"


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class Growth:
    """Growth value; a tier that it reaches is entered at once."""

    growth: Annotated[StrictInt, Field(ge=1, le=1_000_000)]
    kind: Literal["growth"] = "growth"


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class MembershipDays:
    """Days of a paid plan (its id), after all time that the member has already."""

    plan: Annotated[StrictStr, Field(min_length=1, max_length=40)]
    days: Annotated[StrictInt, Field(ge=1, le=366)]
    kind: Literal["membership_days"] = "membership_days"


Benefit = Points | CashbackCard | Coupon | Chance | Growth | MembershipDays
_UNION: TypeAdapter[Benefit] = TypeAdapter(Annotated[Benefit, Field(discriminator="kind")])


@dataclass(frozen=True, slots=True)
class BenefitGrant:
    """Gives a benefit to a member. Its worst cost is spent from ``hold_id`` (a hold of ``BUDGET_ASSET``); None costs no budget."""

    key: str
    member_id: str
    benefit: Benefit
    hold_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Granted:
    """What was given: the lot, the card, or the coupon's code; ``cost_fen`` is what it took from the budget."""

    kind: str
    ref: str
    cost_fen: int


@dataclass(frozen=True, slots=True)
class LoadCodes:
    """Codes that the shop made for a coupon; codes known already are left as they are."""

    key: str
    name: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many codes can still be given."""

    left: int


@dataclass(frozen=True, slots=True)
class HeldCoupon:
    """A coupon that a member was given."""

    name: str
    code: str
    value_fen: int


def chance_account(member_id: str, activity: str) -> Account:
    """A member's chances of one activity."""
    return Account(f"member:{member_id}", CHANCE_ASSET, activity)


def from_dict(data: Mapping[str, Any]) -> Benefit:
    """A benefit of plain data (``{"kind": "points", "points": 50}``); Invalid names what is wrong."""
    try:
        return _UNION.validate_python(dict(data))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "kind"
        raise Invalid(f"权益写得不对：{where}", code="bad_benefit", where=where) from None


def to_dict(benefit: Benefit) -> dict[str, Any]:
    """Plain data that ``from_dict`` reads back."""
    return asdict(benefit)


def describe(benefit: Benefit, card_name: str = "") -> str:
    """A short name for people."""
    match benefit:
        case Points():
            return f"{benefit.points} 积分"
        case CashbackCard():
            return card_name or "返现卡"
        case Coupon():
            return benefit.name
        case Chance():
            return f"{benefit.chances} 次机会"
        case Growth():
            return f"{benefit.growth} 成长值"
        case MembershipDays():
            return f"{benefit.days} 天付费会员"
