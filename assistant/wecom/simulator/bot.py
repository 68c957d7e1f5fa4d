"""The AI bot in callback mode: messages of employees, passive stream answers with refreshes, and the one-shot response_url."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from assistant.base.clock import SHANGHAI
from assistant.wecom.simulator.callbacks import Callbacks, Delivery
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.world import ApiError, PhoneMessage, SimulatorError, World, shown

CONTENT_BYTES = 20480
OPEN_PER_USER = 3


@dataclass
class BotTurn:
    """One question to the bot and what became of it. ``text`` is the latest shown; ``finished`` false when WeCom gave up waiting."""

    msgid: str
    userid: str
    chatid: str
    asked: datetime
    stream_id: str = ""
    text: str = ""
    finished: bool = False
    refreshes: int = 0
    deliveries: list[Delivery] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        base = {"msgid": self.msgid, "stream_id": self.stream_id, "text": self.text, "finished": self.finished}
        return {**base, "refreshes": self.refreshes, "deliveries": [each.to_json() for each in self.deliveries]}


@dataclass
class _ResponseUrl:
    turn: BotTurn
    until: datetime
    used: bool = False


class Bot:
    """``api_base`` is where response_url points; set it once the API face has a port."""

    def __init__(self, config: SimulatorConfig, world: World, callbacks: Callbacks) -> None:
        self._aibotid = config.bot.aibotid
        self._world = world
        self._callbacks = callbacks
        self._open: dict[str, int] = {}
        self._urls: dict[str, _ResponseUrl] = {}
        self._entered: dict[str, date] = {}
        self.api_base = config.api_base.rstrip("/")

    def routes(self) -> Routes:
        return {"aibot/response": ("", lambda body: self.response(dict(self._world.asked.query), body))}

    async def says(self, userid: str, text: str, chatid: str = "", *, wait: bool = True) -> BotTurn:
        """Asks the bot, alone or with @ in a group; with ``wait`` answers only when the stream has ended."""
        self._world.the_staff(userid)
        if chatid and userid not in self._world.the_group(chatid).members:
            raise SimulatorError(f"员工 {userid} 不在群 {chatid} 里")
        if self._open.get(userid, 0) >= OPEN_PER_USER:
            raise SimulatorError(f"员工 {userid} 已有 {OPEN_PER_USER} 条消息等待机器人回答，请稍后再发")
        turn = BotTurn(self._world.new_id("botmsg"), userid, chatid, self._world.now())
        self._phone(turn).append(PhoneMessage(turn.asked, userid, text, "bot", msgid=turn.msgid))
        content = f"@{self._aibotid} {text}" if chatid else text
        code = self._world.new_id("RESP")
        self._urls[code] = _ResponseUrl(turn, turn.asked + timedelta(hours=1))
        url = f"{self.api_base}/cgi-bin/aibot/response?response_code={code}"
        message = {**self._head(turn), "response_url": url, "msgtype": "text", "text": {"content": content}}
        self._open[userid] = self._open.get(userid, 0) + 1
        try:
            first = await self._exchange(turn, message)
        except BaseException:
            self._open[userid] -= 1
            raise
        rest = self._follow(turn, first)
        if wait:
            await rest
        else:
            self._callbacks.spawn(rest)
        return turn

    async def enters(self, userid: str) -> BotTurn | None:
        """Opens the single chat; enter_chat is sent once a day, later ones answer None."""
        self._world.the_staff(userid)
        today = self._world.now().astimezone(SHANGHAI).date()
        if self._entered.get(userid) == today:
            return None
        self._entered[userid] = today
        turn = BotTurn(self._world.new_id("botevt"), userid, "", self._world.now(), finished=True)
        event = {"eventtype": "enter_chat"}
        await self._exchange(turn, {**self._head(turn), "create_time": self._world.seconds(), "msgtype": "event", "event": event})
        return turn

    def response(self, query: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
        """aibot/response: plain JSON, no token, once, within an hour; markdown or template_card."""
        url = self._urls.get(str(query.get("response_code", "")))
        if url is None or url.used or self._world.now() > url.until:
            raise ApiError(60140, "response_code is invalid, used or expired")
        kind = str(body.get("msgtype", ""))
        if kind not in ("markdown", "template_card"):
            raise ApiError(40008, "invalid message type")
        text = shown(body)
        if not text or len(text.encode()) > CONTENT_BYTES:
            raise ApiError(40058, "content is empty or too long")
        url.used = True
        bubble = PhoneMessage(self._world.now(), self._aibotid, text, "response_url", kind, url.turn.msgid, body=dict(body[kind]))
        self._phone(url.turn).append(bubble)
        return {}

    # Parts.

    def _head(self, turn: BotTurn) -> dict[str, Any]:
        userid = f"enc{turn.userid.encode().hex()}" if self._world.knobs.bot_userid_encrypted else turn.userid
        head: dict[str, Any] = {"msgid": turn.msgid, "aibotid": self._aibotid, "chattype": "group" if turn.chatid else "single"}
        return {**head, **({"chatid": turn.chatid} if turn.chatid else {}), "from": {"userid": userid}}

    def _phone(self, turn: BotTurn) -> list[PhoneMessage]:
        return self._world.the_group(turn.chatid).phone if turn.chatid else self._world.the_staff(turn.userid).phone

    async def _exchange(self, turn: BotTurn, message: dict[str, Any]) -> bool:
        """Posts one message and shows the answer; True while refreshes are still wanted."""
        deliveries = await self._callbacks.deliver("bot", json.dumps(message, ensure_ascii=False))
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
                waited = max((self._world.now() - turn.asked).total_seconds(), polls * knobs.bot_refresh_seconds)
                if waited > limit:
                    self._world.complain(f"机器人的回答 {turn.stream_id} 在 {limit:.0f} 秒内没有结束")
                    return
                turn.refreshes += 1
                message = {**self._head(turn), "msgid": self._world.new_id("botmsg"), "msgtype": "stream", "stream": {"id": turn.stream_id}}
                await self._exchange(turn, message)
        finally:
            self._open[turn.userid] -= 1

    def _show(self, turn: BotTurn, message: dict[str, Any], plain: str) -> bool:
        try:
            answer = json.loads(plain)
            kind = answer["msgtype"]
        except (ValueError, KeyError, TypeError):
            self._world.complain("机器人的被动回复解密后不是带 msgtype 的 JSON")
            return False
        welcome = message.get("event", {}).get("eventtype") == "enter_chat"
        if kind in ("stream", "stream_with_template_card") and not welcome:
            self._show_stream(turn, answer.get("stream") or {})
        elif (kind == "template_card" or (kind == "text" and welcome)) and message["msgtype"] != "stream":
            turn.text, turn.finished = shown(answer), True
            self._phone(turn).append(PhoneMessage(self._world.now(), self._aibotid, turn.text, "bot", kind, body=dict(answer[kind])))
        else:
            self._world.complain(f"机器人不能用 {kind} 回复 {message['msgtype']}")
            return False
        if kind == "stream_with_template_card" and "template_card" in answer:
            card = {"msgtype": "template_card", "template_card": answer["template_card"]}
            bubble = PhoneMessage(self._world.now(), self._aibotid, shown(card), "bot", "template_card", body=dict(answer["template_card"]))
            self._phone(turn).append(bubble)
        return not turn.finished

    def _show_stream(self, turn: BotTurn, stream: dict[str, Any]) -> None:
        """Each reply replaces the whole text of the bubble."""
        stream_id, content = str(stream.get("id") or ""), str(stream.get("content") or "")
        if not stream_id or (turn.stream_id and stream_id != turn.stream_id):
            self._world.complain(f"机器人的流 {stream_id or '（空）'} 不是正在等待的 {turn.stream_id or '新流'}，已忽略")
            return
        if len(content.encode()) > CONTENT_BYTES:
            self._world.complain(f"机器人的回答超过 {CONTENT_BYTES} 字节，未显示")
            return
        phone, known = self._phone(turn), turn.stream_id
        turn.stream_id, turn.text, turn.finished = stream_id, content, bool(stream.get("finish"))
        if not known:
            phone.append(PhoneMessage(self._world.now(), self._aibotid, content, "bot", "stream", stream_id, finished=turn.finished))
            return
        for bubble in phone:
            if bubble.msgid == stream_id and bubble.kind == "stream":
                bubble.text, bubble.finished = content, turn.finished
