"""Is it alive, is it ready, how is it doing: three plain addresses for machines."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import web

from assistant import telemetry
from assistant.web.doors import DOORS


async def alive(_request: web.Request) -> web.StreamResponse:
    """200 while the process answers."""
    return web.json_response({"status": "ok"})


async def ready(request: web.Request) -> web.StreamResponse:
    """200 when every part works, 503 with the names of those that do not. ``detail`` tells what takes nobody out of service: how the
    bot's long connection stands."""
    doors = request.app[DOORS]
    parts = dict(await doors.health())
    good = all(state == "ok" for state in parts.values())
    told: dict[str, Any] = {"status": "ok" if good else "not_ready", "parts": parts}
    if good and doors.bot_line is not None:
        line = asdict(await doors.bot_line())
        told["detail"] = {"bot_line": {name: value.isoformat() if isinstance(value, datetime) else value for name, value in line.items()}}
    return web.json_response(told, status=200 if good else 503)


async def metrics(_request: web.Request) -> web.StreamResponse:
    """Prometheus text."""
    return web.Response(body=telemetry.metrics_text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


ROUTES = (("GET", "/healthz", alive), ("GET", "/readyz", ready), ("GET", "/metrics", metrics))
