"""How far asking WeCom for consent is, whether the archive is on, and who said what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.archive import tables
from assistant.domain.archive.commands import DAYS, SETTING
from assistant.store import View, Work, cursor, upsert

ON, ROUND = "archive.on", "archive.consent"


@dataclass(frozen=True, slots=True)
class Round:
    """One round of questions: ``stage`` single, rooms or done; ``staff`` are archived; ``place`` is for the one who goes on.

    ``asked`` pairs and rooms so far, ``fresh`` words that were new. Instants are ISO in UTC; ``ended`` empty while it goes on.
    """

    stage: str
    staff: tuple[str, ...]
    place: Mapping[str, Any]
    asked: int = 0
    fresh: int = 0
    started: str = ""
    ended: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """One customer's word; ``member_id`` is empty where nobody knows him."""

    member_id: str
    agreed: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long messages are kept in days, how many there are, and since when."""

    days: int
    messages: int
    since: datetime | None


def turn(work: Work, on: bool) -> None:
    """Says whether the corp has the archive (its secret is set)."""
    _put(work, ON, on)


def is_on(view: View) -> bool:
    """Whether the archive is on."""
    return bool(_get(view, ON))


def keep_round(work: Work, one: Round) -> None:
    """Writes where the round stands."""
    _put(work, ROUND, asdict(one))


def last_round(view: View) -> Round | None:
    """The round that goes on, or the last; None before the first."""
    value = _get(view, ROUND)
    return Round(**(value | {"staff": tuple(value["staff"])})) if value else None


def words(view: View, *, agreed: bool, limit: int = 100) -> list[Said]:
    """Who agreed, or who did not, the latest first."""
    table = tables.agreement
    rows = view.all(sa.select(table).where(table.c.agreed.is_(agreed)).order_by(table.c.at.desc(), table.c.peer).limit(limit))
    return [Said(row.member_id, row.agreed, row.at) for row in rows]


def kept(view: View) -> Keeping:
    """What is kept."""
    row = view.one(sa.select(sa.func.count().label("n"), sa.func.min(tables.message.c.at).label("since")))
    days = _get(view, SETTING)
    return Keeping(int(days or DAYS), row.n if row else 0, row.since if row else None)


def _put(work: Work, name: str, value: Any) -> None:
    upsert(work, cursor, [{"name": name, "value": value, "at": work.now}], ["name"], ["value", "at"])


def _get(view: View, name: str) -> Any:
    return view.scalar(sa.select(cursor.c.value).where(cursor.c.name == name))
