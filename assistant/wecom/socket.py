"""The AI bot's long connection: subscribe, heartbeat, frames in, and frames out whose ack is waited for. One object is one connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp

from assistant.base import ids
from assistant.base.clock import Clock
from assistant.base.errors import Transient
from assistant.wecom import parsing
from assistant.wecom.errors import Unknown, error_of

MAX_FRAME = 2 * 1024 * 1024
MOST_WAITING = 500
"""Frames taken in and not yet on disk; beyond it the socket is read no further until some are."""

STORING = 20.0
"""Seconds for which the end of a connection waits for a database that is away."""

DISPLACED = "disconnected_event"


@dataclass(frozen=True, slots=True)
class Frame:
    """What the bot was told: ``cmd``, the ``req_id`` under which it is answered, and the ``body``."""

    cmd: str
    req_id: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of real time: heartbeat, waiting for an ack, connecting; ``missed`` heartbeats without an ack are a dead line."""

    heartbeat: float = 30.0
    ack: float = 5.0
    connect: float = 10.0
    missed: int = 2


End = Literal["lost", "refused", "displaced"]


@dataclass(frozen=True, slots=True)
class Ended:
    """Why a connection is over. ``refused`` carries the errcode of the subscription; ``served`` whether it had been subscribed."""

    why: End
    errcode: int = 0
    served: bool = False


