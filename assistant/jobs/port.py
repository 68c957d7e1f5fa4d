"""What every engine does with due rows: claim under a lease, renew it, finish, fail, hold and release. All by the clock of the work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, Literal, Protocol, runtime_checkable

import sqlalchemy as sa

from assistant.store import AHEAD, Due, Instant, View, Work, chunks, due
from assistant.store.work import locked

MOST_ATTEMPTS = 5
"""A row that failed so often is held for a person; the rows behind it go on."""

BACK_OFF = (2, 8, 32, 128)
"""Seconds before the second, third … attempt."""

CROWD = 4
"""How many candidates are looked at for each row wanted, since neighbours may be taken meanwhile."""


NOT_OPENED: Final = object()


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed row. ``attempts`` counts this one too; ``lease_token`` proves that the row is ours, until ``lease_until`` at least.

    ``opened``: what the first step of its handler answered, where the claim's commit took that step too.
    """

    id: str
    kind: str
    key: str
    payload: Mapping[str, Any]
    order_key: str | None
    generation: int
    attempts: int
    lease_token: str
    lease_until: datetime | None = None
    opened: Any = NOT_OPENED


Handler = Callable[[Job], Awaitable[None]]


@runtime_checkable
class Opening(Protocol):
    """A handler whose first step is a unit of writing, which may be part of the commit that claims the job (``job.opened``)."""

    def open(self, work: Work, job: Job) -> Any: ...

    async def __call__(self, job: Job) -> None: ...


@dataclass(frozen=True, slots=True)
class Lease:
    """One row held under a token, at least until ``until`` where that is known."""

    id: str
    token: str
    until: datetime | None = None


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
    soon = work.now + timedelta(seconds=request.lease_seconds / 2)
    renew(work, [lease for lease in request.renew if lease.until is None or lease.until < soon], request.lease_seconds)
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
    rows = work.all(_take(), {"wanted": wanted, "now": work.now, "until": until, "token": request.token})
    rows = sorted(rows, key=lambda row: (row.due_at, row.created_at, row.id))
    return [Job(r.id, r.kind, r.key, r.payload, r.order_key, r.generation, r.attempts, r.lease_token, until) for r in rows]


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
    instant: datetime | None = view.scalar(
        _earliest(kinds is not None), {"now": view.now} | ({"kinds": kinds} if kinds is not None else {})
    )
    return instant


def renew(work: Work, leases: Sequence[Lease], lease_seconds: float) -> list[str]:
    """Extends the leases that are still ours and returns their row ids; the others were lost."""
    kept: list[str] = []
    until = work.now + timedelta(seconds=lease_seconds)
    for part in chunks(leases):
        kept += [row.id for row in work.all(_renew(), {"mine": [(lease.id, lease.token) for lease in part], "until": until})]
    return kept


def finish(work: Work, requests: Sequence[Finish]) -> list[Finished]:
    """Removes done rows; one that was asked for again meanwhile (its generation rose) is freed to run again."""
    keys = [(request.id, request.token) for request in requests]
    done: set[tuple[str, str]] = set()
    for part in chunks(requests):
        mine = [(request.id, request.token, request.generation) for request in part if request.token]
        done |= {(row.id, row.lease_token) for row in work.all(_remove(), {"mine": mine})} if mine else set()
    left = [number for number, token in keys if (number, token) not in done]
    ours = {(row.id, row.lease_token) for part in chunks(left) for row in work.all(_of_ids(work.dialect), {"ids": part}) if row.lease_token}
    again = set(keys) & ours
    for freed in chunks(sorted(number for number, _token in again)):
        work.execute(due.update().where(due.c.id.in_(freed)).values(lease_until=None, lease_token="", last_error=""))
    return ["done" if key in done else "again" if key in again else "lost" for key in keys]


def fail(work: Work, requests: Sequence[Failure]) -> list[Finished]:
    """Frees failed rows for another attempt after a while, or holds them after MOST_ATTEMPTS."""
    rows = {row.id: row for part in chunks([request.id for request in requests]) for row in work.all(_of_ids(work.dialect), {"ids": part})}
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


def claimable(now: datetime | sa.BindParameter[datetime]) -> sa.ColumnElement[bool]:
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
    narrowed = {name: list(wanted) for name, wanted in (("kinds", request.kinds), ("ids", request.ids)) if wanted is not None}
    names = tuple(narrowed)
    while True:
        first = narrowed | {"now": work.now, "window": window}
        rows = work.all(_ready_rows(work.dialect, names), first | {"most": request.limit * CROWD})
        if rows or len(work.all(_first_due(names), first)) < window:
            return rows
        window *= 10


