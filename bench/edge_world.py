"""What the bench of the edge talks to, in a process of its own: the corner of WeCom that a reply needs, and a model without latency."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from typing import Any

from aiohttp import web

from assistant.base.clock import stopwatch
from bench.support import pin, uvloop_if_there
from bench.turn import answer

ACCOUNT = "wkbench"


class World:
    """Customers' words wait here until they are pulled; ``heard`` tells when each customer's phone showed a reply."""

    def __init__(self) -> None:
        self.log: list[dict[str, Any]] = []
        self.heard: dict[str, float] = {}
        self.bodies: dict[str, str] = {}
        self.calls: dict[str, int] = defaultdict(int)
        self.enough = asyncio.Event()
        self.wanted = 0
        self.thinking = 0.0

    def say(self, who: str, text: str, at: int) -> None:
        number = len(self.log)
        ids = {"msgid": f"bench{number}", "open_kfid": ACCOUNT, "external_userid": who, "send_time": at, "origin": 3}
        self.log.append({**ids, "msgtype": "text", "text": {"content": text}})

    def expect(self, count: int) -> None:
        self.heard, self.wanted = {}, count
        self.enough = asyncio.Event()

    def perform(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        self.calls[path] += 1
        if path == "gettoken":
            return {"access_token": "T" * 40, "expires_in": 7200}
        if path == "kf/sync_msg":
            start = int(body.get("cursor") or 0)
            return {"next_cursor": str(len(self.log)), "has_more": 0, "msg_list": self.log[start:]}
        if path == "kf/send_msg":
            who = body["touser"]
            self.heard.setdefault(who, stopwatch())
            self.bodies[who] = json.dumps(body.get(body["msgtype"]), ensure_ascii=False)
            if len(self.heard) >= self.wanted:
                self.enough.set()
            return {"msgid": body.get("msgid", "")}
        return {"service_state": 1}

    def application(self) -> web.Application:
        async def api(request: web.Request) -> web.Response:
            raw = await request.read()
            body = json.loads(raw) if raw else {}
            return web.json_response({"errcode": 0, "errmsg": "ok", **self.perform(request.match_info["path"], body)})

        async def completion(request: web.Request) -> web.Response:
            await asyncio.sleep(self.thinking)
            return web.json_response(answer(await request.json()))

        app = web.Application()
        app.router.add_route("*", "/cgi-bin/{path:.+}", api)
        app.router.add_post("/v1/chat/completions", completion)
        return app


def run_service(environment: dict[str, str], ready: Any) -> None:
    """The whole service as ``serve`` runs it, on the first core; tells when its models and index are open."""
    pin(0)
    from assistant import app
    from assistant.base.clock import SystemClock
    from assistant.cli import spare_collector
    from assistant.settings import Settings

    async def run() -> None:
        spare_collector()
        async with app.opened(Settings.load(environment, {}), SystemClock()) as service:
            await service.knowledge.warm()
            ready.put("ready")
            await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=uvloop_if_there()) as loop:
        loop.run(run())
