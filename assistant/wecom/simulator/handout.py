"""Files that WeCom hands out encrypted behind a short-lived URL."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from assistant.wecom.simulator.world import World

URL_VALID = timedelta(minutes=5)
_BLOCK = 32


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
