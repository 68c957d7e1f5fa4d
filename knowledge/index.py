"""Keeps entries and their vectors in Chroma, one collection an embedder; vectors are always ours, telemetry is off."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.base.errors import Broken, Transient
from assistant.base.ids import derive
from assistant.base.protocols import Embedder
from knowledge.ingest import Document
from knowledge.passage import Entry

BATCH = 1000
STEP = 8
"""Entries embedded before looking whether somebody wants to close."""


@dataclass(frozen=True, slots=True)
class Record:
    """An entry as stored."""

    id: str
    entry: Entry
    file: str
    digest: str

    @property
    def source(self) -> str:
        return f"{self.file}#{self.entry.place}"


class Index:
    """Not safe for two ingests at once: the caller holds a lock."""

    def __init__(self, folder: Path, embedder: Embedder, closing: threading.Event) -> None:
        import chromadb  # noqa: PLC0415 - 0.9 s to import
        from chromadb.config import Settings  # noqa: PLC0415

        self._embedder = embedder
        self._closing = closing
        name = f"passages-{hashlib.sha256(embedder.name.encode()).hexdigest()[:12]}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._client: Any = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
            # None, not left out: left out means Chroma's own model, which it would download.
            self._rows: Any = self._client.get_or_create_collection(
                name, embedding_function=None, configuration={"hnsw": {"space": "cosine", "ef_search": 100}}
            )
        except Exception as failed:
            raise Broken(f"知识库目录 {folder} 打不开，请检查权限或换一个目录", code="knowledge_store", folder=str(folder)) from failed

    def records(self) -> list[Record]:
        """Everything stored, by file and place in it."""
        found = self._rows.get(include=["metadatas"])
        pairs = sorted(zip(found["ids"], found["metadatas"], strict=True), key=lambda pair: (pair[1]["file"], pair[1]["order"]))
        return [Record(key, Entry(m["title"], m["text"], m["place"], m["tags"]), m["file"], m["digest"]) for key, m in pairs]

    def put(self, document: Document) -> tuple[int, int]:
        """Makes the file's entries exactly these; answers how many needed a vector and how many were removed.

        New rows come first and vanished ones go last, so a search meanwhile never misses; rows carry the file's digest,
        so that a kill in between is seen and repaired by the next ingest.
        """
        ids = _ids(document)
        stored = self._rows.get(where={"file": document.key}, include=["embeddings"])
        vectors = {key: list(map(float, vector)) for key, vector in zip(stored["ids"], stored["embeddings"], strict=True)}
        fresh = [(key, entry) for key, entry in zip(ids, document.entries, strict=True) if key not in vectors]
        vectors |= dict(zip((key for key, _ in fresh), self._vectors([entry for _, entry in fresh]), strict=True))
        for start in range(0, len(ids), BATCH):
            part = range(start, min(start + BATCH, len(ids)))
            self._rows.upsert(
                ids=[ids[i] for i in part],
                embeddings=[vectors[ids[i]] for i in part],
                metadatas=[_metadata(document, document.entries[i], i) for i in part],
            )
        gone = sorted(set(stored["ids"]) - set(ids))
        self._delete(gone)
        return len(fresh), len(gone)

    def drop(self, file: str) -> int:
        """Removes all entries of a file; answers how many."""
        gone = self._rows.get(where={"file": file}, include=[])["ids"]
        self._delete(gone)
        return len(gone)

    def nearest(self, vectors: Sequence[Sequence[float]], most: int) -> list[list[tuple[str, float]]]:
        """For each vector the ids of the nearest passages with their cosine, best first."""
        if not (size := self._rows.count()):
            return [[] for _ in vectors]
        found = self._rows.query(query_embeddings=[list(v) for v in vectors], n_results=min(most, size), include=["distances"])
        return [
            [(key, 1.0 - float(distance)) for key, distance in zip(*pair, strict=True)]
            for pair in zip(found["ids"], found["distances"], strict=True)
        ]

    def close(self) -> None:
        self._client.close()

    def _delete(self, ids: Sequence[str]) -> None:
        for start in range(0, len(ids), BATCH):
            self._rows.delete(ids=list(ids[start : start + BATCH]))

    def _vectors(self, entries: Sequence[Entry]) -> list[list[float]]:
        """The mean of what is asked (title, tags) and of the whole: better than either alone on our golden questions."""
        vectors: list[list[float]] = []
        for begin in range(0, len(entries), STEP):
            if self._closing.is_set():
                raise Transient("知识库正在关闭，下次启动会接着整理", code="knowledge_closing")
            part = entries[begin : begin + STEP]
            asked = self._embedder.passages([f"{entry.title} {entry.tags}".strip() for entry in part])
            whole = self._embedder.passages([f"{entry.title}\n{entry.text}\n{entry.tags}".strip() for entry in part])
            vectors += [_unit([a + b for a, b in zip(one, other, strict=True)]) for one, other in zip(asked, whole, strict=True)]
        return vectors


def _unit(vector: Sequence[float]) -> list[float]:
    length = math.sqrt(sum(x * x for x in vector)) or 1.0
    return [x / length for x in vector]


def _ids(document: Document) -> list[str]:
    """An entry keeps its id while its content stays, wherever it moves in the file."""
    seen: dict[tuple[str, str, str], int] = {}
    ids = []
    for entry in document.entries:
        content = (entry.title, entry.text, entry.tags)
        seen[content] = seen.get(content, 0) + 1
        ids.append(derive("psg", document.key, *content, seen[content]))
    return ids


def _metadata(document: Document, entry: Entry, order: int) -> dict[str, Any]:
    return {
        "title": entry.title,
        "text": entry.text,
        "place": entry.place,
        "tags": entry.tags,
        "file": document.key,
        "digest": document.digest,
        "order": order,
    }
