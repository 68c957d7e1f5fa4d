"""Orders that wait for an owner, and what shops said that was not taken, for the page and the API alike."""

from __future__ import annotations

from dataclasses import dataclass

from assistant import telemetry
from assistant.base.errors import Invalid
from assistant.domain import orders
from assistant.flows import shop_notices
from assistant.shops import READERS
from assistant.store import View
from assistant.web import shapes_orders as shapes
from assistant.web.doors import Call

PAGE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Of which source (empty: all), after which order."""

    source: str
    after: str


async def waiting(call: Call) -> shapes.WaitingOrdersOut:
    """The page that the request asks for."""
    if call.query("state", "unmatched") != "unmatched":
        raise Invalid("state 只能是 unmatched（还没有找到会员的订单）", code="bad_state")
    return await call.store.read(overview, Wanted(call.query("source")[:30], call.query("after")[:64]))


def overview(view: View, wanted: Wanted) -> shapes.WaitingOrdersOut:
    """Everything that waits, counted, and one page of it."""
    sources = orders.waiting_by_source(view)
    found = orders.waiting(view, wanted.source, wanted.after, PAGE)
    return shapes.WaitingOrdersOut(
        count=sum(one.count for one in sources),
        sources=[shapes.SourceWaitingOut.model_validate(one, from_attributes=True) for one in sources],
        orders=[_order(one) for one in found],
        next_after=found[-1].id if len(found) == PAGE else "",
        doors=[shapes.ShopDoorOut(shop=shop, refused=telemetry.callbacks_refused(shop)) for shop in READERS],
        unread=[shapes.UnreadOut.model_validate(one, from_attributes=True) for one in shop_notices.unread(view)],
    )


def _order(one: orders.Order) -> shapes.WaitingOrderOut:
    return shapes.WaitingOrderOut(
        id=one.id,
        source=one.source,
        shop=one.shop,
        order_no=one.order_no,
        status=one.status,
        paid_fen=one.paid_fen,
        refund_fen=one.refund_fen,
        buyer=one.buyer.namespace if one.buyer else "",
        paid_at=one.paid_at,
    )
