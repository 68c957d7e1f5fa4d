"""Answers that grow before the reader's eyes: one row per answer, found by whoever is asked for it, in this process or another.

States: open → final → shown, or open/final → moved (the answer goes another way; whoever still asks is pointed there).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from assistant.base import ids
from assistant.channels import outbox
from assistant.channels.bot_parts import carried
from assistant.channels.message import Delivery, InboundMessage
from assistant.store import Due, Instant, View, Work, chunks, id_column, json_column, metadata

MOST = timedelta(seconds=330)
"""The other side waits six minutes from the question; what is not there after five and a half goes another way."""

KEPT = timedelta(days=2)
"""How long an answer may still be asked for: thumbs come late."""

URL_LIVES = timedelta(minutes=59)
"""A reply address works once, for an hour."""

WAITING = "我看一下，请稍等…"
LATER = "这个问题还要再想一会儿，想好后马上接着告诉您。"
ELSEWHERE = "回答请看下面的消息。"
GONE = "这条消息我没能接上，麻烦您再说一次。"
NEWER = "我把您刚才的几句话放在一起回答，请看下面最新的一条。"
HELD = "同事已经接手，会在这里回复您。"
NOTHING = "收到啦。"

stream = sa.Table(
    "answer_stream",
    metadata,
    id_column(),
    sa.Column("conversation", sa.String(200), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    json_column("options"),
    sa.Column("outbox", sa.String(64), nullable=False),
    json_column("reply_to"),
    sa.Column("chosen", sa.String(200), nullable=False),
    sa.Column("url_used", sa.Boolean, nullable=False),
    sa.Column("began_at", Instant, nullable=False),
    sa.Column("offered_at", Instant),
    sa.Index(None, "conversation", "began_at"),
    sa.Index(None, "state", "began_at"),
)

State = Literal["open", "final", "shown", "moved"]


@dataclass(frozen=True, slots=True)
class Stream:
    """One answer as it stands. ``outbox`` is the row whose text it ends with, empty where the end is only a word of ours."""

    id: str
    conversation: str
    state: State
    text: str
    options: tuple[str, ...]
    outbox: str
    reply_to: dict[str, str]
    began_at: datetime
    offered_at: datetime | None = None
    chosen: str = ""

    def overdue(self, now: datetime) -> bool:
        """Whether the other side is about to stop asking."""
        return now - self.began_at >= MOST


@dataclass(frozen=True, slots=True)
class Frame:
    """What is shown now, the whole text each time; ``options`` only with the end. Never empty."""

    text: str
    finish: bool
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grown:
    """A longer text of an answer that is still being thought."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The end of an answer: ``outbox`` is the row that says it. After ``patience`` without being asked for, it goes another way."""

    id: str
    outbox: str
    text: str
    options: tuple[str, ...] = ()
    patience: timedelta | None = None


Offered = Literal["offered", "shown", "late", "lost"]
"""``offered``: to be shown; ``late``: this way is closed, nothing of it was seen; ``lost``: closed, and it may have been seen."""


def begin(work: Work, messages: Sequence[InboundMessage]) -> None:
    """An answer begins for each message that can be answered so (``reply_to`` names the stream). Known ones stay as they are."""
    rows = [_row(message, work.now) for message in messages if message.kind != "event" and message.reply_to.get("stream_id")]
    work.insert_missing(stream, rows)


def stream_id(source: str, external_id: str) -> str:
    """The name of the answer to a message."""
    return ids.derive("st", source, external_id)


def get(view: View, number: str) -> Stream | None:
    """One answer, or None."""
    row = view.one(sa.select(stream).where(stream.c.id == number))
    return _value(row) if row is not None else None


def frame(found: Stream | None, now: datetime) -> Frame:
    """What to show of it now."""
    if found is None:
        return Frame(GONE, True)
    if found.state != "open":
        return Frame(found.text or NOTHING, True, found.options)
    if found.overdue(now):
        return Frame(_cut_short(found.text), True)
    return Frame(found.text or WAITING, False)


def grow(work: Work, grown: Grown) -> None:
    """Shows more of it; nothing once it has ended."""
    mine = sa.and_(stream.c.id == grown.id, stream.c.state == "open")
    work.execute(stream.update().where(mine).values(text=grown.text))


def point(work: Work, numbers: Sequence[str], text: str) -> None:
    """Ends answers that nobody is going to give with a word about where to look instead."""
    for part in chunks(number for number in numbers if number):
        mine = sa.and_(stream.c.id.in_(part), stream.c.state == "open")
        work.execute(stream.update().where(mine).values(state="final", text=text, outbox="", offered_at=work.now))


def point_all(work: Work, conversation: str, text: str) -> None:
    """Ends all open answers of a conversation."""
    rows = work.all(sa.select(stream.c.id).where(stream.c.conversation == conversation, stream.c.state.in_(("open", "final"))))
    mine = stream.c.id.in_([row.id for row in rows])
    if rows:
        work.execute(stream.update().where(mine).values(state="final", text=text, outbox="", options=[], offered_at=work.now))


