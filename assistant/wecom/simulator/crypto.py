"""WeCom callback crypto, written apart from the product so that the two can disagree."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 32


class CryptoError(Exception):
    """``code`` is one of the library codes -40001…-40011."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"{code} {why}")
        self.code = code


class Envelope:
    """Seals and opens one endpoint's messages. ``aes_key`` is the 43-character EncodingAESKey."""

    def __init__(self, token: str, aes_key: str, receive_id: str) -> None:
        if len(aes_key) != 43:
            raise CryptoError(-40004, "EncodingAESKey must have 43 characters")
        self._token = token
        self._receive_id = receive_id.encode()
        self._key = base64.b64decode(aes_key + "=")

    def sign(self, timestamp: str, nonce: str, encrypted: str) -> str:
        parts = sorted(part.encode() for part in (self._token, timestamp, nonce, encrypted))
        return hashlib.sha1(b"".join(parts), usedforsecurity=False).hexdigest()

    def seal(self, text: str, random16: bytes) -> str:
        """The base64 ciphertext of a text, led by the 16 given random bytes."""
        message = text.encode()
        plain = random16 + struct.pack(">I", len(message)) + message + self._receive_id
        pad = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def open(self, encrypted: str, timestamp: str, nonce: str, signature: str) -> str:
        """Checks the signature, then decrypts; raises CryptoError."""
        if not hmac.compare_digest(self.sign(timestamp, nonce, encrypted).encode(), signature.encode()):
            raise CryptoError(-40001, "signature mismatch")
        return self.decrypt(encrypted)

    def decrypt(self, encrypted: str) -> str:
        try:
            data = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CryptoError(-40010, "not base64") from error
        if not data or len(data) % 16:
            raise CryptoError(-40007, "length is not a multiple of the block")
        decryptor = self._cipher().decryptor()
        return self._unpack(decryptor.update(data) + decryptor.finalize())

    def _unpack(self, padded: bytes) -> str:
        pad = padded[-1]
        if not 1 <= pad <= _BLOCK or len(padded) < 20 + pad:
            raise CryptoError(-40008, "bad padding")
        plain = padded[:-pad]
        (length,) = struct.unpack(">I", plain[16:20])
        if 20 + length > len(plain):
            raise CryptoError(-40008, "length past the end")
        if plain[20 + length :] != self._receive_id:
            raise CryptoError(-40005, "receiveid mismatch")
        try:
            return plain[20 : 20 + length].decode()
        except UnicodeDecodeError as error:
            raise CryptoError(-40008, "not UTF-8") from error

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
