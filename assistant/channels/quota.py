"""What the platforms let us send: one row per limit and subject, taken before sending, told what was answered, asked for forecasts.

A row counts in windows (``channels.windows``) and is used again for ever after, so messages leave no rows behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.base.clock import business_day
from assistant.channels.windows import DAYS_OF_MONTH, FOR_EVER, Calendar, Meter, Window, period_ends
from assistant.store import Instant, View, Work, cursor, id_column, json_column, metadata, upsert

MASS, MASS_GROUP, REMIND, MOMENTS = "mass.customer", "mass.group", "mass.remind", "moments.create"
APP_MEMBER, APP_DAY, BOT, ROBOT = "app.member", "app.day", "bot.conversation", "robot"

LIMITS: dict[str, tuple[Window, ...]] = {
    MASS: (Window(DAYS_OF_MONTH, "month"),),
    MASS_GROUP: (Window(DAYS_OF_MONTH, "month"),),
    REMIND: (Window(3, 86_400, 60),),
    MOMENTS: (Window(10, 60), Window(100_000, "month")),
    APP_MEMBER: (Window(30, 60), Window(1000, 3600, 60)),
    APP_DAY: (),
    BOT: (Window(30, 60), Window(1000, 3600, 60)),
    ROBOT: (Window(20, 60),),
}
"""Limit → its windows, as documented. The subject is the customer, the group, the task, the corp, ``agent:userid``, the agent, the
conversation, the robot. 微信客服 is not here: its five messages belong to the session of a customer."""

PERSONAL = frozenset({MASS, APP_MEMBER, BOT})
"""Limits whose subject is a person: such rows do not tell whose they are."""

SETTING = "quota.limits"
quota = sa.Table(
    "quota",
    metadata,
    id_column(),
    sa.Column("name", sa.String(40), nullable=False),
    sa.Column("label", sa.String(200), nullable=False),
    json_column("spent"),
    sa.Column("closed_until", Instant),
    sa.Column("strikes", sa.Integer, nullable=False),
    sa.Column("touched_at", Instant, nullable=False),
    sa.Index(None, "touched_at"),
    sa.Index(None, "closed_until"),
)


@dataclass(frozen=True, slots=True)
class Charge:
    """``count`` uses of one limit by one subject."""

    limit: str
    subject: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Taken:
    """Whether all charges of a request were taken. If not: none was, ``until`` is when they may fit (None: never), ``limit`` what stands
    in the way."""

    ok: bool
    until: datetime | None = None
    limit: str = ""


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Charges of what was not sent after all, and when they were taken."""

    charges: Sequence[Charge]
    at: datetime


@dataclass(frozen=True, slots=True)
class Learned:
    """The platform said "too many" to this subject; ``until`` where it is known how long that lasts."""

    limit: str
    subject: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """``left`` more fit now; the next one fits at ``free_at`` (None: never)."""

    left: int
    free_at: datetime | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """``takes`` charges pass at once; ``left`` is what the subjects may get until the longest window of the limit is over, these included.

    ``later``: Shanghai day (ISO) → how many of the rest pass from then on. ``never``: how many fit at no time.
    """

    takes: int = 0
    left: int = 0
    later: Mapping[str, int] = field(default_factory=dict)
    never: int = 0


@dataclass(frozen=True, slots=True)
class Closed:
    """A limit that the platform closed; ``label`` is empty where the subject is a person."""

    limit: str
    label: str
    until: datetime


def take(work: Work, requests: Sequence[Sequence[Charge]]) -> list[Taken]:
    """Takes the charges of each request, all of them or none, in order: what an earlier request took is gone for the later ones."""
    windows = limits(work)
    rows = _locked(work, [charge for charges in requests for charge in charges])
    outcomes, touched = [], set()
    for charges in requests:
        waits = [(rows[_id(one.limit, one.subject)].fits_at(windows[one.limit], work.now, one.count), one.limit) for one in charges]
        latest, limit = max(((FOR_EVER if at is None else at, limit) for at, limit in waits), default=(work.now, ""))
        if latest > work.now:
            outcomes.append(Taken(False, None if latest == FOR_EVER else latest, limit))
            continue
        for one in charges:
            row = rows[_id(one.limit, one.subject)]
            row.add(windows[one.limit], work.now, one.count, work.now)
            touched.add((one.limit, one.subject))
        outcomes.append(Taken(True))
    _store(work, rows, touched)
    return outcomes


