"""Texts measured in UTF-8 bytes: cutting at the end and splitting at sentence ends."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from assistant.base.ids import digest_of

_BREAKS = ("\n", "。！？!?…；;", "，,、 \t")


def size(text: str) -> int:
    """UTF-8 bytes."""
    return len(text.encode("utf-8", "replace"))


def clip(text: str, limit: int) -> str:
    """The text in at most ``limit`` bytes, with an ellipsis where it was cut."""
    return text if size(text) <= limit else text[: _fitting(text, limit - 3)] + "…"


def with_options(text: str, options: Sequence[str]) -> str:
    """The text with its choices as a numbered list, where nothing better shows them."""
    return "\n".join([text, *(f"{number}. {option}" for number, option in enumerate(options, 1))])


def split_text(text: str, limit: int = 2048, *, tight: bool = False) -> list[str]:
    """Parts of at most ``limit`` bytes (at least 32) that joined are the text again.

    Cut after a line, else a sentence, else a comma in the second half of a part, else between two visible characters; ``tight`` fills each
    part and so makes the fewest.
    """
    if limit < 32:
        raise ValueError("limit must be at least 32 bytes")
    parts = []
    while size(text) > limit:
        most = _fitting(text, limit)
        cut = _between(text, most, most) if tight else _cut(text, most)
        parts.append(text[:cut])
        text = text[cut:]
    return [*parts, text] if text else parts


def _fitting(text: str, limit: int) -> int:
    """How many leading characters fit into ``limit`` bytes."""
    return len(text[: limit + 1].encode("utf-8", "replace")[:limit].decode("utf-8", "ignore"))


def _cut(text: str, most: int) -> int:
    for marks in _BREAKS:
        at = max(text.rfind(mark, most // 2, most) for mark in marks)
        if at >= 0:
            return _between(text, at + 1, most)
    return _between(text, most, most)


def _between(text: str, at: int, most: int) -> int:
    """``at``, or a little earlier so that no combining mark or joined emoji is torn."""
    for cut in range(at, max(at - 16, most // 4, 0), -1):
        if cut >= len(text) or not (_joins(text[cut]) or text[cut - 1] == "\u200d"):
            return cut
    return at


def _joins(char: str) -> bool:
    return char == "\u200d" or unicodedata.combining(char) > 0 or "\ufe00" <= char <= "\ufe0f" or "\U0001f3fb" <= char <= "\U0001f3ff"


def unseen_mark(key: str) -> str:
    """Sixteen letters without width, the same for the same key.

    WeCom drops an app message whose content equals an earlier one's. With the mark a repeat of the same message is dropped, while
    the same words said anew (two questions with one answer) arrive.
    """
    bits = int(digest_of({"key": key})[:4], 16)
    return "".join("\u200b" if bits >> place & 1 else "\u200c" for place in range(16))
