"""What a shop's notice means for the book: orders and refunds taken in one commit, what could not be read kept for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from assistant.base.errors import Invalid
from assistant.domain import members, orders
from assistant.shops import Message, Notice, OrderTold, RefundTold
from assistant.store import Fact, View, Work, fact, once

BUYERS: Mapping[str, str] = {"youzan": "youzan", "doudian": "douyin_open", "douyin_life": "douyin_life"}
"""Shop → the identity that its buyers' ids are."""

SOURCES: Mapping[str, str] = {"youzan": "youzan", "doudian": "douyin", "douyin_life": "douyin_life"}
"""Shop → the source its orders stand under, here as in imports."""

UNREAD = "shops.unread"


@dataclass(frozen=True, slots=True)
class Heard:
    """A notice of a shop."""

    shop: str
    notice: Notice


@dataclass(frozen=True, slots=True)
class _Named:
    """A message is taken once by its key; when it was heard is no part of it."""

    key: str


def take(work: Work, heard: Heard) -> int:
    """Takes everything of one call, in any order; a message told again changes nothing. Returns how many messages there were.

    What breaks a rule of orders is kept for a person like what could not be read.
    """
    messages = {f"{heard.shop}:{one.id}": one for one in heard.notice.messages}

    def hear(work: Work, new: list[_Named]) -> list[bool]:
        _hear(work, heard.shop, {one.key: messages[one.key] for one in new})
        return [True] * len(new)

    return len(once(work, "shops.hear", [_Named(key) for key in messages], bool, hear))


@dataclass(frozen=True, slots=True)
class Unread:
    """Messages of one call that could not be understood; ``reasons`` are the first of them."""

    at: datetime
    shop: str
    count: int
    reasons: tuple[str, ...]


def unread(view: View, limit: int = 50) -> list[Unread]:
    """What shops said that could not be understood, the latest first."""
    statement = sa.select(fact).where(fact.c.name == UNREAD).order_by(fact.c.id.desc()).limit(limit)
    found = [(row.occurred_at, row.payload) for row in view.all(statement)]
    return [Unread(at, told["shop"], told["count"], tuple(told["reasons"])) for at, told in found]


def _hear(work: Work, shop: str, messages: Mapping[str, Message]) -> None:
    unread = [one.unread for one in messages.values() if one.unread]
    updates, refunds = [], []
    for key, message in messages.items():
        for place, told in enumerate(message.told):
            try:
                if isinstance(told, RefundTold):
                    refunds.append(_refund(f"{key}:{place}", shop, told))
                else:
                    updates.append(_update(f"{key}:{place}", shop, told))
            except Invalid as error:
                unread.append(error.say)
    orders.intake(work, updates)
    orders.refund(work, refunds)
    if unread:
        work.record(Fact(UNREAD, f"shop:{shop}", {"shop": shop, "reasons": unread[:20], "count": len(unread)}))


def _refund(key: str, shop: str, told: RefundTold) -> orders.Refund:
    refund = orders.Refund(key, SOURCES[shop], told.order_no, told.refund_no, told.refund_fen, told.at, told.final, told.part)
    orders.check_refund(refund)
    return refund


def _update(key: str, shop: str, told: OrderTold) -> orders.OrderUpdate:
    update = orders.OrderUpdate(
        key=key,
        source=SOURCES[shop],
        shop=told.shop,
        order_no=told.order_no,
        event_time=told.at,
        status=told.status,  # type: ignore[arg-type]
        paid_fen=told.paid_fen,
        total_fen=told.total_fen,
        buyer=members.Identity(BUYERS[shop], told.buyer) if told.buyer else None,
        items=tuple(orders.Item(line.sku, line.title, "", line.qty, line.paid_fen) for line in told.lines),
        created_at=told.created_at,
        paid_at=told.paid_at,
        finished_at=told.finished_at,
        part=told.part,
        parts=told.parts,
    )
    orders.check_update(update)
    return update
