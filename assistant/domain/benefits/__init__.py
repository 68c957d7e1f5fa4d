"""Benefits: one door to grant anything grantable, within a held budget. Not for deciding to."""

from assistant.domain.benefits.commands import grant, load_codes
from assistant.domain.benefits.model import (
    BUDGET_ASSET,
    Benefit,
    BenefitGrant,
    CashbackCard,
    Coupon,
    Granted,
    HeldCoupon,
    LoadCodes,
    Loaded,
    Points,
    describe,
    from_dict,
    to_dict,
)
from assistant.domain.benefits.queries import codes_left, coupons_of, worst_cost

__all__ = [
    "BUDGET_ASSET",
    "Benefit",
    "BenefitGrant",
    "CashbackCard",
    "Coupon",
    "Granted",
    "HeldCoupon",
    "LoadCodes",
    "Loaded",
    "Points",
    "codes_left",
    "coupons_of",
    "describe",
    "from_dict",
    "grant",
    "load_codes",
    "to_dict",
    "worst_cost",
]
