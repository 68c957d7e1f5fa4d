"""The second half of a turn, one commit: the reply queued, the messages marked, what the turn used and did written down."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa

from assistant.channels import accounts, inbox, outbox, session, streams
from assistant.channels.message import PARTING, OutboundMessage
from assistant.dialogue import conversation as talk
from assistant.dialogue.opening import Opened
from assistant.dialogue.tables import turn
from assistant.dialogue.transcript import Note, write_notes, wrote
from assistant.domain import members, staff
from assistant.store import Due, Fact, Instant, Work


@dataclass(frozen=True, slots=True)
class Close:
    """What the turn came to. ``handover`` is the reason a person is needed, empty where none is; ``asks`` the question it put,
    ``about`` what its options decide (``plan:<id>:<digest>``); ``notes`` are lines of its transcript that are not written yet."""

    opened: Opened
    text: str
    options: tuple[str, ...] = ()
    handover: str = ""
    model: str = ""
    tokens: int = 0
    asks: str = ""
    about: str = ""
    notes: tuple[Note, ...] = ()


def close_turn(work: Work, close: Close) -> str:
    """Ends the turn as answered, handed_over or superseded, and says which."""
    opened = close.opened
    current = talk.get(work, opened.conversation.id)
    if current.holder or session.held(work, current.id):
        inbox.mark(work, list(opened.message_ids), "handed_over", opened.turn)
        streams.point(work, [opened.reply_to.get("stream_id", "")], streams.HELD)
        return _end(work, close, "handed_over")
    newer = [row for row in inbox.open_messages(work, current.id) if row.id not in opened.message_ids]
    if newer and not wrote(work, opened.turn):
        return _end(work, close, "superseded")
    inbox.mark(work, list(opened.message_ids), "handled", opened.turn)
    owner = _owner(work, opened.speaker.member_id) if close.handover else ""
    if close.handover:
        _ticket(work, close, owner)
    handed = bool(close.handover) and _to_colleague(work, close, owner)
    if close.text and not handed:
        reply = OutboundMessage(
            f"{opened.turn}:reply",
            current.address,
            close.text,
            opened.turn,
            opened.speaker.member_id,
            options=close.options,
            reply_to=opened.reply_to,
            asks=close.asks,
            about=close.about,
        )
        outbox.queue(work, [reply])
    else:
        streams.point(work, [opened.reply_to.get("stream_id", "")], streams.NOTHING)
    if not current.greeted:
        talk.greeted(work, current.id)
    return _end(work, close, "answered")


@cache
def _ended() -> sa.Update:
    told: dict[str, Any] = {name: sa.bindparam(f"its_{name}") for name in ("state", "model", "tokens")} | {
        "closed_at": sa.bindparam("now", type_=Instant)
    }
    return turn.update().where(turn.c.id == sa.bindparam("mine")).values(told)


def _end(work: Work, close: Close, state: str) -> str:
    opened = close.opened
    write_notes(work, close.notes)
    told = {"its_state": state, "now": work.now, "its_model": close.model[:60], "its_tokens": close.tokens}
    work.execute(_ended(), {"mine": opened.turn} | told)
    work.record(
        Fact(
            f"turn.{state}",
            f"conversation:{opened.conversation.id}",
            {"turn": opened.turn, "model": close.model, "tokens": close.tokens},
            opened.speaker.member_id,
        )
    )
    return state


def _owner(work: Work, member_id: str) -> str:
    profile = members.profiles(work, [member_id]).get(member_id) if member_id else None
    return profile.owner_staff if profile else ""


def _to_colleague(work: Work, close: Close, owner: str) -> bool:
    """Where colleagues receive customers in the channel's own client the word is theirs from this commit on; the customer reads of it
    first, since afterwards the channel takes nothing from us. False where nobody does: a ticket waits, and the assistant says its
    sentence itself."""
    opened = close.opened
    address = opened.conversation.address
    receiver = accounts.receiver(work, address.account, [owner]) if address.channel == session.CHANNEL else None
    if receiver is None:
        return False
    session.note_state(work, [session.Turned(address, "pool", why="asked for a person")])
    talk.follow(work, address.conversation, "pool", "")
    if close.text:
        parting = OutboundMessage(
            f"{opened.turn}:reply", address, close.text, opened.turn, opened.speaker.member_id, reply_to={PARTING: "handover"}
        )
        outbox.queue(work, [parting])
    payload = {
        "address": asdict(address),
        "servicer": receiver,
        "say": close.text,
        "turn": opened.turn,
        "member": opened.speaker.member_id,
        "title": close.handover[:100],
        "summary": _summary(opened),
    }
    work.due(Due("kf.handover", address.conversation, work.now, payload, order_key=address.conversation))
    return True


def _summary(opened: Opened) -> str:
    return "；".join(text[:120] for text in opened.said)[:500]


def _ticket(work: Work, close: Close, owner: str) -> None:
    opened = close.opened
    staff.open_ticket(
        work,
        [
            staff.OpenTicket(
                f"{opened.turn}:ticket",
                kind="handover",
                member_id=opened.speaker.member_id,
                conversation=opened.conversation.id,
                title=close.handover[:100],
                summary=_summary(opened),
                staff=owner,
            )
        ],
    )
