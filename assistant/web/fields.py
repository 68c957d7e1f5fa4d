"""Fields of a form over a document: as people write them, and back into the document's own language. For plans, rules and activities."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from assistant.base.clock import SHANGHAI, parse_instant
from assistant.base.errors import Invalid
from assistant.base.money import format_yuan, parse_yuan

Kind = Literal["text", "long", "number", "money", "percent", "instant", "choice", "flag", "words"]
Path = tuple[str | int, ...]
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,4}))?")


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that may be changed: ``value`` as a person writes it, ``path`` where it stands, ``empty`` what blank means (if it may be).

    ``flag`` is ``on`` or blank; ``words`` are parted by commas; ``percent`` is kept in parts of a million.
    ``place`` is the row it stands in.
    """

    name: str
    label: str
    value: str
    kind: Kind = "text"
    path: Path = ()
    empty: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    place: str = ""

    @property
    def said(self) -> str:
        """How a sentence names it."""
        return f"{self.place} · {self.label}" if self.place else self.label


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together, under a heading; ``name`` says which of several alike. A ``new`` one begins folded."""

    title: str
    fields: tuple[Field, ...]
    name: str = ""
    new: bool = False


def at(document: Any, path: Path, default: Any = None) -> Any:
    """What stands there, the default where nothing does."""
    for part in path:
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return default
    return document


def field(document: Any, path: Path, label: str, kind: Kind = "text", empty: str = "", choices: Iterable[tuple[str, str]] = ()) -> Field:
    """The field for what stands at a path of a document."""
    value = at(document, path)
    return Field(name_of(path), label, written(value, kind), kind, path, empty, tuple(choices))


def written(value: Any, kind: Kind) -> str:
    """A value as a person writes it."""
    if value is None:
        return ""
    match kind:
        case "money":
            return format_yuan(value)
        case "percent":
            return percent(value)
        case "instant":
            return local(value)
        case "flag":
            return "on" if value else ""
        case "words":
            return "，".join(value)
    return str(value)


def filled(document: Any, fields: Iterable[Field], form: Mapping[str, Any]) -> Any:
    """The document with what a posted form changes; raises Invalid with where and what to do. A flag that is not sent is off."""
    content = deepcopy(document)
    for one in fields:
        given = str(form.get(one.name, "" if one.kind == "flag" else one.value)).replace("\r\n", "\n").strip()
        if given != one.value:
            put(content, one.path, read(one, given))
    return content


def shown(groups: Iterable[Group], form: Mapping[str, Any]) -> list[Group]:
    """The groups with what was written, for a form that goes back to who wrote it."""

    def value(one: Field) -> str:
        return str(form.get(one.name, "" if one.kind == "flag" else one.value))

    return [
        replace(
            group,
            new=group.new and all(value(one) == one.value for one in group.fields),
            fields=tuple(replace(one, value=value(one)) for one in group.fields),
        )
        for group in groups
    ]


def name_of(path: Path) -> str:
    """The name of the field for a path."""
    return ".".join(str(part) for part in path)


def put(content: Any, path: Path, value: Any) -> None:
    """Puts a value where the path leads."""
    for part in path[:-1]:
        content = content.setdefault(part, {}) if isinstance(content, dict) else content[part]
    content[path[-1]] = value


def read(field: Field, text: str) -> Any:
    """What the text of a field means."""
    if not text and field.empty:
        return [] if field.kind == "words" else None
    match field.kind:
        case "number":
            if not text.isascii() or not text.isdecimal() or len(text) > 9:
                raise Invalid(f"“{field.said}”请写整数", code="bad_number", field=field.name)
            return int(text)
        case "money":
            return _yuan(field, text)
        case "percent":
            return _parts(field, text)
        case "instant":
            return _instant(field, text)
        case "flag":
            return bool(text)
        case "words":
            return [word.strip() for word in text.replace("，", ",").replace("、", ",").split(",") if word.strip()]
        case "choice" if text not in dict(field.choices):
            raise Invalid(f"“{field.said}”请从列表里选", code="bad_choice", field=field.name)
    if not text and field.kind != "choice":
        raise Invalid(f"“{field.said}”不能是空的", code="empty_field", field=field.name)
    return text


def local(instant: str | None) -> str:
    """An instant as the browser's own input takes it, in Shanghai."""
    return parse_instant(instant).astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M") if instant else ""


def percent(parts: int) -> str:
    """Parts of a million as per cent: 1000 → ``0.1``."""
    whole, rest = divmod(parts, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def _parts(field: Field, text: str) -> int:
    match = _PERCENT.fullmatch(text.removesuffix("%"))
    if match is None or (parts := int(match[1]) * 10_000 + int((match[2] or "").ljust(4, "0"))) > 1_000_000:
        raise Invalid(f"“{field.said}”请写 0 到 100 的数，最多四位小数", code="bad_percent", field=field.name)
    return parts


def _yuan(field: Field, text: str) -> int:
    try:
        return parse_yuan(text)
    except Invalid:
        raise Invalid(f"“{field.said}”请写成 19.90 这样的金额", code="bad_amount", field=field.name) from None


def _instant(field: Field, text: str) -> str:
    try:
        return datetime.strptime(text.replace(" ", "T"), "%Y-%m-%dT%H:%M").replace(tzinfo=SHANGHAI).isoformat()
    except ValueError:
        raise Invalid(f"“{field.said}”请写成 2026-11-27 20:00 这样", code="bad_instant", field=field.name) from None
