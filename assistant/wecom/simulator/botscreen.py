"""What employees see of the AI bot in either mode: their questions, answers that grow, cards and their updates."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from assistant.wecom.simulator import cards
from assistant.wecom.simulator.callbacks import Delivery
from assistant.wecom.simulator.media import MOST, the_media
from assistant.wecom.simulator.world import ApiError, PhoneMessage, SimulatorError, World, shown

CONTENT_BYTES = 20480
PICTURES = 10
FEEDBACK_BYTES = 256
MEDIA = ("image", "voice", "video", "file")
DOOR = "bot"


@dataclass
class BotTurn:
    """One message or event to the bot and what became of it. ``text`` is the latest shown; ``finished`` false when WeCom gave up waiting.

    ``open`` while the message counts among the three a person may have in flight.
    """

    msgid: str
    userid: str
    chatid: str
    asked: datetime
    stream_id: str = ""
    text: str = ""
    finished: bool = False
    refreshes: int = 0
    deliveries: list[Delivery] = field(default_factory=list)
    open: bool = True
    card: PhoneMessage | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def conversation(self) -> str:
        return self.chatid or self.userid

    def to_json(self) -> dict[str, Any]:
        base = {"msgid": self.msgid, "stream_id": self.stream_id, "text": self.text, "finished": self.finished}
        return {**base, "refreshes": self.refreshes, "deliveries": [each.to_json() for each in self.deliveries]}


class Screen:
    """Shows answers or refuses them with ApiError; knows every turn by its msgid and who has spoken to the bot where."""

    def __init__(self, aibotid: str, world: World) -> None:
        self._aibotid = aibotid
        self._world = world
        self.turns: dict[str, BotTurn] = {}
        self.spoken: set[str] = set()

    def public(self, userid: str) -> str:
        """The userid as the service is told it: plain, or encrypted by the knob ``bot_userid_encrypted``."""
        return f"enc{userid.encode().hex()}" if self._world.knobs.bot_userid_encrypted else userid

    def phone(self, userid: str, chatid: str) -> list[PhoneMessage]:
        return self._world.the_group(chatid).phone if chatid else self._world.the_staff(userid).phone

    def bubble(self, userid: str, msgid: str) -> PhoneMessage:
        """A bubble of the bot that this person can see."""
        groups = [group.phone for group in self._world.groups.values() if userid in group.members]
        for phone in (self._world.the_staff(userid).phone, *groups):
            for bubble in reversed(phone):
                if bubble.msgid == msgid and bubble.sender == self._aibotid:
                    return bubble
        raise SimulatorError(f"员工 {userid} 看不到机器人的消息 {msgid}")

    def stream(self, turn: BotTurn, stream: dict[str, Any]) -> None:
        """Each reply replaces the whole text of the bubble with its id; an id not seen yet opens a bubble."""
        stream_id, content = str(stream.get("id") or ""), str(stream.get("content") or "")
        if not stream_id:
            raise ApiError(40058, "stream.id missing")
        if len(content.encode()) > CONTENT_BYTES:
            raise ApiError(40058, f"stream.content is longer than {CONTENT_BYTES} bytes")
        finish = bool(stream.get("finish"))
        pictures = _pictures(stream, finish)
        phone = self.phone(turn.userid, turn.chatid)
        bubble = next((each for each in reversed(phone) if each.msgid == stream_id and each.kind == "stream"), None)
        if bubble is None:
            body = {"feedback": _feedback(stream)} if stream.get("feedback") else {}
            bubble = PhoneMessage(self._world.now(), self._aibotid, content, "bot", "stream", stream_id, body=body)
            phone.append(bubble)
        bubble.text, bubble.finished = content, finish
        if pictures:
            bubble.body = {**bubble.body, "pictures": pictures}
        turn.stream_id, turn.text, turn.finished = stream_id, content, finish
        turn.open = turn.open and not finish
        turn.changed.set()

    def say(self, userid: str, chatid: str, answer: dict[str, Any], kinds: tuple[str, ...], *, via: str = "bot") -> PhoneMessage:
        """Shows an answer that is complete: text, markdown, template_card or a file of the bot."""
        kind = str(answer.get("msgtype", ""))
        part = answer.get(kind)
        if kind not in kinds:
            raise ApiError(40008, f"invalid message type {kind} here")
        if not isinstance(part, dict):
            raise ApiError(40058, f"{kind} missing")
        if kind == "template_card":
            cards.check(part)
        elif kind in MEDIA:
            if the_media(self._world, part.get("media_id"), DOOR).kind != kind:
                raise ApiError(40007, "invalid media_id")
        elif not part.get("content") or len(str(part["content"]).encode()) > CONTENT_BYTES:
            raise ApiError(40058, "content is empty or too long")
        body = {**part, "feedback": _feedback(part)} if part.get("feedback") else dict(part)
        bubble = PhoneMessage(self._world.now(), self._aibotid, shown(answer), via, kind, self._world.new_id("botout"), body=body)
        self.phone(userid, chatid).append(bubble)
        return bubble

    def answered(self, turn: BotTurn, bubble: PhoneMessage) -> None:
        """The turn has got a complete answer."""
        turn.text, turn.finished, turn.open = bubble.text, True, False
        turn.changed.set()

    def update_card(self, turn: BotTurn, answer: dict[str, Any]) -> None:
        """The card that was clicked is replaced by one with the same task_id."""
        card = answer.get("template_card")
        if answer.get("response_type") != "update_template_card" or not isinstance(card, dict):
            raise ApiError(40058, "response_type must be update_template_card with a template_card")
        if turn.card is None or str(card.get("task_id", "")) != str(turn.card.body.get("task_id", "")):
            raise ApiError(846625, "task_id is not that of the clicked card")
        turn.card.body = cards.check(card)
        turn.card.text = cards.title(card)
        self.answered(turn, turn.card)


def _feedback(part: dict[str, Any]) -> dict[str, str]:
    feedback_id = str((part.get("feedback") or {}).get("id", ""))
    if not 1 <= len(feedback_id.encode()) <= FEEDBACK_BYTES:
        raise ApiError(40058, f"feedback.id must have 1 to {FEEDBACK_BYTES} bytes")
    return {"id": feedback_id}


def _pictures(stream: dict[str, Any], finish: bool) -> list[str]:
    """The md5 of each picture shown with the last reply of a stream."""
    items = stream.get("msg_item") or []
    if items and not finish:
        raise ApiError(40058, "msg_item is allowed only with finish")
    if len(items) > PICTURES:
        raise ApiError(40058, f"msg_item has more than {PICTURES} pictures")
    digests = []
    for item in items:
        image = item.get("image") or {}
        try:
            raw = base64.b64decode(image.get("base64", ""), validate=True)
        except binascii.Error as error:
            raise ApiError(40058, "image.base64 is not base64") from error
        digest = hashlib.md5(raw, usedforsecurity=False).hexdigest()
        if digest != image.get("md5") or not is_picture(raw) or len(raw) > MOST["image"]:
            raise ApiError(40058, "image is not a JPG or PNG of at most 10 MB with its md5")
        digests.append(digest)
    return digests


def is_picture(raw: bytes) -> bool:
    """JPG or PNG by its first bytes."""
    return raw.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"))
