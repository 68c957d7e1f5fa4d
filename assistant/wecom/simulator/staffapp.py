"""The self-built app: what staff write, click and cause in it, and message/send to their phones."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom.simulator import cards
from assistant.wecom.simulator.appcards import AppCards
from assistant.wecom.simulator.appevents import EVENTS, MESSAGES, SYSTEM
from assistant.wecom.simulator.callbacks import Callbacks, Delivery, from_xml
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.media import the_media
from assistant.wecom.simulator.world import ApiError, PhoneMessage, SimulatorError, World, cut, shown
from assistant.wecom.simulator.xmlforms import nested

MEDIA = ("image", "voice", "video", "file")
SEND_TYPES = {"text", *MEDIA, "textcard", "news", "mpnews", "markdown", "miniprogram_notice", "template_card"}
TEXT_BYTES = 2048
TEXTCARD: dict[str, tuple[int, Callable[[str], int]]] = {
    "title": (128, len),
    "description": (512, len),
    "url": (2048, lambda text: len(text.encode())),
    "btntxt": (4, len),
}
"""Field → (most, how it is measured); all but the last are needed."""

PER_MINUTE, PER_HOUR = 30, 1000
RECALL_FOR = timedelta(hours=24)


class StaffApp:
    """Employees write XML messages to the service; the service writes by message/send or by a passive reply."""

    def __init__(self, config: SimulatorConfig, world: World, callbacks: Callbacks) -> None:
        self._config = config
        self._world = world
        self._callbacks = callbacks
        self._digests: dict[str, datetime] = {}
        self._rates: dict[str, deque[datetime]] = {}
        self._sent: dict[str, tuple[datetime, str]] = {}
        self.cards = AppCards(world)

    def routes(self) -> Routes:
        return {
            "message/send": ("app", self.send),
            "message/recall": ("app", self.recall),
            "message/update_template_card": ("app", self.cards.update),
        }

    # What people do.

    async def says(self, userid: str, text: str) -> list[Delivery]:
        """A text message of an employee to the app; a passive text reply shows on the phone."""
        return await self._message(userid, "text", text, {"Content": text})

    async def sends(self, userid: str, kind: str, fields: Mapping[str, Any] | None = None) -> list[Delivery]:
        """An image, voice, video, location or link; ``fields`` stand over those of the sample."""
        if kind not in MESSAGES:
            raise SimulatorError(f"员工不能给应用发 {kind}，只能是 text、{'、'.join(MESSAGES)}")
        return await self._message(userid, kind, f"[{kind}]", {**MESSAGES[kind], **(fields or {})})

    async def enters(self, userid: str, event_key: str = "") -> list[Delivery]:
        """Opens the app (enter_agent), or clicks the menu item ``event_key``."""
        return await self.causes("click" if event_key else "enter_agent", userid, {"EventKey": event_key})

    async def causes(self, event: str, userid: str = "sys", fields: Mapping[str, Any] | None = None) -> list[Delivery]:
        """Any other event of an app, with the fields of a sample or the given ones; those of the platform come from sys."""
        if event not in EVENTS:
            raise SimulatorError(f"没有应用事件 {event}，只有 {'、'.join(EVENTS)}")
        sender = "sys" if event in SYSTEM else self._world.the_staff(userid).userid
        return (await self._post(sender, {"MsgType": "event", "Event": event, **EVENTS[event], **(fields or {})}))[0]

    async def presses(self, userid: str, msgid: str, key: str, selected: dict[str, list[str]] | None = None) -> list[Delivery]:
        """Clicks a card of the app; the passive reply changes it at once."""
        bubble, fields = self.cards.click(userid, msgid, key, selected or {})
        told, replies = await self._post(userid, fields, quiet=True)
        for plain in replies:
            kind = from_xml(plain).get("MsgType", "")
            if not self.cards.answered(bubble, kind, plain):
                self._world.complain(f"应用用 {kind or '空消息'} 回复卡片点击，卡片没有变化")
        return told

    async def _message(self, userid: str, kind: str, seen: str, fields: Mapping[str, Any]) -> list[Delivery]:
        staff, number = self._world.the_staff(userid), self._world.new_number()
        staff.phone.append(PhoneMessage(self._world.now(), userid, seen, "app", kind, str(number), body=dict(fields)))
        return (await self._post(userid, {"MsgType": kind, **fields, "MsgId": number}))[0]

    async def _post(self, userid: str, fields: Mapping[str, Any], *, quiet: bool = False) -> tuple[list[Delivery], list[str]]:
        """Tells the service; passive replies show on the phone (not ``quiet``) and are answered too, decrypted."""
        head = {"ToUserName": self._config.corp_id, "FromUserName": userid, "CreateTime": self._world.seconds()}
        deliveries = await self._callbacks.deliver("app", nested({**head, **fields, "AgentID": self._config.app.agentid}))
        replies = []
        for attempt in (attempt for delivery in deliveries for attempt in delivery.attempts):
            plain = self._callbacks.opened("app", attempt)
            try:
                answer = from_xml(plain) if plain else {}
            except ValueError:
                self._world.complain("app 的被动回复解密后不是 XML")
                continue
            if not answer:
                continue
            replies.append(plain)
            if userid in self._world.staff and not quiet:
                text = cut(answer.get("Content", ""), TEXT_BYTES)
                bubble = PhoneMessage(self._world.now(), self._sender, text, "app", answer.get("MsgType", ""))
                self._world.staff[userid].phone.append(bubble)
        return deliveries, replies

    # What the API does.

    def send(self, body: dict[str, Any]) -> dict[str, Any]:
        """message/send: partial success, silent duplicates and silent rate limit."""
        kind = str(body.get("msgtype", ""))
        if kind not in SEND_TYPES:
            raise ApiError(40008, "invalid message type")
        if body.get("agentid") != self._config.app.agentid and kind != "miniprogram_notice":
            raise ApiError(40056, "invalid agentid")
        valid, invalid = self._receivers(str(body.get("touser") or ""))
        part, text = body.get(kind), shown(body)
        if not text or not isinstance(part, dict):
            raise ApiError(44004, "empty content")
        self._check_part(kind, part)
        msgid, now = self._world.new_id("app"), self._world.now()
        self._sent[msgid] = (now, self._world.asked.app.name)
        answer = {"msgid": msgid, "invaliduser": "|".join(userid.lower() for userid in invalid)}
        answer |= {"invalidparty": str(body.get("toparty") or ""), "invalidtag": str(body.get("totag") or "")}
        if kind == "template_card" and (part.get("card_type") in cards.CLICKABLE or part.get("action_menu")):
            answer["response_code"] = self.cards.code(msgid)
        if self._is_duplicate(body):
            return answer
        text = cut(text, TEXT_BYTES) if kind in ("text", "markdown") else text
        for userid in valid:
            if self._within_rate(userid):
                self._world.staff[userid].phone.append(PhoneMessage(now, self._sender, text, "app", kind, msgid, body=dict(part)))
        return answer

    def recall(self, body: dict[str, Any]) -> dict[str, Any]:
        """message/recall, within 24 hours and by the app that sent it."""
        msgid = str(body.get("msgid", ""))
        at, sender = self._sent.get(msgid, (self._world.now(), ""))
        if not sender or sender != self._world.asked.app.name:
            raise ApiError(40058, "invalid msgid")
        if self._world.now() - at > RECALL_FOR:
            raise ApiError(42052, "message is too old to recall")
        for staff in self._world.staff.values():
            for bubble in staff.phone:
                bubble.recalled = bubble.recalled or bubble.msgid == msgid
        return {}

    # Parts.

    @property
    def _sender(self) -> str:
        return f"app:{self._config.app.agentid}"

    def _check_part(self, kind: str, part: dict[str, Any]) -> None:
        if kind == "template_card":
            cards.check(part)
        elif kind == "textcard":
            _check_textcard(part)
        elif kind in MEDIA and the_media(self._world, part.get("media_id"), "upload").kind != kind:
            raise ApiError(40007, "invalid media_id")

    def _receivers(self, touser: str) -> tuple[list[str], list[str]]:
        """Active members inside the visible range, and the rest; names in any case."""
        wanted = list(self._world.staff) if touser == "@all" else [each for each in touser.split("|") if each]
        if len(wanted) > 1000 and touser != "@all":
            raise ApiError(40058, "too many touser")
        app = self._world.asked.app
        known = {userid.lower(): userid for userid, staff in self._world.staff.items() if staff.active and app.sees(userid)}
        valid = list(dict.fromkeys(known[each.lower()] for each in wanted if each.lower() in known))
        if not valid:
            raise ApiError(81013, "user & party & tag all invalid")
        return valid, [each for each in wanted if each.lower() not in known]

    def _is_duplicate(self, body: dict[str, Any]) -> bool:
        if not body.get("enable_duplicate_check"):
            return False
        digest, now = json.dumps(body, sort_keys=True), self._world.now()
        interval = timedelta(seconds=min(int(body.get("duplicate_check_interval") or 1800), 14400))
        if digest in self._digests and now - self._digests[digest] < interval:
            return True
        self._digests[digest] = now
        return False

    def _within_rate(self, userid: str) -> bool:
        """Counts one message to this member; False when the minute or the hour is used up."""
        now, recent = self._world.now(), self._rates.setdefault(userid, deque(maxlen=PER_HOUR))
        full_minute = len(recent) >= PER_MINUTE and now - recent[-PER_MINUTE] < timedelta(minutes=1)
        full_hour = len(recent) >= PER_HOUR and now - recent[0] < timedelta(hours=1)
        if full_minute or full_hour:
            return False
        recent.append(now)
        return True


def _check_textcard(part: dict[str, Any]) -> None:
    for name, (most, measured) in TEXTCARD.items():
        text = str(part.get(name) or "")
        if (not text and name != "btntxt") or measured(text) > most:
            raise ApiError(40058, f"textcard.{name} is missing or longer than {most}")
