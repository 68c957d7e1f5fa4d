"""The reads of benefits."""

from __future__ import annotations

from assistant.base.errors import Invalid
from assistant.domain import cashback
from assistant.domain.benefits import store
from assistant.domain.benefits.model import FEN_PER_POINT, Benefit, CashbackCard, Chance, Coupon, HeldCoupon, Points
from assistant.store import View


def worst_cost(view: View, benefit: Benefit) -> int:
    """The most that one grant can cost in fen: a point is one fen, a card its cap for every use, a coupon its value, a chance
    nothing (what it wins is paid by its activity).

    Raises Invalid for a card template that does not exist.
    """
    match benefit:
        case Points():
            return benefit.points * FEN_PER_POINT
        case Coupon():
            return benefit.value_fen
        case Chance():
            return 0
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
