"""The self-built app: what staff write to it, and message/send to their phones."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom.simulator.callbacks import Callbacks, Delivery, from_xml, to_xml
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.world import ApiError, PhoneMessage, World, cut, shown

SEND_TYPES = {"text", "image", "voice", "video", "file", "textcard", "news", "markdown", "template_card"}
TEXT_BYTES = 2048


class StaffApp:
    """Employees write XML messages to the service; the service writes by message/send or by a passive reply."""

    def __init__(self, config: SimulatorConfig, world: World, callbacks: Callbacks) -> None:
        self._config = config
        self._world = world
        self._callbacks = callbacks
        self._digests: dict[str, datetime] = {}
        self._rates: dict[str, list[datetime]] = {}
        self._sent: dict[str, datetime] = {}

    def routes(self) -> Routes:
        return {"message/send": ("app", self.send), "message/recall": ("app", self.recall)}

    async def says(self, userid: str, text: str) -> list[Delivery]:
        """A text message of an employee to the app; a passive text reply shows on the phone."""
        staff, number = self._world.the_staff(userid), self._world.new_number()
        staff.phone.append(PhoneMessage(self._world.now(), userid, text, "app", msgid=str(number)))
        fields: dict[str, str | int] = {"MsgType": "text", "Content": text, "MsgId": number}
        return await self._post(userid, fields)

    async def enters(self, userid: str, event_key: str = "") -> list[Delivery]:
        """Opens the app (enter_agent), or clicks the menu item ``event_key``."""
        self._world.the_staff(userid)
        return await self._post(userid, {"MsgType": "event", "Event": "click" if event_key else "enter_agent", "EventKey": event_key})

    async def _post(self, userid: str, fields: dict[str, str | int]) -> list[Delivery]:
        head: dict[str, str | int] = {"ToUserName": self._config.corp_id, "FromUserName": userid, "CreateTime": self._world.seconds()}
        deliveries = await self._callbacks.deliver("app", to_xml({**head, **fields, "AgentID": self._config.app.agentid}))
        for delivery in deliveries:
            for attempt in delivery.attempts:
                self._answer(userid, self._callbacks.opened("app", attempt))
        return deliveries

    def _answer(self, userid: str, plain: str) -> None:
        if not plain:
            return
        try:
            root = from_xml(plain)
        except ValueError:
            self._world.complain("app 的被动回复解密后不是 XML")
            return
        kind, text = root.get("MsgType", ""), cut(root.get("Content", ""), TEXT_BYTES)
        bubble = PhoneMessage(self._world.now(), self._sender, text, "app", kind)
        self._world.the_staff(userid).phone.append(bubble)

    def send(self, body: dict[str, Any]) -> dict[str, Any]:
        """message/send: partial success, silent duplicates and silent rate limit."""
        kind = str(body.get("msgtype", ""))
        if kind not in SEND_TYPES:
            raise ApiError(40008, "invalid message type")
        if body.get("agentid") != self._config.app.agentid:
            raise ApiError(40056, "invalid agentid")
        valid, invalid = self._receivers(str(body.get("touser") or ""))
        text = shown(body)
        if not text:
            raise ApiError(44004, "empty content")
        msgid, now = self._world.new_id("app"), self._world.now()
        self._sent[msgid] = now
        answer = {"msgid": msgid, "invaliduser": "|".join(userid.lower() for userid in invalid)}
        answer |= {"invalidparty": str(body.get("toparty") or ""), "invalidtag": str(body.get("totag") or "")}
        if self._is_duplicate(body):
            return answer
        text = cut(text, TEXT_BYTES) if kind in ("text", "markdown") else text
        for userid in valid:
            if self._within_rate(userid):
                part = body.get(kind)
                bubble = PhoneMessage(now, self._sender, text, "app", kind, msgid, body=dict(part) if isinstance(part, dict) else {})
                self._world.staff[userid].phone.append(bubble)
        return answer

    def recall(self, body: dict[str, Any]) -> dict[str, Any]:
        """message/recall, within 24 hours."""
        msgid = str(body.get("msgid", ""))
        if msgid not in self._sent:
            raise ApiError(40058, "invalid msgid")
        if self._world.now() - self._sent[msgid] > timedelta(hours=24):
            raise ApiError(42052, "message is too old to recall")
        for staff in self._world.staff.values():
            for bubble in staff.phone:
                bubble.recalled = bubble.recalled or bubble.msgid == msgid
        return {}

    @property
    def _sender(self) -> str:
        return f"app:{self._config.app.agentid}"

    def _receivers(self, touser: str) -> tuple[list[str], list[str]]:
        wanted = list(self._world.staff) if touser == "@all" else [each for each in touser.split("|") if each]
        if len(wanted) > 1000 and touser != "@all":
            raise ApiError(40058, "too many touser")
        sees = self._world.asked.app.sees
        known = {userid.lower(): userid for userid, staff in self._world.staff.items() if staff.active and sees(userid)}
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
        now = self._world.now()
        recent = [at for at in self._rates.get(userid, []) if now - at < timedelta(hours=1)]
        allowed = len(recent) < 1000 and sum(now - at < timedelta(minutes=1) for at in recent) < 30
        self._rates[userid] = [*recent, now] if allowed else recent
        return allowed
