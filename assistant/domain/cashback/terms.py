"""What a card promises: its rule, where it counts, how long it lasts, and what one order earns by it. Pure rules over values."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from assistant.base.clock import business_day, day_start
from assistant.base.errors import Invalid
from assistant.base.ids import derive
from assistant.base.money import MOST, format_yuan
from assistant.domain.orders import Order

LEAST_FEN, MOST_FEN = 10, 20_000
"""One payout is 0.1 to 200 yuan."""

CLAIM_GRACE = timedelta(days=30)
"""An order paid while the card was valid may be claimed until so long after the card's end; then the card is closed for good."""

Kind = Literal["single", "multi", "month", "quarter", "year"]
KINDS: dict[str, str] = {"single": "单次卡", "multi": "多次卡", "month": "月卡", "quarter": "季卡", "year": "年卡"}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}

Nature = Literal["rebate", "prize", "referral"]
NATURES: dict[str, str] = {"rebate": "本人消费返利", "prize": "活动奖励", "referral": "推荐奖励"}
"""What a payout is to the tax office."""

SOURCES = {
    "taobao": "淘宝",
    "tmall": "天猫",
    "jd": "京东",
    "douyin": "抖音",
    "doudian": "抖店",
    "douyin_life": "抖音来客",
    "youzan": "有赞",
    "kuaishou": "快手",
    "pdd": "拼多多",
    "wechat": "微信小店",
    "mini_program": "小程序",
}
"""Platforms as people call them."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a card counts; an empty tuple means anywhere. ``products`` are skus, ``sources`` platforms (taobao, douyin …)."""

    shops: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    live_rooms: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """How much: a ratio in basis points or fixed fen. ``floor_fen``: least paid amount in scope, ``cap_fen``: most of one order."""

    ratio_bp: int = 0
    fixed_fen: int = 0
    floor_fen: int = 0
    cap_fen: int = MOST_FEN

    @property
    def worst_fen(self) -> int:
        """The most one order can cost."""
        return min(self.fixed_fen or self.cap_fen, self.cap_fen, MOST_FEN)


@dataclass(frozen=True, slots=True)
class Template:
    """What cards are made from. ``stock`` and ``budget_fen`` None: no limit; ``committed_fen`` is the worst case of all cards still open.

    ``card_cap_fen``: most that all orders of one card bring together; ``window_days``: from receipt until a rebate may be paid;
    ``auto_bind``: orders of the holder are bound without being asked; ``open``: cards can still be given.
    """

    id: str
    name: str
    rule: Rule
    scope: Scope
    valid_days: int
    uses: int
    stock: int | None
    budget_fen: int | None
    issued: int = 0
    committed_fen: int = 0
    kind: str = "single"
    card_cap_fen: int | None = None
    window_days: int = 7
    auto_bind: bool = False
    open: bool = True
    nature: str = "rebate"

    @property
    def worst_fen(self) -> int:
        """The most one card can cost."""
        most = self.rule.worst_fen * self.uses
        return most if self.card_cap_fen is None else min(most, self.card_cap_fen)


@dataclass(frozen=True, slots=True)
class CreateTemplate:
    """A template by the operator's own name for it (``name_key``); the same name again with other content is a Conflict.

    ``kind`` empty: single or multi, as ``uses`` says. Cards of a month, a quarter or a year need no ``valid_days``, but a ``card_cap_fen``.
    """

    key: str
    name_key: str
    name: str
    rule: Rule
    scope: Scope = field(default_factory=Scope)
    valid_days: int = 90
    uses: int = 1
    stock: int | None = None
    budget_fen: int | None = None
    kind: str = ""
    card_cap_fen: int | None = None
    window_days: int = 7
    auto_bind: bool = False
    nature: str = "rebate"


@dataclass(frozen=True, slots=True)
class EditTemplate:
    """Sets what may change of a template: its name, stock, budget, binding by itself, and whether cards can still be given.

    The terms never change, since cards already given promise them.
    """

    key: str
    template_id: str
    name: str
    stock: int | None
    budget_fen: int | None
    auto_bind: bool
    open: bool


