"""The home page: three things to try, the day in numbers, what needs a person."""

from __future__ import annotations

from aiohttp import web

from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import SIGNED_IN, Route
from assistant.web.today import today


async def show(call: Call) -> web.StreamResponse:
    """Where one arrives."""
    found = await call.store.read(today)
    return render(call, "home.html", figures=found.figures, waiting=found.waiting)


ROUTES = (Route("GET", "/", SIGNED_IN, show),)
