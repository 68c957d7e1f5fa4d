"""Group robots (消息推送): a key is a secret that writes into one internal group, twenty messages a minute."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom.simulator import cards
from assistant.wecom.simulator.corp import Routes, Upload
from assistant.wecom.simulator.media import MEGABYTE, check_size, keep, the_media
from assistant.wecom.simulator.world import ApiError, Group, PhoneMessage, SimulatorError, World, shown

PER_MINUTE = 20
MOST_BYTES = {"text": 2048, "markdown": 4096, "markdown_v2": 4096}
IMAGE_BYTES = 2 * MEGABYTE
ARTICLES = 8
CARDS = ("text_notice", "news_notice")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")


@dataclass
class Robot:
    """``disabled`` by the admin; ``forbidden`` where the group allows no robots."""

    key: str
    name: str
    chatid: str
    disabled: bool = False
    forbidden: bool = False
    sent: list[datetime] = field(default_factory=list)


class Robots:
    """People add robots to groups and take them out; the API face answers webhook/send and webhook/upload_media by key."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._robots: dict[str, Robot] = {}

    def routes(self) -> Routes:
        return {"webhook/send": ("", self.send), "UPLOAD webhook/upload_media": ("", self.upload)}

    # What people do.

    def add(self, chatid: str, name: str = "群机器人", key: str = "") -> Robot:
        """A robot in an internal group; its key is in the webhook URL."""
        group = self._world.the_group(chatid)
        outside = [person for person in group.members if person not in self._world.staff]
        if outside:
            raise SimulatorError(f"群 {chatid} 里有客户 {outside[0]}，群机器人只能加进内部群")
        key = key or f"{self._world.chance.getrandbits(128):032x}"
        if key in self._robots:
            raise SimulatorError("这个机器人的 key 已经存在，请换一个")
        self._robots[key] = Robot(key, name, chatid)
        return self._robots[key]

    def remove(self, key: str) -> None:
        """Somebody takes the robot out of the group: its key is dead (93000)."""
        self._robots.pop(self.the(key).key)

    def the(self, key: str) -> Robot:
        if key not in self._robots:
            raise SimulatorError("没有这个 key 的群机器人，请先添加")
        return self._robots[key]

    # What the API does.

    def send(self, body: dict[str, Any]) -> dict[str, Any]:
        robot, group = self._calling()
        kind = str(body.get("msgtype") or "")
        part = body.get(kind)
        if not isinstance(part, dict):
            raise ApiError(40008 if kind not in _CHECKS else 93017, "invalid message type or empty message")
        if kind not in _CHECKS:
            raise ApiError(40008, "invalid message type")
        _CHECKS[kind](part)
        if kind in ("file", "voice"):
            self._own_media(robot, str(part.get("media_id", "")), kind)
        self._count(robot)
        text = "[image]" if kind == "image" else shown(body)
        seen = {name: value for name, value in part.items() if name != "base64"}
        now = self._world.now()
        group.phone.append(PhoneMessage(now, f"robot:{robot.name}", text, "robot", kind, self._world.new_id("robot"), body=seen))
        return {}

    def upload(self, body: dict[str, Any]) -> dict[str, Any]:
        robot, _ = self._calling()
        kind, file = str(body.get("type") or ""), body.get("file")
        if kind not in ("file", "voice"):
            raise ApiError(40004, "invalid media type")
        if not isinstance(file, Upload):
            raise ApiError(41005, "media data missing")
        check_size(kind, file)
        if kind == "voice" and not file.content.startswith(b"#!AMR"):
            raise ApiError(40005, "voice must be AMR")
        media = keep(self._world, kind, _door(robot), file)
        return {"type": kind, "media_id": media.media_id, "created_at": str(self._world.seconds())}

    # Parts.

    def _calling(self) -> tuple[Robot, Group]:
        robot = self._robots.get(str(self._world.asked.query.get("key", "")))
        if robot is None:
            raise ApiError(93000, "invalid webhook url")
        if robot.forbidden:
            raise ApiError(93001, "the group allows no robots")
        if robot.disabled:
            raise ApiError(93004, "the robot is disabled")
        group = self._world.groups.get(robot.chatid)
        if group is None:
            raise ApiError(93008, "the robot is not in the group")
        return robot, group

    def _own_media(self, robot: Robot, media_id: str, kind: str) -> None:
        if the_media(self._world, media_id, _door(robot)).kind != kind:
            raise ApiError(40007, "invalid media_id")

    def _count(self, robot: Robot) -> None:
        now = self._world.now()
        robot.sent = [at for at in robot.sent if now - at < timedelta(minutes=1)]
        if len(robot.sent) >= PER_MINUTE:
            raise ApiError(45009, f"a robot sends at most {PER_MINUTE} messages a minute")
        robot.sent.append(now)


def _door(robot: Robot) -> str:
    return f"webhook:{robot.key}"


def _check_words(kind: str, part: dict[str, Any]) -> None:
    content = str(part.get("content") or "")
    if not content:
        raise ApiError(93017, "empty message")
    if len(content.encode()) > MOST_BYTES[kind]:
        raise ApiError(40058, f"{kind}.content exceed max length {MOST_BYTES[kind]}")


def _check_image(part: dict[str, Any]) -> None:
    try:
        raw = base64.b64decode(str(part.get("base64") or ""), validate=True)
    except binascii.Error as error:
        raise ApiError(40058, "image.base64 is not base64") from error
    if hashlib.md5(raw, usedforsecurity=False).hexdigest() != part.get("md5"):
        raise ApiError(301019, "image.md5 is not that of the bytes")
    if len(raw) > IMAGE_BYTES or not raw.startswith(_PICTURES):
        raise ApiError(40009, "image must be a JPG or PNG of at most 2 MB")


def _check_news(part: dict[str, Any]) -> None:
    articles = part.get("articles")
    if not isinstance(articles, list) or not 1 <= len(articles) <= ARTICLES:
        raise ApiError(40058, f"news.articles must have 1 to {ARTICLES} entries")
    if not all(article.get("title") and article.get("url") for article in articles):
        raise ApiError(40058, "news.articles need title and url")


_CHECKS: dict[str, Callable[[dict[str, Any]], object]] = {
    "text": lambda part: _check_words("text", part),
    "markdown": lambda part: _check_words("markdown", part),
    "markdown_v2": lambda part: _check_words("markdown_v2", part),
    "image": _check_image,
    "news": _check_news,
    "file": lambda part: None,
    "voice": lambda part: None,
    "template_card": lambda part: cards.check(part, kinds=CARDS),
}
