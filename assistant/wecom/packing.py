"""Words and choices packed into 客服 messages: a menu where it fits, and no more messages than there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.channels.message import OutboundMessage, choice_id
from assistant.wecom.text import size, split_text, with_options

MAX_TEXT = 2048
MAX_PARTS = 5
"""KF takes five messages per customer message; more parts than that would leave a torso, so they are refused unsent."""

_MENU_HEAD = 1024
_MENU_ITEM = 128
_MENU_MOST = 10

Body = tuple[str, dict[str, Any]]
"""A msgtype and its content."""


def kf_bodies(message: OutboundMessage) -> list[Body] | None:
    """The words and choices of a message whose bodies and attachments are at most ``message.parts`` (0: as they read best) together.

    Packed as they read best where that fits, else with as few bodies as they take; the same ``parts`` always pack the same way. None
    where they do not fit at all.
    """
    most = (message.parts or MAX_PARTS) - len(message.attachments)
    for bodies in (_readable(message), _tight(message)):
        if len(bodies) <= most:
            return bodies
    return None


def kf_parts(message: OutboundMessage, room: int) -> int:
    """How many 客服 messages it takes where there is room for so many; 0 where it does not fit."""
    for bodies in (_readable(message), _tight(message)):
        if (parts := len(bodies) + len(message.attachments)) <= min(room, MAX_PARTS):
            return parts
    return 0


def _readable(message: OutboundMessage) -> list[Body]:
    if not menu_fits(message.options):
        return [("text", {"content": part}) for part in split_text(with_options(message.text, message.options), MAX_TEXT) if part.strip()]
    head, texts = message.text, []
    if size(head) > _MENU_HEAD:
        texts, head = split_text(message.text, MAX_TEXT), "请选择："
    items = [
        {"type": "click", "click": {"id": choice_id(message.key, number), "content": option}}
        for number, option in enumerate(message.options, 1)
    ]
    return [*(("text", {"content": part}) for part in texts), ("msgmenu", {"head_content": head, "list": items})]


def _tight(message: OutboundMessage) -> list[Body]:
    """Choices become lines: they can still be written, and take no message of their own."""
    return [
        ("text", {"content": part})
        for part in split_text(with_options(message.text, message.options), MAX_TEXT, tight=True)
        if part.strip()
    ]


def menu_fits(options: Sequence[str]) -> bool:
    """Whether the choices can be a menu: at most ten, each at most 128 bytes."""
    return 0 < len(options) <= _MENU_MOST and all(0 < size(option) <= _MENU_ITEM for option in options)
