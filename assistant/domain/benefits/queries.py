"""The reads of benefits."""

from __future__ import annotations

from assistant.base.errors import Invalid
from assistant.domain import cashback, membership
from assistant.domain.benefits import store
from assistant.domain.benefits.model import FEN_PER_POINT, Benefit, CashbackCard, Chance, Coupon, Growth, HeldCoupon, MembershipDays, Points
from assistant.store import View

DAYS_OF_SHORTEST_MONTH = 28


def worst_cost(view: View, benefit: Benefit) -> int:
    """The most that one grant can cost in fen: a point is one fen, a card its cap for every use, a coupon its value, a chance
    nothing (what it wins is paid by its activity), growth value nothing, days of a plan their share of its price.

    Raises Invalid for a card template or a plan that does not exist.
    """
    match benefit:
        case Points():
            return benefit.points * FEN_PER_POINT
        case Coupon():
            return benefit.value_fen
        case Chance() | Growth():
            return 0
        case MembershipDays():
            plan = membership.rules(view)[1].plan(benefit.plan)
            if plan is None:
                raise Invalid("这个付费方案不存在", code="no_plan", plan=benefit.plan)
            return -(-plan.price_fen * benefit.days // (plan.months * DAYS_OF_SHORTEST_MONTH))
        case CashbackCard():
            template = cashback.template(view, benefit.template)
            if template is None:
                raise Invalid("这种返现卡不存在", code="no_template", template=benefit.template)
            return template.worst_fen


def coupons_of(view: View, member_id: str) -> list[HeldCoupon]:
    """The coupons a member was given."""
    return store.coupons_of(view, member_id)


def codes_left(view: View, name: str) -> int:
    """Loaded codes of a coupon that can still be given."""
    return store.left(view, name)
