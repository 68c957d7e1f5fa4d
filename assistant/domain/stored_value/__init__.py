"""Stored value: what members paid in and the bonus on it, each an asset of its own. Not for cashback, which never becomes stored value.

A spend takes principal and bonus in proportion unless the rules say otherwise: then nobody gains or loses by when a refund is asked for.
"""

from assistant.domain.stored_value.commands import refund, return_spend, set_rules, spend, top_up
from assistant.domain.stored_value.features import FEATURES
from assistant.domain.stored_value.model import (
    ASSETS,
    BONUS,
    DEFAULT_RULES,
    PRINCIPAL,
    Balance,
    Line,
    Lot,
    Moved,
    Refund,
    Return,
    Rules,
    RulesSet,
    SetRules,
    Spend,
    Step,
    TopUp,
    rules_from,
    rules_to,
)
from assistant.domain.stored_value.parting import part, still
from assistant.domain.stored_value.queries import balance, history, rules, top_ups

__all__ = [
    "ASSETS",
    "BONUS",
    "DEFAULT_RULES",
    "FEATURES",
    "PRINCIPAL",
    "Balance",
    "Line",
    "Lot",
    "Moved",
    "Refund",
    "Return",
    "Rules",
    "RulesSet",
    "SetRules",
    "Spend",
    "Step",
    "TopUp",
    "balance",
    "history",
    "part",
    "refund",
    "return_spend",
    "rules",
    "rules_from",
    "rules_to",
    "set_rules",
    "spend",
    "still",
    "top_up",
    "top_ups",
]
