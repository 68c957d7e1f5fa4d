"""The AI bot as its users have it, in callback mode and on the long connection: questions, pictures, clicks, ratings, and its answers."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from assistant.base.clock import SHANGHAI
from assistant.wecom.simulator import cards
from assistant.wecom.simulator.botscreen import CONTENT_BYTES, BotTurn, Screen
from assistant.wecom.simulator.callbacks import Callbacks
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.faults import Faults
from assistant.wecom.simulator.handout import HandedOut, key_of
from assistant.wecom.simulator.socket import BotSocket
from assistant.wecom.simulator.world import ApiError, PhoneMessage, SimulatorError, World

OPEN_PER_USER = 3
ONLY_SINGLE = ("image", "voice", "file", "video")
RATINGS = {"accurate": 1, "inaccurate": 2, "cancelled": 3}
_POLL_SECONDS = 0.05

__all__ = ["CONTENT_BYTES", "Bot", "BotTurn"]


@dataclass
class _ResponseUrl:
    turn: BotTurn
    until: datetime
    used: bool = False


class Bot:
    """``api_base`` is where response_url and media URLs point; set it once the API face has a port."""

    def __init__(self, config: SimulatorConfig, world: World, callbacks: Callbacks, faults: Faults) -> None:
        self.aibotid, self.secret = config.bot.aibotid, config.bot.secret
        self.api_base = config.api_base.rstrip("/")
        self.screen = Screen(self.aibotid, world)
        self.handed_out = HandedOut(world)
        self.socket = BotSocket(world, callbacks, faults, self.screen, self)
        self._key = key_of(config.bot.aes_key)
        self._world = world
        self._callbacks = callbacks
        self._mine: dict[str, list[BotTurn]] = {}
        self._urls: dict[str, _ResponseUrl] = {}
        self._entered: dict[str, date] = {}
        self.switch(config.bot.mode)

    def routes(self) -> Routes:
        return {"aibot/response": ("", lambda body: self.response(dict(self._world.asked.query), body))}

    def switch(self, mode: Literal["callback", "socket"]) -> None:
        """The administrator chooses the mode; leaving the long connection breaks it."""
        self.mode: str = mode
        self._callbacks.bot_push = self.socket.push if mode == "socket" else None
        if mode == "callback":
            self.socket.drop()

    # What people do.

    async def says(
        self, userid: str, text: str, chatid: str = "", *, wait: bool = True, at: bool = True, quote: str = "", kind: str = "text"
    ) -> BotTurn:
        """Asks the bot, alone or in a group; with ``wait`` answers only when the stream has ended or WeCom gave up.

        Without ``at`` a group message does not reach the bot. ``quote`` is the msgid of a bubble, ``kind`` text or voice (already words).
        """
        content = f"@{self.aibotid} {text}" if chatid and kind == "text" else text
        return await self._tell(userid, chatid, text, {"msgtype": kind, kind: {"content": content}}, quote=quote, wait=wait, at=at)

    async def shows(
        self, userid: str, kind: Literal["image", "file", "video"], data: bytes, *, quote: str = "", wait: bool = True
    ) -> BotTurn:
        """Sends a picture, file or video in the single chat; the service fetches it encrypted within five minutes."""
        return await self._tell(userid, "", f"[{kind}]", {"msgtype": kind, kind: self._offered(data)}, quote=quote, wait=wait)

    async def mixes(self, userid: str, items: Sequence[str | bytes], chatid: str = "", *, wait: bool = True) -> BotTurn:
        """Words and pictures in one message, in a group after the @."""
        lead: list[str | bytes] = [f"@{self.aibotid}"] if chatid else []
        parts: list[dict[str, Any]] = [
            {"msgtype": "image", "image": self._offered(item)}
            if isinstance(item, bytes)
            else {"msgtype": "text", "text": {"content": item}}
            for item in [*lead, *items]
        ]
        seen = "".join(item if isinstance(item, str) else "[image]" for item in items)
        return await self._tell(userid, chatid, seen, {"msgtype": "mixed", "mixed": {"msg_item": parts}}, wait=wait)

    async def enters(self, userid: str, *, wait: bool = True) -> BotTurn | None:
        """Opens the single chat; enter_chat is sent once a day, later ones answer None."""
        self._world.the_staff(userid)
        today = self._world.now().astimezone(SHANGHAI).date()
        if self._entered.get(userid) == today:
            return None
        self._entered[userid] = today
        turn = self._turn(userid, "")
        await self._exchange(turn, self._event(turn, {"eventtype": "enter_chat"}))
        await self._answer_within_5_s(turn, wait)
        return turn

    async def presses(
        self, userid: str, msgid: str, key: str, selected: dict[str, list[str]] | None = None, *, wait: bool = True
    ) -> BotTurn:
        """Clicks a button of a card of the bot: one event, never repeated."""
        bubble = self.screen.bubble(userid, msgid)
        if bubble.kind != "template_card":
            raise SimulatorError(f"消息 {msgid} 不是卡片")
        detail = cards.press(bubble.body, key, selected or {})
        turn = self._turn(userid, self._chat_of(bubble))
        turn.card = bubble
        event = {"eventtype": "template_card_event", "template_card_event": detail}
        message = {**self._event(turn, event), **self._response_url(turn)}
        await self._exchange(turn, message, once=True)
        await self._answer_within_5_s(turn, wait)
        return turn

    async def rates(
        self, userid: str, msgid: str, rating: Literal["accurate", "inaccurate", "cancelled"], words: str = "", reasons: Sequence[int] = ()
    ) -> BotTurn | None:
        """Thumbs under an answer; None where the answer carried no feedback.id, because then nothing is sent."""
        bubble = self.screen.bubble(userid, msgid)
        feedback_id = (bubble.body.get("feedback") or {}).get("id", "")
        if not feedback_id:
            return None
        detail: dict[str, Any] = {"id": feedback_id, "type": RATINGS[rating]}
        if rating == "inaccurate":
            detail |= {"content": words, "inaccurate_reason_list": list(reasons)}
        turn = self._turn(userid, self._chat_of(bubble))
        turn.finished = True
        await self._exchange(turn, self._event(turn, {"eventtype": "feedback_event", "feedback_event": detail}))
        return turn

    # What the API does.

    def response(self, query: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """aibot/response: plain JSON, no token, once, within an hour; markdown or template_card."""
        url = self._urls.get(str(query.get("response_code", "")))
        if url is None or url.used or self._world.now() > url.until:
            raise ApiError(60140, "response_code is invalid, used or expired")
        bubble = self.screen.say(url.turn.userid, url.turn.chatid, body, ("markdown", "template_card"), via="response_url")
        url.used = True
        if url.turn.chatid:
            bubble.body = {**bubble.body, "quotes": url.turn.msgid}
        return {}

    # Parts.

    def _turn(self, userid: str, chatid: str) -> BotTurn:
        turn = BotTurn(self._world.new_id("botmsg"), userid, chatid, self._world.now())
        self.screen.turns[turn.msgid] = turn
        return turn

    async def _tell(
        self, userid: str, chatid: str, seen: str, message: dict[str, Any], *, quote: str = "", wait: bool = True, at: bool = True
    ) -> BotTurn:
        self._check_may_say(userid, chatid, message["msgtype"])
        turn = self._turn(userid, chatid)
        quoted = {"quote": self._quoted(userid, chatid, quote)} if quote else {}
        phone = self.screen.phone(userid, chatid)
        phone.append(PhoneMessage(turn.asked, userid, seen, "bot", message["msgtype"], turn.msgid))
        if chatid and not at:
            turn.open = False
            return turn
        self.screen.spoken.add(turn.conversation)
        self._mine[userid] = [*self._in_flight(userid), turn]
        try:
            wanted = await self._exchange(turn, {**self._head(turn), **self._response_url(turn), **message, **quoted})
        except BaseException:
            turn.open = False
            raise
        rest = self._follow_socket(turn) if self.mode == "socket" else self._follow(turn, wanted)
        if wait:
            await rest
        else:
            self._callbacks.spawn(rest)
        return turn

    def _check_may_say(self, userid: str, chatid: str, kind: str) -> None:
        self._world.the_staff(userid)
        if chatid and userid not in self._world.the_group(chatid).members:
            raise SimulatorError(f"员工 {userid} 不在群 {chatid} 里")
        if chatid and kind in ONLY_SINGLE:
            raise SimulatorError(f"群里不能把 {kind} 发给机器人，只能用文字或图文混排")
        if len(self._in_flight(userid)) >= OPEN_PER_USER:
            raise SimulatorError(f"员工 {userid} 已有 {OPEN_PER_USER} 条消息等待机器人回答，请稍后再发")

    def _in_flight(self, userid: str) -> list[BotTurn]:
        oldest = self._world.now() - timedelta(seconds=self._world.knobs.bot_stream_limit_seconds)
        return [turn for turn in self._mine.get(userid, []) if turn.open and turn.asked >= oldest]

    def _head(self, turn: BotTurn) -> dict[str, Any]:
        head: dict[str, Any] = {"msgid": turn.msgid, "aibotid": self.aibotid, "chattype": "group" if turn.chatid else "single"}
        chat = {"chatid": turn.chatid} if turn.chatid else {}
        return {**head, **chat, "from": {"userid": self.screen.public(turn.userid)}}

    def _event(self, turn: BotTurn, event: dict[str, Any]) -> dict[str, Any]:
        return {**self._head(turn), "create_time": self._world.seconds(), "msgtype": "event", "event": event}

    def _response_url(self, turn: BotTurn) -> dict[str, str]:
        """Only callbacks carry one; on the long connection the answer goes back by req_id."""
        if self.mode == "socket":
            return {}
        code = self._world.new_id("RESP")
        self._urls[code] = _ResponseUrl(turn, turn.asked + timedelta(hours=1))
        return {"response_url": f"{self.api_base}/cgi-bin/aibot/response?response_code={code}"}

    def _offered(self, data: bytes) -> dict[str, str]:
        """Under the callback key, or on the long connection under a key of its own."""
        if self.mode == "callback":
            return {"url": f"{self.api_base}/aibot/media/{self.handed_out.offer(data, self._key)}"}
        key = self._world.chance.randbytes(32)
        url = f"{self.api_base}/aibot/media/{self.handed_out.offer(data, key)}"
        return {"url": url, "aeskey": base64.b64encode(key).decode().rstrip("=")}

    def _quoted(self, userid: str, chatid: str, msgid: str) -> dict[str, Any]:
        for bubble in self.screen.phone(userid, chatid):
            if bubble.msgid == msgid:
                return {"msgtype": "text", "text": {"content": bubble.text}}
        raise SimulatorError(f"这里没有可以引用的消息 {msgid}")

    def _chat_of(self, bubble: PhoneMessage) -> str:
        return next((chatid for chatid, group in self._world.groups.items() if any(each is bubble for each in group.phone)), "")

    async def _exchange(self, turn: BotTurn, message: dict[str, Any], *, once: bool = False) -> bool:
        """Tells the service and shows its passive answer; True while refreshes are still wanted."""
        content = json.dumps(message, ensure_ascii=False)
        deliveries = [await self._callbacks.once("bot", content)] if once else await self._callbacks.deliver("bot", content)
        turn.deliveries += deliveries
        wanted = False
        for delivery in deliveries:
            plain = self._callbacks.opened("bot", delivery.attempts[-1]) if delivery.attempts else ""
            if plain:
                wanted = self._show(turn, message, plain) or wanted
        return wanted and not turn.finished

    async def _follow(self, turn: BotTurn, wanted: bool) -> None:
        knobs, polls = self._world.knobs, 0
        limit = knobs.bot_refresh_limit_seconds
        try:
            while wanted and not turn.finished:
                await asyncio.sleep(knobs.bot_refresh_seconds)
                polls += 1
                if max((self._world.now() - turn.asked).total_seconds(), polls * knobs.bot_refresh_seconds) > limit:
                    self._world.complain(f"机器人的回答 {turn.stream_id} 在 {limit:.0f} 秒内没有结束")
                    return
                turn.refreshes += 1
                message = {**self._head(turn), "msgid": self._world.new_id("botmsg"), "msgtype": "stream", "stream": {"id": turn.stream_id}}
                await self._exchange(turn, message)
        finally:
            turn.open = False

    async def _follow_socket(self, turn: BotTurn) -> None:
        """Waits for the answer that the service pushes; a message that was lost has none."""
        limit = self._world.knobs.bot_refresh_limit_seconds
        lost = bool(turn.deliveries) and all(delivery.lost for delivery in turn.deliveries)
        if not lost:
            await self._until_finished(turn, limit)
        if turn.stream_id and not turn.finished:
            self._world.complain(f"机器人的回答 {turn.stream_id} 在 {limit:.0f} 秒内没有结束")
        turn.open = False

    async def _answer_within_5_s(self, turn: BotTurn, wait: bool) -> None:
        if wait and self.mode == "socket" and not all(delivery.lost for delivery in turn.deliveries):
            await self._until_finished(turn, self._world.knobs.callback_timeout_seconds)
        turn.open = False

    async def _until_finished(self, turn: BotTurn, limit: float) -> None:
        waited = 0.0
        while not turn.finished and max(waited, (self._world.now() - turn.asked).total_seconds()) <= limit:
            turn.changed.clear()
            try:
                await asyncio.wait_for(turn.changed.wait(), min(_POLL_SECONDS, limit))
            except TimeoutError:
                waited += min(_POLL_SECONDS, limit)

    def _show(self, turn: BotTurn, message: dict[str, Any], plain: str) -> bool:
        """The passive answer of callback mode; True while the stream goes on."""
        try:
            answer = json.loads(plain)
            if not isinstance(answer, dict):
                raise ValueError("not an object")
        except ValueError:
            self._world.complain("机器人的被动回复解密后不是 JSON 对象")
            return False
        try:
            self._show_answer(turn, message, answer)
        except ApiError as error:
            self._world.complain(f"机器人对 {message['msgtype']} 的被动回复不合协议：{error.reason}")
            return False
        except (AttributeError, TypeError, ValueError, KeyError) as error:
            self._world.complain(f"机器人对 {message['msgtype']} 的被动回复形状不对：{error}")
            return False
        return not turn.finished

    def _show_answer(self, turn: BotTurn, message: dict[str, Any], answer: dict[str, Any]) -> None:
        event, kind = str((message.get("event") or {}).get("eventtype", "")), str(answer.get("msgtype", ""))
        if event == "feedback_event":
            raise ApiError(40008, "a feedback event takes only an empty answer")
        if event == "template_card_event":
            self.screen.update_card(turn, answer)
        elif event == "enter_chat":
            self.screen.answered(turn, self.screen.say(turn.userid, turn.chatid, answer, ("text", "template_card")))
        elif kind in ("stream", "stream_with_template_card"):
            stream = answer.get("stream") or {}
            if turn.stream_id and stream.get("id") != turn.stream_id:
                raise ApiError(40058, f"stream {stream.get('id') or '(empty)'} is not {turn.stream_id}, ignored")
            self.screen.stream(turn, stream)
            if kind == "stream_with_template_card" and answer.get("template_card"):
                self._show_card(turn, answer["template_card"])
        elif message["msgtype"] == "stream":
            raise ApiError(40008, f"{kind} cannot answer a refresh")
        else:
            self.screen.answered(turn, self.screen.say(turn.userid, turn.chatid, answer, ("template_card",)))

    def _show_card(self, turn: BotTurn, card: dict[str, Any]) -> None:
        if turn.card is not None:
            raise ApiError(40058, "a card may be given once per message")
        answer = {"msgtype": "template_card", "template_card": card}
        turn.card = self.screen.say(turn.userid, turn.chatid, answer, ("template_card",))
