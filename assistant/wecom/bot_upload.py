"""Our media as an AI bot sends them: uploaded in pieces over its long connection, and known there for three days."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import Any

from assistant.base.errors import Invalid, Refused
from assistant.base.principal import system
from assistant.channels import media
from assistant.channels.media import Folder, Media, Uploaded
from assistant.channels.message import Attachment
from assistant.store import Store
from assistant.wecom.media import LASTS, NEAR_END
from assistant.wecom.socket import BotSocket

ME = system("media")
PLACE = "bot"
CHUNK = 512 * 1024


class BotShelf:
    """Makes bodies of media messages; raises the six kinds."""

    def __init__(self, store: Store, folder: Folder) -> None:
        self._store = store
        self._folder = folder

    async def body(self, line: BotSocket, one: Attachment) -> dict[str, Any]:
        """The message that shows one attachment; a link is a line of words."""
        if one.kind == "link":
            return {"msgtype": "markdown", "markdown": {"content": f"[{one.title or one.url}]({one.url})"}}
        if one.kind == "miniprogram" or not one.media:
            raise Invalid("机器人发不了这种附件。", code="bad_attachment", kind=one.kind)
        return {"msgtype": one.kind, one.kind: {"media_id": await self._media_id(line, one)}}

    async def _media_id(self, line: BotSocket, wanted: Attachment) -> str:
        known = await self._store.read(media.uploaded, wanted.media, PLACE, NEAR_END)
        if known:
            return known
        one = await self._store.read(media.get, wanted.media)
        if one is None or one.kind != wanted.kind:
            raise Invalid(f"素材库里没有这样的“{wanted.media}”。", code="no_media")
        began = self._store.clock.now()
        media_id = await upload(line, one, await asyncio.to_thread(self._folder.read, one))
        await self._store.write(media.note_upload, Uploaded(one.key, PLACE, media_id, began + LASTS), ME)
        return media_id


async def upload(line: BotSocket, one: Media, data: bytes) -> str:
    """Begins, sends the pieces counted from 0, ends; the media id."""
    media.check(one.kind, one.filename, data)
    pieces = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)]
    digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
    asked = {"type": one.kind, "filename": one.filename, "total_size": len(data), "total_chunks": len(pieces), "md5": digest}
    begun = (await line.call("aibot_upload_media_init", asked)).get("upload_id")
    for number, piece in enumerate(pieces):
        chunk = {"upload_id": begun, "chunk_index": number, "base64_data": base64.b64encode(piece).decode()}
        await line.call("aibot_upload_media_chunk", chunk)
    media_id = (await line.call("aibot_upload_media_finish", {"upload_id": begun})).get("media_id")
    if not isinstance(media_id, str) or not media_id:
        raise Refused(f"企业微信没有收下素材“{one.filename}”。", code="media_not_taken")
    return media_id
