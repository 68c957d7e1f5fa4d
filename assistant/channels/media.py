"""Pictures, videos and files that messages carry: a row and a file of ours each, and what channels called them until that expires.

The bytes lie in a folder, never in a row; a file is named by its digest, so the same content is kept once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa

from assistant.base import ids
from assistant.base.errors import Invalid
from assistant.store import Instant, View, Work, id_column, metadata, upsert

Kind = Literal["image", "voice", "video", "file"]
MB = 1024 * 1024
MOST: dict[str, int] = {"image": 10 * MB, "voice": 2 * MB, "video": 10 * MB, "file": 20 * MB}
LEAST = 6
SAID = {"image": "图片", "voice": "语音", "video": "视频", "file": "文件"}
FORMS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    "image": ("JPG 或 PNG", (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")),
    "voice": ("AMR", (b"#!AMR",)),
    "video": ("MP4", (b"ftyp",)),
}
"""Kind → what it must be, and the bytes it begins with (a video after its first four)."""

ENDINGS: dict[str, Kind] = {".jpg": "image", ".jpeg": "image", ".png": "image", ".amr": "voice", ".mp4": "video"}
UNUSED_FOR = timedelta(days=180)

media = sa.Table(
    "media",
    metadata,
    id_column(),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("filename", sa.String(200), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("sha", sa.String(64), nullable=False),
    sa.Column("made_at", Instant, nullable=False),
    sa.Column("used_at", Instant, nullable=False),
    sa.Index(None, "used_at"),
    sa.Index(None, "sha"),
)

upload = sa.Table(
    "media_upload",
    metadata,
    sa.Column("media", sa.String(64), primary_key=True),
    sa.Column("place", sa.String(80), primary_key=True),
    sa.Column("external_id", sa.String(600), nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "expires_at"),
)


@dataclass(frozen=True, slots=True)
class Media:
    """One thing that may be sent; ``sha`` names its file."""

    key: str
    kind: str
    filename: str
    size: int
    sha: str


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A place (an upload endpoint) took the media under this id until then."""

    media: str
    place: str
    external_id: str
    expires_at: datetime


class Folder:
    """Where the files lie. Reads and writes files, so nothing of it may be called inside a transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, kind: Kind, filename: str, data: bytes) -> Media:
        """Checks and stores the bytes; the row comes with ``keep``. Raises Invalid, saying what is wrong, before anything is written."""
        check(kind, filename, data)
        sha = self.put_any(data)
        return Media(ids.derive("media", kind, sha, filename), kind, Path(filename).name[:200], len(data), sha)

    def put_any(self, data: bytes) -> str:
        """Stores bytes as they are and returns their digest."""
        sha = hashlib.sha256(data).hexdigest()
        target = self._file(sha)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            half = target.with_name(f"{target.name}.{os.getpid()}.part")
            half.write_bytes(data)
            half.replace(target)
        return sha

    def names(self) -> list[str]:
        """The digests of all files."""
        return sorted(path.name for path in self._path.glob("??/*") if not path.name.endswith(".part"))

    def path_of(self, sha: str) -> Path:
        """Where the file of a digest lies, if it is there."""
        return self._file(sha)

    def read(self, one: Media) -> bytes:
        """The bytes; Invalid if the file is gone or was changed."""
        try:
            data = self._file(one.sha).read_bytes()
        except OSError:
            raise Invalid(f"素材“{one.filename}”的文件不见了，请重新加入素材库。", code="media_file_gone", media=one.key) from None
        if hashlib.sha256(data).hexdigest() != one.sha:
            raise Invalid(f"素材“{one.filename}”的文件已被改动，请重新加入素材库。", code="media_file_changed", media=one.key)
        return data

    def drop(self, shas: Sequence[str]) -> None:
        """Removes files that no row names any more."""
        for sha in shas:
            self._file(sha).unlink(missing_ok=True)

    def _file(self, sha: str) -> Path:
        return self._path / sha[:2] / sha


def kind_of(filename: str) -> Kind:
    """What a file is by its name."""
    return ENDINGS.get(Path(filename).suffix.lower(), "file")


def check(kind: str, filename: str, data: bytes, most: int | None = None) -> None:
    """Raises Invalid with a clear sentence for what no platform would take."""
    limit = MOST[kind] if most is None else most
    if len(data) > limit:
        size = f"{len(data) / MB:.1f}"
        raise Invalid(f"{SAID[kind]}“{filename}”有 {size} MB，最大 {limit // MB} MB，请压缩后再试。", code="media_too_large")
    if len(data) < LEAST:
        raise Invalid(f"{SAID[kind]}“{filename}”是空的或太小。", code="media_too_small")
    form = FORMS.get(kind)
    if form is not None and not any(data.startswith(magic, 4 if kind == "video" else 0) for magic in form[1]):
        raise Invalid(f"{SAID[kind]}“{filename}”要是 {form[0]} 格式。", code="media_form")


def keep(work: Work, things: Sequence[Media]) -> list[str]:
    """Writes the rows of stored files and returns their keys; the same again only stays for longer."""
    rows: list[dict[str, Any]] = [
        {
            "id": one.key,
            "kind": one.kind,
            "filename": one.filename,
            "size": one.size,
            "sha": one.sha,
            "made_at": work.now,
            "used_at": work.now,
        }
        for one in {one.key: one for one in things}.values()
    ]
    work.insert_missing(media, rows)
    work.execute(media.update().where(work.among(media.c.id, [row["id"] for row in rows])).values(used_at=work.now))
    return [one.key for one in things]


def get(view: View, key: str) -> Media | None:
    """One row, or None."""
    row = view.one(sa.select(media).where(media.c.id == key))
    return None if row is None else Media(row.id, row.kind, row.filename, row.size, row.sha)


def uploaded(view: View, key: str, place: str, least: timedelta) -> str:
    """What the place calls the media, if that works for at least so long; else empty."""
    mine = (upload.c.media == key, upload.c.place == place, upload.c.expires_at > view.now + least)
    return str(view.scalar(sa.select(upload.c.external_id).where(*mine)) or "")


def note_upload(work: Work, one: Uploaded) -> None:
    """Keeps what the place called it."""
    row = {"media": one.media, "place": one.place, "external_id": one.external_id, "expires_at": one.expires_at}
    upsert(work, upload, [row], ["media", "place"], ["external_id", "expires_at"])
    work.execute(media.update().where(media.c.id == one.media).values(used_at=work.now))


def forget_upload(work: Work, ids_told: Sequence[tuple[str, str]]) -> None:
    """The platform no longer knows these (place, external id)."""
    for place, external_id in ids_told:
        work.execute(upload.delete().where(upload.c.place == place, upload.c.external_id == external_id))


def clean(work: Work, most: int = 500) -> list[str]:
    """Drops rows that were not sent for half a year and uploads that are over; returns the digests whose files nobody needs."""
    work.execute(upload.delete().where(upload.c.expires_at < work.now))
    old = sa.select(media.c.id, media.c.sha).where(media.c.used_at < work.now - UNUSED_FOR).order_by(media.c.used_at).limit(most)
    rows = work.all(old)
    work.execute(media.delete().where(work.among(media.c.id, [row.id for row in rows])))
    shas = {row.sha for row in rows}
    left = {row.sha for row in work.all(sa.select(media.c.sha).where(work.among(media.c.sha, shas)))}
    return sorted(shas - left)
