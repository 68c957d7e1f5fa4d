"""The rules of membership as versioned data: tiers with their gifts, the window, and the paid plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt, StrictStr, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from assistant.base.errors import Invalid
from assistant.base.money import MOST

_CLOSED = ConfigDict(extra="forbid")
Name = Annotated[StrictStr, Field(min_length=1, max_length=20)]
When = Literal["entry", "monthly", "quarterly", "birthday"]


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class Gift:
    """What comes with a tier or a plan. ``benefit`` is plain data that the room of benefits reads; ``value_fen`` is what a refund deducts.

    ``entry``: on entering the tier, or when the bought time begins. ``monthly``, ``quarterly``: at the beginning of each calendar
    month or quarter in Shanghai. ``birthday``: at the beginning of the birthday month.
    """

    name: Annotated[StrictStr, Field(min_length=1, max_length=60)]
    when: When
    benefit: dict[str, Any]
    value_fen: Annotated[StrictInt, Field(ge=0, le=MOST)] = 0


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class Tier:
    """A tier, the growth value it is entered at, and the growth value a window must bring to keep it (None: as much as to enter)."""

    name: Name
    growth: Annotated[StrictInt, Field(ge=0, le=MOST)]
    keep: Annotated[StrictInt, Field(ge=0, le=MOST)] | None = None
    gifts: tuple[Gift, ...] = ()

    @property
    def to_keep(self) -> int:
        return self.growth if self.keep is None else self.keep


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class PaidPlan:
    """Time that is sold: whole months, a tier while it lasts (or none), gifts. An order of one of the ``skus`` buys it."""

    id: Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    name: Name
    months: Annotated[StrictInt, Field(ge=1, le=36)]
    price_fen: Annotated[StrictInt, Field(ge=1, le=MOST)]
    tier: Annotated[StrictStr, Field(max_length=20)] = ""
    skus: tuple[Annotated[StrictStr, Field(min_length=1, max_length=80)], ...] = ()
    gifts: tuple[Gift, ...] = ()


@checked_dataclass(frozen=True, slots=True, config=_CLOSED)
class Rules:
    """One version. The first tier is everybody's and has no window.

    ``soft_landing``: a review takes one step down at most. ``lower_on_refund``: growth value that a refund takes back lowers a tier
    inside its window too.
    """

    tiers: Annotated[tuple[Tier, ...], Field(min_length=1, max_length=20)]
    window_days: Annotated[StrictInt, Field(ge=1, le=3660)] = 365
    soft_landing: StrictBool = True
    lower_on_refund: StrictBool = False
    plans: Annotated[tuple[PaidPlan, ...], Field(max_length=50)] = ()

    @property
    def base(self) -> str:
        """Everybody's tier."""
        return self.tiers[0].name

    def rank(self, name: str) -> int:
        """How high a tier stands; a tier that these rules do not know stands lowest."""
        return next((number for number, tier in enumerate(self.tiers) if tier.name == name), 0)

    def higher(self, one: str, other: str) -> str:
        return max(one, other, key=self.rank)

    def at(self, growth: int) -> str:
        """The tier that this growth value reaches."""
        return next((tier.name for tier in reversed(self.tiers) if growth >= tier.growth), self.base)

    def kept_by(self, earned: int) -> str:
        """The highest tier that so much growth value in a window keeps."""
        return next((tier.name for tier in reversed(self.tiers) if earned >= tier.to_keep), self.base)

    def plan(self, plan_id: str) -> PaidPlan | None:
        return next((plan for plan in self.plans if plan.id == plan_id), None)

    def gifts_of(self, tier: str) -> tuple[Gift, ...]:
        return next((one.gifts for one in self.tiers if one.name == tier), ())


DEFAULT_RULES = Rules((Tier("普通", 0), Tier("银卡", 1000), Tier("金卡", 3000), Tier("黑金", 8000)))
"""Version 0: what holds until somebody sets rules."""
TIERS = DEFAULT_RULES.tiers
_RULES: TypeAdapter[Rules] = TypeAdapter(Rules)


def rules_from(data: Any) -> Rules:
    """Rules from plain data; Invalid names the place that is wrong."""
    try:
        made = _RULES.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "整体"
        raise Invalid(f"会员规则的“{where}”写得不对，请按说明改好再保存", code="bad_rules", where=where) from None
    _check(made)
    return made


def rules_to(rules: Rules) -> dict[str, Any]:
    """Plain data that ``rules_from`` reads back."""
    return asdict(rules)


def _check(rules: Rules) -> None:
    names, floors = [tier.name for tier in rules.tiers], [tier.growth for tier in rules.tiers]
    if len(set(names)) != len(names):
        raise Invalid("会员规则里有两个等级同名，请改成不同的名字", code="bad_rules", where="tiers")
    if floors[0] != 0 or any(low >= high for low, high in pairwise(floors)):
        raise Invalid("等级门槛要从 0 开始、一级比一级高，请检查 growth", code="bad_rules", where="tiers")
    if any(tier.to_keep > tier.growth for tier in rules.tiers):
        raise Invalid("保级需要的成长值 keep 不能高于升级门槛 growth", code="bad_rules", where="tiers")
    if any(low.to_keep > high.to_keep for low, high in pairwise(rules.tiers)):
        raise Invalid("高一级的保级成长值 keep 不能比低一级的少", code="bad_rules", where="tiers")
    ids = [plan.id for plan in rules.plans]
    skus = [sku for plan in rules.plans for sku in plan.skus]
    if len(set(ids)) != len(ids) or len(set(skus)) != len(skus):
        raise Invalid("付费方案的编号和商品编码不能重复", code="bad_rules", where="plans")
    for plan in rules.plans:
        if plan.tier and plan.tier not in names:
            raise Invalid(f"付费方案「{plan.name}」给的等级「{plan.tier}」不在等级表里", code="bad_rules", where="plans")


def named(rules: Rules) -> set[str]:
    """The tiers of these rules."""
    return {tier.name for tier in rules.tiers}


def gifts(rules: Rules) -> Mapping[str, tuple[Gift, ...]]:
    """All gifts by the tier or plan that brings them."""
    tiers = {f"等级「{tier.name}」": tier.gifts for tier in rules.tiers}
    return tiers | {f"方案「{plan.name}」": plan.gifts for plan in rules.plans}
