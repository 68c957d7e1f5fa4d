"""Members, identities and groups as values, and the pure rules of a profile."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from assistant.base.errors import Invalid

Gender = Literal["female", "male", "unknown"]
BIRTHDAY = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})")
PHONE = re.compile(r"1\d{10}")


@dataclass(frozen=True, slots=True)
class Identity:
    """A pointer to a person: (``wecom_external``, ``wm…``), (``phone``, ``138…``), (``taobao``, …)."""

    namespace: str
    value: str


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known when a member is registered; what is not known keeps its default."""

    nickname: str = ""
    phone: str = ""
    gender: Gender = "unknown"
    city: str = ""
    birthday: str = ""
    joined_at: datetime | None = None
    owner_staff: str = ""
    groups: tuple[str, ...] = ()
    opted_out: bool = False
    blocked: bool = False
    is_employee: bool = False
    preferred_hour: int | None = None
    open_complaint: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A person the brand knows. ``opted_out_topics`` are single topics; ``opted_out`` is everything.

    ``merged_into`` is who this member turned out to be; empty for a person of his own.
    """

    id: str
    shop_key: str
    nickname: str
    phone: str
    gender: Gender
    city: str
    birthday: str
    joined_at: datetime
    owner_staff: str
    groups: tuple[str, ...]
    opted_out: bool
    opted_out_topics: frozenset[str]
    blocked: bool
    is_employee: bool
    preferred_hour: int | None
    open_complaint: bool
    created_at: datetime
    preferences: Mapping[str, str] = field(default_factory=dict)
    merged_into: str = ""

    @property
    def birthday_month_day(self) -> str:
        """``MM-DD``, or empty."""
        return self.birthday[-5:]


@dataclass(frozen=True, slots=True)
class Register:
    """Makes a member, or meets the one whom the shop key or an identity already names."""

    key: str
    shop_key: str
    identities: tuple[Identity, ...] = ()
    profile: Profile = Profile()


@dataclass(frozen=True, slots=True)
class Registered:
    """The member, and whether this registration made it."""

    member_id: str
    created: bool


@dataclass(frozen=True, slots=True)
class Bind:
    """One more identity of a member; ``source`` says where it comes from (``import``, ``claimed_order``, ``questionnaire``)."""

    key: str
    member_id: str
    identity: Identity
    source: str = "import"


@dataclass(frozen=True, slots=True)
class Bound:
    """The member, and whether the identity is new."""

    member_id: str
    new: bool


@dataclass(frozen=True, slots=True)
class Update:
    """Changes named fields of a profile: those of ``CHANGES``, or ``size`` as a preference."""

    key: str
    member_id: str
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    """A member's word about being written to; an empty topic means everything."""

    key: str
    member_id: str
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """The member it was about, and whether anything changed."""

    member_id: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A customer group with the members inside; ``members`` are added to those known."""

    key: str
    chatid: str
    name: str
    owner: str = ""
    persona: str = ""
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomerGroup:
    """A customer group as read; ``externals`` are the WeCom ids of the members inside."""

    chatid: str
    name: str
    owner: str
    persona: str
    members: tuple[str, ...]
    externals: tuple[str, ...]


def is_phone(text: str) -> bool:
    """Whether it is a mobile number as members have them."""
    return text.isascii() and PHONE.fullmatch(text) is not None


def masked_phone(phone: str) -> str:
    """``138****5678``; empty for none."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 8 else "****" if phone else ""


def _text(most: int, what: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or len(value.strip()) > most:
            raise Invalid(f"{what}最多 {most} 个字", code="bad_profile", field=what)
        return value.strip()

    return check


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Invalid("这一项只能是“是”或“否”", code="bad_profile")
    return value


def _gender(value: Any) -> str:
    if value not in ("female", "male", "unknown"):
        raise Invalid("性别只能是 female、male 或 unknown", code="bad_profile", field="gender")
    return str(value)


def checked_birthday(value: Any) -> str:
    """``MM-DD`` or ``YYYY-MM-DD`` of a day that exists (02-29 without a year does); empty clears it."""
    if value == "":
        return ""
    match = BIRTHDAY.fullmatch(value) if isinstance(value, str) and value.isascii() else None
    try:
        if match is None:
            raise ValueError
        date(int(match[1] or 2000), int(match[2]), int(match[3]))
    except ValueError:
        raise Invalid("生日请写成 05-20 或 1995-05-20 这样", code="bad_birthday") from None
    return str(value)


def _phone(value: Any) -> str:
    if value != "" and not (isinstance(value, str) and value.isascii() and PHONE.fullmatch(value)):
        raise Invalid("手机号应为 11 位数字", code="bad_phone")
    return str(value)


def _hour(value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 23):
        raise Invalid("时间请写 0 到 23 之间的整点，比如 20", code="bad_hour")
    return value


CHANGES: dict[str, Callable[[Any], Any]] = {
    "nickname": _text(60, "昵称"),
    "phone": _phone,
    "gender": _gender,
    "city": _text(40, "城市"),
    "birthday": checked_birthday,
    "owner_staff": _text(120, "归属导购"),
    "blocked": _flag,
    "is_employee": _flag,
    "open_complaint": _flag,
    "preferred_hour": _hour,
}
PREFERENCES: dict[str, Callable[[Any], Any]] = {"size": _text(20, "尺码")}


def checked_changes(changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes with every value checked; raises Invalid for an unknown name or a bad value."""
    checked = {}
    for name, value in changes.items():
        check = CHANGES.get(name) or PREFERENCES.get(name)
        if check is None:
            raise Invalid(f"会员资料没有“{name}”这一项", code="unknown_field", field=name)
        checked[name] = check(value)
    return checked


def preference(name: str, value: str) -> dict[str, Any]:
    """A preference as a member said it, as a change for ``Update``; raises Invalid with a sentence for the member."""
    text = value.strip()
    if name == "birthday":
        numbers = re.fullmatch(r"(?:(\d{4})\s*[-/.年]\s*)?(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?", text)
        if numbers:
            text = f"{numbers[1] + '-' if numbers[1] else ''}{int(numbers[2]):02d}-{int(numbers[3]):02d}"
    if name == "preferred_hour":
        hour = re.fullmatch(r"(上午|早上|下午|晚上)?\s*(\d{1,2})\s*(?:点|时|:00)?", text)
        if hour is None:
            raise Invalid("时间请写 0 到 23 之间的整点，比如 20", code="bad_hour")
        later = 12 if hour[1] in ("下午", "晚上") and int(hour[2]) < 12 else 0
        return checked_changes({name: int(hour[2]) + later})
    if name in ("birthday", "nickname", "size") and not text:
        raise Invalid("内容不能为空", code="empty_preference")
    return checked_changes({name: text})
