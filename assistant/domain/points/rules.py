"""The rules of earning as one document, and how its rules combine. Pure: no clock, no rows.

For one order:

1. The paid amount is split over the order's lines; what no line accounts for (postage, orders without lines) is a part of its own.
2. Each part earns at one rate: the first of ``rates`` that covers it, else the base rate.
3. Each part is multiplied once, by the best of the member's tier, their paid plan and the campaigns that cover it; multipliers do not
   multiply each other.
4. Bonuses of campaigns are added, each once per order.
5. The sum is floored once; each rule's share of it is by largest remainder.
6. Caps cut last, rule by rule in that same order.

A refund leaves the share that is still paid for: of the exact sum, or of what the caps had left, floored once. The difference to what
was earned before is taken back, so all parts of all refunds sum exactly to what was earned. A refund gives no room back to a cap.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from assistant.base.clock import SHANGHAI
from assistant.base.errors import Invalid
from assistant.base.money import apportion
from assistant.domain.orders import Order
from assistant.domain.points.faults import sentence

SCALE = 1_000_000
"""Fen × points per hundred yuan × percent of one point."""
BASE, TIER, PLAN = "base", "tier", "plan"

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Title = Annotated[str, Field(min_length=1, max_length=40)]
PlanName = Annotated[str, Field(min_length=1, max_length=20)]
Text = Annotated[str, Field(min_length=1, max_length=80)]
PerHundred = Annotated[int, Field(ge=0, le=100_000)]
Percent = Annotated[int, Field(ge=100, le=1000)]
Days = Annotated[int, Field(ge=1, le=3650)]
Amount = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Closed(BaseModel):
    """A value that refuses every field it does not know and every value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Where(Closed):
    """Which part of which order; an empty list is no condition."""

    sources: tuple[Text, ...] = ()
    shops: tuple[Text, ...] = ()
    live_rooms: tuple[Text, ...] = ()
    categories: tuple[Text, ...] = ()
    skus: tuple[Text, ...] = ()

    def covers(self, order: Order, category: str, sku: str) -> bool:
        asked = (
            (self.sources, order.source),
            (self.shops, order.shop),
            (self.live_rooms, order.live_room),
            (self.categories, category),
            (self.skus, sku),
        )
        return all(not wanted or value in wanted for wanted, value in asked)


class Rate(Closed):
    """Another rate for a category, a shop or a channel; ``per_hundred`` points per hundred yuan, 0 earns nothing."""

    id: Name
    title: Title
    per_hundred: PerHundred
    where: Where = Where()


class Window(Closed):
    """From ``starts`` to before ``ends``, either may be open."""

    starts: AwareDatetime | None = None
    ends: AwareDatetime | None = None

    def holds(self, at: datetime) -> bool:
        return (self.starts is None or at >= self.starts) and (self.ends is None or at < self.ends)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts and self.ends and self.starts >= self.ends:
            raise ValueError("开始时间要早于结束时间")
        return self


class Campaign(Window):
    """A multiplier, a bonus or both for orders paid inside the window, of at least ``min_fen``."""

    id: Name
    title: Title
    times_percent: Percent = 100
    bonus: Amount = 0
    min_fen: Amount = 0
    where: Where = Where()


class BehaviourRule(Window):
    """Points for an event; ``where`` are properties that the event must have."""

    id: Name
    title: Title
    event: Text
    points: Annotated[int, Field(ge=1, le=100_000)]
    where: dict[str, str | int | bool] = {}
    wait_days: Annotated[int, Field(ge=0, le=365)] = 0

    def answers(self, name: str, at: datetime, properties: Mapping[str, Any]) -> bool:
        return name == self.event and self.holds(at) and all(properties.get(key) == value for key, value in self.where.items())


class Cap(Closed):
    """The most points of some rules (of all, if none is named) for one member, one household or everybody, per day, month, year or ever.

    One for everybody is a budget. Days are those on which the order was paid or the event happened, in Shanghai.
    """

    id: Name
    title: Title
    points: Amount
    who: Literal["member", "household", "all"] = "member"
    every: Literal["day", "month", "year", "ever"] = "day"
    rules: tuple[Name, ...] = ()

    def period(self, at: datetime) -> str:
        return at.astimezone(SHANGHAI).strftime({"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y", "ever": ""}[self.every])


class Expiry(Closed):
    """When points end: ``rolling`` days after they became available; at the end of the year or month that is ``after`` later (``fixed``);
    after so many ``days`` without an order or behaviour (``inactivity``); or ``never``."""

    mode: Literal["rolling", "fixed", "inactivity", "never"] = "rolling"
    days: Days = 365
    unit: Literal["year", "month"] = "year"
    after: Annotated[int, Field(ge=0, le=60)] = 1

    @property
    def idle_days(self) -> int:
        return self.days if self.mode == "inactivity" else 0

    def end_of(self, available: datetime) -> datetime | None:
        if self.mode == "never":
            return None
        if self.mode != "fixed":
            return available + timedelta(days=self.days)
        here = available.astimezone(SHANGHAI)
        months = here.year * 12 + here.month - 1 + (self.after + 1 if self.unit == "month" else 0)
        year = here.year + self.after + 1 if self.unit == "year" else months // 12
        month = 1 if self.unit == "year" else months % 12 + 1
        return datetime(year, month, 1, tzinfo=SHANGHAI).astimezone(available.tzinfo)


