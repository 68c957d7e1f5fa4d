"""The second half of a turn, one commit: the reply queued, the messages marked, what the turn used and did written down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.channels import inbox, outbox, streams
from assistant.channels.message import OutboundMessage
from assistant.dialogue import conversation as talk
from assistant.dialogue.opening import Opened
from assistant.dialogue.tables import transcript, turn
from assistant.domain import members, staff
from assistant.store import Fact, View, Work


@dataclass(frozen=True, slots=True)
class Close:
    """What the turn came to. ``handover`` is the reason a person is needed, empty where none is."""

    opened: Opened
    text: str
    options: tuple[str, ...] = ()
    handover: str = ""
    model: str = ""
    tokens: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """One line of a turn's transcript: a model answer or a tool call with its result."""

    turn: str
    number: int
    event: Mapping[str, Any]


def write_note(work: Work, note: Note) -> None:
    """Keeps a transcript line; writing the same line again changes nothing."""
    row = {
        "id": ids.derive("note", note.turn, note.number),
        "turn": note.turn,
        "number": note.number,
        "at": work.now,
        "event": dict(note.event),
    }
    work.insert_missing(transcript, [row])


def notes(view: View, turn_id: str) -> list[dict[str, Any]]:
    """The transcript so far, in order; a resumed turn replays it."""
    rows = view.all(sa.select(transcript.c.event).where(transcript.c.turn == turn_id).order_by(transcript.c.number))
    return [row.event for row in rows]


def wrote(view: View, turn_id: str) -> bool:
    """Whether the turn has already changed something for the member, so that its answer may no longer be superseded."""
    return any(event.get("effect") == "SELF" for event in notes(view, turn_id))


def close_turn(work: Work, close: Close) -> str:
    """Ends the turn as answered, handed_over or superseded, and says which."""
    opened = close.opened
    current = talk.get(work, opened.conversation.id)
    if current.holder:
        inbox.mark(work, list(opened.message_ids), "handed_over", opened.turn)
        streams.point(work, [opened.reply_to.get("stream_id", "")], streams.HELD)
        return _end(work, close, "handed_over")
    newer = [row for row in inbox.open_messages(work, current.id) if row.id not in opened.message_ids]
    if newer and not wrote(work, opened.turn):
        return _end(work, close, "superseded")
    inbox.mark(work, list(opened.message_ids), "handled", opened.turn)
    if close.handover:
        _ticket(work, close)
    if close.text:
        reply = OutboundMessage(
            f"{opened.turn}:reply",
            current.address,
            close.text,
            opened.turn,
            opened.speaker.member_id,
            options=close.options,
            reply_to=opened.reply_to,
        )
        outbox.queue(work, [reply])
    else:
        streams.point(work, [opened.reply_to.get("stream_id", "")], streams.NOTHING)
    if not current.greeted:
        talk.greeted(work, current.id)
    return _end(work, close, "answered")


def _end(work: Work, close: Close, state: str) -> str:
    opened = close.opened
    values = {"state": state, "closed_at": work.now, "model": close.model[:60], "tokens": close.tokens}
    work.execute(turn.update().where(turn.c.id == opened.turn).values(**values))
    work.record(
        Fact(
            f"turn.{state}",
            f"conversation:{opened.conversation.id}",
            {"turn": opened.turn, "model": close.model, "tokens": close.tokens},
            opened.speaker.member_id,
        )
    )
    return state


def _ticket(work: Work, close: Close) -> None:
    opened = close.opened
    owner = ""
    if opened.speaker.member_id:
        profile = members.profiles(work, [opened.speaker.member_id]).get(opened.speaker.member_id)
        owner = profile.owner_staff if profile else ""
    summary = "；".join(text[:120] for text in opened.said)[:500]
    staff.open_ticket(
        work,
        [
            staff.OpenTicket(
                f"{opened.turn}:ticket",
                kind="handover",
                member_id=opened.speaker.member_id,
                conversation=opened.conversation.id,
                title=close.handover[:100],
                summary=summary,
                staff=owner,
            )
        ],
    )