def give_back(work: Work, requests: Sequence[GiveBack]) -> None:
    """Returns what was taken for something that did not go out; what has left its window meanwhile changes nothing."""
    windows = limits(work)
    every = [charge for request in requests for charge in request.charges]
    rows = _locked(work, every)
    for request in requests:
        for one in request.charges:
            row = rows[_id(one.limit, one.subject)]
            row.add(windows[one.limit], request.at, -one.count, work.now)
    _store(work, rows, {(one.limit, one.subject) for one in every})


def spend(work: Work, charges: Sequence[Charge], at: datetime) -> None:
    """Counts what the platform says was used at ``at``, room or not."""
    windows = limits(work)
    rows = _locked(work, charges)
    for one in charges:
        rows[_id(one.limit, one.subject)].add(windows[one.limit], at, one.count, work.now)
    _store(work, rows, {(one.limit, one.subject) for one in charges})


def full(work: Work, limit: str, subjects: Sequence[str]) -> None:
    """The platform refused more for these subjects: nothing until the shortest calendar window of the limit is over."""
    spans: list[Calendar] = [window.span for window in limits(work)[limit] if isinstance(window.span, str)]
    ends = min((period_ends(span, work.now) for span in spans), default=work.now + timedelta(days=1))
    learn(work, [Learned(limit, subject, ends) for subject in subjects])


def learn(work: Work, told: Sequence[Learned]) -> list[datetime]:
    """Closes limits until the platform takes more; returns until when each. Said again soon after it opened, it stays closed for longer."""
    rows = _locked(work, [Charge(one.limit, one.subject) for one in told])
    result = []
    for one in told:
        row = rows[_id(one.limit, one.subject)]
        row.close(work.now, one.until)
        result.append(row.opens(work.now))
    _store(work, rows, {(one.limit, one.subject) for one in told})
    return result


def rooms(view: View, limit: str, subjects: Sequence[str], at: datetime | None = None) -> dict[str, Room]:
    """What each subject may still get of one limit at ``at`` (now), as far as we have counted and been told."""
    when = view.now if at is None else at
    windows = limits(view)[limit]
    rows = _read(view, {_id(limit, subject) for subject in subjects})
    found = {}
    for subject in subjects:
        row = rows.get(_id(limit, subject)) or Meter()
        found[subject] = Room(row.left(windows, when), row.fits_at(windows, when, 1))
    return found


def forecast(view: View, limit: str, subjects: Sequence[str], at: datetime | None = None) -> Forecast:
    """What would become of one use of a limit by each subject, one after the other, at ``at`` (now); nothing is taken.

    A subject named twice needs room for two.
    """
    when = view.now if at is None else at
    windows = limits(view)[limit]
    rows = _read(view, {_id(limit, subject) for subject in subjects})
    meters = {subject: rows.get(_id(limit, subject)) or Meter() for subject in subjects}
    longest = windows[-1:] if len(windows) < 2 else [max(windows, key=_length)]
    left = sum(meter.left(longest, when) for meter in meters.values())
    takes, never, later = 0, 0, Counter[str]()
    for subject in subjects:
        fits = meters[subject].fits_at(windows, when, 1)
        if fits is None:
            never += 1
            continue
        meters[subject].add(windows, fits, 1, when)
        takes += fits == when
        later.update([business_day(fits).isoformat()] if fits > when else [])
    return Forecast(takes, left, dict(sorted(later.items())), never)


def _length(window: Window) -> int:
    """Seconds, a month at its longest."""
    return {"day": 1, "week": 7, "month": 31}[window.span] * 86_400 if isinstance(window.span, str) else window.span


