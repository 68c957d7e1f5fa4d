"""Media: uploads with their door and their three days, the permanent pictures of uploadimg, and media/get.

Documented: doors are not interchangeable (40007), 3 days, sizes, more than 5 bytes, uploadimg 1000 a day and 3000 a month. Guessed:
40004 and 40006 for kind and size, 45009 for too many pictures.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant.base.clock import SHANGHAI
from assistant.wecom.simulator.corp import Routes, Upload
from assistant.wecom.simulator.world import ApiError, World

MEGABYTE = 2**20
MOST = {"image": 10 * MEGABYTE, "voice": 2 * MEGABYTE, "video": 10 * MEGABYTE, "file": 20 * MEGABYTE}
LEAST = 6
PICTURES_PER_DAY, PICTURES_PER_MONTH = 1000, 3000
PICTURE_HOST = "https://wework.qpic.cn/"


@dataclass
class Media:
    """``door`` is where it came in: upload, attachment, webhook, or people (sent by somebody's phone)."""

    media_id: str
    kind: str
    door: str
    file: Upload
    until: datetime


def keep(world: World, kind: str, door: str, file: Upload) -> Media:
    """Stores a file for three days (knob ``media_days``) and gives it a media_id."""
    media = Media(world.new_id("media"), kind, door, file, world.now() + timedelta(days=world.knobs.media_days))
    world.media[media.media_id] = media
    return media


def the_media(world: World, media_id: object, *doors: str) -> Media:
    """A living media of one of these doors (none named: any); raises ApiError 40007 otherwise."""
    media = world.media.get(str(media_id or ""))
    if media is None or world.now() >= media.until or (doors and media.door not in doors):
        raise ApiError(40007, "invalid media_id")
    return media


def check_size(kind: str, file: Upload) -> None:
    if kind not in MOST:
        raise ApiError(40004, "invalid media type")
    if len(file.content) > MOST[kind]:
        raise ApiError(45001, "media is too large")
    if len(file.content) < LEAST:
        raise ApiError(40006, "media must have more than 5 bytes")


class MediaFace:
    """The paths under media/."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._pictures: Counter[str] = Counter()

    def routes(self) -> Routes:
        return {
            "UPLOAD media/upload": ("any", self.upload),
            "UPLOAD media/upload_attachment": ("any", self.upload_attachment),
            "UPLOAD media/uploadimg": ("any", self.uploadimg),
            "GET media/get": ("any", self.get),
        }

    def upload(self, body: dict[str, Any]) -> dict[str, Any]:
        return self._kept(str(body.get("type") or ""), "upload", body["file"])

    def upload_attachment(self, body: dict[str, Any]) -> dict[str, Any]:
        """For moments (attachment_type 1) and product albums (2)."""
        if str(body.get("attachment_type")) not in ("1", "2"):
            raise ApiError(40058, "invalid attachment_type")
        return self._kept(str(body.get("media_type") or ""), f"attachment{body['attachment_type']}", body["file"])

    def uploadimg(self, body: dict[str, Any]) -> dict[str, Any]:
        """A picture for ever, by URL."""
        check_size("image", body["file"])
        local = self._world.now().astimezone(SHANGHAI)
        for period, most in ((f"{local:%Y-%m-%d}", PICTURES_PER_DAY), (f"{local:%Y-%m}", PICTURES_PER_MONTH)):
            if self._pictures[period] >= most:
                raise ApiError(45009, "too many pictures in this day or month")
        self._pictures.update([f"{local:%Y-%m-%d}", f"{local:%Y-%m}"])
        url = f"{PICTURE_HOST}wwpic/{self._world.new_id('pic')}/0"
        self._world.pictures[url] = body["file"]
        return {"url": url}

    def get(self, query: dict[str, Any]) -> Upload:
        return the_media(self._world, query.get("media_id")).file

    def _kept(self, kind: str, door: str, file: Upload) -> dict[str, Any]:
        check_size(kind, file)
        media = keep(self._world, kind, door, file)
        return {"type": kind, "media_id": media.media_id, "created_at": str(self._world.seconds())}
