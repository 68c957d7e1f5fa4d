"""Reads the Segment HTTP format (https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/) into events of ours."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant.base.clock import parse_instant
from assistant.base.errors import Invalid
from assistant.base.ids import digest_of
from assistant.domain import events

LONGEST_ID = 200
LONGEST_NAME = 120
LARGEST = 32 * 1024
"""Bytes of one event, as Segment has it."""

MOST = 20_000
"""Events of one batch."""

_NAMES: Mapping[str, str] = {"page": "page", "screen": "screen", "identify": "identify", "group": "group", "alias": "alias"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An event that cannot be kept: its place in the batch, counted from 1, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Call:
    """What a call to ``/v1/<kind>`` carries: its events as they came, and how far the sender's clock lags behind ours."""

    items: list[Any]
    late: timedelta


def opened(body: Mapping[str, Any], kind: str, now: datetime) -> Call:
    """The call; raises Invalid for a batch that is none, or a moment of sending that is none."""
    items = body.get("batch") if kind == "batch" else [{**body, "type": kind}]
    if not isinstance(items, list):
        raise Invalid("batch 需要是一个数组", code="bad_batch")
    if len(items) > MOST:
        raise Invalid(f"一批最多 {MOST} 个事件，这批有 {len(items)} 个，请拆开", code="batch_too_large")
    sent = _instant(body, "sentAt")
    return Call(items, now - sent if sent else timedelta())


def read_all(
    items: Sequence[Any], source: str, now: datetime, late: timedelta, first: int = 1
) -> tuple[list[events.Incoming], list[Refusal]]:
    """The events of a part of a call that begins with number ``first``; each bad one is refused alone."""
    good: list[events.Incoming] = []
    bad: list[Refusal] = []
    for number, item in enumerate(items, first):
        try:
            good.append(read(item, source, now, late))
        except Invalid as error:
            bad.append(Refusal(number, error.say))
    return good, bad


def read(item: Any, source: str, now: datetime, late: timedelta) -> events.Incoming:
    """One event; raises Invalid naming the field."""
    if not isinstance(item, dict):
        raise Invalid("事件需要是一个对象", code="bad_event")
    kind = item.get("type")
    if kind not in events.KINDS:
        raise Invalid(f"不认识的事件类型“{str(kind)[:20]}”，可用：{'、'.join(events.KINDS)}", code="bad_event")
    if len(json.dumps(item, ensure_ascii=False).encode("utf-8", "replace")) > LARGEST:
        raise Invalid(f"一个事件最多 {LARGEST // 1024} KB", code="event_too_large")
    user, anonymous = _text(item, "userId", LONGEST_ID), _text(item, "anonymousId", LONGEST_ID)
    previous = _text(item, "previousId", LONGEST_ID)
    if not (user or anonymous):
        raise Invalid("事件需要 userId 或 anonymousId", code="bad_event")
    name = _text(item, "event", LONGEST_NAME) if kind == "track" else _NAMES[kind]
    if not name:
        raise Invalid("track 事件需要 event（事件名）", code="bad_event")
    told = _instant(item, "timestamp") or _instant(item, "originalTimestamp")
    properties = item.get("traits" if kind in ("identify", "group") else "properties")
    if properties is not None and not isinstance(properties, dict):
        raise Invalid("properties 或 traits 需要是一个对象", code="bad_event")
    extra = {"name": page} if (page := _text(item, "name", LONGEST_NAME)) and kind in ("page", "screen") else {}
    extra |= {"device_id": device} if (device := _device(item)) else {}
    return events.Incoming(
        source=source,
        message_id=_text(item, "messageId", LONGEST_ID) or digest_of(item),
        kind=kind,
        name=name,
        occurred_at=told + late if told else now,
        user_id=user,
        anonymous_id=anonymous,
        previous_id=previous,
        properties=_clean({**extra, **(properties or {})}),
    )


def _device(item: Mapping[str, Any]) -> str:
    """``context.device.id`` as the libraries of phones send it; empty where there is none."""
    context = item.get("context")
    device = context.get("device") if isinstance(context, dict) else None
    value = device.get("id") if isinstance(device, dict) else None
    return value.strip() if isinstance(value, str) and len(value) <= LONGEST_ID and _storable(value) else ""


def _text(item: Mapping[str, Any], field: str, longest: int) -> str:
    value = item.get(field)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value.strip()) > longest or not _storable(value):
        raise Invalid(f"字段 {field} 需要是 {longest} 字以内的文字", code="bad_event", field=field)
    return value.strip()


def _instant(item: Mapping[str, Any], field: str) -> datetime | None:
    value = item.get(field)
    if value in (None, ""):
        return None
    try:
        return parse_instant(str(value))
    except (ValueError, OverflowError):
        raise Invalid(f"字段 {field} 需要带时区的时间，例如 2026-11-22T10:00:00+08:00", code="bad_event", field=field) from None


def _storable(text: str) -> bool:
    """No NUL and no lone surrogate, which a database would refuse."""
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _clean(value: Any) -> Any:
    """The value without what a database would refuse; numbers that are none become nothing."""
    if isinstance(value, dict):
        return {_clean(str(name)): _clean(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, str) and not _storable(value):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    return value