@dataclass(frozen=True, slots=True)
class TemplateMade:
    """The template's id."""

    template_id: str


@dataclass(frozen=True, slots=True)
class Card:
    """A right to money back on orders paid while it is valid. ``used_fen`` is what its live claims come to."""

    id: str
    template_id: str
    member_id: str
    name: str
    terms: Rule
    scope: Scope
    issued_at: datetime
    valid_until: datetime
    remaining: int
    used_fen: int = 0
    card_cap_fen: int | None = None
    kind: str = "single"
    window_days: int = 7
    auto_bind: bool = False
    budgeted: bool = False
    closed_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        return self.remaining > 0 and now < self.valid_until and self.room_fen >= LEAST_FEN

    @property
    def room_fen(self) -> int:
        """What the card may still bring."""
        return MOST if self.card_cap_fen is None else max(0, self.card_cap_fen - self.used_fen)

    @property
    def rule(self) -> str:
        """The terms as a sentence."""
        return describe(self.terms, self.scope, self.card_cap_fen)

    def covers(self, order: Order) -> bool:
        """Whether the order was paid while the card was the member's and valid."""
        return order.paid_at is not None and self.issued_at <= order.paid_at < self.valid_until

    def brings(self, order: Order) -> int:
        """What this order earns with this card in fen, 0 if nothing."""
        amount = min(rebate(self.terms, self.scope, order), self.room_fen)
        return amount if amount >= LEAST_FEN else 0


def template_id(name_key: str) -> str:
    """The id of the template with this name."""
    return derive("cardtype", name_key)


def made_of(request: CreateTemplate) -> Template:
    """The template that a request asks for; raises Invalid for one that could never pay or never end."""
    kind = request.kind or ("single" if request.uses == 1 else "multi")
    _check_rule(request.rule)
    if not request.name.strip() or not request.name_key.strip() or request.valid_days < 1 or request.uses < 1:
        raise Invalid("返现卡需要名称，有效天数和可用次数至少为 1", code="bad_card_rule")
    if kind not in get_args(Kind) or request.nature not in get_args(Nature):
        raise Invalid(f"返现卡的种类应是 {'、'.join(KINDS)} 之一，性质应是 {'、'.join(NATURES)} 之一", code="bad_card_rule")
    if kind == "single" and request.uses != 1:
        raise Invalid("单次卡只能用 1 次，要多次请选多次卡", code="bad_card_rule")
    if kind in _MONTHS and request.card_cap_fen is None:
        raise Invalid("月卡、季卡、年卡需要填整张卡最多返多少", code="bad_card_rule")
    if request.card_cap_fen is not None and not LEAST_FEN <= request.card_cap_fen <= MOST:
        raise Invalid("整张卡最多返的金额至少 0.10 元", code="bad_card_rule")
    if not 0 <= request.window_days <= 365:
        raise Invalid("退货期应在 0–365 天之间", code="bad_card_rule")
    _check_limits(request.stock, request.budget_fen)
    return Template(
        template_id(request.name_key),
        request.name.strip()[:60],
        request.rule,
        request.scope,
        request.valid_days,
        request.uses,
        request.stock,
        request.budget_fen,
        kind=kind,
        card_cap_fen=request.card_cap_fen,
        window_days=request.window_days,
        auto_bind=request.auto_bind,
        nature=request.nature,
    )


def _check_rule(rule: Rule) -> None:
    if (rule.ratio_bp > 0) == (rule.fixed_fen > 0) or not 0 <= rule.ratio_bp <= 10_000 or not 0 <= rule.fixed_fen <= MOST_FEN:
        raise Invalid("返现卡需要填返现比例（万分比 1–10000）或固定金额（不超过 200 元），二选一", code="bad_card_rule")
    if not LEAST_FEN <= rule.cap_fen <= MOST_FEN or not 0 <= rule.floor_fen <= MOST or 0 < rule.fixed_fen < LEAST_FEN:
        raise Invalid("封顶金额应在 0.10–200.00 元之间，门槛不能为负", code="bad_card_rule")