def offer(work: Work, asked: Offer) -> Offered:
    """Puts the finished answer where it will be fetched, and says whether that way is still open."""
    row = work.one(work.locked(sa.select(stream).where(stream.c.id == asked.id)))
    if row is None or row.state == "moved" or (row.state in ("final", "shown") and row.outbox != asked.outbox):
        return "late"
    if row.state == "shown":
        return "shown"
    if row.state == "final" and asked.patience is None and _value(row).overdue(work.now):
        _set(work, asked.id, state="moved")
        return "lost"
    waited = row.state == "final" and asked.patience is not None and work.now - row.offered_at >= asked.patience
    if waited or (row.state == "open" and _value(row).overdue(work.now)):
        _set(work, asked.id, state="moved", text=ELSEWHERE if waited else _cut_short(row.text), options=[])
        return "late"
    if row.state == "open":
        ended = {"text": asked.text, "options": list(asked.options), "outbox": asked.outbox}
        _set(work, asked.id, state="final", offered_at=work.now, **ended)
    return "offered"


def shown(work: Work, number: str) -> Stream | None:
    """The end has been handed out: what waited for it is settled as sent. Answers the row as it now stands."""
    row = work.one(work.locked(sa.select(stream).where(stream.c.id == number)))
    if row is None or row.state != "final":
        return _value(row) if row is not None else None
    _set(work, number, state="shown")
    if row.outbox:
        said = outbox.get(work, row.outbox)
        delivery = carried(said.message, pictures=True).delivered(number) if said is not None else Delivery("sent", number)
        outbox.settle(work, [outbox.Settle(row.outbox, delivery)])
        # The job that waited behind it has nothing left to do and must not hold up what comes next.
        work.due(Due(outbox.job_kind("bot"), row.outbox, work.now, {"outbox": row.outbox}, order_key=row.conversation))
    return get(work, number)


def acked(work: Work, number: str) -> None:
    """The end has arrived on the other side; whoever sent it settles what it said."""
    work.execute(stream.update().where(stream.c.id == number, stream.c.state == "final").values(state="shown"))


def choose(work: Work, number: str, choice: str) -> bool:
    """One of the offered choices is taken; False if one was taken before."""
    free = sa.and_(stream.c.id == number, stream.c.chosen == "")
    return work.execute(stream.update().where(free).values(chosen=choice)).rowcount == 1


def newer_choice(view: View, than: Stream) -> bool:
    """Whether a later answer of the conversation has offered choices too."""
    later = sa.and_(stream.c.conversation == than.conversation, stream.c.began_at > than.began_at, stream.c.id != than.id)
    return any(row.options for row in view.all(sa.select(stream.c.options).where(later, stream.c.outbox != "")))


def move(work: Work, number: str) -> None:
    """This way is closed: what is still to come goes another way. What is shown stays as it is cut short."""
    row = work.one(work.locked(sa.select(stream).where(stream.c.id == number)))
    if row is not None and row.state in ("open", "final"):
        _set(work, number, state="moved", text=_cut_short(row.text) if row.state == "open" else ELSEWHERE, options=[])


def place(conversation: str) -> str:
    """Where a conversation happens, as limits are counted: the group, else the person."""
    rest = conversation.split(":", 2)[-1]
    return rest.removeprefix("g:").rsplit(":", 1)[0] if rest.startswith("g:") else rest


def safe_again(view: View, message: Any) -> bool:
    """Whether sending this message once more cannot show it twice: its answer has not left by another way."""
    found = get(view, message.reply_to.get("stream_id", ""))
    return found is not None and found.state in ("open", "final", "shown")


def take_url(work: Work, conversation: str, number: str = "") -> str:
    """A one-shot reply address: the one of this answer, else the newest unused of the conversation; empty when there is none."""
    fresh = sa.and_(stream.c.conversation == conversation, stream.c.url_used.is_(False), stream.c.began_at > work.now - URL_LIVES)
    rows = work.all(work.locked(sa.select(stream).where(fresh).order_by(stream.c.began_at.desc()).limit(20)))
    mine = [row for row in rows if row.reply_to.get("response_url") and number in ("", row.id)]
    if not mine:
        return ""
    _set(work, mine[0].id, url_used=True)
    return str(mine[0].reply_to["response_url"])


def growing(view: View, most: int = 200) -> list[Stream]:
    """Answers that are to be pushed on: open ones, and ends that no outbox row says. The oldest first."""
    wanted = sa.or_(stream.c.state == "open", sa.and_(stream.c.state == "final", stream.c.outbox == ""))
    recent = stream.c.began_at > view.now - 2 * MOST
    return [_value(row) for row in view.all(sa.select(stream).where(wanted, recent).order_by(stream.c.began_at).limit(most))]


def forget(work: Work) -> None:
    """Drops answers that nobody asks for any more."""
    work.execute(stream.delete().where(stream.c.began_at < work.now - KEPT))


def _row(message: InboundMessage, now: datetime) -> dict[str, Any]:
    return {
        "id": message.reply_to["stream_id"],
        "conversation": message.address.conversation,
        "state": "open",
        "text": "",
        "options": [],
        "outbox": "",
        "reply_to": dict(message.reply_to),
        "chosen": "",
        "url_used": False,
        "began_at": now,
        "offered_at": None,
    }


def _cut_short(text: str) -> str:
    return f"{text}\n\n{LATER}" if text else LATER


def _set(work: Work, number: str, **values: Any) -> None:
    work.execute(stream.update().where(stream.c.id == number).values(**values))


def _value(row: Any) -> Stream:
    return Stream(
        row.id,
        row.conversation,
        row.state,
        row.text,
        tuple(row.options),
        row.outbox,
        dict(row.reply_to),
        row.began_at,
        row.offered_at,
        row.chosen,
    )
