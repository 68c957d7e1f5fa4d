"""Templates, cards and claims of cashback as values, and the pure rules: what fits, how much, which state may follow which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from assistant.base.errors import Invalid
from assistant.base.ids import derive
from assistant.base.money import MOST, format_yuan
from assistant.domain.orders import Order

LEAST_FEN, MOST_FEN = 10, 20_000
"""One payout is 0.1 to 200 yuan."""

SECOND_PERSON_FEN = 10_000
"""Above this a second person must approve."""

RETURN_WINDOW = timedelta(days=7)
"""From receipt until a rebate may be paid."""

GIVES_UP_AFTER = timedelta(days=180)
"""A claim whose order is never received ends after this."""

State = Literal[
    "waiting_receipt",
    "waiting_window",
    "due",
    "approved",
    "paying",
    "wait_user_confirm",
    "paid",
    "void",
    "expired",
    "rejected",
    "unknown",
    "clawed_back",
]
WAITING = ("waiting_receipt", "waiting_window", "due", "approved")
IN_FLIGHT = ("paying", "wait_user_confirm", "unknown")
PAID = ("paid", "clawed_back")
ENDED = ("void", "expired", "rejected")
_BACK = frozenset({"void", "expired", "rejected"})
ALLOWED: dict[str, frozenset[str]] = {
    "bound": frozenset({"waiting_receipt", "waiting_window", "due"}),
    "waiting_receipt": frozenset({"waiting_window", "due"}) | _BACK,
    "waiting_window": frozenset({"due"}) | _BACK,
    "due": frozenset({"approved"}) | _BACK,
    "approved": frozenset({"paying", "paid"}) | _BACK,
    "paying": frozenset({"wait_user_confirm", "paid", "unknown", "due"}),
    "wait_user_confirm": frozenset({"paid", "unknown", "due"}),
    "unknown": frozenset({"paying", "wait_user_confirm", "paid", "due"}),
    "paid": frozenset({"clawed_back"}),
    "clawed_back": frozenset(),
    "void": frozenset(),
    "expired": frozenset(),
    "rejected": frozenset(),
}
"""Which state may follow which. From in flight back to ``due`` only when the payer says that no money has moved."""


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
    """How much: a ratio in basis points or fixed fen. ``floor_fen``: least paid amount in scope, ``cap_fen``: most that comes back."""

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
    """What cards are made from. ``stock`` and ``budget_fen`` None: no limit; ``committed_fen`` is the worst case of all cards issued."""

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

    @property
    def worst_fen(self) -> int:
        """The most one card can cost."""
        return self.rule.worst_fen * self.uses


@dataclass(frozen=True, slots=True)
class CreateTemplate:
    """A template by the operator's own name for it (``name_key``); the same name again with other content is a Conflict."""

    key: str
    name_key: str
    name: str
    rule: Rule
    scope: Scope = field(default_factory=Scope)
    valid_days: int = 90
    uses: int = 1
    stock: int | None = None
    budget_fen: int | None = None


@dataclass(frozen=True, slots=True)
class TemplateMade:
    """The template's id."""

    template_id: str


@dataclass(frozen=True, slots=True)
class Issue:
    """Gives a member a card. ``shop_key`` is the shop's own number of it, ``issued_at`` an earlier instant for cards from elsewhere."""

    key: str
    member_id: str
    template_id: str
    shop_key: str = ""
    issued_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Issued:
    """The card."""

    card_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Card:
    """A right to money back on orders paid while it is valid."""

    id: str
    template_id: str
    member_id: str
    name: str
    terms: Rule
    scope: Scope
    issued_at: datetime
    valid_until: datetime
    remaining: int

    def usable(self, now: datetime) -> bool:
        return self.remaining > 0 and now < self.valid_until

    @property
    def rule(self) -> str:
        """The terms as a sentence."""
        return describe(self.terms, self.scope)


@dataclass(frozen=True, slots=True)
class Claim:
    """A member asks money back for an order; without ``card_id`` the fitting card that gives most is taken."""

    key: str
    member_id: str
    order_no: str
    card_id: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """The claim as it stands and what to tell the member."""

    claim_id: str
    state: str
    amount_fen: int
    say: str


