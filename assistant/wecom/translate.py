"""Decrypted WeCom content into inbound messages that no other room needs WeCom words to read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from assistant.base.ids import digest_of
from assistant.channels.message import Address, InboundKind, InboundMessage, SenderKind
from assistant.channels.streams import stream_id
from assistant.wecom import fields
from assistant.wecom.callback import CallbackRefused, content_json, content_xml
from assistant.wecom.kf import quotes_others, told_by

APP, BOT, KF = "wecom.app", "wecom.bot", "wecom.kf"
BOT_FRAMES = frozenset({"aibot_msg_callback", "aibot_event_callback"})

_MEDIA: dict[str, InboundKind] = {"image": "image", "voice": "voice", "video": "video", "file": "file"}
_RECALLS = frozenset({"user_recall_msg", "servicer_recall_msg"})
_ORIGINS: dict[int, SenderKind] = {3: "customer", 5: "employee"}
_CODES = ("welcome_code", "msg_code", "response_url")


@dataclass(frozen=True, slots=True)
class KfWakeup:
    """Something is to be pulled for ``open_kfid``; ``token`` lifts the throttle of sync_msg for ten minutes."""

    open_kfid: str
    token: str


def from_xml(plain: bytes, received_at: datetime, corp: str = "") -> KfWakeup | list[InboundMessage]:
    """Decrypted XML of an app, customer-contact or KF callback. ``received_at`` stands in for a missing time.

    Raises CallbackRefused: "bad_content" if it is not XML, "other_receiver" if it is addressed to another corp than ``corp`` (where
    that is given); unknown types come out as kind ``unknown`` with ``raw`` kept.
    """
    raw = content_xml(plain)
    if corp and _text(raw.get("ToUserName")) not in ("", corp):
        raise CallbackRefused("other_receiver", 403)
    if raw.get("Event") == "kf_msg_or_event":
        return KfWakeup(_name(raw.get("OpenKfId")), _text(raw.get("Token")))
    return [_app_event(raw, plain, received_at) if raw.get("MsgType") == "event" else _app_message(raw, plain, received_at)]


def from_bot(plain: bytes, received_at: datetime, bot_name: str = "") -> list[InboundMessage]:
    """Decrypted JSON of an AI bot. In groups the leading @mention is taken off (exactly, if ``bot_name`` is known).

    A refresh request of a stream is the event ``stream_refresh`` with ``reply_to["stream_id"]``; raises CallbackRefused("bad_content").
    """
    return [_bot_message(content_json(plain), hashlib.sha256(plain).hexdigest(), received_at, bot_name)]


def from_bot_frame(cmd: str, req_id: str, body: dict[str, Any], received_at: datetime, bot_name: str = "") -> InboundMessage:
    """What a long connection told. ``reply_to`` names the ``req_id`` under which it is answered; unknown commands are kept as events."""
    digest = digest_of({"cmd": cmd, "body": body})
    if cmd not in BOT_FRAMES:
        address = Address("bot", _name(body.get("aibotid")), _name(fields.part(body, "from").get("userid")))
        raw = {"cmd": cmd, "body": body}
        return InboundMessage(BOT, digest, address, "unknown", "event", received_at, event=f"frame:{cmd}"[:100], raw=raw)
    message = _bot_message(body, digest, received_at, bot_name)
    return replace(message, reply_to={**message.reply_to, "req_id": req_id[:200]})


def _bot_message(raw: dict[str, Any], digest: str, received_at: datetime, bot_name: str) -> InboundMessage:
    group = _name(raw.get("chatid")) if raw.get("chattype") == "group" else ""
    address = Address("bot", _name(raw.get("aibotid")), _name(fields.part(raw, "from").get("userid")), group)
    kind, text, event = _bot_content(raw)
    if group and kind in {"text", "image"}:
        text = _unmentioned(text, bot_name)
    reply_to = {"response_url": _text(raw.get("response_url"))} if raw.get("response_url") else {}
    msgid = "" if event == "stream_refresh" else _text(raw.get("msgid"))
    external_id = msgid[:200] or digest
    if event == "stream_refresh":
        reply_to["stream_id"] = _text(fields.part(raw, "stream").get("id"))
    elif kind != "event":
        reply_to["stream_id"] = stream_id(BOT, external_id)
    return InboundMessage(
        source=BOT,
        external_id=external_id,
        address=address,
        sender_kind="employee",
        kind=kind,
        sent_at=_instant(raw.get("create_time"), received_at),
        text=text,
        event=event,
        reply_to=reply_to,
        raw=raw,
        quoted=_quoted(raw),
    )


def from_kf(items: Iterable[Mapping[str, Any]], received_at: datetime) -> list[InboundMessage]:
    """Items of sync_msg, in their order; one that has no msgid is keyed by its content."""
    return [_kf_item(dict(item), received_at) for item in items]


def _app_message(raw: dict[str, Any], plain: bytes, received_at: datetime) -> InboundMessage:
    kind, text = _app_content(raw)
    text, quoted = ("", text) if quotes_others(_text(raw.get("MsgType"))) else (text, "")
    return InboundMessage(
        source=APP,
        external_id=_name(raw.get("MsgId")) or hashlib.sha256(plain).hexdigest(),
        address=Address("app", _name(raw.get("AgentID")), _name(raw.get("FromUserName"))),
        sender_kind="employee",
        kind=kind,
        sent_at=_instant(raw.get("CreateTime"), received_at),
        text=text,
        raw=raw,
        quoted=quoted,
    )


def _app_content(raw: Mapping[str, Any]) -> tuple[InboundKind, str]:
    msgtype = _text(raw.get("MsgType"))
    if msgtype == "text":
        return "text", _text(raw.get("Content"))
    if msgtype == "location":
        return "text", _place(raw.get("Label"), raw.get("Location_X"), raw.get("Location_Y"))
    if msgtype == "link":
        return "text", _link(raw.get("Title"), raw.get("Description"), raw.get("Url"))
    return _MEDIA.get(msgtype, "unknown"), ""


def _app_event(raw: dict[str, Any], plain: bytes, received_at: datetime) -> InboundMessage:
    """Customer-contact events come from ``sys``: their conversation is that of the customer or the group they tell about."""
    sender = _name(raw.get("FromUserName"))
    outside = _name(raw.get("ExternalUserID"))
    names = [_text(raw.get("Event")), _text(raw.get("ChangeType"))]
    codes = {"welcome_code": raw.get("WelcomeCode"), "response_code": raw.get("ResponseCode")}
    return InboundMessage(
        source=APP,
        external_id=hashlib.sha256(plain).hexdigest(),
        address=Address("app", _name(raw.get("AgentID")), outside or sender, _name(raw.get("ChatId"))),
        sender_kind="unknown" if sender in {"", "sys"} else "employee",
        kind="event",
        sent_at=_instant(raw.get("CreateTime"), received_at),
        event=".".join(name for name in names if name),
        reply_to={name: code for name, code in codes.items() if isinstance(code, str) and code},
        raw=raw,
    )


def _bot_content(raw: Mapping[str, Any]) -> tuple[InboundKind, str, str]:
    msgtype = _text(raw.get("msgtype"))
    body = fields.part(raw, msgtype)
    if msgtype == "text":
        return "text", _text(body.get("content")), ""
    if msgtype == "mixed":
        listed = body.get("msg_item")
        items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
        text = "\n".join(_text(fields.part(item, "text").get("content")) for item in items if item.get("msgtype") == "text")
        return ("text" if text.strip() else "image"), text, ""
    if msgtype == "stream":
        return "event", "", "stream_refresh"
    if msgtype == "event":
        return "event", "", _text(body.get("eventtype"))
    return _MEDIA.get(msgtype, "unknown"), _text(body.get("content")) if msgtype == "voice" else "", ""


def _quoted(raw: Mapping[str, Any]) -> str:
    """What was quoted, in words; a quoted picture or file is only named."""
    quote = fields.part(raw, "quote")
    if not quote:
        return ""
    kind, text, _event = _bot_content(quote)
    return text.strip() or {"image": "[图片]", "voice": "[语音]", "video": "[视频]", "file": "[文件]"}.get(kind, "[消息]")


def _unmentioned(text: str, bot_name: str) -> str:
    """Without a known name only a first word that is followed by more can be told from what was said."""
    mention = re.escape(f"@{bot_name}") + r"\s*" if bot_name else r"@\S+\s+"
    return re.sub(rf"^\s*{mention}", "", text)


def _kf_item(raw: dict[str, Any], received_at: datetime) -> InboundMessage:
    msgtype, event = _text(raw.get("msgtype")), fields.part(raw, "event")
    name = _text(event.get("event_type")) if msgtype == "event" else ""
    # The ids of an event stand inside it and not on the item.
    account, peer = (_name(raw.get(key)) or _name(event.get(key)) for key in ("open_kfid", "external_userid"))
    kind, text = _kf_content(msgtype, fields.part(raw, msgtype))
    text, quoted = ("", text) if quotes_others(msgtype) else (text, "")
    sender = _ORIGINS.get(raw["origin"], "unknown") if isinstance(raw.get("origin"), int) else "unknown"
    return InboundMessage(
        source=KF,
        external_id=_text(raw.get("msgid"))[:200] or digest_of(raw),
        address=Address("kf", account, peer),
        sender_kind=sender,
        kind="recall" if name in _RECALLS else kind,
        sent_at=_instant(raw.get("send_time"), received_at),
        text=text,
        event=name,
        reply_to={code: event[code] for code in _CODES if isinstance(event.get(code), str) and event[code]},
        choice=_text(fields.part(raw, "text").get("menu_id")) if msgtype == "text" else "",
        quoted=quoted,
        raw=raw,
    )


def _kf_content(msgtype: str, body: Mapping[str, Any]) -> tuple[InboundKind, str]:
    if msgtype == "text":
        return "text", _text(body.get("content"))
    if msgtype == "event":
        return "event", ""
    if msgtype == "location":
        label = " ".join(filter(None, (_text(body.get("name")), _text(body.get("address")))))
        return "text", _place(label, body.get("latitude"), body.get("longitude"))
    if msgtype == "link":
        return "text", _link(body.get("title"), body.get("desc"), body.get("url"))
    told = told_by(msgtype, body)
    return ("text", told) if told else (_MEDIA.get(msgtype, "unknown"), "")


def _place(label: Any, latitude: Any, longitude: Any) -> str:
    return f"位置：{_text(label)}（{_text(latitude)}, {_text(longitude)}）"


def _link(title: Any, description: Any, url: Any) -> str:
    return "链接：" + " ".join(filter(None, (_text(title), _text(description), _text(url))))


def _name(value: Any) -> str:
    """An id of WeCom's, none of which is longer than this."""
    return _text(value)[:64]


def _text(value: Any) -> str:
    """Texts and numbers as text; whatever else stands where a text belongs is only kept in ``raw``."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _instant(seconds: Any, received_at: datetime) -> datetime:
    text = _text(seconds)
    if not text.isascii() or not text.isdigit() or not 0 < len(text) <= 10 or int(text) == 0:
        return received_at
    return datetime.fromtimestamp(int(text), UTC)
