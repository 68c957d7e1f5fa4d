"""Settings and state, read-only."""

from __future__ import annotations

from aiohttp import web

from assistant import access
from assistant.store import is_sqlite
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import SIGNED_IN, Route


async def show(call: Call) -> web.StreamResponse:
    """What holds now; nothing secret."""
    doors = call.doors
    shown = {
        "品牌": doors.brand,
        "数据库": "SQLite" if is_sqlite(call.store.url) else "PostgreSQL",
        "企业微信": "模拟" if doors.simulator is not None else "真实",
        "现在": call.store.clock.now().isoformat(timespec="seconds"),
        **doors.settings,
    }
    parts = dict(await doors.health())
    return render(call, "settings.html", settings=shown, parts=parts, operators=await call.store.read(access.operators))


ROUTES = (Route("GET", "/settings", SIGNED_IN, show),)
