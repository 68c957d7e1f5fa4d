"""Behaviour: where events come from, which names come, what was refused."""

from __future__ import annotations

from aiohttp import web

from assistant import access
from assistant.web import behaviour
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route


async def show(call: Call) -> web.StreamResponse:
    """Everything about events on one page."""
    return await _page(call, "")


async def add(call: Call) -> web.StreamResponse:
    """A new source; its key is shown on this answer only."""
    trusted = bool(call.field("trusted"))
    return await _page(call, await behaviour.add(call, call.field("name"), call.field("title"), call.field("namespace"), trusted))


async def close(call: Call) -> web.StreamResponse:
    """No more from this source."""
    await behaviour.close(call, call.part("name"))
    return see("/events")


async def _page(call: Call, write_key: str) -> web.StreamResponse:
    shown = await call.store.read(behaviour.overview)
    return render(call, "events.html", shown=shown, write_key=write_key, allowed=access.allowed(call.who, "settings:edit"))


ROUTES = (
    Route("GET", "/events", "fact:read", show),
    Route("POST", "/events/sources", "settings:edit", add),
    Route("POST", "/events/sources/{name}/close", "settings:edit", close),
)
