"""Orders without an owner, over the API."""

from __future__ import annotations

from assistant.web import waiting_orders
from assistant.web.route import ApiRoute
from assistant.web.shapes_orders import WaitingOrdersOut

ROUTES = (
    ApiRoute(
        "GET",
        "/api/v1/orders",
        "order:read",
        waiting_orders.waiting,
        "还没有找到会员的订单，按来源计数；读不懂的店铺消息",
        WaitingOrdersOut,
        query=("state", "source", "after"),
    ),
)
