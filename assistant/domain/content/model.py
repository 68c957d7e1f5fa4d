"""Templates with named slots, and drafts with what is wrong with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from assistant.base.errors import Invalid

SLOT = re.compile(r"\{([a-z][a-z0-9_]{0,29})\}")
LONGEST_VALUE = 120


@dataclass(frozen=True, slots=True)
class Template:
    """A message text with named slots such as ``{nickname}``; ``ai_written`` where the model wrote it."""

    id: str
    name: str
    version: int
    body: str
    ai_written: bool


@dataclass(frozen=True, slots=True)
class SaveTemplate:
    """Saves a text under a name; other words under the same name are its next version."""

    key: str
    name: str
    body: str
    ai_written: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """The template's id and the version these words have."""

    template_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Draft:
    """A text before it is approved. ``mass``: the same words go to many; ``links``: hosts that may be linked to; ``limit``: bytes."""

    text: str
    ai_written: bool = False
    mass: bool = True
    links: tuple[str, ...] = ()
    limit: int = 2048


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: ``block`` must be mended, ``warn`` a person looks at. ``where`` is the very words."""

    code: str
    severity: Literal["block", "warn"]
    say: str
    where: str = ""


def slots(body: str) -> list[str]:
    """The names of the slots in order of first appearance; raises Invalid for braces that are no slot."""
    rest = SLOT.sub("", body)
    if "{" in rest or "}" in rest:
        raise Invalid("文案里的花括号只能用作变量，例如 {nickname}", code="bad_slot")
    return list(dict.fromkeys(SLOT.findall(body)))


def render(body: str, values: Mapping[str, str | int]) -> str:
    """The text for one member. Values are put in as they are, once: what looks like a slot inside a value stays words.

    Raises Invalid where a slot has no value.
    """
    missing = [name for name in slots(body) if name not in values or values[name] == ""]
    if missing:
        raise Invalid(f"文案里的 {{{missing[0]}}} 没有可填的内容", code="slot_missing", slot=missing[0])
    return SLOT.sub(lambda match: _plain(values[match[1]]), body)


def _plain(value: str | int) -> str:
    """One line without control characters, so that a nickname cannot add a paragraph or a link of its own line."""
    return " ".join("".join(char if char.isprintable() else " " for char in str(value)).split())[:LONGEST_VALUE]
