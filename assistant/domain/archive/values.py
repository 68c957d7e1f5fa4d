"""One decrypted line of the archive, read strictly; agreements; what became of a set."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from assistant.base.errors import Invalid

Action = Literal["send", "recall", "switch", "agree"]
CUSTOMER = re.compile(r"w[mo]")
"""Ids of customers begin so; everybody else in the archive is an employee (or a robot). Some employees are called so too."""

AGREED = frozenset({"Agree", "Default_Agree"})
MOST_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Line:
    """``room`` is empty in a private chat; ``recalls`` is the msgid that is taken back; ``agreed`` belongs to the action agree."""

    msgid: str
    action: Action
    sender: str
    at: datetime
    to: tuple[str, ...] = ()
    room: str = ""
    kind: str = ""
    text: str = ""
    recalls: str = ""
    agreed: bool = False

    def by_staff(self, staff: Collection[str]) -> bool:
        """Whether an employee said it; ``staff`` are those we know."""
        return not _is_customer(self.sender, staff)

    def in_customer_group(self, staff: Collection[str]) -> bool:
        """Whether it was said in a group with customers; nothing else is kept."""
        return bool(self.room) and any(_is_customer(one, staff) for one in (self.sender, *self.to))


def _is_customer(person: str, staff: Collection[str]) -> bool:
    return CUSTOMER.match(person) is not None and person not in staff


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether a customer agreed to be archived, as of then."""

    peer: str
    agreed: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a set of lines; ``silent`` were left out because their customer did not agree, ``elsewhere`` because they were not
    said in a customer group."""

    kept: int = 0
    known: int = 0
    silent: int = 0
    elsewhere: int = 0
    recalled: int = 0
    agreements: int = 0


def line_of(value: Any) -> Line:
    """Reads a decrypted message; raises Invalid with what is missing. Unknown kinds of messages are kept without text."""
    if not isinstance(value, Mapping):
        raise Invalid("不是一个 JSON 对象", code="bad_line")
    action = value.get("action", "send")
    if action not in ("send", "recall", "switch", "agree"):
        raise Invalid(f"action“{str(action)[:20]}”不认识，应为 send、recall、switch 或 agree", code="bad_line")
    sender = _text(value, "external_userid" if action == "agree" else "user" if action == "switch" else "from")
    msgid = _text(value, "msgid") if action != "agree" else ""
    kind = str(value.get("msgtype") or "")[:40]
    at = _instant(value.get("msgtime", value.get("time", value.get("status_change_time"))))
    to = value.get("tolist") or []
    if not isinstance(to, list):
        raise Invalid("tolist 应是一个列表", code="bad_line")
    return Line(
        msgid=msgid,
        action=action,
        sender=sender,
        at=at,
        to=tuple(str(one)[:120] for one in to[:2000]),
        room=str(value.get("roomid") or "")[:120],
        kind=kind,
        text=_said(value, kind),
        recalls=_text(_part(value, "revoke"), "pre_msgid") if action == "recall" else "",
        agreed=value.get("agree_status") in AGREED,
    )


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found or len(found) > 120:
        raise Invalid(f"缺少 {name}，或它不是 1 到 120 个字符的文字", code="bad_line")
    return found


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, Mapping) else {}


def _said(value: Mapping[str, Any], kind: str) -> str:
    """The words of a message: text, and the text parts of a mixed one; media and cards have none."""
    if kind == "text":
        return _clean(_part(value, "text").get("content"))
    if kind == "markdown":
        return _clean(_part(value, "info").get("content"))
    return ""


def _clean(found: Any) -> str:
    return found.replace("\x00", "").encode("utf-8", "replace").decode()[:MOST_TEXT] if isinstance(found, str) else ""


def _instant(found: Any) -> datetime:
    """Milliseconds (msgtime) or seconds (status_change_time) since 1970."""
    if isinstance(found, bool) or not isinstance(found, int) or not 0 < found < 10**14:
        raise Invalid("缺少 msgtime，或它不是毫秒时间戳", code="bad_line")
    return datetime.fromtimestamp(found / 1000 if found > 10**11 else found, UTC)
