"""What is fed to the edge by fuzzers: each target takes any bytes and may only answer or refuse; hypothesis and atheris share them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from assistant.channels import inbox
from assistant.channels.message import InboundMessage
from assistant.store.engine import dumps
from assistant.wecom import CallbackRefused, Envelope, KfWakeup, cards, from_bot, from_bot_frame, from_xml, open_json, open_xml, verify_url
from assistant.wecom.events import CONTACT, GROUP, TAG, read_event, unknown_elements
from assistant.wecom.socket import Frame, understood

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


def frame(data: bytes) -> None:
    """A text frame of the bot's long connection: an ack, a frame that can be stored, or nothing."""
    heard = understood(data.decode("utf-8", "replace"))
    if not isinstance(heard, Frame):
        assert heard is None or (heard[0] and "errcode" in heard[1])
        return
    message = from_bot_frame(heard.cmd, heard.req_id, heard.body, NOW, "小棉")
    _storable(message)
    event = heard.body.get("event")
    told = event.get("template_card_event") if isinstance(event, dict) else None
    if isinstance(told, dict):
        task, number = cards.pressed(told)
        assert -1 <= number < 100
        assert isinstance(task, str)


EVENTS = {
    "change_external_contact": (*CONTACT, "?"),
    "change_external_chat": (*GROUP, "?"),
    "change_external_tag": (*TAG, "?"),
    "customer_acquisition": ("customer_start_chat", "?"),
    "template_card_event": ("",),
}
NAMES = (
    *("UserID", "ExternalUserID", "State", "WelcomeCode", "Source", "FailReason", "ChatId", "UpdateDetail", "JoinScene", "QuitScene"),
    *("MemChangeCnt", "MemChangeList", "LastMemVer", "CurMemVer", "Id", "TagType", "EventKey", "TaskId", "SelectedItems", "CreateTime"),
)


def contact_event(data: bytes) -> None:
    """An event of customer contact: the first bytes choose event, change and elements, the rest are their values, bare or as markup."""
    raw = data[4:].decode("utf-8", "replace")
    head = data[:4].ljust(4, b"\x00")
    event = list(EVENTS)[head[0] % len(EVENTS)]
    change = EVENTS[event][head[1] % len(EVENTS[event])]
    elements = []
    for number, value in enumerate(raw.split("\x00")[: len(NAMES)]):
        name = NAMES[(head[2] + number) % len(NAMES)]
        inner = value if head[3] & 1 else f"<![CDATA[{value.replace(']]>', '')}]]>"
        elements.append(f"<{name}>{f'<Item>{inner}</Item>' if head[3] & 2 else inner}</{name}>")
    plain = f"<xml><Event>{event}</Event><ChangeType>{change}</ChangeType><MsgType>event</MsgType>{''.join(elements)}</xml>"
    try:
        content = from_xml(plain.encode("utf-8", "replace"), NOW)
    except CallbackRefused:
        return
    assert isinstance(content, list)
    for message in content:
        _storable(message)
        read_event(message.raw, message.sent_at)
        dumps(list(unknown_elements(message.raw)))


def _storable(message: InboundMessage) -> None:
    dumps(inbox.to_json(message)).encode()
    assert message.external_id
    assert message.sent_at.tzinfo is not None


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
        _storable(message)


def _refused(opening: Callable[[], object]) -> None:
    try:
        opening()
    except CallbackRefused:
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    "request": request,
    "signed": signed,
    "inner_xml": inner_xml,
    "inner_json": inner_json,
    "frame": frame,
    "contact_event": contact_event,
}
