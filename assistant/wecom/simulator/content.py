"""Texts and attachments of welcomes, 群发, moments and albums: what is accepted, and the bubbles they become."""

from __future__ import annotations

from typing import Any

from assistant.wecom.simulator.media import the_media
from assistant.wecom.simulator.paging import part_of
from assistant.wecom.simulator.world import ApiError, PhoneMessage, World

MOST = 9


def text_of(body: dict[str, Any]) -> str:
    return str(part_of(body, "text").get("content") or "")


def attachments_of(world: World, body: dict[str, Any], *doors: str) -> list[dict[str, Any]]:
    """The attachments, each checked; ``doors`` are where their media must have been uploaded (default: media/upload).

    Raises ApiError 40058 for a wrong shape, 40008 for an unknown kind, 40007 for media that expired or came by another door.
    """
    rows = body.get("attachments") or []
    if not isinstance(rows, list) or len(rows) > MOST or not all(isinstance(row, dict) for row in rows):
        raise ApiError(40058, "invalid attachments")
    for row in rows:
        _check(world, str(row.get("msgtype") or ""), row, doors or ("upload",))
    return rows


def bubbles(world: World, sender: str, text: str, attachments: list[dict[str, Any]], via: str, msgid: str = "") -> list[PhoneMessage]:
    """One bubble for the text and one for each attachment."""
    now = world.now()
    shown = [PhoneMessage(now, sender, text, via, "text", msgid)] if text else []
    for row in attachments:
        kind = str(row.get("msgtype", "unknown"))
        part = dict(row.get(kind) or {})
        shown.append(PhoneMessage(now, sender, str(part.get("title", "")), via, kind, msgid, body=part))
    return shown


def _check(world: World, kind: str, row: dict[str, Any], doors: tuple[str, ...]) -> None:
    part = part_of(row, kind) if kind else {}
    match kind:
        case "image" if part.get("pic_url"):
            if part["pic_url"] not in world.pictures:
                raise ApiError(40058, "pic_url must come from media/uploadimg")
        case "image" | "video" | "file":
            the_media(world, part.get("media_id"), *doors)
        case "link":
            _check_lengths(part, {"title": 128, "desc": 512, "url": 2048}, ("title", "url"))
        case "miniprogram":
            _check_lengths(part, {"title": 64}, ("title", "appid", "page"))
            the_media(world, part.get("pic_media_id"), *doors)
        case _:
            raise ApiError(40008, "invalid attachment type")


def _check_lengths(part: dict[str, Any], most: dict[str, int], needed: tuple[str, ...]) -> None:
    if any(not part.get(name) for name in needed):
        raise ApiError(40063, "some parameters are empty")
    for name, limit in most.items():
        if len(str(part.get(name) or "").encode()) > limit:
            raise ApiError(40058, f"{name} is too long")
