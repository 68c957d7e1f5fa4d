"""The bot's long connection and who of several processes holds it: taken by lease, given up at once when the lease is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from assistant.base import ids
from assistant.base.chance import Chance
from assistant.base.clock import business_day, stopwatch
from assistant.base.errors import LaoyouError
from assistant.base.principal import system
from assistant.channels import holding
from assistant.channels.message import InboundMessage
from assistant.domain import staff
from assistant.flows import bot_events
from assistant.flows.receive import RECEIVER, Intake
from assistant.jobs import EmbeddedRunner, Handler
from assistant.store import Fact, Store, View, Work
from assistant.telemetry import log
from assistant.wecom import from_bot_frame, verdict
from assistant.wecom.bot_upload import BotShelf
from assistant.wecom.bot_voice import BotVoice
from assistant.wecom.socket import BotSocket, Ended, Frame, Pace

ME = system("bot")
REPLIES = {"enter_chat": "aibot_respond_welcome_msg", "template_card_event": "aibot_respond_update_msg"}
DISPLACED = "另一个程序用同一个机器人建立了长连接。请确认只有一处在用，停掉另一处后重启本服务。"


@dataclass(frozen=True, slots=True)
class Line:
    """One bot: where its connection is made, and with which secret."""

    url: str
    bot_id: str
    secret: str
    bot_name: str = ""


@dataclass(frozen=True, slots=True)
class Waits:
    """Seconds of real time. ``lease`` by the clock of the database: so long after a process died another one takes over.

    A lost connection is made again after ``first``, twice as long each time up to ``longest``; a refused one after ``refused`` and longer.
    """

    lease: float = 6.0
    look: float = 1.0
    first: float = 1.0
    longest: float = 30.0
    refused: float = 60.0
    refused_longest: float = 3600.0
    push: float = 0.5
    frame: float = 1.0
    watched: float = 400.0


@dataclass(frozen=True, slots=True)
class LineState:
    """How the line stands, for people: ``state`` is free (nobody holds it), connecting, connected, lost, refused or displaced, so since
    ``changed_at``; ``by`` which process holds it ``since`` when; ``say`` what a person has to do."""

    state: str
    by: str = ""
    since: datetime | None = None
    changed_at: datetime | None = None
    say: str = ""


def line_state(view: View, bot_id: str) -> LineState:
    """The line of this bot as all processes know it."""
    found = holding.standing(view, _name(bot_id))
    if found is None or not found.held:
        return LineState("free", changed_at=found.changed_at if found else None)
    return LineState(found.state or "connecting", found.by, found.since, found.changed_at, found.say)


def _name(bot_id: str) -> str:
    return f"bot:{bot_id}"[:100]


class BotLine:
    """``start`` and ``stop``; ``voice`` is the way out. ``handlers`` (kinds of due work) run only while this process holds the line;
    ``by`` names the process to people."""

    def __init__(
        self,
        store: Store,
        session: aiohttp.ClientSession,
        line: Line,
        intake: Intake,
        chance: Chance,
        *,
        waits: Waits | None = None,
        pace: Pace | None = None,
        shelf: BotShelf | None = None,
        by: str = "",
    ) -> None:
        self._store = store
        self._session = session
        self._line = line
        self._intake = intake
        self._chance = chance
        self._waits = waits or Waits()
        self._pace = pace
        self._name = _name(line.bot_id)
        self._by = by
        self._socket: BotSocket | None = None
        self._watched = stopwatch() + self._waits.watched
        self._replies: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._runner: EmbeddedRunner | None = None
        self.voice = BotVoice(store, self.connected, self._waits.frame, shelf)

    def connected(self) -> BotSocket | None:
        """The connection while it is subscribed."""
        return self._socket if self._socket is not None and self._socket.subscribed.is_set() else None

    async def start(self, handlers: Mapping[str, Handler], lease_seconds: float, watcher: Callable[..., None] | None = None) -> None:
        """Begins to wait for the line, and to hold it."""
        self._runner = EmbeddedRunner(self._store, handlers, lease_seconds=lease_seconds, watcher=watcher)
        self._task = asyncio.create_task(self._run(), name="bot.line")

    async def stop(self) -> None:
        """Closes the connection and gives the line up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, *self._replies, return_exceptions=True)

    # Holding.

    async def _run(self) -> None:
        while True:
            hold = holding.Hold(self._name, ids.fresh("hold"), self._waits.lease, self._by)
            try:
                fence: int | None = await self._store.write(holding.take, hold, ME)
                if fence is not None:
                    await self._hold(hold)
            except Exception as error:
                log("bot").error("line_failed", error=repr(error))
            await asyncio.sleep(self._waits.look)

    async def _hold(self, hold: holding.Hold) -> None:
        """Connected until the lease is lost; then all that only the holder may do has ended when this returns."""
        assert self._runner is not None
        work = [
            asyncio.create_task(self._keep(hold), name="bot.lease"),
            asyncio.create_task(self._connect(hold), name="bot.connect"),
            asyncio.create_task(self._grow(), name="bot.growing"),
        ]
        await self._runner.start()
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await self._runner.stop(grace=0.0)
            await self.voice.close()
            await self._give_up(hold)

    async def _give_up(self, hold: holding.Hold) -> None:
        """Lets another process have it at once; where the database is away the lease runs out by itself."""
        with contextlib.suppress(Exception):
            await self._store.write(holding.release, hold, ME)

    async def _keep(self, hold: holding.Hold) -> None:
        """Returns when the lease is another's, or could not be renewed for as long as it lasts."""
        kept = stopwatch()
        while stopwatch() - kept < self._waits.lease:
            await asyncio.sleep(self._waits.lease / 3)
            try:
                if not await self._store.write(holding.renew, hold, ME):
                    return
            except Exception as error:
                log("bot").error("lease_not_renewed", error=repr(error))
            else:
                kept = stopwatch()

    async def _connect(self, hold: holding.Hold) -> None:
        waits = self._waits
        lost, refused = waits.first, waits.refused
        while True:
            line = self._line
            self._socket = BotSocket(self._session, line.url, line.bot_id, line.secret, self._heard, self._store.clock, self._pace)
            served = asyncio.create_task(self._served(self._socket, hold))
            try:
                ended = await self._socket.run()
            finally:
                served.cancel()
                self._socket = None
            if ended.served:
                lost, refused = waits.first, waits.refused
            await self._tell(hold, ended)
            if ended.why == "displaced":
                # Whoever connects throws the other out: two that insist would do so for ever.
                await asyncio.Event().wait()
            wait = refused if ended.why == "refused" else lost
            await asyncio.sleep(wait * (0.5 + self._chance.unit()))
            if ended.why == "refused":
                refused = min(refused * 2, waits.refused_longest)
            else:
                lost = min(lost * 2, waits.longest)

    async def _served(self, socket: BotSocket, hold: holding.Hold) -> None:
        await socket.subscribed.wait()
        await self._store.write(holding.note, holding.Noted(hold.name, hold.token, "connected"), ME)

    async def _tell(self, hold: holding.Hold, ended: Ended) -> None:
        """Says to people why there is no connection, where they have to do something."""
        say = DISPLACED if ended.why == "displaced" else verdict(ended.errcode).say if ended.why == "refused" else ""
        log("bot").warning("line_ended", why=ended.why, errcode=ended.errcode)
        await self._store.write(_tell, holding.Noted(hold.name, hold.token, ended.why, say), ME)

    async def _grow(self) -> None:
        """Shows growing answers while there may be any: all questions come in through this process."""
        while True:
            await asyncio.sleep(self._waits.push)
            if stopwatch() > self._watched:
                continue
            try:
                await self.voice.grow()
            except Exception as error:
                log("bot").error("growing_failed", error=repr(error))

    # Hearing.

    async def _heard(self, frames: list[Frame]) -> None:
        """Returns when all are on disk. A database that is away is waited for; what alone cannot be stored is given up loudly."""
        self._watched = stopwatch() + self._waits.watched
        now = self._store.clock.now()
        told = [(frame, from_bot_frame(frame.cmd, frame.req_id, frame.body, now, self._line.bot_name)) for frame in frames]
        asked = [message for _frame, message in told if message.kind != "event"]
        if asked and not await self._stored(asked):
            for message in asked:
                await self._insist(message)
        for frame, message in told:
            if message.kind == "event":
                await self._event(frame, message)

    async def _stored(self, messages: list[InboundMessage]) -> bool:
        try:
            await self._intake.accept(messages)
        except Exception as error:
            log("bot").error("not_stored", messages=len(messages), error=repr(error))
            return False
        return True

    async def _insist(self, message: InboundMessage) -> None:
        tries = 0
        while not await self._stored([message]):
            await asyncio.sleep(self._waits.look)
            tries += await self._writable()
            if tries >= 5:
                log("bot").error("message_given_up", kind=message.kind, conversation=message.address.conversation)
                return

    async def _writable(self) -> bool:
        try:
            await self._store.write(holding.renew, holding.Hold("", "", 1.0), ME)
        except Exception:
            return False
        return True

    async def _event(self, frame: Frame, message: InboundMessage) -> None:
        body = await self._kept(message)
        line, cmd = self._socket, REPLIES.get(message.event)
        if body is not None and cmd is not None and line is not None:
            task = asyncio.create_task(self._reply(line, cmd, body, frame.req_id), name="bot.reply")
            self._replies.add(task)
            task.add_done_callback(self._replies.discard)

    async def _kept(self, message: InboundMessage) -> dict[str, Any] | None:
        """What the event is answered with, once it is on disk; as with messages, a database that is away is waited for."""
        tries = 0
        while tries < 5:
            try:
                told: dict[str, Any] | None = await self._store.write(bot_events.hear, message, RECEIVER)
            except Exception as error:
                log("bot").error("event_not_stored", event_name=message.event, error=repr(error))
            else:
                return told
            await asyncio.sleep(self._waits.look)
            tries += await self._writable()
        return None

    async def _reply(self, line: BotSocket, cmd: str, body: dict[str, Any], req_id: str) -> None:
        try:
            await line.call(cmd, body, req_id)
        except LaoyouError as error:
            log("bot").warning("event_not_answered", cmd=cmd, code=error.code)


def _tell(work: Work, noted: holding.Noted) -> None:
    if not holding.note(work, noted):
        return
    work.record(Fact("channel.bot_line", noted.name, {"state": noted.state, "say": noted.say}))
    if noted.say:
        key = f"{noted.name}:{noted.state}:{business_day(work.now)}"
        ticket = staff.OpenTicket(key, kind="task", title="机器人的长连接没有接通", summary=noted.say)
        staff.open_ticket(work, [ticket])
