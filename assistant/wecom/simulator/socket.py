"""The AI bot's long connection: one holder at a time, frames both ways, acks that may be late, lost or cut off."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from assistant.wecom.simulator.botscreen import Screen
from assistant.wecom.simulator.callbacks import Attempt, Callbacks
from assistant.wecom.simulator.faults import Faults
from assistant.wecom.simulator.socketreplies import Kind, Replies
from assistant.wecom.simulator.world import ApiError, World

MOST_FRAME_BYTES = 2 * 2**20
REPLY_COMMANDS = ("aibot_respond_msg", "aibot_respond_welcome_msg", "aibot_respond_update_msg")
LogCall = Callable[[str, dict[str, Any], int | None, str], None]


class Credentials(Protocol):
    """What the admin page says of the bot."""

    mode: str
    aibotid: str
    secret: str


class _Link:
    """One connection; ``unacked`` are the req_ids whose ack is still under way."""

    def __init__(self, request: web.Request, ws: web.WebSocketResponse) -> None:
        self.ws = ws
        self.subscribed = False
        self.unacked: set[str] = set()
        self._transport = request.transport

    async def send(self, frame: dict[str, Any]) -> bool:
        """False when the connection is gone."""
        return await self.send_text(json.dumps(frame, ensure_ascii=False))

    async def send_text(self, text: str) -> bool:
        try:
            await self.ws.send_str(text)
        except (ConnectionError, RuntimeError):
            return False
        return True

    def cut(self) -> None:
        """Breaks the connection without a closing frame."""
        if self._transport is not None:
            self._transport.abort()


class BotSocket:
    """``push`` sends a callback to the holder; everything the service sends is answered by an ack with its req_id."""

    def __init__(self, world: World, callbacks: Callbacks, faults: Faults, screen: Screen, bot: Credentials) -> None:
        self._world = world
        self._callbacks = callbacks
        self._faults = faults
        self._screen = screen
        self._bot = bot
        self._holder: _Link | None = None
        self._missed: list[str] = []
        self.replies = Replies(world, screen)
        self.log: LogCall = lambda command, body, errcode, fault: None

    @property
    def connected(self) -> bool:
        """Whether a subscriber holds the connection."""
        return self._holder is not None

    def drop(self) -> None:
        """The connection of the holder breaks, without disconnected_event."""
        if self._holder is not None:
            self._holder.cut()
            self._holder = None

    async def push(self, content: str) -> Attempt:
        """One callback to the holder; status 0 when nobody is connected (knob ``bot_socket_replay``: kept for the next subscriber)."""
        if self._holder is None:
            if self._world.knobs.bot_socket_replay:
                self._missed.append(content)
                return Attempt(0, 0.0, "kept for the next subscriber")
            return Attempt(0, 0.0, "nobody is connected")
        body = json.loads(content)
        event = str((body.get("event") or {}).get("eventtype", ""))
        req_id = self._world.new_id("REQ")
        self.replies.expect(req_id, _kind(event), self._screen.turns[body["msgid"]])
        command = "aibot_event_callback" if event else "aibot_msg_callback"
        sent = await self._holder.send({"cmd": command, "headers": {"req_id": req_id}, "body": body})
        return Attempt(200 if sent else 0, 0.0, "" if sent else "the connection broke")

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One connection from its upgrade to its end."""
        ws = web.WebSocketResponse(max_msg_size=MOST_FRAME_BYTES)
        await ws.prepare(request)
        link = _Link(request, ws)
        try:
            async for message in ws:
                if message.type is WSMsgType.TEXT:
                    self._world.run_due()
                    await self._frame(link, message.data)
        finally:
            if self._holder is link:
                self._holder = None
        return ws

    async def _frame(self, link: _Link, text: str) -> None:
        command, req_id, body = _understood(text)
        fault = self._faults.take(command)
        if fault is not None and fault.mode in ("lost_before", "bad_gateway"):
            self.log(command, body, None, fault.mode)
            link.cut()
            return
        try:
            if fault is not None and fault.mode == "errcode":
                raise ApiError(fault.errcode, "injected by the scenario")
            answer = await self._perform(link, command, req_id, body)
            ack: dict[str, Any] = {"headers": {"req_id": req_id}, "errcode": 0, "errmsg": "ok", **({"body": answer} if answer else {})}
        except ApiError as error:
            ack = {"headers": {"req_id": req_id}, "errcode": error.errcode, "errmsg": error.reason}
        except (AttributeError, TypeError, ValueError, KeyError) as error:
            ack = {"headers": {"req_id": req_id}, "errcode": 40058, "errmsg": f"invalid parameter: {error}"}
        if command != "ping":
            self.log(command, body, ack["errcode"], fault.mode if fault else "")
        if (fault is not None and fault.mode == "lost_after") or self._breaks_now(command):
            link.cut()
            return
        await self._ack(link, command, req_id, ack, fault.seconds if fault else 0.0, half=fault is not None and fault.mode == "truncated")
        if command == "aibot_subscribe" and link.subscribed:
            missed, self._missed = self._missed, []
            for content in missed:
                await self.push(content)

    async def _perform(self, link: _Link, command: str, req_id: str, body: dict[str, Any]) -> dict[str, Any]:
        if command == "aibot_subscribe":
            await self._subscribe(link, body)
            return {}
        if command == "ping":
            return {}
        if not link.subscribed or self._holder is not link:
            raise ApiError(846609, "not subscribed")
        if command in REPLY_COMMANDS and req_id in link.unacked:
            raise ApiError(6000, "the previous frame of this req_id is still being handled")
        replies, uploads = self.replies, self.replies.uploads
        match command:
            case "aibot_respond_msg":
                return replies.respond(req_id, body)
            case "aibot_respond_welcome_msg":
                return replies.welcome(req_id, body)
            case "aibot_respond_update_msg":
                return replies.update(req_id, body)
            case "aibot_send_msg":
                return replies.send(req_id, body)
            case "aibot_upload_media_init":
                return uploads.begin(body)
            case "aibot_upload_media_chunk":
                return uploads.chunk(body)
            case "aibot_upload_media_finish":
                return uploads.finish(body)
        raise ApiError(40058, "invalid cmd")

    async def _subscribe(self, link: _Link, body: dict[str, Any]) -> None:
        if body.get("bot_id") != self._bot.aibotid or not self._bot.secret or body.get("secret") != self._bot.secret:
            raise ApiError(853000, "invalid bot_id or secret")
        if self._bot.mode != "socket":
            raise ApiError(846601, "the bot is not in long connection mode")
        old, self._holder = self._holder, link
        link.subscribed = True
        if old is not None and old is not link:
            event = {"eventtype": "disconnected_event"}
            body = {"msgid": self._world.new_id("botevt"), "create_time": self._world.seconds(), "aibotid": self._bot.aibotid}
            body |= {"msgtype": "event", "event": event}
            await old.send({"cmd": "aibot_event_callback", "headers": {"req_id": self._world.new_id("REQ")}, "body": body})
            self._callbacks.spawn(old.ws.close())

    async def _ack(self, link: _Link, command: str, req_id: str, ack: dict[str, Any], seconds: float, *, half: bool) -> None:
        knobs = self._world.knobs
        if command == "ping" and not knobs.bot_ping_acks:
            return
        if command not in ("ping", "aibot_subscribe") and self._world.chance.random() < knobs.bot_ack_loss:
            return
        delay = seconds or (knobs.bot_ack_delay_seconds if command in REPLY_COMMANDS else 0.0)
        text = json.dumps(ack, ensure_ascii=False)
        text = text[: len(text) // 2] if half else text
        if not delay:
            await link.send_text(text)
            return
        link.unacked.add(req_id)

        async def late() -> None:
            await asyncio.sleep(delay)
            link.unacked.discard(req_id)
            await link.send_text(text)

        self._callbacks.spawn(late())

    def _breaks_now(self, command: str) -> bool:
        """The knob ``bot_close_after_frames``: the connection breaks once so many replies have taken effect."""
        knobs = self._world.knobs
        if knobs.bot_close_after_frames <= 0 or command != "aibot_respond_msg":
            return False
        knobs.bot_close_after_frames -= 1
        return knobs.bot_close_after_frames == 0


def _kind(event: str) -> Kind:
    match event:
        case "enter_chat" | "template_card_event" | "feedback_event":
            return event
    return "message"


def _understood(text: str) -> tuple[str, str, dict[str, Any]]:
    """Command, req_id and body; empty where the frame is not of the documented form."""
    try:
        frame = json.loads(text)
    except ValueError:
        frame = None
    if not isinstance(frame, dict):
        return "", "", {}
    headers, body = frame.get("headers"), frame.get("body")
    req_id = str(headers.get("req_id", "")) if isinstance(headers, dict) else ""
    return str(frame.get("cmd") or ""), req_id, body if isinstance(body, dict) else {}
