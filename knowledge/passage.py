"""The plain words of the room: an entry read from a file, a passage found, a report of an ingest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that can be found. ``place`` is what follows ``#`` in the source; ``tags`` help finding and are never shown."""

    title: str
    text: str
    place: str
    tags: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """``text`` is what may be said; ``source`` is ``folder/file#place``; ``score`` is the cosine of query and passage."""

    id: str
    text: str
    title: str
    source: str
    score: float


@dataclass(frozen=True, slots=True)
class IngestReport:
    """Counts of files and entries; ``unchanged`` files cost nothing, ``embedded`` entries needed new vectors."""

    files: int
    unchanged: int
    entries: int
    embedded: int
    removed: int
