"""What a model says while it speaks, let through sentence by sentence: never a word that a finished answer could not hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assistant.agent.guard import MOST_BYTES
from assistant.agent.values import Spoiled

ENDS = "。！？!?；\n"
"""A figure never goes on behind one of these, so what stands before it can be judged by itself."""

FLOOD = 4 * MOST_BYTES


class Growing:
    """Gathers the pieces of one message after another. ``may_show`` answers the text as it may be shown, empty if it may not."""

    def __init__(self, may_show: Callable[[str], str], grown: Callable[[str], None]) -> None:
        self._may_show = may_show
        self._grown = grown
        self._message = ""
        self._text = ""
        self._judged = 0
        self._stopped = False

    def take(self, piece: Any) -> None:
        """One piece as the model's stream gives it. Raises Spoiled for a flood."""
        if piece.type != "AIMessageChunk":
            return
        if piece.id != self._message:
            self._message, self._text, self._judged, self._stopped = piece.id, "", 0, False
        self._text += str(piece.text)
        if len(self._text) > FLOOD:
            raise Spoiled("too_long")
        end = max(self._text.rfind(mark) for mark in ENDS) + 1
        if self._stopped or end <= self._judged or len(self._text[:end].encode()) > MOST_BYTES:
            return
        self._judged = end
        shown = self._may_show(self._text[:end]).strip()
        # What is wrong once stays wrong with more behind it: nothing more of this message is shown.
        self._stopped = not shown and bool(self._text[:end].strip())
        if shown:
            self._grown(shown)
