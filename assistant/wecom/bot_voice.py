"""What the holder of a bot's long connection says: answers as they grow, their ends, and messages of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from assistant.base.clock import stopwatch
from assistant.base.errors import LaoyouError, Transient
from assistant.base.principal import system
from assistant.channels import outbox, quota, streams
from assistant.channels.message import Address, Delivery, OutboundMessage
from assistant.store import Store
from assistant.wecom import cards
from assistant.wecom.bot import MAX_CONTENT, stream_body
from assistant.wecom.bot_upload import BotShelf
from assistant.wecom.errors import Unknown, delivery_of
from assistant.wecom.socket import BotSocket
from assistant.wecom.text import size, with_options

ME = system("bot")
EVERY = 1.0
"""Seconds between two frames of one growing answer."""

MOST_FRAMES = 20
"""Growing frames of one answer: should WeCom count each of them, its end still fits into the thirty of a minute."""

WORD_AFTER = timedelta(seconds=1.5)
TRIES = 3
SEE_BELOW = "请看下面。"
GIVEN_UP = timedelta(hours=24)
FINISHED, CLOSED = 846606, frozenset({846604, 846605, 846608})
"""The stream has its end already; the message can no longer be answered so."""

_RATE = frozenset({"wecom_rate", "wecom_bot_rate"})


@dataclass
class _Shown:
    """What this process has shown of an answer."""

    text: str = ""
    frames: int = 0
    at: float = 0.0
    ended: bool = False


class BotVoice:
    """Sends over the connection that ``line`` answers, None where there is none. In the one process that holds it."""

    def __init__(self, store: Store, line: Callable[[], BotSocket | None], every: float = EVERY, shelf: BotShelf | None = None) -> None:
        self._store = store
        self._every = every
        self._shelf = shelf
        self._line = line
        self._shown: dict[str, _Shown] = {}
        self._pushing: dict[str, asyncio.Task[None]] = {}

    async def send(self, message: OutboundMessage) -> Delivery:
        """The end of an answer where its message can still be answered, else a message of its own. A stream's end may be repeated."""
        line = self._connected()
        if message.attachments and self._shelf is None:
            return Delivery("refused", code="no_attachments", reason="没有接通素材库，机器人发不出附件。")
        if not message.text.strip():
            # A bubble that waits for its end cannot end with nothing.
            message = replace(message, text=SEE_BELOW if message.attachments else streams.NOTHING)
        said = await self._say(line, message)
        return await self._attach(line, message) if message.attachments and said.outcome == "sent" and not said.code else said

    async def _say(self, line: BotSocket, message: OutboundMessage) -> Delivery:
        """The words."""
        if size(message.text) > MAX_CONTENT:
            return Delivery("refused", code="too_long", reason="消息太长，请缩短后再发。")
        number, req_id = message.reply_to.get("stream_id", ""), message.reply_to.get("req_id", "")
        if number and req_id:
            asked = streams.Offer(number, outbox.id_of(message.key), message.text, message.options)
            state: streams.Offered = await self._store.write(streams.offer, asked, ME, cause=message.cause)
            if state == "shown" and message.attachments:
                return Delivery("unknown", number, "interrupted", "文字已送到，不知道附件是否送到。")
            if state == "shown":
                return Delivery("sent", number)
            if state == "lost":
                return Delivery("unknown", number, "outcome_unknown", "企业微信没有确认这条回答，不知道对方是否看到。")
            if state == "offered" and await self._end(line, number, req_id, message):
                return await self._with_card(line, number, req_id, message)
        return await self._push(line, message)

    async def grow(self) -> bool:
        """Shows what has grown since the last time; whether anything is still to come."""
        line = self._line()
        rows = [row for row in await self._store.read(streams.growing) if row.reply_to.get("req_id")]
        known = {row.id for row in rows}
        self._shown = {number: shown for number, shown in self._shown.items() if number in known or stopwatch() - shown.at < 60}
        for row in rows:
            if line is not None and row.id not in self._pushing:
                task = asyncio.create_task(self._grow_one(line, row), name="bot.grow")
                self._pushing[row.id] = task
                task.add_done_callback(partial(self._done, row.id))
        return bool(rows)

    async def close(self) -> None:
        """Lets nothing go on."""
        running = list(self._pushing.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _done(self, number: str, _task: asyncio.Task[None]) -> None:
        self._pushing.pop(number, None)

    # Growing.

    async def _grow_one(self, line: BotSocket, row: streams.Stream) -> None:
        shown = self._shown.setdefault(row.id, _Shown())
        now = self._store.clock.now()
        frame = streams.frame(row, now)
        if shown.ended:
            return
        if frame.finish:
            shown.ended = True
            await self._word(line, row, frame, shown)
        elif self._worth_showing(row, frame, shown):
            await self._show(line, row, frame, shown)

    def _worth_showing(self, row: streams.Stream, frame: streams.Frame, shown: _Shown) -> bool:
        waits = not row.text and self._store.clock.now() - row.began_at < WORD_AFTER
        return not waits and frame.text != shown.text and shown.frames < MOST_FRAMES and stopwatch() - shown.at >= self._every

    async def _word(self, line: BotSocket, row: streams.Stream, frame: streams.Frame, shown: _Shown) -> None:
        """The end of an answer that no message says: a pointer, or that it takes longer. Where nothing was shown nothing need end."""
        late = row.state == "open"
        if (shown.frames or late) and not await self._show(line, row, frame, shown):
            shown.ended = False
            return
        await self._store.write(streams.move if late else streams.acked, row.id, ME)

    async def _show(self, line: BotSocket, row: streams.Stream, frame: streams.Frame, shown: _Shown) -> bool:
        first = not shown.frames
        shown.text, shown.at, shown.frames = frame.text, stopwatch(), shown.frames + 1
        body = stream_body(row.id, frame.text, finish=frame.finish, feedback_id=row.id if first else "")
        try:
            if first:
                await self._room(streams.place(row.conversation))
            if shown.ended and not frame.finish:
                return False
            await line.call("aibot_respond_msg", body, row.reply_to["req_id"])
        except LaoyouError as error:
            # A missed frame is made up for by the next one; a message that cannot be answered so any more is left to its end.
            code = error.detail.get("errcode")
            shown.frames = MOST_FRAMES if code in CLOSED or code == FINISHED else shown.frames
            return code in CLOSED or code == FINISHED
        return True

    # Ends and messages of their own.

    async def _end(self, line: BotSocket, number: str, req_id: str, message: OutboundMessage) -> bool:
        """Whether the end is shown; False where the message cannot be answered so any more. The same end may be said again."""
        shown = self._shown.setdefault(number, _Shown())
        first, shown.ended = not shown.frames, True
        text = message.text if cards.fits(message.options) else with_options(message.text, message.options)
        body = stream_body(number, text, finish=True, feedback_id=number if first else "")
        if first:
            await self._room(streams.place(message.address.conversation))
        for attempt in range(TRIES):
            shown.frames, shown.at = shown.frames + 1, stopwatch()
            try:
                await line.call("aibot_respond_msg", body, req_id)
            except Unknown:
                if attempt == TRIES - 1:
                    raise Transient("企业微信没有确认这条回答，稍后用同样的内容再说一次。", code="bot_unacked") from None
                continue
            except LaoyouError as error:
                code = error.detail.get("errcode")
                if code in CLOSED:
                    await self._store.write(streams.move, number, ME)
                    return False
                if code != FINISHED:
                    await self._learn(error, streams.place(message.address.conversation))
                    raise
            break
        await self._store.write(streams.acked, number, ME)
        return True

    async def _with_card(self, line: BotSocket, number: str, req_id: str, message: OutboundMessage) -> Delivery:
        """The choices as a card behind the words; the words alone can be answered too, so a card that is lost is only noted."""
        if not cards.fits(message.options):
            return Delivery("sent", number)
        card = {"msgtype": "template_card", "template_card": cards.choices(number, message.options)}
        try:
            await self._room(streams.place(message.address.conversation))
            await line.call("aibot_respond_msg", card, req_id)
        except LaoyouError as error:
            return Delivery("sent", number, error.code, f"按钮卡片没有确认送达：{error.say}")
        return Delivery("sent", number)

    async def _attach(self, line: BotSocket, message: OutboundMessage) -> Delivery:
        """What comes behind the words; from the first that does not arrive on the rest is left."""
        place, address = streams.place(message.address.conversation), message.address
        assert self._shelf is not None
        for number, one in enumerate(message.attachments, 1):
            try:
                body = await self._shelf.body(line, one)
                await self._room(place)
                await line.call("aibot_send_msg", {**_to(address), **body})
            except LaoyouError as error:
                answer = delivery_of(error)
                return Delivery(answer.outcome, "", answer.code, f"文字已发出，第 {number} 个附件没有：{answer.reason}")
        return Delivery("sent", message.reply_to.get("stream_id", ""))

    async def _push(self, line: BotSocket, message: OutboundMessage) -> Delivery:
        address = message.address
        text = with_options(message.text, message.options)
        place = streams.place(address.conversation)
        try:
            await self._room(place)
            await line.call("aibot_send_msg", {**_to(address), "msgtype": "markdown", "markdown": {"content": text}})
        except LaoyouError as error:
            await self._learn(error, place)
            row = await self._store.read(outbox.get, outbox.id_of(message.key))
            if isinstance(error, Transient) and row is not None and self._store.clock.now() - row.queued_at > GIVEN_UP:
                return Delivery("refused", code=error.code, reason=error.say)
            return delivery_of(error)
        return Delivery("sent")

    def _connected(self) -> BotSocket:
        line = self._line()
        if line is None:
            raise Transient("机器人的长连接还没有接通，稍后再发。", code="bot_offline")
        return line

    async def _room(self, place: str) -> None:
        """Raises Transient until the conversation may be written to again."""
        taken: list[quota.Taken] = await self._store.write(quota.take, [[quota.Charge(quota.BOT, place)]], ME)
        if not taken[0].ok:
            raise Transient("机器人在这个会话里说得太多了，过一会儿再说。", retry_at=taken[0].until, code="bot_rate")

    async def _learn(self, error: LaoyouError, place: str) -> None:
        if error.code in _RATE and isinstance(error, Transient):
            until: list[Any] = await self._store.write(quota.learn, [quota.Learned(quota.BOT, place)], ME)
            error.retry_at = until[0]


def _to(address: Address) -> dict[str, Any]:
    return {"chatid": address.group, "chat_type": 2} if address.group else {"chatid": address.peer, "chat_type": 1}
