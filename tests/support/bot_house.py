"""A bot on its long connection for tests: our simulator, one or more holders over one book, and a turn that answers as it is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import sqlalchemy as sa
from aiohttp.test_utils import TestServer

from assistant.base.chance import SeededChance
from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.channels import inbox, outbox, streams
from assistant.channels.delivery import Deliverer
from assistant.channels.media import Folder
from assistant.channels.message import OutboundMessage
from assistant.dialogue.closing import Close, close_turn
from assistant.dialogue.opening import Opened, open_turn
from assistant.domain import staff
from assistant.flows.bot_line import BotLine, Line, Waits
from assistant.flows.receive import Intake
from assistant.jobs import EmbeddedRunner, Job
from assistant.store import Store, Work
from assistant.wecom.bot_upload import BotShelf
from assistant.wecom.simulator import AppSettings, BotSettings, KfSettings, Simulator, SimulatorConfig
from assistant.wecom.socket import Pace

ME = system("test")
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SECRET = "long-secret"
CONFIG = SimulatorConfig(
    corp_id="ww1a2b3c4d5e6f7a8b",
    callback_base="http://127.0.0.1:1",
    app=AppSettings(1000002, "app-secret", "appToken", KEY),
    kf=KfSettings("wkKF", "kf-secret", "kfToken", KEY),
    bot=BotSettings("bot1", "botToken", KEY, "socket", SECRET),
    contact_secret="contact-secret",
)
QUICK = Waits(lease=6.0, look=0.02, first=0.02, longest=0.1, refused=0.3, push=0.02, frame=0.02)
BRISK = Pace(heartbeat=30.0, ack=0.3, connect=2.0)
PATIENCE = 15.0


class House:
    """``answer`` says what the turn comes to; None leaves the turn open for ever."""

    def __init__(
        self, store: Store, clock: ManualClock, simulator: Simulator, session: aiohttp.ClientSession, url: str, folder: Folder | None = None
    ) -> None:
        self.store, self.clock, self.simulator, self.url = store, clock, simulator, url
        self.answer: Callable[[Opened], Close | None] = lambda opened: Close(opened, f"您说：{'；'.join(opened.said)}。")
        self.lines: list[BotLine] = []
        self._session = session
        self._shelf = BotShelf(store, folder) if folder else None
        self._turns = EmbeddedRunner(store, {"turn": self._turn})

    async def _turn(self, job: Job) -> None:
        opened: Opened | None = await self.store.write(open_turn, job.key, ME)
        close = self.answer(opened) if opened else None
        if close is not None:
            await self.store.write(close_turn, close, ME, cause=close.opened.turn)

    async def open(self) -> None:
        await self._turns.start()

    async def close(self) -> None:
        for line in self.lines:
            await line.stop()
        await self._turns.stop()

    async def line(self, waits: Waits = QUICK, pace: Pace = BRISK, secret: str = SECRET) -> BotLine:
        """One more process that would hold the connection."""
        at_once = inbox.Debounce(longest=inbox.NORMAL.shortest * 0, shortest=inbox.NORMAL.shortest * 0)
        to = Line(self.url, CONFIG.bot.aibotid, secret)
        line = BotLine(
            self.store,
            self._session,
            to,
            Intake(self.store, at_once),
            SeededChance(1),
            waits=waits,
            pace=pace,
            shelf=self._shelf,
            by=f"house/{len(self.lines) + 1}",
        )
        self.lines.append(line)
        deliverer = Deliverer(self.store, {"bot": line.voice}, again=streams.safe_again)
        await line.start({"deliver.bot": deliverer}, 30.0)
        return line

    async def connected(self, *others: BotLine) -> BotLine:
        """The one line that holds the connection (none of ``others``)."""
        await self.until(lambda: any(line.connected() for line in self.lines if line not in others), "a connection")
        return next(line for line in self.lines if line.connected() and line not in others)

    async def until(self, condition: Callable[[], object], what: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"waited in vain for {what}; the phone shows {self.heard()}"
            await asyncio.sleep(0.02)

    async def stranger(self) -> aiohttp.ClientWebSocketResponse:
        """Another program subscribes as this bot."""
        ws = await self._session.ws_connect(self.url)
        body = {"bot_id": CONFIG.bot.aibotid, "secret": SECRET}
        await ws.send_json({"cmd": "aibot_subscribe", "headers": {"req_id": "aibot_subscribe_x"}, "body": body})
        assert (await ws.receive_json(timeout=5))["errcode"] == 0
        return ws

    def heard(self, userid: str = "lin") -> list[str]:
        """What the bot has said on this phone."""
        return [bubble.text for bubble in self.simulator.staff_phone(userid) if bubble.sender != userid]

    async def hears(self, text: str, userid: str = "lin") -> None:
        await self.until(lambda: text in self.heard(userid), f"“{text}”")

    async def asks(self, text: str = "在吗", userid: str = "lin", chatid: str = "") -> Any:
        return await self.simulator.bot_says(userid, text, chatid, wait=False)

    async def says(self, message: OutboundMessage) -> None:
        """A message of our own."""
        await self.store.write(outbox.queue, [message], ME)

    def rows(self, sql: str) -> Any:
        return self.store.look(lambda view: view.all(sa.text(sql)))

    def scalar(self, sql: str) -> Any:
        return self.store.look(lambda view: view.scalar(sa.text(sql)))


@asynccontextmanager
async def bot_house(store: Store, clock: ManualClock, folder: Folder | None = None) -> AsyncIterator[House]:
    """The simulator with two employees and a group; no line yet."""
    simulator = Simulator(CONFIG, clock)
    async with TestServer(simulator.api_app()) as api, aiohttp.ClientSession() as session:
        simulator.point(callback_base="http://127.0.0.1:1", api_base=str(api.make_url("")).rstrip("/"))
        await simulator.start()
        for userid, name in (("lin", "林晓"), ("he", "何运营")):
            simulator.world.add_staff(userid, name)
        simulator.world.add_group("wr_test", "测试群", ["lin", "he"])
        await store.write(_hire, None, ME)
        house = House(store, clock, simulator, session, str(api.make_url("/")).replace("http", "ws", 1), folder)
        await house.open()
        try:
            yield house
        finally:
            await house.close()
            await simulator.close()


def _hire(work: Work, _nothing: None) -> None:
    staff.register(work, [staff.Register(f"hire:{userid}", userid, userid, "guide") for userid in ("lin", "he")])
