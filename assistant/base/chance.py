"""Randomness as a port, and choices by hash that anybody can repeat."""

from __future__ import annotations

import hashlib
import random
from typing import Protocol


class Chance(Protocol):
    """A source of chance; ``unit`` is uniform in [0, 1), ``below(n)`` in 0..n-1."""

    def unit(self) -> float: ...

    def below(self, n: int) -> int: ...


class SeededChance:
    """Repeatable chance from a stored seed."""

    def __init__(self, seed: int | str) -> None:
        self._random = random.Random(seed)

    def unit(self) -> float:
        return self._random.random()

    def below(self, n: int) -> int:
        return self._random.randrange(n)


def hash_unit(*parts: object) -> float:
    """A number in [0, 1) that depends only on the parts; for assignment to experiments."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
