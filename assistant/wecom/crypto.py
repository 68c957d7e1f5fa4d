"""The WeCom envelope: SHA-1 signature and AES-256-CBC with 32-byte padding, refused strictly wherever a byte is off."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

SIGNATURE, PARSE, BAD_KEY, RECEIVER, DECRYPT, BUFFER, BASE64 = -40001, -40002, -40004, -40005, -40007, -40008, -40010
"""The library codes of WeCom that ``CryptoError`` carries; they never travel on the wire."""

_BLOCK = 32
_KEY = re.compile(r"[A-Za-z0-9+/]{43}")


class CryptoError(Exception):
    """An envelope or a key was refused; ``code`` is one of the -4000x codes. Carries no content."""

    def __init__(self, code: int) -> None:
        super().__init__(str(code))
        self.code = code


@dataclass(frozen=True, slots=True)
class Sealed:
    """What goes into a passive reply: the base64 ciphertext and its signature."""

    encrypt: str
    signature: str


class Envelope:
    """Opens and seals the envelopes of one receiving endpoint.

    ``aes_key`` is the EncodingAESKey of 43 characters (non-zero trailing bits are allowed, as WeCom hands such keys out);
    ``receive_id`` is the corp id, the suite id, or empty for AI bots. Raises CryptoError(-40004) for an unusable key.
    """

    __slots__ = ("_key", "_receive_id", "_token")

    def __init__(self, token: str, aes_key: str, receive_id: str) -> None:
        if _KEY.fullmatch(aes_key) is None:
            raise CryptoError(BAD_KEY)
        self._key = base64.b64decode(aes_key + "=")
        self._token = token.encode()
        self._receive_id = receive_id.encode()

    @property
    def receive_id(self) -> str:
        """Whom messages are sealed for."""
        return self._receive_id.decode()

    def __repr__(self) -> str:
        return f"Envelope(receive_id={self._receive_id.decode()!r}, token=***, aes_key=***)"

    def signature(self, timestamp: str, nonce: str, encrypt: str) -> str:
        """Lower-case hex SHA-1 over the four values sorted by bytes and joined."""
        parts = sorted([self._token, _bytes(timestamp), _bytes(nonce), _bytes(encrypt)])
        return hashlib.sha1(b"".join(parts)).hexdigest()  # noqa: S324 - the protocol prescribes SHA-1

    def open(self, msg_signature: str, timestamp: str, nonce: str, encrypt: str) -> bytes:
        """The message inside, after signature, padding, length and receiver were checked in this order; raises CryptoError."""
        if not hmac.compare_digest(self.signature(timestamp, nonce, encrypt).encode(), _bytes(msg_signature)):
            raise CryptoError(SIGNATURE)
        try:
            sealed = base64.b64decode(_bytes(encrypt), validate=True)
        except (binascii.Error, ValueError):
            sealed = None
        if sealed is None:
            raise CryptoError(BASE64)
        plain = decrypt_padded(self._key, sealed)
        length = int.from_bytes(plain[16:20], "big")
        if len(plain) < 20 or 20 + length > len(plain):
            raise CryptoError(BUFFER)
        if not hmac.compare_digest(plain[20 + length :], self._receive_id):
            raise CryptoError(RECEIVER)
        return plain[20 : 20 + length]

    def seal(self, plain: bytes, timestamp: str, nonce: str, random16: bytes | None = None) -> Sealed:
        """Encrypts and signs ``plain``; ``random16`` is drawn unless a test gives it."""
        head = secrets.token_bytes(16) if random16 is None else random16
        if len(head) != 16:
            raise ValueError("random16 must have 16 bytes")
        buffer = head + len(plain).to_bytes(4, "big") + plain + self._receive_id
        pad = _BLOCK - len(buffer) % _BLOCK
        encryptor = _cipher(self._key).encryptor()
        encrypt = base64.b64encode(encryptor.update(buffer + bytes([pad]) * pad) + encryptor.finalize()).decode()
        return Sealed(encrypt, self.signature(timestamp, nonce, encrypt))


def decrypt_padded(key: bytes, sealed: bytes) -> bytes:
    """AES-256-CBC with the key's head as IV, padding of 1 to 32 equal bytes removed; raises CryptoError."""
    if not sealed or len(sealed) % 16:
        raise CryptoError(DECRYPT)
    decryptor = _cipher(key).decryptor()
    padded = decryptor.update(sealed) + decryptor.finalize()
    pad = padded[-1]
    if not 1 <= pad <= _BLOCK or pad > len(padded) or padded[-pad:] != bytes([pad]) * pad:
        raise CryptoError(BUFFER)
    return padded[:-pad]


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
