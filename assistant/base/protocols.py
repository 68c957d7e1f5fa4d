"""Protocols that several rooms share without knowing each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Embedder(Protocol):
    """Turns texts into unit vectors of one fixed width. ``name`` is stored beside the vectors it made."""

    @property
    def name(self) -> str: ...

    def passages(self, texts: Sequence[str]) -> list[list[float]]: ...

    def queries(self, texts: Sequence[str]) -> list[list[float]]: ...
