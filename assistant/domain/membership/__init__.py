"""Growth value, tiers and paid membership: raised at once, reviewed when a window ends. Not for points, nor for giving benefits.

A gift that is due is a fact (``membership.gift_due``); the room of benefits, which stands above, gives it.
"""

from assistant.domain.membership.commands import add_growth, give_gift, grow_for_orders, review, set_rules
from assistant.domain.membership.features import FEATURES
from assistant.domain.membership.giving import keep_gifts, next_gifts
from assistant.domain.membership.model import (
    AddGrowth,
    Bought,
    Buy,
    DueGift,
    GiftEntry,
    GiveDays,
    Grown,
    Paid,
    Refunded,
    RefundPaid,
    RulesSet,
    SetRules,
    Standing,
)
from assistant.domain.membership.parting import join, part, still
from assistant.domain.membership.queries import gifts_of, purchases, rules, standings
from assistant.domain.membership.rules import DEFAULT_RULES, TIERS, Gift, PaidPlan, Rules, Tier, gifts, rules_from, rules_to
from assistant.domain.membership.selling import buy, buy_for_orders, give_days, refund_paid

__all__ = [
    "DEFAULT_RULES",
    "FEATURES",
    "TIERS",
    "AddGrowth",
    "Bought",
    "Buy",
    "DueGift",
    "Gift",
    "GiftEntry",
    "GiveDays",
    "Grown",
    "Paid",
    "PaidPlan",
    "RefundPaid",
    "Refunded",
    "Rules",
    "RulesSet",
    "SetRules",
    "Standing",
    "Tier",
    "add_growth",
    "buy",
    "buy_for_orders",
    "gifts",
    "gifts_of",
    "give_days",
    "give_gift",
    "grow_for_orders",
    "join",
    "keep_gifts",
    "next_gifts",
    "part",
    "purchases",
    "refund_paid",
    "review",
    "rules",
    "rules_from",
    "rules_to",
    "set_rules",
    "standings",
    "still",
]
