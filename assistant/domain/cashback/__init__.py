"""Cashback: templates, cards, claims, and a claim's way to the payer and back, on ``ledger``. Not for wire protocols of payers.

Facts are ``cashback.<state>`` of a claim, and ``cashback.issued`` of a card.
"""

from assistant.domain.cashback.claiming import advance_for_orders, claim
from assistant.domain.cashback.features import FEATURES
from assistant.domain.cashback.giving import close_cards, create_template, edit_template, import_templates, issue
from assistant.domain.cashback.limits import Limits, SetLimits, billed_today, limits_now, set_limits
from assistant.domain.cashback.model import ALLOWED, Claim, Claimed, Issue, Issued, RebateClaim, State
from assistant.domain.cashback.paying import PAYOUT, BeginPayout, Begun, PayoutResult, Recorded, begin_payout, record_payout
from assistant.domain.cashback.port import PayoutAnswer, PayoutPort
from assistant.domain.cashback.queries import (
    budgets,
    card_id,
    cards_of,
    claims_by_id,
    claims_of,
    in_flight,
    of_orders,
    owed,
    paid_since,
    template,
    templates,
    waiting_approval,
)
from assistant.domain.cashback.reviewing import Approve, Decided, Reject, Release, approve, reject, release
from assistant.domain.cashback.saying import NEUTRAL, say_state
from assistant.domain.cashback.states import ripen
from assistant.domain.cashback.terms import (
    KINDS,
    NATURES,
    SOURCES,
    Card,
    CreateTemplate,
    EditTemplate,
    Rule,
    Scope,
    Template,
    TemplateMade,
    describe,
    rebate,
    template_id,
    valid_until,
)

__all__ = [
    "ALLOWED",
    "FEATURES",
    "KINDS",
    "NATURES",
    "NEUTRAL",
    "PAYOUT",
    "SOURCES",
    "Approve",
    "BeginPayout",
    "Begun",
    "Card",
    "Claim",
    "Claimed",
    "CreateTemplate",
    "Decided",
    "EditTemplate",
    "Issue",
    "Issued",
    "Limits",
    "PayoutAnswer",
    "PayoutPort",
    "PayoutResult",
    "RebateClaim",
    "Recorded",
    "Reject",
    "Release",
    "Rule",
    "Scope",
    "SetLimits",
    "State",
    "Template",
    "TemplateMade",
    "advance_for_orders",
    "approve",
    "begin_payout",
    "billed_today",
    "budgets",
    "card_id",
    "cards_of",
    "claim",
    "claims_by_id",
    "claims_of",
    "close_cards",
    "create_template",
    "describe",
    "edit_template",
    "import_templates",
    "in_flight",
    "issue",
    "limits_now",
    "of_orders",
    "owed",
    "paid_since",
    "rebate",
    "record_payout",
    "reject",
    "release",
    "ripen",
    "say_state",
    "set_limits",
    "template",
    "template_id",
    "templates",
    "valid_until",
    "waiting_approval",
]
