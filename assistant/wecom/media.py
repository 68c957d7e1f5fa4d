"""WeCom's names for our media: uploaded once for three days, again once it is near its end or gone; each upload door has its own type."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import NewType, TypeVar

import aiohttp

from assistant.base.errors import Invalid, LaoyouError, Refused
from assistant.base.principal import system
from assistant.channels import media
from assistant.channels.media import Folder, Media, Uploaded
from assistant.channels.message import Attachment
from assistant.store import Store
from assistant.wecom.attachments import MediaIds, listed
from assistant.wecom.client import WeComClient

UploadedId = NewType("UploadedId", str)
"""From ``media/upload``: for 客服, app messages, welcome messages and 群发."""

MomentId = NewType("MomentId", str)
"""From ``media/upload_attachment`` for moments; nothing else takes it, and moments take nothing else."""

ME = system("media")
LASTS = timedelta(days=3)
NEAR_END = timedelta(hours=6)
"""A name that ends within so long is not used any more: what is queued may leave a little later."""

T = TypeVar("T")


def is_gone(error: LaoyouError) -> bool:
    """Whether WeCom refused the call because it does not know the media (any more): 40007 and 40145."""
    return error.code == "wecom_media_gone"


async def with_media(attachments: Sequence[Attachment], ids: MediaIds, act: Callable[[list[dict[str, object]]], Awaitable[T]]) -> T:
    """Acts with the attachments as WeCom lists them; where it no longer knows one they are uploaded anew, once."""
    named = await listed(attachments, ids)
    try:
        return await act(named)
    except LaoyouError as error:
        if not attachments or not is_gone(error):
            raise
    await ids.forget([one.media for one in attachments if one.media])
    return await act(await listed(attachments, ids))


class MediaDesk:
    """Knows the media ids of one corp. ``app`` is whose token uploads (any will do: the ids belong to the corp)."""

    def __init__(self, store: Store, client: WeComClient, folder: Folder, app: str = "app") -> None:
        self._store = store
        self._client = client
        self._folder = folder
        self._app = app
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    async def media_id(self, key: str, kind: str) -> UploadedId:
        """For everything but moments; raises Invalid if the media is not ours or of another kind."""
        return UploadedId(await self._known(key, kind, "upload", lambda one: self._to_app(f"media/upload?type={one.kind}", one)))

    async def moment_id(self, key: str, kind: str) -> MomentId:
        """For moments."""
        path = f"media/upload_attachment?media_type={kind}&attachment_type=1"
        return MomentId(await self._known(key, kind, "moment", lambda one: self._to_app(path, one)))

    async def forget(self, keys: Sequence[str], place: str = "upload") -> None:
        """WeCom does not know these any more: the next use uploads them anew."""
        known = await self._store.read(lambda view: [(place, media.uploaded(view, key, place, timedelta())) for key in keys])
        await self._store.write(media.forget_upload, [pair for pair in known if pair[1]], ME)

    async def _known(self, key: str, kind: str, place: str, send: Callable[[Media], Awaitable[str]]) -> str:
        one = await self._store.read(media.get, key)
        if one is None:
            raise Invalid(f"素材库里没有“{key}”。", code="no_media")
        if one.kind != kind:
            raise Invalid(f"素材“{one.filename}”是{media.SAID[one.kind]}，不能当{media.SAID[kind]}发。", code="media_kind")
        async with self._locks[key, place]:
            known = await self._store.read(media.uploaded, key, place, NEAR_END)
            return known or await self._uploaded(one, place, send)

    async def _uploaded(self, one: Media, place: str, send: Callable[[Media], Awaitable[str]]) -> str:
        began = self._client.now()
        external_id = await send(one)
        if not external_id:
            raise Refused(f"企业微信没有收下素材“{one.filename}”。", code="media_not_taken")
        await self._store.write(media.note_upload, Uploaded(one.key, place, external_id, began + LASTS), ME)
        return external_id

    async def _to_app(self, path: str, one: Media) -> str:
        data = await asyncio.to_thread(self._folder.read, one)
        media.check(one.kind, one.filename, data)
        answer = await self._client.upload(self._app, path, lambda: _form(one, data))
        return str(answer.get("media_id") or "")


def _form(one: Media, data: bytes) -> aiohttp.FormData:
    # Quoted, a Chinese name would reach the customer as percent signs.
    form = aiohttp.FormData(quote_fields=False)
    name = re.sub(r'[\x00-\x1f"\\]', "_", one.filename)
    form.add_field("media", data, filename=name, content_type="application/octet-stream")
    return form
