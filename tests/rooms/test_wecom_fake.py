"""A small fake of the WeCom API for the tests of the client: scripted answers, faults, and what it was asked."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from assistant.base.clock import ManualClock
from assistant.wecom import WeComClient

SECRETS = {"app": "CANARY-app-secret", "kf": "CANARY-kf-secret", "contact": "CANARY-contact-secret"}
Step = Mapping[str, Any] | str
"""A JSON answer, or a fault: ``reset`` (after the effect), ``garbled``, ``hang``, or an HTTP status as text."""


class FakeApi:
    """Answers ``/cgi-bin/<path>`` by script, else errcode 0; tokens carry a number and can be revoked."""

    def __init__(self) -> None:
        self.script: defaultdict[str, deque[Step]] = defaultdict(deque)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.count: Counter[str] = Counter()
        self.revoked: set[str] = set()
        self.sent_ids: set[str] = set()
        self.release = asyncio.Event()

    def bodies(self, path: str) -> list[dict[str, Any]]:
        return [body for asked, body in self.asked if asked == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.path.removeprefix("/cgi-bin/")
        self.count[path] += 1
        body = await request.json() if request.can_read_body else dict(request.query)
        self.asked.append((path, body))
        steps = self.script[path]
        if steps:
            return await self._step(request, steps.popleft())
        if path == "gettoken":
            known = body["corpsecret"] in SECRETS.values()
            token = {"access_token": f"CANARY-token-{self.count[path]}", "expires_in": 7200}
            return web.json_response({"errcode": 0, **token} if known else {"errcode": 40001, "errmsg": f"hint {body['corpsecret']}"})
        if path != "aibot/response" and request.query.get("access_token") in self.revoked:
            return web.json_response({"errcode": 40014})
        if path == "kf/send_msg":
            if body["msgid"] in self.sent_ids:
                return web.json_response({"errcode": 95033})
            self.sent_ids.add(body["msgid"])
        return web.json_response({"errcode": 0, "msgid": "M1"})

    async def _step(self, request: web.Request, step: Step) -> web.StreamResponse:
        if not isinstance(step, str):
            return web.json_response(step)
        if step == "reset":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if step == "hang":
            await self.release.wait()
            return web.json_response({"errcode": 0})
        if step == "garbled":
            return web.Response(text='{"errcode": 0, "msg')
        return web.Response(status=int(step), text="<html>", headers={"Location": "http://127.0.0.1:1/"})


@asynccontextmanager
async def running(
    clock: ManualClock, secrets: Mapping[str, str] | None = None, seconds: float = 10
) -> AsyncIterator[tuple[FakeApi, WeComClient, list[float]]]:
    """The fake on loopback, a client of it with so many seconds of patience, and the pauses it asked for (which pass at once)."""
    timeout = aiohttp.ClientTimeout(total=seconds, connect=5)
    api, pauses = FakeApi(), []
    app = web.Application()
    app.router.add_route("*", "/cgi-bin/{tail:.*}", api.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    try:
        async with aiohttp.ClientSession() as session:
            base = f"http://127.0.0.1:{port}"
            yield api, WeComClient(session, base, "ww1", secrets or SECRETS, clock, pause=pause, timeout=timeout), pauses
    finally:
        api.release.set()
        await runner.cleanup()
