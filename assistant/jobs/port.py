"""What every engine does with due rows: claim under a lease, renew it, finish, fail, hold and release. All by the clock of the work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from assistant.store import AHEAD, Due, View, Work, chunks, due

MOST_ATTEMPTS = 5
"""A row that failed so often is held for a person; the rows behind it go on."""

BACK_OFF = (2, 8, 32, 128)
"""Seconds before the second, third … attempt."""

CROWD = 4
"""How many candidates are looked at for each row wanted, since neighbours may be taken meanwhile."""


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed row. ``attempts`` counts this one too; ``lease_token`` proves that the row is still ours."""

    id: str
    kind: str
    key: str
    payload: Mapping[str, Any]
    order_key: str | None
    generation: int
    attempts: int
    lease_token: str


Handler = Callable[[Job], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Lease:
    """One row held under a token."""

    id: str
    token: str


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Asks for ready rows. ``token`` must never be used twice; ``kinds`` and ``ids`` narrow; ``renew`` are leases that must not lapse."""

    limit: int
    lease_seconds: float
    token: str
    kinds: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    renew: tuple[Lease, ...] = ()


@dataclass(frozen=True, slots=True)
class Finish:
    """The work of this generation is done."""

    id: str
    token: str
    generation: int


@dataclass(frozen=True, slots=True)
class Failure:
    """The work failed. ``passing`` failures (a supplier is away) are not counted and never held; ``retry_at`` UTC where it is known."""

    id: str
    token: str
    generation: int
    error: str
    passing: bool = False
    retry_at: datetime | None = None


Finished = Literal["done", "again", "held", "lost"]
"""``again``: the row runs again; ``held``: it waits for a person; ``lost``: the lease was somebody else's, nothing was changed."""


@dataclass(frozen=True, slots=True)
class Held:
    """Work that was given up until a person releases it; ``reason`` is its last error."""

    id: str
    kind: str
    key: str
    payload: Mapping[str, Any]
    order_key: str | None
    attempts: int
    reason: str
    due_at: datetime


def claim(work: Work, request: ClaimRequest) -> list[Job]:
    """Takes ready rows under a lease, in due order, at most one per order key, and counts the attempt before the work is done."""
    renew(work, request.renew, request.lease_seconds)
    if request.limit <= 0:
        return []
    candidates = _unlocked_keys(work, _candidates(work, request))
    if not candidates:
        return []
    spent = [row.id for row in candidates if row.attempts >= MOST_ATTEMPTS]
    if spent:
        work.execute(due.update().where(due.c.id.in_(spent)).values(held=True, lease_until=None, lease_token="", last_error=INTERRUPTED))
    wanted = [row.id for row in candidates if row.attempts < MOST_ATTEMPTS][: request.limit]
    if not wanted:
        return claim(work, request)
    until = work.now + timedelta(seconds=request.lease_seconds)
    taken = (
        due.update()
        .where(due.c.id.in_(wanted), claimable(work.now))
        .values(lease_until=until, lease_token=request.token, attempts=due.c.attempts + 1)
    )
    rows = work.all(taken.returning(*due.c))
    rows = sorted(rows, key=lambda row: (row.due_at, row.created_at, row.id))
    return [Job(r.id, r.kind, r.key, r.payload, r.order_key, r.generation, r.attempts, r.lease_token) for r in rows]


INTERRUPTED = "处理它的进程连续中断，已停下等待人工检查"


def ready(view: View, limit: int, kinds: Sequence[str] | None = None) -> list[tuple[str, str, int]]:
    """Rows (of these kinds) that could be claimed now, in due order: id, a key of each attempt, 1 for those to take first."""
    columns = (due.c.id, due.c.generation, due.c.attempts, due.c.due_at, due.c.created_at)
    statement = sa.select(*columns).where(claimable(view.now)).order_by(*_DUE_ORDER).limit(limit)
    rows = view.all(statement if kinds is None else statement.where(due.c.kind.in_(kinds)))
    return [
        (row.id, f"{row.id}:{row.generation}:{row.attempts}:{row.due_at.timestamp()}", int(row.created_at - row.due_at >= AHEAD / 2))
        for row in rows
    ]


def next_due(view: View, kinds: Sequence[str] | None = None) -> datetime | None:
    """The earliest instant at which a row (of these kinds) without a running lease is due; it may still wait for its order key."""
    free = sa.or_(due.c.lease_until.is_(None), due.c.lease_until <= view.now)
    earliest = sa.select(sa.func.min(due.c.due_at)).where(due.c.held.is_(False), free)
    instant: datetime | None = view.scalar(earliest if kinds is None else earliest.where(due.c.kind.in_(kinds)))
    return instant


def renew(work: Work, leases: Sequence[Lease], lease_seconds: float) -> list[str]:
    """Extends the leases that are still ours and returns their row ids; the others were lost."""
    kept: list[str] = []
    until = work.now + timedelta(seconds=lease_seconds)
    for part in chunks(leases):
        mine = sa.tuple_(due.c.id, due.c.lease_token).in_([(lease.id, lease.token) for lease in part])
        kept += [row.id for row in work.all(due.update().where(mine).values(lease_until=until).returning(due.c.id))]
    return kept


def finish(work: Work, requests: Sequence[Finish]) -> list[Finished]:
    """Removes done rows; one that was asked for again meanwhile (its generation rose) is freed to run again."""
    tokens = _held_tokens(work, [request.id for request in requests])
    outcomes: list[Finished] = []
    gone: list[str] = []
    again: list[str] = []
    for request in requests:
        token, generation, _, _ = tokens.get(request.id, ("", 0, 0, None))
        if not request.token or token != request.token:
            outcomes.append("lost")
            continue
        done = generation == request.generation
        (gone if done else again).append(request.id)
        outcomes.append("done" if done else "again")
    for part in chunks(gone):
        work.execute(due.delete().where(due.c.id.in_(part)))
    for part in chunks(again):
        work.execute(due.update().where(due.c.id.in_(part)).values(lease_until=None, lease_token="", last_error=""))
    return outcomes


def fail(work: Work, requests: Sequence[Failure]) -> list[Finished]:
    """Frees failed rows for another attempt after a while, or holds them after MOST_ATTEMPTS."""
    rows = _held_tokens(work, [request.id for request in requests])
    return [_fail(work, request, rows.get(request.id)) for request in requests]


def held(view: View, limit: int = 100) -> list[Held]:
    """Work that waits for a person, the oldest first."""
    statement = sa.select(due).where(due.c.held.is_(True)).order_by(*_DUE_ORDER).limit(limit)
    return [Held(r.id, r.kind, r.key, r.payload, r.order_key, r.attempts, r.last_error, r.due_at) for r in view.all(statement)]


def release(work: Work, ids: Sequence[str]) -> int:
    """Makes held rows due now with a fresh count of attempts; returns how many there were."""
    released = 0
    for part in chunks(ids):
        rows = work.all(work.locked(sa.select(due).where(due.c.id.in_(part), due.c.held.is_(True))))
        work.due(*(Due(row.kind, row.key, work.now, row.payload, row.order_key) for row in rows))
        released += len(rows)
    return released


_DUE_ORDER = (due.c.due_at, due.c.created_at, due.c.id)


def claimable(now: datetime) -> sa.ColumnElement[bool]:
    """Not held, due, without a running lease, first of its order key with none of that key running.

    A row that failed and waits for its next attempt keeps the untried rows of its kind and order key waiting behind it until it is held.
    """
    other, third = due.alias("other"), due.alias("third")
    running = sa.and_(other.c.lease_until.is_not(None), other.c.lease_until > now)
    earlier = sa.and_(
        other.c.due_at <= now,
        sa.tuple_(other.c.due_at, other.c.created_at, other.c.id) < sa.tuple_(due.c.due_at, due.c.created_at, due.c.id),
        sa.not_(sa.exists().where(_behind(other, third))),
    )
    in_the_way = sa.exists().where(other.c.order_key == due.c.order_key, other.c.id != due.c.id, other.c.held.is_(False))
    in_the_way = in_the_way.where(sa.or_(running, earlier, _behind(due, other)))
    return sa.and_(
        due.c.held.is_(False),
        due.c.due_at <= now,
        sa.or_(due.c.lease_until.is_(None), due.c.lease_until <= now),
        sa.or_(due.c.order_key.is_(None), sa.not_(in_the_way)),
    )


def _behind(row: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """``row`` was never tried and ``other``, of its kind and order key, failed and is not yet held."""
    same = sa.and_(other.c.order_key == row.c.order_key, other.c.kind == row.c.kind, other.c.id != row.c.id)
    return sa.and_(same, other.c.held.is_(False), other.c.last_error != "", row.c.last_error == "")


def _candidates(work: Work, request: ClaimRequest) -> Sequence[sa.Row[Any]]:
    """Claimable rows among the first due ones; the window grows while it holds nothing but rows that wait for their order key."""
    window = request.limit * CROWD
    while True:
        first = _first_due(work.now, window)
        if request.kinds is not None:
            first = first.where(due.c.kind.in_(request.kinds))
        if request.ids is not None:
            first = first.where(due.c.id.in_(request.ids))
        statement = sa.select(due.c.id, due.c.order_key, due.c.attempts).where(due.c.id.in_(first), claimable(work.now))
        statement = statement.order_by(*_DUE_ORDER).limit(request.limit * CROWD)
        rows = work.all(statement if work.is_sqlite else statement.with_for_update(skip_locked=True, of=due))
        if rows or len(work.all(first)) < window:
            return rows
        window *= 10


def _first_due(now: datetime, limit: int) -> sa.Select[Any]:
    free = sa.or_(due.c.lease_until.is_(None), due.c.lease_until <= now)
    return sa.select(due.c.id).where(due.c.held.is_(False), due.c.due_at <= now, free).order_by(*_DUE_ORDER).limit(limit)


def _unlocked_keys(work: Work, candidates: Sequence[sa.Row[Any]]) -> list[sa.Row[Any]]:
    """On PostgreSQL a claim holds the lock of each order key it takes from, so that no other claim sees the key half taken."""
    keys = sorted({row.order_key for row in candidates if row.order_key is not None})
    if work.is_sqlite or not keys:
        return list(candidates)
    listed = sa.values(sa.column("key", sa.String), name="listed").data([(key,) for key in keys])
    got = work.all(sa.select(listed.c.key).where(sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(listed.c.key, 0))))
    free = {row.key for row in got}
    return [row for row in candidates if row.order_key is None or row.order_key in free]


def _held_tokens(work: Work, ids: Sequence[str]) -> dict[str, tuple[str, int, int, Any]]:
    found: dict[str, tuple[str, int, int, Any]] = {}
    for part in chunks(ids):
        for row in work.all(work.locked(sa.select(due).where(due.c.id.in_(part)).order_by(due.c.id))):
            found[row.id] = (row.lease_token, row.generation, row.attempts, row)
    return found


def _fail(work: Work, request: Failure, found: tuple[str, int, int, Any] | None) -> Finished:
    if found is None or not request.token or found[0] != request.token:
        return "lost"
    _, generation, attempts, row = found
    values: dict[str, Any] = {"lease_until": None, "lease_token": "", "last_error": request.error[:2000]}
    outcome: Finished = "again"
    if generation != request.generation:
        values["due_at"] = max(row.due_at, work.now + timedelta(seconds=BACK_OFF[0]))
    elif request.passing:
        values |= {"attempts": max(0, attempts - 1), "due_at": request.retry_at or work.now + _patience(row.created_at, work.now)}
    elif attempts >= MOST_ATTEMPTS:
        values["held"], outcome = True, "held"
    else:
        values["due_at"] = work.now + timedelta(seconds=BACK_OFF[min(attempts, len(BACK_OFF)) - 1])
    work.execute(due.update().where(due.c.id == request.id).values(values))
    return outcome


def _patience(since: datetime, now: datetime) -> timedelta:
    """How long to wait for a supplier: half as long as the row has waited already, from two seconds to one minute."""
    return min(max((now - since) / 2, timedelta(seconds=2)), timedelta(minutes=1))