@dataclass
class _Lane:
    """Frames of one req_id go one after another."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class BotSocket:
    """``heard`` must not return before the frames are on disk; it gets them in order, several at a time where several wait."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        bot_id: str,
        secret: str,
        heard: Callable[[list[Frame]], Awaitable[None]],
        clock: Clock,
        pace: Pace | None = None,
    ) -> None:
        self._session = session
        self._url = url
        self._bot_id = bot_id
        self._secret = secret
        self._heard = heard
        self._clock = clock
        self._pace = pace or Pace()
        self._ws: aiohttp.ClientWebSocketResponse | None = None
        self._acks: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._lanes: dict[str, _Lane] = {}
        self._frames: asyncio.Queue[Frame] = asyncio.Queue(MOST_WAITING)
        self._displaced = False
        self.subscribed = asyncio.Event()

    def __repr__(self) -> str:
        return f"BotSocket({self._bot_id!r})"

    async def run(self) -> Ended:
        """From connecting to the end of the connection. What was heard before the end is on disk when this returns."""
        try:
            self._ws = await asyncio.wait_for(
                self._session.ws_connect(self._url, max_msg_size=MAX_FRAME, autoclose=True, autoping=True), self._pace.connect
            )
        except (aiohttp.ClientError, TimeoutError, OSError):
            return Ended("lost")
        storing = asyncio.create_task(self._store(), name="bot.store")
        reading = asyncio.create_task(self._read(self._ws), name="bot.read")
        beating: asyncio.Task[None] | None = None
        errcode = 0
        try:
            errcode = await self._subscribe()
            if not errcode:
                self.subscribed.set()
                beating = asyncio.create_task(self._beat(), name="bot.beat")
                await reading
        finally:
            served = self.subscribed.is_set()
            self.subscribed.clear()
            await self._close(reading, beating)
            await self._finish(storing)
        if errcode > 0:
            return Ended("refused", errcode)
        return Ended("displaced" if self._displaced else "lost", served=served)

    async def call(self, cmd: str, body: dict[str, Any], req_id: str = "") -> dict[str, Any]:
        """Sends one frame and returns the ``body`` of its ack; frames with one ``req_id`` wait for each other.

        Raises Transient where nothing was sent, Unknown where the ack did not come, and what the errcode means where it is not 0.
        """
        name = req_id or f"{cmd}_{ids.fresh('r')}"
        async with self._lane(name):
            late = self._acks.get(name)
            if late is not None:
                # An ack belongs to the oldest frame without one: whatever comes now must not be taken for this one's.
                await asyncio.wait({late}, timeout=self._pace.ack)
            ack = await self._exchange(name, cmd, body)
        errcode = ack.get("errcode", 0)
        if errcode:
            raise error_of(errcode if isinstance(errcode, int) else -1, cmd, self._clock.now())
        told = ack.get("body")
        return told if isinstance(told, dict) else {}

    async def close(self) -> None:
        """Ends the connection now."""
        if self._ws is not None:
            await self._ws.close()

    # Parts.

    @contextlib.asynccontextmanager
    async def _lane(self, name: str) -> AsyncIterator[None]:
        lane = self._lanes.setdefault(name, _Lane())
        lane.users += 1
        try:
            async with lane.lock:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                self._lanes.pop(name, None)

    async def _exchange(self, name: str, cmd: str, body: dict[str, Any] | None) -> dict[str, Any]:
        if not self.subscribed.is_set() and cmd != "aibot_subscribe":
            raise Transient("机器人的长连接还没有接通，稍后再发。", code="bot_offline")
        ack: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._acks[name] = ack
        try:
            await self._send({"cmd": cmd, "headers": {"req_id": name}, **({} if body is None else {"body": body})})
            await asyncio.wait({ack}, timeout=self._pace.ack)
        finally:
            if ack.done():
                self._forget(name, ack)
            else:
                # It may still come: until then it keeps the place of its frame.
                asyncio.get_running_loop().call_later(self._pace.ack, self._forget, name, ack)
        if not ack.done():
            raise Unknown("企业微信没有确认收到机器人的这条消息。", code="outcome_unknown", path=cmd)
        if ack.cancelled():
            raise Unknown("长连接断开，不知道机器人的这条消息是否送到。", code="outcome_unknown", path=cmd)
        return ack.result()

    def _forget(self, name: str, ack: asyncio.Future[dict[str, Any]]) -> None:
        if self._acks.get(name) is ack:
            del self._acks[name]

    async def _send(self, frame: dict[str, Any]) -> None:
        if self._ws is None or self._ws.closed:
            raise Transient("机器人的长连接断开了，稍后再发。", code="bot_offline")
        try:
            await self._ws.send_str(json.dumps(frame, ensure_ascii=False))
        except (ConnectionError, aiohttp.ClientError, RuntimeError):
            raise Unknown("长连接断开，不知道机器人的这条消息是否送到。", code="outcome_unknown") from None

    async def _subscribe(self) -> int:
        """0, the errcode of a refusal, or -1 where no answer came."""
        body = {"bot_id": self._bot_id, "secret": self._secret}
        name = f"aibot_subscribe_{ids.fresh('r')}"
        try:
            code = (await self._exchange(name, "aibot_subscribe", body)).get("errcode", 0)
        except (Unknown, Transient):
            return -1
        return code if isinstance(code, int) else -1

    async def _beat(self) -> None:
        """A heartbeat each so often; a line that answers none any more is closed."""
        silent = 0
        while True:
            await asyncio.sleep(self._pace.heartbeat)
            silent += 1
            if silent > self._pace.missed:
                await self.close()
                return
            with contextlib.suppress(Unknown, Transient):
                await self._exchange(f"ping_{ids.fresh('r')}", "ping", None)
                silent = 0

    async def _read(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        async for message in ws:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            frame = understood(message.data)
            if frame is None:
                continue
            if isinstance(frame, Frame):
                if _displaces(frame):
                    self._displaced = True
                    return
                await self._frames.put(frame)
                continue
            req_id, ack = frame
            waiting = self._acks.get(req_id)
            if waiting is not None and not waiting.done():
                waiting.set_result(ack)
                self._forget(req_id, waiting)

    async def _store(self) -> None:
        while True:
            frames = [await self._frames.get()]
            while not self._frames.empty() and len(frames) < 100:
                frames.append(self._frames.get_nowait())
            try:
                await self._heard(frames)
            finally:
                for _ in frames:
                    self._frames.task_done()

    async def _close(self, *tasks: asyncio.Task[None] | None) -> None:
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.close()
        for ack in self._acks.values():
            ack.cancel()
        self._acks.clear()

    async def _finish(self, storing: asyncio.Task[None]) -> None:
        """Whatever was accepted is put on disk before the connection is given up."""
        emptied = asyncio.create_task(self._frames.join())
        await asyncio.wait({emptied, storing}, timeout=STORING, return_when=asyncio.FIRST_COMPLETED)
        emptied.cancel()
        storing.cancel()
        await asyncio.gather(emptied, storing, return_exceptions=True)


def understood(text: str) -> Frame | tuple[str, dict[str, Any]] | None:
    """A frame we were sent, an ack as (req_id, all of it), or None for what is neither."""
    try:
        raw = parsing.read_json(text.encode("utf-8", "surrogatepass"), MAX_FRAME)
    except parsing.Malformed:
        return None
    headers, body, cmd = raw.get("headers"), raw.get("body"), raw.get("cmd")
    req_id = headers.get("req_id") if isinstance(headers, dict) else None
    name = req_id if isinstance(req_id, str) else ""
    if isinstance(cmd, str) and cmd:
        return Frame(cmd, name, body if isinstance(body, dict) else {})
    return (name, raw) if name and "errcode" in raw else None


def _displaces(frame: Frame) -> bool:
    event = frame.body.get("event")
    return frame.cmd == "aibot_event_callback" and isinstance(event, dict) and event.get("eventtype") == DISPLACED