def limits(view: View) -> dict[str, tuple[Window, ...]]:
    """The windows of every limit: as documented, except where ``set_limits`` said otherwise."""
    told = view.scalar(sa.select(cursor.c.value).where(cursor.c.name == SETTING)) or {}
    return LIMITS | {limit: tuple(Window(*window) for window in windows) for limit, windows in told.items()}


def set_limits(work: Work, changed: Mapping[str, Sequence[Window]]) -> None:
    """Says which limits of this brand differ from the documented ones; whatever was said before is forgotten."""
    value = {limit: [[window.most, window.span, window.grain] for window in windows] for limit, windows in changed.items()}
    if set(changed) - set(LIMITS):
        raise ValueError(f"no such limit: {sorted(set(changed) - set(LIMITS))}")
    upsert(work, cursor, [{"name": SETTING, "value": value, "at": work.now}], ["name"], ["value", "at"])


def brand_limits(accounts: int, mass: str) -> dict[str, tuple[Window, ...]]:
    """What depends on the corp: ``accounts`` (0: not known) times 200 app messages a day; ``mass`` is what the admin allows customers to
    get: month, or also 7 a week, or 1 a day."""
    changed: dict[str, tuple[Window, ...]] = {}
    if accounts:
        changed[APP_DAY] = (Window(accounts * 200, "day"),)
    stricter: dict[str, tuple[Window, ...]] = {"week": (Window(7, "week"),), "day": (Window(1, "day"),)}
    if mass in stricter:
        changed |= {limit: (*LIMITS[limit], *stricter[mass]) for limit in (MASS, MASS_GROUP)}
    return changed


def closed(view: View) -> list[Closed]:
    """The limits that a platform has closed for now, the longest first."""
    statement = sa.select(quota).where(quota.c.closed_until > view.now).order_by(quota.c.closed_until.desc(), quota.c.id).limit(100)
    return [Closed(row.name, row.label, row.closed_until) for row in view.all(statement)]


def sweep(work: Work) -> int:
    """Drops rows that no longer say anything (untouched for longer than any window), at most 5,000 a run; returns how many."""
    old = sa.select(quota.c.id).where(quota.c.touched_at < work.now - timedelta(days=32))
    gone = work.all(old.where(sa.or_(quota.c.closed_until.is_(None), quota.c.closed_until < work.now)).order_by(quota.c.id).limit(5000))
    work.execute(quota.delete().where(work.among(quota.c.id, [row.id for row in gone])))
    return len(gone)


def _id(limit: str, subject: str) -> str:
    return ids.derive("quota", limit, subject)


def _read(view: View, row_ids: set[str], lock: bool = False) -> dict[str, Meter]:
    statement = sa.select(quota).where(view.among(quota.c.id, row_ids)).order_by(quota.c.id)
    rows = view.all(view.locked(statement) if lock else statement)
    return {row.id: Meter(row.spent, row.closed_until, row.strikes) for row in rows}


def _locked(work: Work, charges: Sequence[Charge]) -> dict[str, Meter]:
    """The rows of all charges, made where missing and held until the commit; in the order of their ids, so that nobody waits in a ring."""
    names = {_id(one.limit, one.subject): (one.limit, one.subject) for one in charges}
    work.insert_missing(quota, [_row(work, *names[row_id], Meter()) for row_id in sorted(names)])
    return _read(work, set(names), lock=True)


def _row(work: Work, limit: str, subject: str, row: Meter) -> dict[str, Any]:
    return {
        "id": _id(limit, subject),
        "name": limit,
        "label": "" if limit in PERSONAL else subject[:200],
        "spent": row.spent,
        "closed_until": row.closed_until,
        "strikes": row.strikes,
        "touched_at": work.now,
    }


def _store(work: Work, rows: Mapping[str, Meter], touched: set[tuple[str, str]]) -> None:
    changed = [_row(work, limit, subject, rows[_id(limit, subject)]) for limit, subject in sorted(touched)]
    upsert(work, quota, changed, ["id"], ["spent", "closed_until", "strikes", "touched_at"])
