"""Gifts by the calendar: at the beginning of each month every member is looked at once, in sets.

The rule: a gift of a month, a quarter or a birthday goes to who has held the tier (or the paid time) since before the month began, so
who joins in the middle has the gift on entering and waits for the next month, and down and up again brings nothing twice. A month
that passed while nothing ran is not made up for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import sqlalchemy as sa

from assistant.base.clock import business_day
from assistant.domain import members
from assistant.domain.membership import rules, store
from assistant.domain.membership.calendar import month_begin
from assistant.domain.membership.ladder import Ladder, due_gift
from assistant.domain.membership.model import DueGift, Place
from assistant.domain.membership.rules import Gift, Rules
from assistant.store import Work, cursor, upsert

SWEEP = 50
"""So many members keep the writer well below a tenth of a second."""
DONE = "~"
"""Stands behind every member id."""


def next_gifts(work: Work) -> tuple[int, list[DueGift]]:
    """Looks at the next set of members for this month's gifts; returns how many members were looked at and what is due to them.

    Run again it goes on; 0 is the end of the month's round. The caller keeps the gifts in the same commit.
    """
    month = business_day(month_begin(work.now))
    name = f"membership.gifts:{month:%Y-%m}"
    work.insert_missing(cursor, [{"name": name, "value": "", "at": work.now}])
    row = work.one(work.locked(sa.select(cursor.c.value).where(cursor.c.name == name)))
    last = str(row.value) if row else ""
    if last == DONE:
        return 0, []
    ids = store.members_after(work, last, SWEEP) if _any(store.rules_book(work)) else []
    found: list[DueGift] = []
    if ids:
        ladder = store.open_ladder(work, ids)
        store.close_ladder(work, ladder)
        found = _gifts(work, ladder, month)
    upsert(work, cursor, [{"name": name, "value": ids[-1] if ids else DONE, "at": work.now}], ["name"], ["value", "at"])
    return len(ids), found


def keep_gifts(work: Work, gifts: Sequence[DueGift], *, given: bool = False) -> list[DueGift]:
    """Keeps gifts that are due, or ``given`` in this very commit; returns those that were not kept before."""
    return store.add_gifts(work, gifts, given=given)


def _any(book: Mapping[int, Rules]) -> bool:
    every = [gift for one in book.values() for brought in rules.gifts(one).values() for gift in brought]
    return any(gift.when != "entry" for gift in every)


def _gifts(work: Work, ladder: Ladder, month: date) -> list[DueGift]:
    begin = month_begin(work.now)
    born = {number: one.birthday_month_day[:2] for number, one in members.profiles(work, ladder.places).items()}
    found: list[DueGift] = []
    for number, place in ladder.places.items():
        birthday = born.get(number) == f"{month:%m}"
        for source, gifts, paid_id in _sources(ladder, place, begin):
            found += _of(number, source, gifts, paid_id, month, birthday)
    return found


def _sources(ladder: Ladder, place: Place, begin: datetime) -> list[tuple[str, Sequence[Gift], str]]:
    """The tier and the paid time that were held when the month began."""
    found: list[tuple[str, Sequence[Gift], str]] = []
    if place.since <= begin:
        found.append(("tier", ladder.rules.gifts_of(place.tier), ""))
    for one in ladder.lines[place.member_id]:
        plan = ladder.book[one.version].plan(one.plan)
        if plan and one.stage == "running" and one.starts_at <= begin:
            found.append((f"plan:{one.plan}", plan.gifts, one.id))
    return found


def _of(member_id: str, source: str, gifts: Sequence[Gift], paid_id: str, month: date, birthday: bool) -> list[DueGift]:
    periods = {"monthly": f"{month:%Y-%m}"}
    if month.month % 3 == 1:
        periods["quarterly"] = f"{month.year}Q{month.month // 3 + 1}"
    if birthday:
        periods["birthday"] = str(month.year)
    found = []
    for when, period in periods.items():
        of_kind = [gift for gift in gifts if gift.when == when]
        found += [due_gift(member_id, f"{source}:{when}:{period}:{n}", source, gift, paid_id) for n, gift in enumerate(of_kind)]
    return found
