"""Callback requests, from query and body to the decrypted content, or a refusal that tells the sender nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from assistant.wecom import crypto, parsing
from assistant.wecom.crypto import CryptoError, Envelope

FRESH = timedelta(seconds=300)
MAX_BYTES = parsing.MAX_BYTES

_CRYPTO: dict[int, tuple[str, int]] = {
    crypto.SIGNATURE: ("bad_signature", 401),
    crypto.RECEIVER: ("other_receiver", 403),
    crypto.DECRYPT: ("bad_cipher", 403),
    crypto.BUFFER: ("bad_cipher", 403),
    crypto.BASE64: ("bad_cipher", 403),
}


class CallbackRefused(Exception):
    """The request is not answered. ``reason`` is a slug for the metric, ``status`` the HTTP status; the body stays empty.

    Reasons: missing_field, too_large, bad_envelope, bad_signature, bad_cipher, other_receiver, stale, bad_content.
    """

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


def verify_url(envelope: Envelope, query: Mapping[str, str], now: datetime) -> bytes:
    """The bytes to answer to the GET verification; ``query`` is URL-decoded. Raises CallbackRefused."""
    return _open(envelope, query, _field(query, "echostr"), now)


def open_xml(envelope: Envelope, query: Mapping[str, str], body: bytes, now: datetime) -> bytes:
    """The decrypted content of an XML envelope (apps, customer contact, KF). Raises CallbackRefused."""
    return _open(envelope, query, _encrypt(body, parsing.read_xml, "Encrypt"), now)


def open_json(envelope: Envelope, query: Mapping[str, str], body: bytes, now: datetime) -> bytes:
    """The decrypted content of a JSON envelope (AI bots). Raises CallbackRefused."""
    return _open(envelope, query, _encrypt(body, parsing.read_json, "encrypt"), now)


def content_xml(plain: bytes) -> dict[str, Any]:
    """The decrypted XML as a dict; raises CallbackRefused("bad_content", 400)."""
    return _content(plain, parsing.read_xml)


def content_json(plain: bytes) -> dict[str, Any]:
    """The decrypted JSON as a dict; raises CallbackRefused("bad_content", 400)."""
    return _content(plain, parsing.read_json)


def _encrypt(body: bytes, read: Callable[[bytes], dict[str, Any]], name: str) -> str:
    reason, status = "bad_envelope", 400
    value: object = None
    try:
        value = read(body).get(name)
    except parsing.TooLarge:
        reason, status = "too_large", 413
    except parsing.Malformed:
        pass
    if not isinstance(value, str) or not value.strip():
        raise CallbackRefused(reason, status)
    return value.strip()


def _open(envelope: Envelope, query: Mapping[str, str], encrypt: str, now: datetime) -> bytes:
    signature, timestamp, nonce = (_field(query, name) for name in ("msg_signature", "timestamp", "nonce"))
    refusal = None
    try:
        plain = envelope.open(signature, timestamp, nonce, encrypt)
    except CryptoError as error:
        refusal = CallbackRefused(*_CRYPTO[error.code])
    if refusal is not None:
        raise refusal
    # After the signature, so that only genuine but old requests are counted as stale.
    if (
        not timestamp.isascii()
        or not timestamp.isdigit()
        or len(timestamp) > 12
        or abs(now.timestamp() - int(timestamp)) > FRESH.total_seconds()
    ):
        raise CallbackRefused("stale", 401)
    return plain


def _content(plain: bytes, read: Callable[[bytes], dict[str, Any]]) -> dict[str, Any]:
    try:
        value: dict[str, Any] = read(plain)
    except parsing.Malformed:
        value = {}
    if not value:
        raise CallbackRefused("bad_content", 400)
    return value


def _field(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if not value:
        raise CallbackRefused("missing_field", 400)
    return value
