"""Orders that wait for an owner, on one page."""

from __future__ import annotations

from aiohttp import web

from assistant.web import waiting_orders
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route


async def show(call: Call) -> web.StreamResponse:
    """Counts by source, the orders, and what shops said that was not taken."""
    return render(call, "orders.html", shown=await waiting_orders.waiting(call), source=call.query("source"))


ROUTES = (Route("GET", "/orders", "order:read", show),)
