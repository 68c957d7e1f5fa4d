"""What is fed to the edge by fuzzers: each target takes any bytes and may only answer or refuse; hypothesis and atheris share them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from assistant.channels import inbox
from assistant.store.engine import dumps
from assistant.wecom import CallbackRefused, Envelope, KfWakeup, from_bot, from_xml, open_json, open_xml, verify_url

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
ENVELOPE = Envelope("QDG6eK", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "ww1")
STAMP = str(int(NOW.timestamp()))
_FIELDS = ("msg_signature", "timestamp", "nonce", "echostr")


def parts(data: bytes, count: int) -> list[bytes]:
    """The data cut at zero bytes into so many parts."""
    cut = data.split(b"\x00", count - 1)
    return cut + [b""] * (count - len(cut))


def request(data: bytes) -> None:
    """Query and body of a callback, both grammars and the verification, as anybody on the internet may send them."""
    *values, body = parts(data, 5)
    query = {name: value.decode("utf-8", "surrogateescape") for name, value in zip(_FIELDS, values, strict=True)}
    for opening in (open_xml, open_json):
        _refused(lambda opening=opening: opening(ENVELOPE, query, body, NOW))  # type: ignore[misc]
    _refused(lambda: verify_url(ENVELOPE, query, NOW))


def signed(data: bytes) -> None:
    """A genuine envelope around any content: what WeCom itself, or who has stolen the key, may send."""
    sealed = ENVELOPE.seal(data, STAMP, "n1")
    query = {"msg_signature": sealed.signature, "timestamp": STAMP, "nonce": "n1"}
    body = f"<xml><Encrypt>{sealed.encrypt}</Encrypt></xml>".encode()
    assert open_xml(ENVELOPE, query, body, NOW) == data


def inner_xml(data: bytes) -> None:
    """The decrypted XML of an app, customer contact or 客服."""
    _translated(lambda: from_xml(data, NOW))


def inner_json(data: bytes) -> None:
    """The decrypted JSON of a bot."""
    _translated(lambda: from_bot(data, NOW, "小棉"))


def _translated(translate: Callable[[], object]) -> None:
    """Whatever comes out can be stored: its JSON is JSON and is the same message when read back."""
    try:
        content = translate()
    except CallbackRefused:
        return
    if isinstance(content, KfWakeup):
        return
    assert isinstance(content, list)
    for message in content:
        dumps(inbox.to_json(message)).encode()
        assert message.external_id
        assert message.sent_at.tzinfo is not None


def _refused(opening: Callable[[], object]) -> None:
    try:
        opening()
    except CallbackRefused:
        return


TARGETS: dict[str, Callable[[bytes], None]] = {"request": request, "signed": signed, "inner_xml": inner_xml, "inner_json": inner_json}
