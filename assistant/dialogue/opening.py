"""The first half of a turn, one commit: lease already held, gather the burst, find who speaks, read what the brief needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.channels import confirm, inbox, outbox, session, streams
from assistant.channels.message import InboundMessage
from assistant.dialogue import conversation as talk
from assistant.dialogue.tables import turn
from assistant.dialogue.transcript import begun
from assistant.dialogue.who import Speaker, met
from assistant.domain import outreach
from assistant.store import Due, Fact, Work, upsert

HISTORY = 12
PASSED_ON = "[转来的话]"
BREAKERS = ((timedelta(seconds=30), 6), (timedelta(minutes=10), 30))
"""At most so many automatic replies in so long a time; beyond it the turn waits until one has aged, so that two bots cannot talk each
other hot, while a person who asks quickly is still answered."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Everything a turn needs to think, read in one transaction. ``said`` are the texts of the burst, oldest first.

    ``quoted`` is what the speaker pointed at or passed on and did not write as far as we know; ``stale`` says that somebody clicked what
    does not stand any more; ``earlier`` is what an interrupted life of this turn noted.
    """

    turn: str
    conversation: talk.Conversation
    speaker: Speaker
    message_ids: tuple[str, ...]
    said: tuple[str, ...]
    kinds: tuple[str, ...]
    history: tuple[tuple[str, str], ...]
    pending: confirm.Pending | None
    card: dict[str, Any]
    reply_to: dict[str, str]
    quoted: tuple[str, ...] = ()
    stale: bool = False
    earlier: tuple[dict[str, Any], ...] = ()


def open_turn(work: Work, conversation_id: str) -> Opened | None:
    """Opens the turn of all waiting messages; None when there is nothing to answer or a person holds the conversation."""
    stored = inbox.open_messages(work, conversation_id)
    if not stored:
        return None
    address = stored[-1].message.address
    speaker = met(work, address)
    current = talk.touch(work, address, speaker)
    if speaker.member_id and address.channel == "kf":
        outreach.note_inbound(work, [outreach.Inbound(row.id, speaker.member_id, row.message.sent_at, "kf") for row in stored])
    ids_of = [row.id for row in stored]
    answers = [row.message.reply_to.get("stream_id", "") for row in stored]
    if current.holder or session.held(work, conversation_id):
        inbox.mark(work, ids_of, "handed_over", "")
        streams.point(work, answers, streams.HELD)
        return None
    wait = _breaker(work, conversation_id)
    if wait is not None:
        work.due(Due("turn", conversation_id, work.now + wait, order_key=conversation_id))
        return None
    turn_id = ids.derive("turn", conversation_id, ids_of[0])
    row = {
        "id": turn_id,
        "conversation": conversation_id,
        "member_id": speaker.member_id,
        "state": "open",
        "wrote": False,
        "messages": ids_of,
        "model": "",
        "tokens": 0,
        "opened_at": work.now,
        "closed_at": None,
    }
    streams.point(work, answers[:-1], streams.NEWER)
    upsert(work, turn, [row], ["id"], ["messages", "state"])
    work.record(Fact("turn.opened", f"conversation:{conversation_id}", {"turn": turn_id, "messages": len(ids_of)}, speaker.member_id))
    return _opened(work, turn_id, current, speaker, [item.message for item in stored], ids_of)


def _opened(
    work: Work, turn_id: str, current: talk.Conversation, speaker: Speaker, messages: list[InboundMessage], ids_of: list[str]
) -> Opened:
    lines = talk.lines(work, current.id, HISTORY + len(ids_of), current.fresh_from)
    old = [line for line in lines if line.side != "event" and (line.side != "in" or line.state not in ("waiting", "recalled"))]
    pending, earlier = begun(work, current.id, turn_id)
    said, stale = _said(work, current.id, messages, pending)
    # Words of others have been shown to the turn that had its tools taken away for them; later ones only know that there were some.
    history = tuple(("user" if line.side == "in" else "assistant", PASSED_ON if line.foreign else line.text) for line in old[-HISTORY:])
    return Opened(
        turn=turn_id,
        conversation=current,
        speaker=speaker,
        message_ids=tuple(ids_of),
        said=said,
        kinds=tuple(message.kind for message in messages),
        history=() if speaker.group else history,
        pending=pending,
        card={"nickname": speaker.nickname} if speaker.member_id and not speaker.group else {},
        quoted=_foreign(work, current.id, messages),
        reply_to=next((message.reply_to for message in reversed(messages) if message.reply_to), {}),
        stale=stale,
        earlier=tuple(earlier),
    )


def _foreign(work: Work, conversation_id: str, messages: list[InboundMessage]) -> tuple[str, ...]:
    """What was quoted, without what the speaker said here before."""
    quoted = [message.quoted for message in messages if message.quoted]
    own = {line.text.strip() for line in talk.lines(work, conversation_id, 50) if line.side == "in"} if quoted else set()
    return tuple(text for text in quoted if text not in own)


def _said(
    work: Work, conversation_id: str, messages: list[InboundMessage], pending: confirm.Pending | None
) -> tuple[tuple[str, ...], bool]:
    """What the speaker said in their own words, a click being exactly its choice; and whether a click named what no longer stands."""
    said, stale = [], False
    for message in messages:
        if not message.text:
            continue
        chosen = outbox.chosen(work, conversation_id, message.choice) if message.choice else None
        if chosen is None:
            said.append(message.text)
        elif chosen.newest and (not chosen.asks or (pending is not None and pending.token == chosen.asks)):
            said.append(chosen.text)
        else:
            stale = True
    return tuple(said), stale


@cache
def _answered() -> sa.Select[Any]:
    mine = sa.and_(turn.c.conversation == sa.bindparam("mine"), turn.c.state == "answered", turn.c.closed_at > sa.bindparam("since"))
    return sa.select(turn.c.closed_at).where(mine).order_by(turn.c.closed_at.desc()).limit(max(most for _span, most in BREAKERS))


def _breaker(work: Work, conversation_id: str) -> timedelta | None:
    """How long to wait before the next automatic reply; None when there is no need."""
    longest = max(span for span, _most in BREAKERS)
    closed: list[datetime] = [row.closed_at for row in work.all(_answered(), {"mine": conversation_id, "since": work.now - longest})]
    for span, most in BREAKERS:
        if len(closed) >= most and closed[most - 1] > work.now - span:
            return max(closed[most - 1] + span - work.now, timedelta(seconds=1))
    return None
