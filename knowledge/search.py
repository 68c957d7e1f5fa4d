"""The door's object: ingest files, find passages by meaning and by words, keep silent without evidence."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.base.protocols import Embedder
from knowledge.embedding import default_embedder
from knowledge.index import Index, Record
from knowledge.ingest import key_of, read_all
from knowledge.lexical import Bm25
from knowledge.passage import IngestReport, Passage

OUTSIDE = Path(__file__).parent / "outside"
CANDIDATES = 50
RANK_OFFSET = 60
DENSE, LEXICAL = 2.0, 1.0
"""Weights of the two rankings in reciprocal rank fusion."""
MARGIN = 0.02
"""Share of the way from the outside questions' best cosine to 1 that a question of ours must be beyond."""


@dataclass(frozen=True, slots=True)
class _View:
    """What a search reads; replaced whole after an ingest, so that a search never sees half of one."""

    records: dict[str, Record]
    words: Bm25
    floor: float
    foreign: tuple[str, ...]
    """Materials of which this library says nothing: what it says about others is no answer for them."""


class Knowledge:
    """A folder of searchable passages. Threads may share it; ingests wait for each other, searches for none."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self._folder = folder
        self._embedder = embedder
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._index: Index | None = None
        self._view: _View | None = None
        self._others = frozenset(_lines("brands.txt"))

    @classmethod
    def open(cls, folder: Path, embedder: Embedder | None = None) -> Knowledge:
        """Opens at once; the folder and the model are touched at the first ingest or search."""
        return cls(folder, embedder or default_embedder())

    def ingest(self, paths: Sequence[Path]) -> IngestReport:
        """Makes each file's entries exactly what the file says; other files stay. Invalid: nothing was changed.

        Blocks for about 0.1 s a new entry with the bundled model: call it in a thread. Unchanged files cost nothing.
        """
        documents = read_all(paths)
        with self._lock:
            index = self._opened()
            stored = Counter((record.file, record.digest) for record in index.records())
            files = Counter(file for file, _ in stored.elements())
            changed = [d for d in documents if not stored[d.key, d.digest] == files[d.key] == len(d.entries)]
            done = [index.put(document) for document in changed]
            if changed:
                self._view = self._looked(index)
        return IngestReport(
            files=len(documents),
            unchanged=len(documents) - len(changed),
            entries=sum(len(document.entries) for document in documents),
            embedded=sum(embedded for embedded, _ in done),
            removed=sum(removed for _, removed in done),
        )

    def forget(self, path: Path) -> int:
        """Removes a retired file's entries; answers how many. The file itself need not exist."""
        with self._lock:
            removed = self._opened().drop(key_of(path))
            self._view = self._looked(self._opened())
        return removed

    async def search(self, query: str, top: int = 3) -> list[Passage]:
        """The best passages for a question, or an empty list when there is no evidence: then say so honestly."""
        return await asyncio.to_thread(self.retrieve, query, top)

    def retrieve(self, query: str, top: int = 3) -> list[Passage]:
        """The same as ``search``, blocking (about 15 ms); tests and production both come through here."""
        query = query.strip()
        if not query or any(name in query.lower() for name in self._others):
            return []
        index, view = self._ready()
        if any(name in query.lower() for name in view.foreign):
            return []
        near = index.nearest(self._embedder.queries([query]), CANDIDATES)[0]
        if not near or near[0][1] < view.floor:
            return []
        fused = {key: DENSE / (RANK_OFFSET + rank) for rank, (key, _) in enumerate(near, 1)}
        for rank, key in enumerate(view.words.ranked(query, CANDIDATES), 1):
            # At these weights a passage that only shares words ranks behind every near one: leave it.
            if key in fused:
                fused[key] += LEXICAL / (RANK_OFFSET + rank)
        cosine = dict(near)
        best = sorted((key for key in fused if key in view.records), key=lambda key: -fused[key])[:top]
        return [_passage(view.records[key], cosine[key]) for key in best]

    def questions(self) -> list[str]:
        """The titles that are asked as questions, by file and place in it."""
        _index, view = self._ready()
        return [record.entry.title for record in view.records.values() if record.entry.title.endswith(("？", "?"))]

    def close(self) -> None:
        """Lets the files go; an ingest under way stops within a second. The object may be used again and then opens anew."""
        self._closing.set()
        with self._lock:
            self._closing.clear()
            if self._index is not None:
                self._index.close()
            self._index = self._view = None

    def _opened(self) -> Index:
        if self._index is None:
            self._index = Index(self._folder, self._embedder, self._closing)
        return self._index

    def _ready(self) -> tuple[Index, _View]:
        index, view = self._index, self._view
        if index is not None and view is not None:
            return index, view
        with self._lock:
            index = self._opened()
            self._view = self._view or self._looked(index)
            return index, self._view

    def _looked(self, index: Index) -> _View:
        records = index.records()
        words = Bm25([(r.id, f"{r.entry.title} {r.entry.title} {r.entry.tags} {r.entry.text}") for r in records])
        told = "\n".join(f"{record.entry.title} {record.entry.text}" for record in records).lower()
        foreign = tuple(name for name in _lines("materials.txt") if name not in told)
        return _View({record.id: record for record in records}, words, self._floor(index), foreign)

    def _floor(self, index: Index) -> float:
        """Where evidence begins: just above the closeness that questions from outside reach in this very library.

        Measured instead of set, because every embedder and every library has its own scale. The single closest outside
        question is left out: a library may happen to speak about one of them.
        """
        near = index.nearest(self._embedder.queries(_lines("questions.txt")), 1)
        best = sorted((hits[0][1] for hits in near if hits), reverse=True)
        reach = best[1] if len(best) > 1 else 0.0
        return reach + MARGIN * (1 - reach)


def _lines(name: str) -> list[str]:
    return [line.strip().lower() for line in (OUTSIDE / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def _passage(record: Record, cosine: float) -> Passage:
    return Passage(record.id, record.entry.text, record.entry.title, record.source, round(cosine, 4))