# Statements that every job runs are built once: building one costs more than running it.
_NOW = sa.bindparam("now", type_=Instant)


def _among(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    return column.in_(sa.bindparam(name, expanding=True))


@cache
def _first_due(narrowed: tuple[str, ...]) -> sa.Select[Any]:
    free = sa.or_(due.c.lease_until.is_(None), due.c.lease_until <= _NOW)
    first = sa.select(due.c.id).where(due.c.held.is_(False), due.c.due_at <= _NOW, free)
    columns = {"kinds": due.c.kind, "ids": due.c.id}
    first = first.where(*(_among(columns[name], name) for name in narrowed))
    return first.order_by(*_DUE_ORDER).limit(sa.bindparam("window", type_=sa.Integer))


@cache
def _ready_rows(dialect: str, narrowed: tuple[str, ...]) -> sa.Select[Any]:
    statement = sa.select(due.c.id, due.c.order_key, due.c.attempts).where(due.c.id.in_(_first_due(narrowed)), claimable(_NOW))
    statement = statement.order_by(*_DUE_ORDER).limit(sa.bindparam("most", type_=sa.Integer))
    return statement if dialect == "sqlite" else statement.with_for_update(skip_locked=True, of=due)


@cache
def _take() -> sa.UpdateBase:
    leased = {"lease_until": sa.bindparam("until", type_=Instant), "lease_token": sa.bindparam("token", type_=sa.String)}
    statement = due.update().where(_among(due.c.id, "wanted"), claimable(_NOW))
    return statement.values(attempts=due.c.attempts + 1, **leased).returning(*due.c)


@cache
def _earliest(narrowed: bool) -> sa.Select[Any]:
    free = sa.or_(due.c.lease_until.is_(None), due.c.lease_until <= _NOW)
    earliest = sa.select(sa.func.min(due.c.due_at)).where(due.c.held.is_(False), free)
    return earliest.where(_among(due.c.kind, "kinds")) if narrowed else earliest


@cache
def _renew() -> sa.UpdateBase:
    mine = _among(sa.tuple_(due.c.id, due.c.lease_token), "mine")
    return due.update().where(mine).values(lease_until=sa.bindparam("until", type_=Instant)).returning(due.c.id)


@cache
def _remove() -> sa.UpdateBase:
    mine = _among(sa.tuple_(due.c.id, due.c.lease_token, due.c.generation), "mine")
    return due.delete().where(mine).returning(due.c.id, due.c.lease_token)


@cache
def _of_ids(dialect: str) -> sa.Select[Any]:
    return locked(sa.select(due).where(_among(due.c.id, "ids")).order_by(due.c.id), dialect)


def _unlocked_keys(work: Work, candidates: Sequence[sa.Row[Any]]) -> list[sa.Row[Any]]:
    """On PostgreSQL a claim holds the lock of each order key it takes from, so that no other claim sees the key half taken."""
    keys = sorted({row.order_key for row in candidates if row.order_key is not None})
    if work.is_sqlite or not keys:
        return list(candidates)
    listed = sa.values(sa.column("key", sa.String), name="listed").data([(key,) for key in keys])
    got = work.all(sa.select(listed.c.key).where(sa.func.pg_try_advisory_xact_lock(sa.func.hashtextextended(listed.c.key, 0))))
    free = {row.key for row in got}
    return [row for row in candidates if row.order_key is None or row.order_key in free]


def _fail(work: Work, request: Failure, row: Any) -> Finished:
    if row is None or not request.token or row.lease_token != request.token:
        return "lost"
    values: dict[str, Any] = {"lease_until": None, "lease_token": "", "last_error": request.error[:2000]}
    outcome: Finished = "again"
    if row.generation != request.generation:
        values["due_at"] = max(row.due_at, work.now + timedelta(seconds=BACK_OFF[0]))
    elif request.passing:
        values |= {"attempts": max(0, row.attempts - 1), "due_at": request.retry_at or work.now + _patience(row.created_at, work.now)}
    elif row.attempts >= MOST_ATTEMPTS:
        values["held"], outcome = True, "held"
    else:
        values["due_at"] = work.now + timedelta(seconds=BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1])
    work.execute(due.update().where(due.c.id == request.id).values(values))
    return outcome


def _patience(since: datetime, now: datetime) -> timedelta:
    """How long to wait for a supplier: half as long as the row has waited already, from two seconds to one minute."""
    return min(max((now - since) / 2, timedelta(seconds=2)), timedelta(minutes=1))
