"""A simulated WeCom with its API on loopback and a client of ours, for tests that need no service around them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from assistant.base.clock import ManualClock
from assistant.wecom import WeComClient
from assistant.wecom.simulator import AppSettings, BotSettings, KfSettings, Simulator, SimulatorConfig
from assistant.wecom.tokens import Shelf

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SECRETS = {"app": "app-secret", "kf": "kf-secret", "contact": "contact-secret"}
CONFIG = SimulatorConfig(
    corp_id="ww1a2b3c4d5e6f7a8b",
    callback_base="http://127.0.0.1:1",
    app=AppSettings(1000002, SECRETS["app"], "appToken", KEY),
    kf=KfSettings("wkKF", SECRETS["kf"], "kfToken", KEY),
    bot=BotSettings("bot1", "botToken", KEY),
    contact_secret=SECRETS["contact"],
)


@asynccontextmanager
async def simulated(
    clock: ManualClock, secrets: Mapping[str, str] = SECRETS, shelf: Shelf | None = None
) -> AsyncIterator[tuple[Simulator, WeComClient]]:
    """The simulator, which sends no callbacks, and a client with these secrets."""
    simulator = Simulator(CONFIG, clock)
    server = TestServer(simulator.api_app())
    await server.start_server()

    async def pause(_seconds: float) -> None:
        pass

    try:
        async with aiohttp.ClientSession() as session:
            yield simulator, WeComClient(session, str(server.make_url("")), CONFIG.corp_id, secrets, clock, pause=pause, shelf=shelf)
    finally:
        await server.close()


def calls(simulator: Simulator, path: str) -> list[Mapping[str, Any]]:
    """What was asked of one path."""
    return [call.body for call in simulator.calls if call.path == path]
