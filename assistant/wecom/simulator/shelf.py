"""Files kept for three days under a media_id of one owner, and files WeCom hands out encrypted behind a short-lived URL."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from assistant.wecom.simulator.world import ApiError, World

KEPT = timedelta(days=3)
URL_VALID = timedelta(minutes=5)
MEGABYTE = 2**20
SMALLEST = 6
_BLOCK = 32


@dataclass(frozen=True)
class Kept:
    """One uploaded file; ``kind`` is image, voice, video or file."""

    kind: str
    filename: str
    data: bytes
    until: datetime


class Shelf:
    """The uploads of one owner (a bot, a robot key): a media_id of another owner is unknown here."""

    def __init__(self, world: World, most_bytes: dict[str, int]) -> None:
        self._world = world
        self._most = most_bytes
        self._kept: dict[str, Kept] = {}

    def check_size(self, kind: str, size: int) -> None:
        """Raises 45001 above the limit of the kind and 40006 below six bytes."""
        if size > self._most[kind]:
            raise ApiError(45001, f"{kind} is larger than {self._most[kind]} bytes")
        if size < SMALLEST:
            raise ApiError(40006, "media must have more than 5 bytes")

    def put(self, kind: str, filename: str, data: bytes) -> str:
        self.check_size(kind, len(data))
        media_id = self._world.new_id("MEDIA")
        self._kept[media_id] = Kept(kind, filename, data, self._world.now() + KEPT)
        return media_id

    def get(self, media_id: str, kind: str) -> Kept:
        """Raises 40007 for an unknown, expired or differently typed media_id."""
        kept = self._kept.get(media_id)
        if kept is None or kept.kind != kind or self._world.now() > kept.until:
            raise ApiError(40007, "invalid media_id")
        return kept


class HandedOut:
    """Bytes encrypted with AES-256-CBC (iv = key[:16], PKCS#7 to 32) that can be fetched for five minutes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._files: dict[str, tuple[bytes, datetime]] = {}

    def offer(self, data: bytes, key: bytes) -> str:
        """The name under which the ciphertext can be fetched."""
        name = self._world.new_id("F")
        pad = _BLOCK - len(data) % _BLOCK
        encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        sealed = encryptor.update(data + bytes([pad]) * pad) + encryptor.finalize()
        self._files[name] = (sealed, self._world.now() + URL_VALID)
        return name

    def fetch(self, name: str) -> bytes | None:
        """None once the five minutes are over."""
        sealed, until = self._files.get(name, (b"", self._world.now()))
        return sealed if sealed and self._world.now() <= until else None


def key_of(aes_key: str) -> bytes:
    """The 32 bytes of a 43-character EncodingAESKey."""
    return base64.b64decode(aes_key + "=")
