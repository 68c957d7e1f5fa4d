"""What a shop's notice means for the book: orders and refunds taken in one commit, what could not be read kept for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.base.errors import Invalid
from assistant.base.ids import digest_of
from assistant.domain import members, orders
from assistant.shops import Notice, OrderTold, RefundTold
from assistant.store import Fact, Work

BUYERS: Mapping[str, str] = {"youzan": "youzan", "doudian": "douyin_open"}
"""Shop → the identity that its buyers' ids are."""

SOURCES: Mapping[str, str] = {"youzan": "youzan", "doudian": "douyin"}
"""Shop → the source its orders stand under, here as in imports."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A notice of a shop."""

    shop: str
    notice: Notice


def take(work: Work, heard: Heard) -> int:
    """Takes everything of one call, told again or in any order; returns how many words were understood.

    What breaks a rule of orders is kept for a person like what could not be read.
    """
    unread = list(heard.notice.unread)
    for told in heard.notice.told:
        try:
            _take_one(work, heard.shop, told)
        except Invalid as error:
            unread.append(error.say)
    if unread:
        work.record(Fact("shops.unread", f"shop:{heard.shop}", {"shop": heard.shop, "reasons": unread[:20], "count": len(unread)}))
    return len(heard.notice.told)


def _take_one(work: Work, shop: str, told: OrderTold | RefundTold) -> None:
    # The key is the content: platforms tell the same thing under several message ids, and the fold looks at a set anyway.
    key = f"{shop}:{digest_of(told)[:40]}"
    if isinstance(told, RefundTold):
        orders.refund(work, [orders.Refund(key, SOURCES[shop], told.order_no, told.refund_no, told.refund_fen, told.at, told.final)])
        return
    orders.intake(work, [_update(key, shop, told)])


def _update(key: str, shop: str, told: OrderTold) -> orders.OrderUpdate:
    return orders.OrderUpdate(
        key=key,
        source=SOURCES[shop],
        shop=told.shop,
        order_no=told.order_no,
        event_time=told.at,
        status=told.status,  # type: ignore[arg-type]
        paid_fen=told.paid_fen,
        total_fen=told.total_fen,
        buyer=members.Identity(BUYERS[shop], told.buyer) if told.buyer else None,
        items=_items(told),
        created_at=told.created_at,
        paid_at=told.paid_at,
        finished_at=told.finished_at,
        part=told.part,
        parts=told.parts,
    )


def _items(told: OrderTold) -> tuple[orders.Item, ...]:
    lines: Sequence[orders.Item] = [orders.Item(line.sku, line.title, "", line.qty, line.paid_fen) for line in told.lines]
    return tuple(lines)