def _check_limits(stock: int | None, budget_fen: int | None) -> None:
    if (stock or 0) < 0 or not 0 <= (budget_fen or 0) <= MOST:
        raise Invalid("库存和预算不能为负，预算最多 1000 万元", code="bad_card_rule")


def edited(of: Template, request: EditTemplate) -> None:
    """Raises Invalid or Refused's reason for a change that what is already given does not allow."""
    _check_limits(request.stock, request.budget_fen)
    if not request.name.strip():
        raise Invalid("返现卡需要名称", code="bad_card_rule")
    if request.stock is not None and request.stock < of.issued:
        raise Invalid(f"已经发出 {of.issued} 张，库存不能比这更少", code="below_issued")
    if (request.budget_fen is None) != (of.budget_fen is None):
        raise Invalid("有没有预算在新建时就定了；要换请新建一种返现卡", code="budget_kind")


def valid_until(of: Template, issued_at: datetime) -> datetime:
    """When a card given at this instant ends.

    Cards of days end so many days later to the second. Cards of a month, a quarter or a year last through the same day of the month
    in Shanghai (or that month's last day): given on 11-22 at any hour, a month card counts until 12-22 24:00.
    """
    if of.kind not in _MONTHS:
        return issued_at + timedelta(days=of.valid_days)
    day = business_day(issued_at)
    year, month = divmod(day.year * 12 + day.month - 1 + _MONTHS[of.kind], 12)
    last = date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
    return day_start(last + timedelta(days=1))


def rebate(rule: Rule, scope: Scope, order: Order) -> int:
    """What this order earns by this rule in fen, 0 if nothing. From facts of the order only; refunds count in proportion."""
    base = base_fen(scope, order)
    if base <= 0 or base < rule.floor_fen:
        return 0
    amount = rule.fixed_fen or base * rule.ratio_bp // 10_000
    amount = min(amount, rule.cap_fen, MOST_FEN, base)
    return amount if amount >= LEAST_FEN else 0


def base_fen(scope: Scope, order: Order) -> int:
    """What of the order still counts: the net amount of what is in scope."""
    if order.net_fen <= 0 or order.paid_fen <= 0 or not in_scope(scope, order):
        return 0
    return _part(scope, order) * order.net_fen // order.paid_fen


def in_scope(scope: Scope, order: Order) -> bool:
    """Whether the order was made where the card counts."""
    pairs = ((scope.shops, order.shop), (scope.sources, order.source), (scope.live_rooms, order.live_room))
    return all(not allowed or value in allowed for allowed, value in pairs)


def _part(scope: Scope, order: Order) -> int:
    """What was paid for products in scope; never more than the order."""
    if not scope.products and not scope.categories:
        return order.paid_fen
    inside = (
        item.paid_fen
        for item in order.items
        if (not scope.products or item.sku in scope.products) and (not scope.categories or item.category in scope.categories)
    )
    return min(order.paid_fen, sum(inside))


def describe(rule: Rule, scope: Scope, card_cap_fen: int | None = None) -> str:
    """The rule of a card in one sentence."""
    what = f"返 {format_yuan(rule.fixed_fen)} 元" if rule.fixed_fen else f"返实付的 {_percent(rule.ratio_bp)}"
    floor = f"，满 {format_yuan(rule.floor_fen)} 元可用" if rule.floor_fen else ""
    cap = f"，每单最多返 {format_yuan(rule.cap_fen)} 元" if rule.ratio_bp else ""
    whole = f"，整张卡最多返 {format_yuan(card_cap_fen)} 元" if card_cap_fen is not None else ""
    return what + floor + cap + whole + _where(scope)


def _where(scope: Scope) -> str:
    said = []
    if scope.sources:
        said.append("、".join(SOURCES.get(name, name) for name in scope.sources))
    if scope.shops:
        said.append("、".join(scope.shops) + "店铺")
    if scope.live_rooms:
        said.append("指定直播间")
    if scope.products:
        said.append("指定商品")
    if scope.categories:
        said.append("、".join(scope.categories) + "类商品")
    return f"，限{'，'.join(said)}" if said else ""


def _percent(basis_points: int) -> str:
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"
