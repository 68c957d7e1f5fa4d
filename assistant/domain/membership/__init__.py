"""Growth value, tiers and paid membership: raised at once, reviewed when a window ends. Not for points, nor for giving benefits.

A gift that is due is a fact (``membership.gift_due``); the room of benefits, which stands above, gives it.
"""

from assistant.domain.membership.commands import add_growth, grow_for_orders, review, set_rules
from assistant.domain.membership.features import FEATURES
from assistant.domain.membership.model import AddGrowth, Grown, RulesSet, SetRules, Standing
from assistant.domain.membership.queries import rules, standings
from assistant.domain.membership.rules import DEFAULT_RULES, TIERS, Gift, PaidPlan, Rules, Tier, gifts, rules_from, rules_to

__all__ = [
    "DEFAULT_RULES",
    "FEATURES",
    "TIERS",
    "AddGrowth",
    "Gift",
    "Grown",
    "PaidPlan",
    "Rules",
    "RulesSet",
    "SetRules",
    "Standing",
    "Tier",
    "add_growth",
    "gifts",
    "grow_for_orders",
    "review",
    "rules",
    "rules_from",
    "rules_to",
    "set_rules",
    "standings",
]
