"""Who of several processes holds something that only one may hold: one row a thing, taken for a while, renewed, fenced by a number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.store import Instant, View, Work, metadata

holder = sa.Table(
    "holder",
    metadata,
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("token", sa.String(64), nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("until", Instant, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("say", sa.Text, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("by", sa.String(100), nullable=False, server_default=""),
    sa.Column("since", Instant),
)


@dataclass(frozen=True, slots=True)
class Hold:
    """Asks for ``name`` for so many seconds; ``token`` is of one process and never used again, ``by`` names the process to people."""

    name: str
    token: str
    seconds: float
    by: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """What the holder says of it, for people."""

    name: str
    token: str
    state: str
    say: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """``held``: somebody has it now: ``by`` whom, ``since`` when. ``fence`` rises with each new holder. ``state`` is so since
    ``changed_at``; of one that nobody holds it is what the last holder said."""

    held: bool
    fence: int
    state: str
    say: str
    changed_at: datetime
    by: str = ""
    since: datetime | None = None


def take(work: Work, asked: Hold) -> int | None:
    """The fence of the new holder; None while another one has it."""
    until = work.now + timedelta(seconds=asked.seconds)
    work.insert_missing(holder, [_free(asked.name, work.now)])
    row = work.one(work.locked(sa.select(holder).where(holder.c.name == asked.name)))
    if row is None or (row.until > work.now and row.token != asked.token):
        return None
    fence: int = row.fence + (row.token != asked.token)
    values: dict[str, Any] = {"token": asked.token, "fence": fence, "until": until}
    if row.token != asked.token:
        # What another holder said of it is not known to be so any more.
        values |= {"by": asked.by[:100], "since": work.now, "state": "", "say": "", "changed_at": work.now}
    work.execute(holder.update().where(holder.c.name == asked.name).values(values))
    return fence


def renew(work: Work, asked: Hold) -> bool:
    """Keeps it; False when it is another's by now."""
    mine = sa.and_(holder.c.name == asked.name, holder.c.token == asked.token)
    until = work.now + timedelta(seconds=asked.seconds)
    return work.execute(holder.update().where(mine).values(until=until)).rowcount == 1


def release(work: Work, asked: Hold) -> None:
    """Gives it up at once."""
    mine = sa.and_(holder.c.name == asked.name, holder.c.token == asked.token)
    work.execute(holder.update().where(mine).values(token="", until=work.now))


def note(work: Work, noted: Noted) -> bool:
    """Writes the state down; False where it is another's or says so already."""
    mine = sa.and_(holder.c.name == noted.name, holder.c.token == noted.token)
    other = sa.or_(holder.c.state != noted.state, holder.c.say != noted.say)
    values = {"state": noted.state, "say": noted.say, "changed_at": work.now}
    return work.execute(holder.update().where(mine, other).values(**values)).rowcount == 1


def standing(view: View, name: str) -> Standing | None:
    """How it stands; None if nobody ever held it."""
    row = view.one(sa.select(holder).where(holder.c.name == name))
    return Standing(row.until > view.now, row.fence, row.state, row.say, row.changed_at, row.by, row.since) if row is not None else None


def _free(name: str, now: datetime) -> dict[str, Any]:
    return {"name": name, "token": "", "fence": 0, "until": now, "state": "", "say": "", "changed_at": now}
