"""Settings and state, read-only."""

from __future__ import annotations

from aiohttp import web

from assistant import access
from assistant.store import is_sqlite
from assistant.web.doors import Call
from assistant.web.pages import render, when
from assistant.web.route import SIGNED_IN, Route

PARTS = {"database": "数据库", "disk": "磁盘", "jobs": "后台工作"}
ROLES = {"viewer": "查看", "operator": "运营", "approver": "审批", "owner": "负责人", "staff": "员工"}


async def show(call: Call) -> web.StreamResponse:
    """What holds now; nothing secret."""
    doors = call.doors
    shown = {
        "品牌": doors.brand,
        "数据库": "SQLite" if is_sqlite(call.store.url) else "PostgreSQL",
        "企业微信": "模拟" if doors.simulator is not None else "真实",
        "现在": when(call.store.clock.now()),
        **doors.settings,
    }
    parts = {PARTS.get(name, name): word for name, word in (await doors.health()).items()}
    return render(call, "settings.html", settings=shown, parts=parts, roles=ROLES, operators=await call.store.read(access.operators))


ROUTES = (Route("GET", "/settings", SIGNED_IN, show),)
