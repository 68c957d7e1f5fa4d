"""SOPs: what runs by itself, on or off, and what has come of it."""

from __future__ import annotations

from aiohttp import web

from assistant import access
from assistant.web import sops
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route


async def show(call: Call) -> web.StreamResponse:
    """All of them."""
    return render(call, "sops.html", sops=await call.store.read(sops.sops), allowed=access.allowed(call.who, "journey:edit"))


async def switch(call: Call) -> web.StreamResponse:
    """On or off."""
    await sops.switch(call, call.part("id"), bool(call.field("enabled")))
    return see("/sops")


ROUTES = (
    Route("GET", "/sops", "plan:read", show),
    Route("POST", "/sops/{id}", "journey:edit", switch),
)