class Rules(Closed):
    """All rules of earning. Tiers and paid plans, by their names, are percent of one (150 is one and a half times)."""

    title: Title = "积分规则"
    per_hundred: PerHundred = 100
    rates: Annotated[tuple[Rate, ...], Field(max_length=100)] = ()
    tiers: dict[Title, Percent] = {}
    plans: dict[PlanName, Percent] = {}
    campaigns: Annotated[tuple[Campaign, ...], Field(max_length=100)] = ()
    behaviours: Annotated[tuple[BehaviourRule, ...], Field(max_length=100)] = ()
    caps: Annotated[tuple[Cap, ...], Field(max_length=50)] = ()
    wait_days: Annotated[int, Field(ge=0, le=365)] = 7
    grace_days: Annotated[int, Field(ge=0, le=365)] = 30
    expiry: Expiry = Expiry()
    fen_per_hundred: Annotated[int, Field(ge=0, le=100_000)] = 100
    """What a hundred points cost the brand, in fen."""

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [*self.titles, *(cap.id for cap in self.caps)]
        listed = len(self.rates) + len(self.campaigns) + len(self.behaviours) + len(self.caps) + 3
        if len(set(names)) != listed:
            raise ValueError("每条规则和上限的 id 不能重复，也不能叫 base、tier 或 plan")
        if both := self.tiers.keys() & self.plans.keys():
            raise ValueError(f"“{min(both)}”不能既是等级又是付费方案，请把付费方案改个名字")
        for cap in self.caps:
            for name in cap.rules:
                if name not in self.titles:
                    raise ValueError(f"上限“{cap.title}”指向的规则“{name}”不存在")
        return self

    @property
    def titles(self) -> dict[str, str]:
        """Every rule by its id."""
        named = {rate.id: rate.title for rate in self.rates}
        named |= {campaign.id: campaign.title for campaign in self.campaigns}
        return {BASE: "消费", TIER: "会员等级加成", PLAN: "付费会员加成", **named, **{one.id: one.title for one in self.behaviours}}

    @property
    def plain(self) -> bool:
        """Whether the base rate is all there is for orders."""
        return not (self.rates or self.standings or self.campaigns)

    @property
    def standings(self) -> bool:
        """Whether it matters where a member stands."""
        return bool(self.tiers or self.plans)

    def held(self, tier: str, plan: str) -> str:
        """Of a member's tier and paid plan the one that multiplies more, the tier where they are equal."""
        return plan if self.plans.get(plan, 100) > self.tiers.get(tier, 100) else tier


@dataclass(frozen=True, slots=True)
class Quote:
    """What an order earns before caps: ``exact`` by rule in millionths of a point."""

    exact: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.exact.values()) // SCALE

    def parts(self) -> dict[str, int]:
        """The floored total split over the rules by largest remainder."""
        return split(self.total, self.exact)


def rules_from(value: Any) -> Rules:
    """The rules of a JSON document, as text or as values; raises Invalid in plain words that name the place."""
    try:
        return Rules.model_validate_json(value if isinstance(value, str) else json.dumps(value))
    except ValidationError as error:
        place, said = sentence(error)
        raise Invalid(said, code="bad_rules", place=place) from error


def quote(rules: Rules, order: Order, held: str, at: datetime) -> Quote:
    """What the order's whole paid amount earns for a member of this tier or paid plan, paid at ``at``."""
    if rules.plain:
        return Quote({BASE: order.paid_fen * rules.per_hundred * 100})
    running = [one for one in rules.campaigns if one.holds(at) and order.paid_fen >= one.min_fen]
    exact: dict[str, int] = {}
    lines = list(_lines(order))
    for category, sku, fen in lines:
        rate = next((one for one in rules.rates if one.where.covers(order, category, sku)), None)
        per_hundred = rate.per_hundred if rate else rules.per_hundred
        _add(exact, rate.id if rate else BASE, fen * per_hundred * 100)
        times = [(rules.tiers.get(held, 100), TIER), (rules.plans.get(held, 100), PLAN)]
        times += [(one.times_percent, one.id) for one in running if one.where.covers(order, category, sku)]
        most, name = max(times, key=lambda pair: pair[0])
        _add(exact, name, fen * per_hundred * (most - 100))
    for one in running:
        if order.paid_fen and any(one.where.covers(order, category, sku) for category, sku, _fen in lines):
            _add(exact, one.id, one.bonus * SCALE)
    return Quote({name: exact[name] for name in rules.titles if name in exact})


def kept(quoted: Quote, granted: int, net_fen: int, paid_fen: int) -> int:
    """What is left of an order's points while ``net_fen`` of ``paid_fen`` is paid for; ``granted`` is what the caps had left."""
    if net_fen >= paid_fen:
        return granted
    if granted == quoted.total:
        return sum(quoted.exact.values()) * net_fen // (paid_fen * SCALE)
    return granted * net_fen // paid_fen


def split(total: int, shares: Mapping[str, int]) -> dict[str, int]:
    """A total over rules by their shares, so that the parts sum to it; rules that get nothing are left out."""
    if not total:
        return {}
    parts = apportion(total, list(shares.values()))
    return {name: part for name, part in zip(shares, parts, strict=True) if part}


def _lines(order: Order) -> Iterator[tuple[str, str, int]]:
    """(category, sku, fen) parts of the paid amount, which they sum to."""
    fens = [item.paid_fen for item in order.items]
    if sum(fens) > order.paid_fen:
        fens = apportion(order.paid_fen, fens)
    for item, fen in zip(order.items, fens, strict=True):
        yield item.category, item.sku, fen
    if sum(fens) < order.paid_fen or not fens:
        yield "", "", order.paid_fen - sum(fens)


def _add(exact: dict[str, int], name: str, more: int) -> None:
    if more:
        exact[name] = exact.get(name, 0) + more
