"""Activities: daily check-in and the points mall. Not for the texts that announce them, nor for how points work."""

from assistant.domain.activities.checkin import check_in
from assistant.domain.activities.mall import cancel_redeem, fulfil, redeem, stock_mall
from assistant.domain.activities.model import (
    CancelRedeem,
    CheckedIn,
    CheckIn,
    Fulfil,
    Item,
    Redeem,
    Redeemed,
    Redemption,
    Stocked,
    StockItem,
    Turned,
    earned,
)
from assistant.domain.activities.queries import items, redemptions_of, streak, to_fulfil

__all__ = [
    "CancelRedeem",
    "CheckIn",
    "CheckedIn",
    "Fulfil",
    "Item",
    "Redeem",
    "Redeemed",
    "Redemption",
    "StockItem",
    "Stocked",
    "Turned",
    "cancel_redeem",
    "check_in",
    "earned",
    "fulfil",
    "items",
    "redeem",
    "redemptions_of",
    "stock_mall",
    "streak",
    "to_fulfil",
]
