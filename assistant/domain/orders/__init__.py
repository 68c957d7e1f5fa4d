"""Orders of any shop: taken in whatever order they arrive, their states, refunds and whose they are. Not for rewards."""

from assistant.domain.orders.commands import claim, intake, match, match_waiting, refund
from assistant.domain.orders.features import FEATURES
from assistant.domain.orders.guessing import TOO_MANY, WRONG_A_DAY, WrongNumber, guesses_left, note_wrong
from assistant.domain.orders.model import (
    ALL_SO_FAR,
    STATUSES,
    Claim,
    Item,
    Order,
    OrderUpdate,
    Refund,
    Taken,
    Waiting,
    check_refund,
    check_update,
)
from assistant.domain.orders.queries import by_number, counts, get, many, of_member, paid_between, sums, waiting, waiting_by_source

__all__ = [
    "ALL_SO_FAR",
    "FEATURES",
    "STATUSES",
    "TOO_MANY",
    "WRONG_A_DAY",
    "Claim",
    "Item",
    "Order",
    "OrderUpdate",
    "Refund",
    "Taken",
    "Waiting",
    "WrongNumber",
    "by_number",
    "check_refund",
    "check_update",
    "claim",
    "counts",
    "get",
    "guesses_left",
    "intake",
    "many",
    "match",
    "match_waiting",
    "note_wrong",
    "of_member",
    "paid_between",
    "refund",
    "sums",
    "waiting",
    "waiting_by_source",
]