@dataclass(frozen=True, slots=True)
class RebateClaim:
    """One order bound to one card, through to payout.

    ``amount_fen`` is what the order earns, ``recovered_fen`` what of it paid an old debt, ``paid_fen`` what went to the member,
    ``clawed_fen`` what of that became a debt again.
    """

    id: str
    member_id: str
    order_id: str
    order_no: str
    card_id: str
    template_id: str
    rule: Rule
    scope: Scope
    amount_fen: int
    recovered_fen: int
    paid_fen: int
    clawed_fen: int
    state: str
    reason: str
    attempt: int
    first_approver: str
    approver: str
    payee: str
    created_at: datetime
    ripe_at: datetime | None
    settled_at: datetime | None

    @property
    def bill_no(self) -> str:
        """The payer's number of this attempt: derived, so that no retry can make another."""
        return derive("bill", self.id, self.attempt)

    @property
    def payable_fen(self) -> int:
        return self.amount_fen - self.recovered_fen


def template_id(name_key: str) -> str:
    """The id of the template with this name."""
    return derive("cardtype", name_key)


def checked(request: CreateTemplate) -> CreateTemplate:
    """The request itself; raises Invalid for a template that could never pay."""
    rule = request.rule
    if (rule.ratio_bp > 0) == (rule.fixed_fen > 0) or not 0 <= rule.ratio_bp <= 10_000 or not 0 <= rule.fixed_fen <= MOST_FEN:
        raise Invalid("返现卡需要填返现比例（万分比 1–10000）或固定金额（不超过 200 元），二选一", code="bad_card_rule")
    if not LEAST_FEN <= rule.cap_fen <= MOST_FEN or not 0 <= rule.floor_fen <= MOST:
        raise Invalid("封顶金额应在 0.10–200.00 元之间，门槛不能为负", code="bad_card_rule")
    if not request.name.strip() or request.valid_days < 1 or request.uses < 1:
        raise Invalid("返现卡需要名称，有效天数和可用次数至少为 1", code="bad_card_rule")
    if (request.stock or 0) < 0 or (request.budget_fen or 0) < 0:
        raise Invalid("库存和预算不能为负", code="bad_card_rule")
    return request


def rebate(rule: Rule, scope: Scope, order: Order) -> int:
    """What this order earns by this rule in fen, 0 if nothing. From facts of the order only; refunds count in proportion."""
    if order.net_fen <= 0 or order.paid_fen <= 0 or not in_scope(scope, order):
        return 0
    base = _part(scope, order) * order.net_fen // order.paid_fen
    if base <= 0 or base < rule.floor_fen:
        return 0
    amount = rule.fixed_fen or base * rule.ratio_bp // 10_000
    amount = min(amount, rule.cap_fen, MOST_FEN, base)
    return amount if amount >= LEAST_FEN else 0


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


def standing(order: Order, now: datetime) -> tuple[State, datetime | None]:
    """Where a claim on this order stands by time: its state, and when its return window ends."""
    if order.finished_at is None:
        return "waiting_receipt", None
    ripe_at = order.finished_at + RETURN_WINDOW
    return ("due" if ripe_at <= now else "waiting_window"), ripe_at


def recovery(payable: int, debt: int) -> int:
    """How much of a rebate pays an old debt: all of it, but a rest is never smaller than the payer can pay."""
    taken = min(payable, debt)
    rest = payable - taken
    return payable - LEAST_FEN if 0 < rest < LEAST_FEN else taken


def describe(rule: Rule, scope: Scope) -> str:
    """The rule of a card in one sentence."""
    what = f"返 {format_yuan(rule.fixed_fen)} 元" if rule.fixed_fen else f"返实付的 {_percent(rule.ratio_bp)}"
    floor = f"，满 {format_yuan(rule.floor_fen)} 元可用" if rule.floor_fen else ""
    cap = f"，最多返 {format_yuan(rule.cap_fen)} 元" if rule.ratio_bp else ""
    return what + floor + cap + ("，限指定渠道或商品" if scope != Scope() else "")


def _percent(basis_points: int) -> str:
    whole, rest = divmod(basis_points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"
