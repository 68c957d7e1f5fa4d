"""A customer's session with a 客服 account: how long the window is open, how much may still be said, and who has the word.

One row per conversation. How much has been said is never counted up and down: it is the sum over the outbox since the customer's last
message. What the channel answers corrects the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa

from assistant.channels.message import Address
from assistant.store import Fact, Instant, View, Work, metadata, outbox
from assistant.store.work import listed, locked

CHANNEL = "kf"
WINDOW = timedelta(hours=48)
PER_MESSAGE = 5
"""So many messages may answer one message of a customer."""

ASK_AGAIN = timedelta(days=1)
"""A customer whose name the channel did not tell is asked for again after this time."""

State = Literal["", "new", "assistant", "pool", "person", "ended"]
ClosedBy = Literal["window", "quota", "rejected"]
HELD = ("pool", "person")
"""States in which only people may speak: waiting for one, or with one (``servicer``)."""

COUNTED = ("sending", "sent", "unknown", "failed", "waiting")
CHANGED = "session.changed"

kf_session = sa.Table(
    "kf_session",
    metadata,
    sa.Column("conversation", sa.String(200), primary_key=True),
    sa.Column("account", sa.String(64), nullable=False),
    sa.Column("peer", sa.String(64), nullable=False),
    sa.Column("last_said", Instant),
    # Until the customer writes again the channel takes nothing more, whatever we counted.
    sa.Column("closed_by_channel", sa.String(40), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("servicer", sa.String(120), nullable=False),
    sa.Column("state_at", Instant, nullable=False),
    # When the channel was asked who this is, and whether it told.
    sa.Column("asked_at", Instant),
    sa.Column("named", sa.Boolean, nullable=False),
    sa.Index(None, "peer"),
    sa.Index(None, "asked_at"),
)


@dataclass(frozen=True, slots=True)
class Session:
    """``last_said`` is the customer's last message; ``used`` of ``PER_MESSAGE`` are said or on their way; ``state`` empty: nobody knows."""

    conversation: str
    account: str
    peer: str
    last_said: datetime | None
    used: int
    closed_by_channel: str
    state: str
    servicer: str
    state_at: datetime

    @property
    def held(self) -> bool:
        """Whether only a person may speak."""
        return self.state in HELD

    @property
    def closes_at(self) -> datetime | None:
        return self.last_said + WINDOW if self.last_said is not None else None

    def is_open(self, now: datetime) -> bool:
        """Within 48 hours, as far as we and the channel know."""
        return self.closes_at is not None and now < self.closes_at and self.closed_by_channel != "window"

    def left(self, now: datetime) -> int:
        """How many messages may still be said now."""
        if not self.is_open(now) or self.closed_by_channel:
            return 0
        return max(PER_MESSAGE - self.used, 0)


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a customer at this address."""

    address: Address
    at: datetime


@dataclass(frozen=True, slots=True)
class Turned:
    """The session at this address is in this state; ``why`` is how we know, ``at`` since when (None: now)."""

    address: Address
    state: State
    servicer: str = ""
    why: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """The channel took no message of the instant ``at``: ``window`` (too late), ``quota`` (said too much) or ``rejected`` (the customer
    refuses ours)."""

    address: Address
    by: ClosedBy
    at: datetime


def note_said(work: Work, heard: Sequence[Said]) -> list[str]:
    """Opens the windows anew; an ended session is a new one. Returns the conversations that were heard for the first time."""
    work.insert_missing(kf_session, list({one.address.conversation: _blank(work, one.address) for one in heard}.values()))
    rows = _rows(work, [one.address.conversation for one in heard])
    latest = {one.address.conversation: max(x.at for x in heard if x.address == one.address) for one in heard}
    for conversation, at in latest.items():
        row = rows[conversation]
        if row.last_said is not None and at <= row.last_said:
            continue
        idle = row.last_said is not None and at - row.last_said > WINDOW
        work.execute(_heard(), {"mine": conversation, "at": at})
        if row.state == "ended" or (idle and row.state in HELD):
            address = Address(CHANNEL, row.account, row.peer)
            _turn(work, row, Turned(address, "new", why="customer", at=at))
    return [conversation for conversation in latest if rows[conversation].last_said is None]


def note_state(work: Work, turned: Sequence[Turned]) -> None:
    """Writes down who has the word; each real change is the fact ``session.changed``."""
    for one in turned:
        work.insert_missing(kf_session, [_blank(work, one.address)])
        row = _rows(work, [one.address.conversation])[one.address.conversation]
        _turn(work, row, one)


def note_closed(work: Work, closed: Closed) -> bool:
    """What the channel answered is the truth until the customer writes again; a refusal by the customer is the weightiest.

    False where the customer has written after the message that was not taken: nothing is closed.
    """
    work.insert_missing(kf_session, [_blank(work, closed.address)])
    row = _rows(work, [closed.address.conversation])[closed.address.conversation]
    if row.last_said is not None and row.last_said > closed.at:
        return False
    if row.closed_by_channel != "rejected":
        work.execute(_of(closed.address.conversation).values(closed_by_channel=closed.by))
    return True


def rejecting(view: View, conversations: Iterable[str]) -> list[str]:
    """Those of them whose customer refuses our messages, as far as we know."""
    refused = sa.and_(view.among(kf_session.c.conversation, conversations), kf_session.c.closed_by_channel == "rejected")
    return [row.conversation for row in view.all(sa.select(kf_session.c.conversation).where(refused).order_by(kf_session.c.conversation))]


def nameless(view: View, limit: int) -> list[str]:
    """Customers who wrote lately and were not asked for yet (or not told of, a day ago)."""
    table = kf_session
    unasked = sa.or_(table.c.asked_at.is_(None), sa.and_(table.c.asked_at < view.now - ASK_AGAIN, table.c.named.is_(False)))
    # The channel tells names only of customers who wrote within its window.
    lately = table.c.last_said > view.now - WINDOW
    statement = sa.select(table.c.peer).where(unasked, lately).distinct().order_by(table.c.peer).limit(limit)
    return [row.peer for row in view.all(statement)]


def note_asked(work: Work, peers: Sequence[str], named: Sequence[str]) -> None:
    """The channel was asked who these are, and told of some."""
    asked = kf_session.update().where(work.among(kf_session.c.peer, peers))
    work.execute(asked.values(asked_at=work.now))
    work.execute(kf_session.update().where(work.among(kf_session.c.peer, named)).values(named=True))


def get(view: View, conversation: str) -> Session | None:
    """The session of a conversation, or None where nobody has been heard."""
    row = view.one(_by_conversation(), {"mine": conversation})
    return _session(view, row) if row is not None else None


def held(view: View, conversation: str) -> bool:
    """Whether only a person may speak there."""
    return state_of(view, conversation)[0] in HELD


def state_of(view: View, conversation: str) -> tuple[str, datetime | None]:
    """Who has the word as far as we know (empty: nobody knows), and of when we know it."""
    row = view.one(_by_conversation(), {"mine": conversation})
    return (row.state, row.state_at) if row is not None else ("", None)


def latest(view: View, peers: Iterable[str]) -> dict[str, Session]:
    """Each customer's session with whichever account they wrote to last; those who never wrote are missing."""
    wanted = view.among(kf_session.c.peer, peers)
    rows = view.all(sa.select(kf_session).where(wanted, kf_session.c.last_said.is_not(None)).order_by(kf_session.c.last_said))
    return {row.peer: _session(view, row) for row in {row.peer: row for row in rows}.values()}


