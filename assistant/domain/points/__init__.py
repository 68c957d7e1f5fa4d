"""Points: rules of earning, lots with expiry, spending, reservation, reversal, on the ledger. Not for activities, nor for tiers.

Every change is a ledger posting of asset ``points``, pocket ``pending``, ``available`` or ``held``; a lot says which points are which.
"""

from assistant.domain.points.behaving import (
    BehaviourEarned,
    InHousehold,
    RuleGave,
    SetHousehold,
    earn_behaviour,
    heard_events,
    set_households,
)
from assistant.domain.points.changing import GoLive, KeepSimulation, Live, Proposed, ProposeRules, go_live, keep_simulation, propose_rules
from assistant.domain.points.claiming import ClaimOrder, OrderClaimed, claim_order
from assistant.domain.points.commands import expire, grant, mature, open_balance, refund_spend, spend
from assistant.domain.points.earning import earn_for_orders
from assistant.domain.points.features import FEATURES
from assistant.domain.points.holding import Capture, Release, Reserve, Reserved, capture, release, release_overdue, reserve
from assistant.domain.points.model import (
    Behaviour,
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
    Spend,
    Spent,
)
from assistant.domain.points.noticing import Ending, next_ending, notice_expiring
from assistant.domain.points.parting import joined, part, still
from assistant.domain.points.queries import (
    balance,
    drift,
    earned_by_order,
    expiring,
    history,
    household_of,
    live_lots,
    live_version,
    lots,
    rules,
    spend_state,
)
from assistant.domain.points.rulebook import RuleVersion, rule_version, rule_versions
from assistant.domain.points.rules import Rules, rules_from
from assistant.domain.points.saying import in_words
from assistant.domain.points.simulating import SIMULATED_DAYS, Difference, RuleResult, Simulation, simulate

__all__ = [
    "FEATURES",
    "SIMULATED_DAYS",
    "Behaviour",
    "BehaviourEarned",
    "Capture",
    "ClaimOrder",
    "Difference",
    "Ending",
    "Expiring",
    "GoLive",
    "Grant",
    "Granted",
    "HistoryEntry",
    "InHousehold",
    "KeepSimulation",
    "Live",
    "Lot",
    "OpenBalance",
    "OrderClaimed",
    "Part",
    "PointsBalance",
    "ProposeRules",
    "Proposed",
    "RefundSpend",
    "Release",
    "Reserve",
    "Reserved",
    "Returned",
    "RuleGave",
    "RuleResult",
    "RuleVersion",
    "Rules",
    "SetHousehold",
    "Simulation",
    "Spend",
    "Spent",
    "balance",
    "capture",
    "claim_order",
    "drift",
    "earn_behaviour",
    "earn_for_orders",
    "earned_by_order",
    "expire",
    "expiring",
    "go_live",
    "grant",
    "heard_events",
    "history",
    "household_of",
    "in_words",
    "joined",
    "keep_simulation",
    "live_lots",
    "live_version",
    "lots",
    "mature",
    "next_ending",
    "notice_expiring",
    "open_balance",
    "part",
    "propose_rules",
    "refund_spend",
    "release",
    "release_overdue",
    "reserve",
    "rule_version",
    "rule_versions",
    "rules",
    "rules_from",
    "set_households",
    "simulate",
    "spend",
    "spend_state",
    "still",
]
