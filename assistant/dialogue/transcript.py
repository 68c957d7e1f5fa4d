"""The transcript of a turn: what was asked when it opened, what its tools did and what its model said. A turn that died goes on from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.base.principal import system
from assistant.channels import confirm
from assistant.dialogue.tables import transcript
from assistant.store import Store, View, Work

DIALOGUE = system("dialogue")
Stage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Note:
    """One line of a turn's transcript: a model answer or a tool call with its result."""

    turn: str
    number: int
    event: Mapping[str, Any]


def write_notes(work: Work, notes: Sequence[Note]) -> None:
    """Keeps transcript lines; writing the same line again changes nothing."""
    rows = [
        {
            "id": ids.derive("note", note.turn, note.number),
            "turn": note.turn,
            "number": note.number,
            "at": work.now,
            "event": dict(note.event),
        }
        for note in notes
    ]
    work.insert_missing(transcript, rows)


def notes(view: View, turn_id: str) -> list[dict[str, Any]]:
    """The transcript so far, in order; a resumed turn replays it."""
    return [row.event for row in view.all(_events(), {"mine": turn_id})]


@cache
def _events() -> sa.Select[Any]:
    return sa.select(transcript.c.event).where(transcript.c.turn == sa.bindparam("mine")).order_by(transcript.c.number)


def wrote(view: View, turn_id: str) -> bool:
    """Whether the turn has already changed something for the member, so that its answer may no longer be superseded."""
    return any(event.get("effect") == "SELF" for event in notes(view, turn_id))


def begun(work: Work, conversation_id: str, turn_id: str) -> tuple[confirm.Pending | None, list[dict[str, Any]]]:
    """The question that was open when the turn opened first, and its transcript so far.

    A turn that did what was asked and died before saying so still knows of the question.
    """
    earlier = notes(work, turn_id)
    if earlier and earlier[0]["kind"] == "question":
        return confirm.get(work, earlier[0]["token"]), earlier
    pending = confirm.pending(work, conversation_id)
    if pending is not None and not earlier:
        earlier = [{"kind": "question", "token": pending.token}]
        write_notes(work, [Note(turn_id, 0, earlier[0])])
    return pending, earlier


class StoredTranscript:
    """The transcript of one turn in the store. What changed something is a row before the next step begins, with all that led to it; what
    only looked is written when the turn closes, since a turn that died meanwhile may look again."""

    def __init__(self, store: Store, turn: str, events: Sequence[dict[str, Any]], stage: Stage) -> None:
        self._store = store
        self._turn = turn
        self._events = list(events)
        self._written = len(events)
        self._stage = stage

    def events(self) -> list[dict[str, Any]]:
        """What was noted so far, also by an earlier life of this turn."""
        return list(self._events)

    def unwritten(self) -> tuple[Note, ...]:
        """The lines that wait for the end of the turn."""
        return tuple(Note(self._turn, number, self._events[number]) for number in range(self._written, len(self._events)))

    async def record(self, event: dict[str, Any]) -> None:
        self._events.append(event)
        if event.get("effect", "READ") == "READ":
            return
        notes = self.unwritten()
        self._stage("turn.before_note")
        await self._store.write(write_notes, notes, DIALOGUE, cause=self._turn)
        self._written += len(notes)
        self._stage("turn.noted")
