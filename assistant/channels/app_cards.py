"""Cards with buttons in the employees' app: what each offered, what was chosen, and what is shown of it now.

States: offered → pressed → settled (the card says what was chosen), or offered → stale → withdrawn (taken off the phone) or closed (the
card says that it is over); ``failed`` where the channel did not take the card, ``stays`` where it could not be changed any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.store import Due, Fact, Instant, View, Work, id_column, json_column, metadata

JOB = "app.card"
KEPT = timedelta(days=7)
"""How long a card may still be pressed; the channel's own limits are shorter."""

card = sa.Table(
    "app_card",
    metadata,
    id_column(),
    sa.Column("conversation", sa.String(200), nullable=False),
    # What the choice decides, ``kind:id:version``; empty where it only answers a question.
    sa.Column("subject", sa.String(200), nullable=False),
    json_column("options"),
    sa.Column("msgid", sa.String(200), nullable=False),
    # Changes the card of everybody who got it, once.
    sa.Column("code", sa.String(200), nullable=False),
    sa.Column("chosen", sa.String(200), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("say", sa.String(300), nullable=False),
    sa.Column("offered_at", Instant, nullable=False),
    sa.Index(None, "conversation", "state"),
    sa.Index(None, "subject"),
)


@dataclass(frozen=True, slots=True)
class Card:
    """One card. ``id`` is the row of the outbox whose words it follows, and its task id at the channel."""

    id: str
    conversation: str
    subject: str
    options: tuple[str, ...]
    msgid: str
    code: str
    chosen: str
    state: str
    say: str
    offered_at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """A card that is about to be sent."""

    id: str
    conversation: str
    subject: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrived:
    """The channel took the card: how it may be taken back, and how it may be changed."""

    id: str
    msgid: str
    code: str


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of a card on the phone: ``settle`` and ``close`` show ``say``, ``withdraw`` takes it away. ``code`` is that of the
    press, empty for the card's own."""

    id: str
    do: str
    say: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """The end of a change."""

    id: str
    state: str
    say: str = ""


def offer(work: Work, asked: Offer) -> None:
    """Known before it leaves, so that a press is understood however the sending ended. An older question of the conversation is over."""
    older = sa.select(card.c.id).where(card.c.conversation == asked.conversation, card.c.state == "offered", card.c.id != asked.id)
    for row in work.all(older.where(card.c.subject == asked.subject) if asked.subject else older.where(card.c.subject == "")):
        end(work, Change(row.id, "withdraw", "已有新的选项"))
    blank = dict.fromkeys(("msgid", "code", "chosen", "say"), "")
    values = {"id": asked.id, "conversation": asked.conversation, "subject": asked.subject, "options": list(asked.options)}
    work.insert_missing(card, [{**blank, **values, "state": "offered", "offered_at": work.now}])


def arrived(work: Work, told: Arrived) -> None:
    """It is on the phone."""
    work.execute(card.update().where(card.c.id == told.id).values(msgid=told.msgid, code=told.code))


def get(view: View, number: str) -> Card | None:
    """One card, or None."""
    row = view.one(sa.select(card).where(card.c.id == number))
    return _value(row) if row is not None else None


def open_about(view: View, subject: str) -> list[Card]:
    """Cards that nobody has pressed whose subject begins so, the oldest first."""
    begins = card.c.subject.startswith(subject, autoescape=True)
    return [
        _value(row) for row in view.all(sa.select(card).where(begins, card.c.state == "offered").order_by(card.c.offered_at, card.c.id))
    ]


def choose(work: Work, number: str, choice: str) -> bool:
    """One of the choices is taken; False if one was taken before, or the card is over."""
    free = sa.and_(card.c.id == number, card.c.state == "offered", card.c.chosen == "")
    return work.execute(card.update().where(free).values(chosen=choice, state="pressed")).rowcount == 1


def end(work: Work, change: Change) -> None:
    """Nobody may choose on it any more; the phone follows."""
    work.execute(card.update().where(card.c.id == change.id, card.c.state == "offered").values(state="stale"))
    show(work, change)


def show(work: Work, change: Change) -> None:
    """Has the phone show it."""
    payload = {"do": change.do, "say": change.say, "code": change.code}
    work.due(Due(JOB, change.id, work.now, payload, order_key=f"{JOB}:{change.id}"))


def note(work: Work, told: Told) -> None:
    """What has become of it on the phone, as a fact too."""
    row = work.one(sa.select(card).where(card.c.id == told.id))
    if row is None:
        return
    work.execute(card.update().where(card.c.id == told.id).values(state=told.state, say=told.say[:300]))
    payload = {"conversation": row.conversation, "subject": row.subject, "chosen": row.chosen, "say": told.say}
    work.record(Fact(f"app_card.{told.state}", f"app_card:{told.id}", payload))


def forget(work: Work) -> None:
    """Drops cards that nobody can press any more."""
    work.execute(card.delete().where(card.c.offered_at < work.now - KEPT))


def _value(row: Any) -> Card:
    return Card(
        row.id,
        row.conversation,
        row.subject,
        tuple(row.options),
        row.msgid,
        row.code,
        row.chosen,
        row.state,
        row.say,
        row.offered_at,
    )
