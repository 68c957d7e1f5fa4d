"""What the API gives about orders that wait for an owner. Money is fen, instants are UTC."""

from __future__ import annotations

from datetime import datetime

from assistant.web.shapes import Out


class WaitingOrderOut(Out):
    """An order that nobody owns yet. ``buyer`` is the namespace of the buyer's identity; empty: the shop has not said who bought."""

    id: str
    source: str
    shop: str
    order_no: str
    status: str
    paid_fen: int
    refund_fen: int
    buyer: str
    paid_at: datetime | None


class SourceWaitingOut(Out):
    """How many orders of a source wait, worth what, how many name a buyer, since when."""

    source: str
    count: int
    paid_fen: int
    with_buyer: int
    since: datetime


class ShopDoorOut(Out):
    """A shop's notices: ``refused`` since this process began, for a wrong signature or form."""

    shop: str
    refused: int


class UnreadOut(Out):
    """Signed notices that could not be understood; ``reasons`` are the first of them."""

    at: datetime
    shop: str
    count: int
    reasons: list[str]


class WaitingOrdersOut(Out):
    """Orders without an owner: the count by source, one page of them, and what shops said that was not taken."""

    count: int
    sources: list[SourceWaitingOut]
    orders: list[WaitingOrderOut]
    next_after: str
    doors: list[ShopDoorOut]
    unread: list[UnreadOut]
