"""Attachments as each WeCom face takes them: 客服 parts, app messages, and the list of welcome messages and 群发."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from assistant.base.errors import Invalid
from assistant.channels.message import Attachment
from assistant.wecom.text import size

MOST = 9
"""Attachments of one welcome message or 群发."""

PICTURES = "wework.qpic.cn", "mmbiz.qpic.cn"
"""Where WeCom keeps pictures that were given to it; a picture address of any other place is refused in welcome messages and 群发."""

_BYTES = {"title": {"link": 128, "miniprogram": 64, "video": 128}, "description": {"link": 512, "video": 512}}
_PURPOSE_KIND = {"link": "image", "miniprogram": "image"}
Part = tuple[str, dict[str, Any]]


class MediaIds(Protocol):
    """Knows WeCom's name for a row of our media table, uploading it where need be; raises the six kinds."""

    async def media_id(self, key: str, kind: str) -> str: ...

    async def forget(self, keys: Sequence[str]) -> None: ...


class NoMedia:
    """For a service that keeps no media."""

    async def media_id(self, key: str, kind: str) -> str:
        raise Invalid(f"没有接通素材库，发不出素材“{key}”。", code="no_media")

    async def forget(self, keys: Sequence[str]) -> None:
        """There is nothing to forget."""


def check(attachments: Sequence[Attachment]) -> None:
    """Raises Invalid, naming the attachment, for what no face would take."""
    if len(attachments) > MOST:
        raise Invalid(f"附件最多 {MOST} 个，这里有 {len(attachments)} 个。", code="too_many_attachments")
    for number, one in enumerate(attachments, 1):
        for reason in _reasons(one):
            raise Invalid(f"第 {number} 个附件{reason}。", code="bad_attachment", kind=one.kind)


async def kf_part(one: Attachment, media: MediaIds) -> Part:
    """One message over 客服; the picture of a link or mini-program must be media of ours."""
    if one.kind == "link":
        _need(one.media, "客服的链接需要一张配图（素材）")
        return "link", {"title": one.title, "desc": one.description, "url": one.url, "thumb_media_id": await _id(one, media)}
    if one.kind == "miniprogram":
        page = one.page if one.page.partition("?")[0].endswith(".html") else one.page.replace("?", ".html?", 1)
        page = page if ".html" in page else f"{page}.html"
        return "miniprogram", {"appid": one.appid, "title": one.title, "thumb_media_id": await _id(one, media), "pagepath": page}
    _need(one.media, "客服只能发素材库里的图片、视频和文件")
    return one.kind, {"media_id": await _id(one, media)}


async def app_part(one: Attachment, media: MediaIds) -> Part:
    """One app message to an employee; a link without a picture becomes a text card, one with a picture and a mini-program an article."""
    if one.kind == "link" and not one.picture:
        return "textcard", {"title": one.title, "description": one.description or one.title, "url": one.url, "btntxt": "打开"}
    if one.kind in ("link", "miniprogram"):
        article = {"title": one.title, "description": one.description, "url": one.url, "picurl": one.picture}
        article |= {"appid": one.appid, "pagepath": one.page} if one.kind == "miniprogram" else {}
        return "news", {"articles": [{name: value for name, value in article.items() if value}]}
    _need(one.media, "应用消息只能发素材库里的图片、视频和文件")
    content = {"media_id": await _id(one, media)}
    return one.kind, content | ({"title": one.title, "description": one.description} if one.kind == "video" else {})


async def listed(attachments: Sequence[Attachment], media: MediaIds) -> list[dict[str, Any]]:
    """The ``attachments`` of ``send_welcome_msg`` and ``add_msg_template``; raises Invalid before anything is uploaded."""
    check(attachments)
    return [await _listed(one, media) for one in attachments]


async def _listed(one: Attachment, media: MediaIds) -> dict[str, Any]:
    content: dict[str, Any]
    if one.kind == "link":
        content = {"title": one.title, "picurl": one.picture, "desc": one.description, "url": one.url}
        content = {name: value for name, value in content.items() if value}
    elif one.kind == "miniprogram":
        content = {"title": one.title, "pic_media_id": await _id(one, media), "appid": one.appid, "page": one.page}
    elif one.kind == "image" and not one.media:
        content = {"pic_url": one.picture}
    else:
        content = {"media_id": await _id(one, media)}
    return {"msgtype": one.kind, one.kind: content}


async def _id(one: Attachment, media: MediaIds) -> str:
    return await media.media_id(one.media, _PURPOSE_KIND.get(one.kind, one.kind))


def _need(given: str, say: str) -> None:
    if not given:
        raise Invalid(f"{say}。", code="bad_attachment")


def _reasons(one: Attachment) -> list[str]:
    found = []
    for field, limits in _BYTES.items():
        limit = limits.get(one.kind)
        if limit is not None and size(getattr(one, field)) > limit:
            found.append(f"的{'标题' if field == 'title' else '说明'}太长，最多 {limit} 字节（汉字算 3 个）")
    if one.kind in ("video", "file") and not one.media:
        found.append("没有选素材")
    if one.kind == "image" and not one.media and _host(one.picture) not in PICTURES:
        found.append("的图片要用素材，或上传到企业微信得到的图片地址")
    if one.kind == "link" and (not one.title or not _host(one.url) or size(one.url) > 2048):
        found.append("是链接，要有标题和 http(s) 开头、不超过 2048 字节的地址")
    if one.kind == "miniprogram" and not (one.title and one.appid and one.page and one.media):
        found.append("是小程序，要有标题、AppID、页面和封面素材")
    return found


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.hostname or "" if parts.scheme in ("http", "https") else ""
