"""Points: earning by orders, lots with expiry, spending, reversal, on the ledger. Not for rules of activities, nor for tiers.

Every change is a ledger posting of asset ``points``, pocket ``pending`` or ``available``; a lot says which points are which.
"""

from assistant.domain.points.commands import (
    earn_for_orders,
    expire,
    grant,
    mature,
    open_balance,
    refund_spend,
    set_rule,
    spend,
)
from assistant.domain.points.features import FEATURES
from assistant.domain.points.model import (
    DEFAULT_RULE,
    EarnRule,
    Expiring,
    Grant,
    Granted,
    HistoryEntry,
    Lot,
    OpenBalance,
    Part,
    PointsBalance,
    RefundSpend,
    Returned,
    SetRule,
    Spend,
    Spent,
    earned_on,
)
from assistant.domain.points.queries import balance, earned_by_order, expiring, history, lots, rule

__all__ = [
    "DEFAULT_RULE",
    "FEATURES",
    "EarnRule",
    "Expiring",
    "Grant",
    "Granted",
    "HistoryEntry",
    "Lot",
    "OpenBalance",
    "Part",
    "PointsBalance",
    "RefundSpend",
    "Returned",
    "SetRule",
    "Spend",
    "Spent",
    "balance",
    "earn_for_orders",
    "earned_by_order",
    "earned_on",
    "expire",
    "expiring",
    "grant",
    "history",
    "lots",
    "mature",
    "open_balance",
    "refund_spend",
    "rule",
    "set_rule",
    "spend",
]
