"""What the bench of the edge talks to, in a process of its own: the corner of WeCom that a reply needs, and models without latency."""

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


def instant_model(api_key: str, base_url: str, model: str, http_timeout: float = 0.0) -> Any:
    """In the place of ``agent.open_model``: a model that needs no time at all, inside the service."""
    from langchain_core.language_models.chat_models import BaseChatModel
    from langchain_core.messages import AIMessage, ToolMessage
    from langchain_core.outputs import ChatGeneration, ChatResult

    class Instant(BaseChatModel):
        @property
        def _llm_type(self) -> str:
            return "instant"

        def bind_tools(self, tools: Any, **_options: Any) -> Any:
            return self

        def _generate(self, messages: list[Any], *_others: Any, **_options: Any) -> Any:
            call = {"name": "my_points", "args": {}, "id": "call1"}
            done = isinstance(messages[-1], ToolMessage)
            said = AIMessage("您现在有 0 积分。") if done else AIMessage("", tool_calls=[call])
            return ChatResult(generations=[ChatGeneration(message=said)])

        async def _agenerate(self, messages: list[Any], *_others: Any, **_options: Any) -> Any:
            return self._generate(messages)

    return Instant()


def run_service(environment: dict[str, str], ready: Any, inside: bool = False) -> None:
    """The whole service as ``serve`` runs it, on the first core; tells when it is ready. ``inside``: with the instant model."""
    pin(0)
    from assistant import agent, app
    from assistant.base.clock import SystemClock
    from assistant.cli import spare_collector
    from assistant.settings import Settings

    async def run() -> None:
        spare_collector()
        if inside:
            agent.open_model = instant_model
        async with app.opened(Settings.load(environment, {}), SystemClock()) as service:
            await service.knowledge.warm()
            ready.put("ready")
            await asyncio.Event().wait()

    with asyncio.Runner(loop_factory=uvloop_if_there()) as loop:
        loop.run(run())
