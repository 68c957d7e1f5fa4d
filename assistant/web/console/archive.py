"""会话存档 on one page, for those who may read the archive."""

from __future__ import annotations

from aiohttp import web

from assistant.web import archive
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route

PAGE = "/archive"


async def show(call: Call) -> web.StreamResponse:
    """All of it."""
    return render(call, "archive.html", shown=await archive.show(call), days=archive.DAYS)


async def ask(call: Call) -> web.StreamResponse:
    """Asks WeCom now."""
    await archive.ask(call)
    return see(PAGE)


ROUTES = (
    Route("GET", PAGE, "archive:read", show),
    Route("POST", f"{PAGE}/ask", "archive:read", ask),
)
