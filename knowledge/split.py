"""Cuts a Markdown text into passages along its headings, long sections along their paragraphs."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from knowledge.passage import Entry

LONGEST = 400
"""Characters of one passage; a longer one costs over 0.3 s to embed and blurs what it is about."""

_HEADING = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*$")
_SENTENCE_END = re.compile(r"(?<=[。！？；!?;\n])")


@dataclass(slots=True)
class _Section:
    path: tuple[str, ...]
    lines: list[str] = field(default_factory=list)


class OpenFence(ValueError):
    """A code fence was opened on ``line`` and never closed."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def split_markdown(text: str, name: str) -> list[Entry]:
    """Entries in order; a text without headings takes ``name`` as its title. Raises OpenFence."""
    entries = []
    seen: Counter[str] = Counter()
    for section in _sections(text, name):
        for piece in _pieces("\n".join(section.lines).strip()):
            place = section.path[-1]
            seen[place] += 1
            entries.append(Entry(" · ".join(section.path), piece, place if seen[place] == 1 else f"{place}~{seen[place]}"))
    return entries


def _sections(text: str, name: str) -> list[_Section]:
    path: list[tuple[int, str]] = []
    sections = [_Section((name,))]
    fence = 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fence = 0 if fence else number
        heading = None if fence else _HEADING.match(line)
        if heading is None:
            sections[-1].lines.append(line)
            continue
        level = len(heading[1])
        path = [step for step in path if step[0] < level] + [(level, heading[2])]
        sections.append(_Section(tuple(title for _, title in path)))
    if fence:
        raise OpenFence(fence)
    return sections


def _pieces(body: str) -> list[str]:
    """Paragraphs packed up to LONGEST; a paragraph beyond it is cut at sentence ends, a sentence beyond it anywhere."""
    pieces: list[str] = []
    for paragraph in re.split(r"\n\s*\n", body):
        joint = "\n\n"
        for part in [paragraph] if len(paragraph) <= LONGEST else _sentences(paragraph):
            if pieces and len(pieces[-1]) + len(joint) + len(part) <= LONGEST:
                pieces[-1] += joint + part
            else:
                pieces.append(part)
            joint = ""
    return [piece.strip() for piece in pieces if piece.strip()]


def _sentences(paragraph: str) -> list[str]:
    return [part[i : i + LONGEST] for part in _SENTENCE_END.split(paragraph) for i in range(0, len(part), LONGEST)]
