"""Files of the bot in pieces over the long connection: init, chunks counted from 0, finish."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom.simulator.botscreen import DOOR, MEDIA
from assistant.wecom.simulator.corp import Upload
from assistant.wecom.simulator.media import LEAST, MOST, keep
from assistant.wecom.simulator.world import ApiError, World

MOST_CHUNKS = 100
CHUNK_BYTES = 512 * 1024
_AMR = b"#!AMR"


@dataclass
class _Upload:
    kind: str
    filename: str
    size: int
    chunks: int
    md5: str
    parts: dict[int, bytes] = field(default_factory=dict)


class Uploads:
    """30 uploads a minute and 1000 an hour; the finished file is kept for three days, for this bot only."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: dict[str, _Upload] = {}
        self._begun: list[datetime] = []

    def begin(self, body: dict[str, Any]) -> dict[str, Any]:
        kind, size, chunks = str(body.get("type", "")), body.get("total_size"), body.get("total_chunks")
        if kind not in MEDIA:
            raise ApiError(846697, "invalid file type")
        if not isinstance(size, int) or not isinstance(chunks, int) or not 1 <= chunks <= MOST_CHUNKS:
            raise ApiError(40058, f"total_size and total_chunks (1 to {MOST_CHUNKS}) are needed")
        if not body.get("filename"):
            raise ApiError(40058, "filename missing")
        if not LEAST <= size <= MOST[kind]:
            raise ApiError(40006, "invalid media size")
        within(self._begun, self._world.now(), 45009)
        upload_id = self._world.new_id("UP")
        self._running[upload_id] = _Upload(kind, str(body["filename"]), size, chunks, str(body.get("md5") or ""))
        return {"upload_id": upload_id}

    def chunk(self, body: dict[str, Any]) -> dict[str, Any]:
        upload, index = self._of(body), body.get("chunk_index")
        if not isinstance(index, int) or not 0 <= index < upload.chunks:
            raise ApiError(846612, f"chunk_index must be 0 to {upload.chunks - 1}")
        try:
            raw = base64.b64decode(str(body.get("base64_data", "")), validate=True)
        except binascii.Error as error:
            raise ApiError(40058, "base64_data is not base64") from error
        if len(raw) > CHUNK_BYTES:
            raise ApiError(846613, f"a chunk has at most {CHUNK_BYTES} bytes")
        upload.parts[index] = raw
        return {}

    def finish(self, body: dict[str, Any]) -> dict[str, Any]:
        upload = self._of(body)
        if len(upload.parts) < upload.chunks:
            raise ApiError(846616, f"{upload.chunks - len(upload.parts)} chunks are missing")
        data = b"".join(upload.parts[index] for index in range(upload.chunks))
        if len(data) != upload.size or upload.md5 not in ("", hashlib.md5(data, usedforsecurity=False).hexdigest()):
            raise ApiError(40058, "size or md5 is not the announced one")
        if upload.kind == "voice" and not data.startswith(_AMR):
            raise ApiError(846697, "voice must be AMR")
        media = keep(self._world, upload.kind, DOOR, Upload(upload.filename, data))
        del self._running[str(body["upload_id"])]
        return {"type": upload.kind, "media_id": media.media_id, "created_at": self._world.seconds()}

    def _of(self, body: dict[str, Any]) -> _Upload:
        upload = self._running.get(str(body.get("upload_id", "")))
        if upload is None:
            raise ApiError(846611, "invalid upload_id")
        return upload


def within(recent: list[datetime], now: datetime, errcode: int, per_minute: int = 30, per_hour: int = 1000) -> None:
    """Counts one more event at ``now`` into ``recent``, or raises when the minute or the hour is used up."""
    recent[:] = [at for at in recent if now - at < timedelta(hours=1)]
    if len(recent) >= per_hour or sum(now - at < timedelta(minutes=1) for at in recent) >= per_minute:
        raise ApiError(errcode, f"more than {per_minute} a minute or {per_hour} an hour")
    recent.append(now)
