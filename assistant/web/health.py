"""Is it alive, is it ready, how is it doing: three plain addresses for machines."""

from __future__ import annotations

from aiohttp import web

from assistant import telemetry
from assistant.web.doors import DOORS


async def alive(_request: web.Request) -> web.StreamResponse:
    """200 while the process answers."""
    return web.json_response({"status": "ok"})


async def ready(request: web.Request) -> web.StreamResponse:
    """200 when every part works, 503 with the names of those that do not."""
    parts = dict(await request.app[DOORS].health())
    good = all(state == "ok" for state in parts.values())
    return web.json_response({"status": "ok" if good else "not_ready", "parts": parts}, status=200 if good else 503)


async def metrics(_request: web.Request) -> web.StreamResponse:
    """Prometheus text."""
    return web.Response(body=telemetry.metrics_text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


ROUTES = (("GET", "/healthz", alive), ("GET", "/readyz", ready), ("GET", "/metrics", metrics))
