"""The bench of the simulator's tests: a simulator, a tiny service that listens, and a client of the API face."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from wechatpy.enterprise.crypto import WeChatCrypto  # type: ignore[import-untyped]

from assistant.base.clock import ManualClock
from assistant.wecom.simulator import AppSettings, BotSettings, KfSettings, Simulator, SimulatorConfig
from assistant.wecom.simulator.crypto import Envelope

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
CONFIG = SimulatorConfig(
    corp_id="ww1a2b3c4d5e6f7a8b",
    callback_base="http://127.0.0.1:1",
    app=AppSettings(1000002, "app-secret", "appToken", KEY),
    kf=KfSettings("wkKF", "kf-secret", "kfToken", KEY),
    bot=BotSettings("bot1", "botToken", KEY),
    contact_secret="contact-secret",
    archive_secret="archive-secret",
)
SECRETS = {"kf": "kf-secret", "message": "app-secret", "externalcontact": "contact-secret"}
Answer = Callable[[web.Request, str], Awaitable[str]]


class Bench:
    """A simulator, a service that only listens, and a client of the API face."""

    def __init__(self, simulator: Simulator, clock: ManualClock) -> None:
        self.simulator, self.clock = simulator, clock
        self.heard: list[str] = []
        self.answer: Answer = self._quiet
        self.http = aiohttp.ClientSession()
        self.base = self.control = ""

    async def _quiet(self, request: web.Request, plain: str) -> str:
        return ""

    async def receive(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        query = request.query
        if request.path == "/wecom/bot":
            plain = BOT.open(json.loads(body)["encrypt"], query["timestamp"], query["nonce"], query["msg_signature"])
        else:
            token = {"/wecom/app": "appToken", "/wecom/kf": "kfToken"}[request.path]
            crypto = WeChatCrypto(token, KEY, CONFIG.corp_id)
            plain = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
            plain = plain if isinstance(plain, str) else plain.decode()
        self.heard.append(plain)
        return web.Response(text=await self.answer(request, plain))

    async def echo(self, request: web.Request) -> web.Response:
        query = request.query
        crypto = WeChatCrypto("kfToken", KEY, CONFIG.corp_id)
        return web.Response(body=crypto.check_signature(query["msg_signature"], query["timestamp"], query["nonce"], query["echostr"]))

    async def call(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        family = path.split("/", maxsplit=1)[0]
        return await self.raw(path, (await self.token(SECRETS[family]))["access_token"], body)

    async def raw(self, path: str, token: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        url = f"{self.base}/cgi-bin/{path}"
        method = "GET" if body is None else "POST"
        async with self.http.request(method, url, params={"access_token": token}, json=body) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def token(self, secret: str) -> dict[str, Any]:
        async with self.http.get(f"{self.base}/cgi-bin/gettoken", params={"corpid": CONFIG.corp_id, "corpsecret": secret}) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    async def kf_send(self, text: str, **more: str) -> int:
        body = {"touser": "wmA", "open_kfid": "wkKF", "msgtype": "text", "text": {"content": text}, **more}
        return int((await self.call("kf/send_msg", body))["errcode"])

    async def pull(self, cursor: str = "", limit: int = 1000) -> dict[str, Any]:
        return await self.call("kf/sync_msg", {"open_kfid": "wkKF", "cursor": cursor, "limit": limit})

    async def task_for(self, *customers: str, text: str = "新品") -> str:
        body = {"chat_type": "single", "external_userid": list(customers), "text": {"content": text}}
        return str((await self.call("externalcontact/add_msg_template", body))["msgid"])

    def seen(self, who: str = "wmA") -> list[str]:
        return [bubble.text for bubble in self.simulator.phone(who)]


BOT = Envelope("botToken", KEY, "")


@pytest.fixture(name="bench")
async def running_bench() -> AsyncIterator[Bench]:
    clock = ManualClock(datetime(2026, 11, 22, 4, 0, tzinfo=UTC))
    simulator = Simulator(CONFIG, clock)
    bench = Bench(simulator, clock)
    service = web.Application()
    service.router.add_post("/wecom/{which}", bench.receive)
    service.router.add_get("/wecom/kf", bench.echo)
    async with TestServer(service) as ears, TestServer(simulator.api_app()) as api, TestServer(simulator.control_app()) as control:
        bench.base, bench.control = (str(server.make_url("")).rstrip("/") for server in (api, control))
        simulator.point(callback_base=str(ears.make_url("")), api_base=bench.base)
        simulator.world.knobs.bot_refresh_seconds = 0.01
        simulator.world.knobs.callback_timeout_seconds = 1.0
        simulator.world.add_staff("wang", "小王")
        simulator.world.add_staff("li", "小李")
        simulator.world.add_customer("wmA", "阿香", ["wang"])
        simulator.world.add_customer("wmB", "阿宝", ["wang", "li"])
        simulator.world.add_group("g1", "店员群", ["wang", "li"])
        await simulator.start()
        yield bench
        await simulator.close()
        await bench.http.close()


async def test_the_service_url_is_verified_with_exactly_the_plaintext(bench: Bench) -> None:
    assert await bench.simulator.verify("kf")
