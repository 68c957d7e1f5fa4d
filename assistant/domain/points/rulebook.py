"""Rows of rules and caps to values and back: which version is live, what each says, what caps have used."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.points.caps import CapKey, Room
from assistant.domain.points.rules import Rules, rules_from
from assistant.domain.points.tables import cap_use, holder, rules
from assistant.store import View, Work, chunks, upsert

BUILT_IN = 0
"""The version that holds until another goes live."""


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One version of the rules: ``state`` is draft, live or past. ``simulation`` is empty until it was tried out."""

    version: int
    rules: Rules
    state: str
    note: str = ""
    proposed_by: str = ""
    proposed_at: datetime | None = None
    simulation: dict[str, Any] | None = None
    simulated_at: datetime | None = None
    live_by: str = ""
    live_at: datetime | None = None


class Rulebook:
    """The live rules and those of older versions, each read once."""

    def __init__(self, view: View) -> None:
        self._view = view
        row = view.one(sa.select(rules.c.version, rules.c.body).where(rules.c.state == "live"))
        self.live = row.version if row else BUILT_IN
        self._known = {BUILT_IN: Rules()}
        if row:
            self._known[row.version] = rules_from(row.body)

    def __getitem__(self, version: int) -> Rules:
        if version not in self._known:
            self._known[version] = rules_from(self._view.scalar(sa.select(rules.c.body).where(rules.c.version == version)))
        return self._known[version]

    @property
    def now(self) -> Rules:
        """The live rules."""
        return self._known[self.live]


def rule_versions(view: View, limit: int = 50) -> list[RuleVersion]:
    """The versions, newest first; the built-in one is not among them."""
    return [_version(row) for row in view.all(sa.select(rules).order_by(rules.c.version.desc()).limit(limit))]


def rule_version(view: View, number: int) -> RuleVersion | None:
    """One version; the built-in one has number 0."""
    row = view.one(sa.select(rules).where(rules.c.version == number))
    if row is not None:
        return _version(row)
    return RuleVersion(BUILT_IN, Rules(), "live" if Rulebook(view).live == BUILT_IN else "past") if number == BUILT_IN else None


def add_version(work: Work, chosen: Rules, note: str) -> int:
    """Stores a draft; two at once get different numbers or one of them is asked to come again."""
    number = int(work.scalar(sa.select(sa.func.max(rules.c.version))) or 0) + 1
    row = {
        "version": number,
        "body": chosen.model_dump(mode="json", exclude_defaults=True),
        "state": "draft",
        "note": note,
        "proposed_by": work.principal.label,
        "proposed_at": work.now,
        "simulation": {},
        "live_by": "",
    }
    work.insert(rules, [row])
    return number


def keep_result(work: Work, number: int, result: dict[str, Any]) -> None:
    """What trying the version out has shown."""
    work.execute(rules.update().where(rules.c.version == number).values(simulation=result, simulated_at=work.now))


def lock_version(work: Work, number: int) -> RuleVersion | None:
    """A version with the live one, both held until the commit."""
    statement = sa.select(rules).where(sa.or_(rules.c.version == number, rules.c.state == "live")).order_by(rules.c.version)
    found = {row.version: _version(row) for row in work.all(work.locked(statement))}
    return found.get(number)


def make_live(work: Work, number: int) -> None:
    """The version holds from now on, the one before is past."""
    work.execute(rules.update().where(rules.c.state == "live").values(state="past"))
    work.execute(rules.update().where(rules.c.version == number).values(state="live", live_by=work.principal.label, live_at=work.now))


def open_room(work: Work, keys: Collection[CapKey]) -> Room:
    """The counters, held until the commit in one order; those never drawn on begin at 0."""
    wanted = sorted(set(keys))
    if not wanted:
        return Room()
    if not work.is_sqlite:
        work.insert_missing(cap_use, [_key_row(key) | {"used": 0} for key in wanted])
    used: dict[CapKey, int] = {}
    columns = (cap_use.c.cap, cap_use.c.holder, cap_use.c.period)
    for part in chunks(wanted, 100):
        same = sa.tuple_(*columns).in_([(key.cap, key.holder, key.period) for key in part])
        for row in work.all(work.locked(sa.select(cap_use).where(same).order_by(*columns))):
            used[CapKey(row.cap, row.holder, row.period)] = row.used
    return Room(used)


def close_room(work: Work, room: Room) -> None:
    """Writes the counters that were drawn on."""
    many = [_key_row(key) | {"used": room.used[key]} for key in sorted(room.changed)]
    upsert(work, cap_use, many, ["cap", "holder", "period"], ["used"])


def households(view: View, member_ids: Iterable[str]) -> dict[str, str]:
    """The household of each member who has one."""
    found: dict[str, str] = {}
    for part in chunks(sorted(set(member_ids))):
        statement = sa.select(holder).where(holder.c.member_id.in_(part), holder.c.household != "")
        found.update({row.member_id: row.household for row in view.all(statement)})
    return found


def save_households(work: Work, wanted: dict[str, str]) -> None:
    many = [{"member_id": number, "household": wanted[number]} for number in sorted(wanted)]
    upsert(work, holder, many, ["member_id"], ["household"])


def _key_row(key: CapKey) -> dict[str, Any]:
    return {"cap": key.cap, "holder": key.holder, "period": key.period}


def _version(row: Any) -> RuleVersion:
    return RuleVersion(
        version=row.version,
        rules=rules_from(row.body),
        state=row.state,
        note=row.note,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        simulation=row.simulation or None,
        simulated_at=row.simulated_at,
        live_by=row.live_by,
        live_at=row.live_at,
    )
