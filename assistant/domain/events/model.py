"""Behaviour as values: sources with their write keys, events as they come and as they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from assistant.base.errors import Invalid
from assistant.base.ids import derive

Kind = Literal["track", "page", "screen", "identify", "group", "alias"]
KINDS: tuple[Kind, ...] = ("track", "page", "screen", "identify", "group", "alias")
AHEAD = timedelta(minutes=5)
"""A clock may run ahead by so much; what claims to be later than this happened when it was received."""

LOOKS_BACK = timedelta(days=90)
"""How far back what a browser did before its owner was known is given to the owner."""


@dataclass(frozen=True, slots=True)
class AddSource:
    """Opens a source. ``write_key`` is what senders show; ``namespace`` says what their user ids are.

    ``namespace`` empty: our id, the shop's key or ``namespace:value``, as in imports; otherwise an identity's namespace (``unionid``).
    ``trusted``: the key lives on a server of the brand. Keys in web pages and apps can be read by anybody, so what comes with them is kept
    for knowledge and never earns anything.
    """

    key: str
    name: str
    title: str
    write_key: str = field(repr=False)
    namespace: str = ""
    trusted: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """Where events come from."""

    name: str
    title: str
    namespace: str
    trusted: bool
    open: bool
    added_at: datetime


@dataclass(frozen=True, slots=True)
class CloseSource:
    """The key of this source is refused from now on; what came stays."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """One event as a source tells it. ``message_id`` makes it one event however often it is told; the first word holds."""

    source: str
    message_id: str
    kind: Kind
    name: str
    occurred_at: datetime
    user_id: str = ""
    anonymous_id: str = ""
    previous_id: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Told:
    """Events of one source in one commit. ``history``: brought along from elsewhere, so nothing listens to it any more."""

    source: Source
    events: tuple[Incoming, ...]
    history: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of a set: how many were new, and how many of those belong to a member already."""

    fresh: int
    bound: int


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it is kept; ``member_id`` is empty while nobody is known to have done it."""

    id: str
    source: str
    kind: str
    name: str
    member_id: str
    trusted: bool
    occurred_at: datetime
    received_at: datetime
    properties: Mapping[str, Any]


IMPORTED = Source("import", "导入", "", True, True, datetime.min.replace(tzinfo=UTC))
"""What import files tell."""


def event_id(source: str, message_id: str) -> str:
    """The same message of the same source is the same event."""
    return derive("event", source, message_id)


def digest(write_key: str) -> str:
    """What is kept of a write key."""
    return hashlib.sha256(write_key.encode()).hexdigest()


def person(namespace: str, user_id: str) -> str:
    """The reference by which ``members.find`` knows the user; empty for none."""
    return f"{namespace}:{user_id}" if namespace and user_id else user_id


def checked(request: AddSource) -> AddSource:
    """The request itself; Invalid for a source nobody could use."""
    if not request.name.isidentifier() or len(request.name) > 40 or request.name == IMPORTED.name:
        raise Invalid("来源名只能用字母、数字和下划线，最多 40 个字，不能叫 import", code="bad_source")
    if not request.title.strip() or len(request.title) > 60:
        raise Invalid("来源需要一个 60 字以内的名称", code="bad_source")
    if len(request.write_key) < 16:
        raise Invalid("写入密钥至少 16 个字符", code="bad_source")
    if request.namespace and not request.namespace.replace("_", "").replace(":", "").isalnum():
        raise Invalid("身份类型只能用字母、数字、下划线和冒号", code="bad_source")
    return request
