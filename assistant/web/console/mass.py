"""群发: which tasks wait for whose tap, who confirms and who does not; and one's own tasks."""

from __future__ import annotations

from aiohttp import web

from assistant.web import mass
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route


async def show(call: Call) -> web.StreamResponse:
    """Of everybody."""
    return render(call, "mass.html", shown=await mass.show(call))


async def mine(call: Call) -> web.StreamResponse:
    """The caller's own, with the words as they go out."""
    return render(call, "mass_mine.html", shown=await mass.show_mine(call))


ROUTES = (
    Route("GET", "/mass", "plan:read", show),
    Route("GET", "/mass/mine", "task:do", mine),
)
