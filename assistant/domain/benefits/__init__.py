"""Benefits: one door to grant anything grantable, within a held budget. Not for deciding to."""

from assistant.domain.benefits.commands import available, grant, load_codes
from assistant.domain.benefits.model import (
    BUDGET_ASSET,
    CHANCES,
    Benefit,
    BenefitGrant,
    CashbackCard,
    Chance,
    Coupon,
    Granted,
    HeldCoupon,
    LoadCodes,
    Loaded,
    Points,
    chance_account,
    describe,
    from_dict,
    to_dict,
)
from assistant.domain.benefits.queries import codes_left, coupons_of, worst_cost

__all__ = [
    "BUDGET_ASSET",
    "CHANCES",
    "Benefit",
    "BenefitGrant",
    "CashbackCard",
    "Chance",
    "Coupon",
    "Granted",
    "HeldCoupon",
    "LoadCodes",
    "Loaded",
    "Points",
    "available",
    "chance_account",
    "codes_left",
    "coupons_of",
    "describe",
    "from_dict",
    "grant",
    "load_codes",
    "to_dict",
    "worst_cost",
]