def _session(view: View, row: Any) -> Session:
    used = 0
    if row.last_said is not None:
        used = int(view.scalar(_parts_since(), {"mine": row.conversation, "since": row.last_said}))
    return Session(
        row.conversation,
        row.account,
        row.peer,
        row.last_said,
        used,
        row.closed_by_channel,
        row.state,
        row.servicer,
        row.state_at,
    )


def _turn(work: Work, row: Any, turned: Turned) -> None:
    state, servicer = turned.state, turned.servicer if turned.state == "person" else ""
    if (row.state, row.servicer) == (state, servicer):
        work.execute(_of(row.conversation).values(state_at=work.now))
        return
    work.execute(_of(row.conversation).values(state=state, servicer=servicer, state_at=work.now))
    payload = {"conversation": row.conversation, "state": state, "servicer": servicer, "before": row.state, "why": turned.why}
    payload["at"] = (turned.at or work.now).isoformat()
    # Only where a person has or had the word does anything follow.
    quiet = state not in HELD and row.state not in HELD
    work.record(Fact(CHANGED, f"conversation:{row.conversation}", payload, quiet=quiet))


def _blank(work: Work, address: Address) -> dict[str, Any]:
    return {
        "conversation": address.conversation,
        "account": address.account,
        "peer": address.peer,
        "last_said": None,
        "closed_by_channel": "",
        "state": "",
        "servicer": "",
        "state_at": work.now,
        "asked_at": None,
        "named": False,
    }


def _of(conversation: str) -> sa.Update:
    return kf_session.update().where(kf_session.c.conversation == conversation)


def _rows(work: Work, conversations: Iterable[str]) -> dict[str, Any]:
    return {row.conversation: row for row in work.all(_by_conversations(work.dialect), {"many": sorted(set(conversations))})}


@cache
def _by_conversation() -> sa.Select[Any]:
    return sa.select(kf_session).where(kf_session.c.conversation == sa.bindparam("mine"))


@cache
def _by_conversations(dialect: str) -> sa.Select[Any]:
    wanted = sa.select(kf_session).where(listed(kf_session.c.conversation, "many", dialect))
    return locked(wanted.order_by(kf_session.c.conversation), dialect)


@cache
def _parts_since() -> sa.Select[Any]:
    return sa.select(sa.func.coalesce(sa.func.sum(outbox.c.parts), 0)).where(
        outbox.c.conversation == sa.bindparam("mine"), outbox.c.claimed_at >= sa.bindparam("since"), outbox.c.state.in_(COUNTED)
    )


@cache
def _heard() -> sa.Update:
    mine = kf_session.c.conversation == sa.bindparam("mine")
    return kf_session.update().where(mine).values(last_said=sa.bindparam("at", type_=Instant), closed_by_channel="")
