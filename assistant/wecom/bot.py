"""What an AI bot answers: the bodies of its replies, and the encrypted passive reply that carries one, built and read back."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from assistant.wecom.callback import CallbackRefused
from assistant.wecom.crypto import Envelope
from assistant.wecom.parsing import Malformed, read_json
from assistant.wecom.text import clip

MAX_CONTENT = 20480
"""Bytes of ``content`` in one stream reply; each reply replaces the whole text, so a longer one is cut at the end."""


def stream_body(
    number: str, content: str, *, finish: bool, feedback_id: str = "", card: dict[str, Any] | None = None, pictures: Sequence[bytes] = ()
) -> dict[str, Any]:
    """The message that shows ``content`` as the whole text of stream ``number``; ``feedback_id`` (first reply only) asks for thumbs.

    ``pictures`` (JPG or PNG, at most ten of 10 MB) only with ``finish``, and only as the reply to a callback.
    """
    stream: dict[str, Any] = {"id": number, "finish": finish, "content": clip(content, MAX_CONTENT)}
    if feedback_id:
        stream["feedback"] = {"id": feedback_id}
    if pictures and finish:
        stream["msg_item"] = [{"msgtype": "image", "image": _picture(data)} for data in pictures]
    if card is not None:
        return {"msgtype": "stream_with_template_card", "stream": stream, "template_card": card}
    return {"msgtype": "stream", "stream": stream}


def _picture(data: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(data).decode(), "md5": hashlib.md5(data, usedforsecurity=False).hexdigest()}


def seal_reply(envelope: Envelope, message: dict[str, Any], *, nonce: str, now: datetime, random16: bytes | None = None) -> bytes:
    """Any passive reply, encrypted and signed as the response body."""
    seconds = int(now.timestamp())
    sealed = envelope.seal(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"), str(seconds), nonce, random16)
    body = {"encrypt": sealed.encrypt, "msgsignature": sealed.signature, "timestamp": seconds, "nonce": nonce}
    return json.dumps(body).encode()


def read_reply(envelope: Envelope, body: bytes) -> dict[str, Any]:
    """The message of a response body that ``seal_reply`` made; raises CallbackRefused or CryptoError."""
    try:
        outer = read_json(body)
        values = [str(outer[name]) for name in ("msgsignature", "timestamp", "nonce", "encrypt")]
        return read_json(envelope.open(*values))
    except (Malformed, KeyError):
        pass
    raise CallbackRefused("bad_envelope", 400)
