"""A list that remembers only the latest entries, so that a simulation may run for weeks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Recent(list[T]):
    """Appending drops the oldest beyond ``most``; ``seen`` counts all there ever were."""

    def __init__(self, most: Callable[[], int]) -> None:
        super().__init__()
        self._most = most
        self.seen = 0

    def append(self, entry: T) -> None:
        super().append(entry)
        self.seen += 1
        del self[: max(0, len(self) - max(1, self._most()))]
