"""Rows of membership to values and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.domain import ledger
from assistant.domain.membership import facts
from assistant.domain.membership.ladder import NOTICES, Ladder, due_gift
from assistant.domain.membership.model import ASSET, DueGift, GiftEntry, OrderGrowth, Paid, Place, account
from assistant.domain.membership.rules import DEFAULT_RULES, Rules, rules_from, rules_to
from assistant.domain.membership.tables import counted, gift, paid, rules, tier
from assistant.store import View, Work, chunks, upsert

PLACE_FIELDS = [field.name for field in fields(Place)]
PAID_FIELDS = [field.name for field in fields(Paid)]
GIFT_FIELDS = [field.name for field in fields(DueGift)]
LIVE = ("waiting", "running")


def rules_book(view: View) -> dict[int, Rules]:
    """Every version of the rules; version 0 comes with the house."""
    return {0: DEFAULT_RULES} | {row.version: rules_from(row.body) for row in view.all(sa.select(rules.c.version, rules.c.body))}


def save_rules(work: Work, version: int, chosen: Rules) -> None:
    work.insert(rules, [{"version": version, "body": rules_to(chosen), "by": work.principal.label, "at": work.now}])


def holders(view: View, names: Collection[str]) -> int:
    """How many members hold one of these tiers in any way."""
    held = sa.or_(tier.c.tier.in_(sorted(names)), tier.c.own.in_(sorted(names)), tier.c.floor.in_(sorted(names)))
    return int(view.scalar(sa.select(sa.func.count()).select_from(tier).where(held)) or 0)


def live_terms(view: View) -> set[tuple[int, str]]:
    """Version and plan of all paid time that is waiting or running."""
    rows = view.all(sa.select(paid.c.version, paid.c.plan).where(paid.c.stage.in_(LIVE)).distinct())
    return {(row.version, row.plan) for row in rows}


def open_ladder(work: Work, member_ids: Collection[str]) -> Ladder:
    """The members' places, held until the commit in one order and brought up to now; new members begin in everybody's tier."""
    ids = sorted(set(member_ids))
    book = rules_book(work)
    found = _held(work, ids, book)
    ladder = Ladder(work.now, book, [found[number] for number in ids], growth_of(work, ids), lines_of(work, ids))
    ladder.refresh()
    return ladder


def hold(work: Work, member_ids: Collection[str]) -> None:
    """Holds the members before a key is looked up, so that a retry that races the first try finds what that one did."""
    if not work.is_sqlite:
        _held(work, sorted(set(member_ids)), rules_book(work))


def _held(work: Work, ids: Sequence[str], book: Mapping[int, Rules]) -> dict[str, Place]:
    base, newest = book[max(book)].base, max(book)
    found = _places(work, ids, lock=True)
    missing = [number for number in ids if number not in found]
    if missing:
        begun = [Place(number, base, work.now, base, base, version=newest, checked=newest) for number in missing]
        work.insert_missing(tier, [_row(place, PLACE_FIELDS) for place in begun])
        found.update(_places(work, missing, lock=True))
    return found


def close_ladder(work: Work, ladder: Ladder) -> None:
    """Books, keeps and tells what the ladder says, each as one set."""
    ledger.post(work, ladder.postings)
    upsert(work, tier, [_row(place, PLACE_FIELDS) for place in ladder.changed_places()], ["member_id"], PLACE_FIELDS[1:])
    upsert(work, paid, [_row(one, PAID_FIELDS) for one in ladder.changed_paid()], ["id"], PAID_FIELDS[1:])
    work.record(*ladder.facts)
    add_gifts(work, [*ladder.gifts, *_entry_gifts(work, ladder)])


def _entry_gifts(work: Work, ladder: Ladder) -> list[DueGift]:
    """Gifts on entering a tier, at most once in the length of a window, so that down and up again brings nothing twice."""
    entered = [(number, name) for number, name in ladder.entered if any(one.when == "entry" for one in ladder.rules.gifts_of(name))]
    if not entered:
        return []
    since = work.now - timedelta(days=ladder.rules.window_days)
    had: set[tuple[str, str]] = set()
    for part in chunks(sorted({number for number, _name in entered})):
        mine = (gift.c.member_id.in_(part), gift.c.slot.startswith("entry:"), gift.c.due_at > since)
        had.update((row.member_id, row.source) for row in work.all(sa.select(gift.c.member_id, gift.c.source).where(*mine)))
    day = work.now.strftime("%Y%m%dT%H%M%S")
    return [
        due_gift(number, f"entry:{name}:{day}:{n}", f"tier:{name}", one)
        for number, name in entered
        if (number, f"tier:{name}") not in had
        for n, one in enumerate(ladder.rules.gifts_of(name))
        if one.when == "entry"
    ]


def add_gifts(work: Work, gifts: Sequence[DueGift], *, given: bool = False) -> list[DueGift]:
    """Keeps gifts that are due and tells of them; a slot that is taken gives nothing. Returns the new ones."""
    taken: set[str] = set()
    for part in chunks([one.id for one in gifts]):
        taken.update(row.id for row in work.all(sa.select(gift.c.id).where(gift.c.id.in_(part))))
    new = [one for one in gifts if one.id not in taken]
    work.insert_missing(gift, [{**_row(one, GIFT_FIELDS), "due_at": work.now, "given_at": work.now if given else None} for one in new])
    work.record(*(facts.gift_due(one) for one in new))
    return new


def _places(view: View, ids: Collection[str], *, lock: bool = False) -> dict[str, Place]:
    statement = sa.select(tier).where(view.among(tier.c.member_id, ids)).order_by(tier.c.member_id)
    rows = view.all(view.locked(statement) if lock else statement) if ids else ()
    return {row.member_id: Place(**{name: getattr(row, name) for name in PLACE_FIELDS}) for row in rows}


def lines_of(view: View, ids: Collection[str]) -> list[Paid]:
    """Paid time of the members that is waiting or running."""
    rows = view.all(sa.select(paid).where(view.among(paid.c.member_id, ids), paid.c.stage.in_(LIVE))) if ids else ()
    return [_paid(row) for row in rows]


def paid_by(view: View, payments: Collection[str]) -> dict[str, Paid]:
    """Purchases by what paid for them, of any stage."""
    found: dict[str, Paid] = {}
    for part in chunks(sorted(set(payments))):
        found.update({row.payment: _paid(row) for row in view.all(sa.select(paid).where(paid.c.payment.in_(part)))})
    return found


def of_member(view: View, member_id: str) -> list[Paid]:
    rows = view.all(sa.select(paid).where(paid.c.member_id == member_id).order_by(paid.c.bought_at.desc(), paid.c.id))
    return [_paid(row) for row in rows]


def given_value(view: View, paid_ids: Collection[str]) -> dict[str, int]:
    """The listed value of the gifts that were given for each purchase."""
    found: dict[str, int] = {}
    for part in chunks(sorted(paid_ids)):
        total = sa.func.sum(gift.c.value_fen).label("total")
        given = (gift.c.paid_id.in_(part), gift.c.given_at.is_not(None))
        found.update(
            {row.paid_id: int(row.total) for row in view.all(sa.select(gift.c.paid_id, total).where(*given).group_by(gift.c.paid_id))}
        )
    return found


def gift_by_id(work: Work, gift_id: str) -> tuple[DueGift, bool] | None:
    """A gift, held until the commit, and whether it was given already."""
    row = work.one(work.locked(sa.select(gift).where(gift.c.id == gift_id)))
    return None if row is None else (DueGift(**{name: getattr(row, name) for name in GIFT_FIELDS}), row.given_at is not None)


def mark_given(work: Work, gift_id: str) -> None:
    work.execute(gift.update().where(gift.c.id == gift_id).values(given_at=work.now))


def gifts_of(view: View, member_id: str, limit: int) -> list[GiftEntry]:
    rows = view.all(sa.select(gift).where(gift.c.member_id == member_id).order_by(gift.c.due_at.desc(), gift.c.id).limit(limit))
    return [GiftEntry(row.name, row.source, row.due_at, row.given_at) for row in rows]


def members_after(view: View, last: str, limit: int) -> list[str]:
    statement = sa.select(tier.c.member_id).where(tier.c.member_id > last).order_by(tier.c.member_id).limit(limit)
    return [row.member_id for row in view.all(statement)]


def look_at(view: View, member_ids: Collection[str]) -> Ladder:
    """The same ladder for reading: exact at any instant, whether or not the sweeps have run."""
    places = _places(view, member_ids)
    growth = growth_of(view, member_ids)
    ladder = Ladder(view.now, rules_book(view), places.values(), growth, lines_of(view, places.keys()))
    ladder.refresh()
    return ladder


def counted_for(view: View, order_ids: Collection[str]) -> dict[str, OrderGrowth]:
    rows = view.all(sa.select(counted).where(view.among(counted.c.order_id, order_ids))) if order_ids else ()
    return {row.order_id: OrderGrowth(row.order_id, row.member_id, row.counted, row.version) for row in rows}


def orders_counted(view: View, member_id: str) -> set[str]:
    """The orders that count for the member."""
    return {row.order_id for row in view.all(sa.select(counted.c.order_id).where(counted.c.member_id == member_id))}


def save_counted(work: Work, changed: Iterable[OrderGrowth]) -> None:
    rows = [
        {"order_id": one.order_id, "member_id": one.member_id, "counted": one.counted, "version": one.version}
        for one in sorted(changed, key=lambda one: one.order_id)
    ]
    upsert(work, counted, rows, ["order_id"], ["member_id", "counted", "version"])


def growth_of(view: View, member_ids: Collection[str]) -> dict[str, int]:
    accounts = {number: account(number) for number in member_ids}
    balances = ledger.balances(view, accounts.values())
    return {number: balances[one] for number, one in accounts.items()}


def due_members(view: View, limit: int) -> list[str]:
    """Members whose window is over, whose paid time turns or ends soon, or whom newer rules have not met yet; the longest due first."""
    now = view.now
    newest = int(view.scalar(sa.select(sa.func.coalesce(sa.func.max(rules.c.version), 0))))
    near = [sa.and_(paid.c.ends_at <= now + timedelta(days=days), sa.or_(paid.c.noticed == 0, paid.c.noticed > days)) for days in NOTICES]
    turning = sa.or_(
        sa.and_(paid.c.stage == "waiting", paid.c.starts_at <= now),
        sa.and_(paid.c.stage == "running", sa.or_(paid.c.ends_at <= now, *near)),
    )
    asked = (
        sa.select(tier.c.member_id).where(tier.c.until <= now).order_by(tier.c.until),
        sa.select(paid.c.member_id).where(turning).order_by(paid.c.ends_at),
        sa.select(tier.c.member_id).where(tier.c.checked < newest).order_by(tier.c.member_id),
    )
    found: dict[str, None] = {}
    for statement in asked:
        found.update((row.member_id, None) for row in view.all(statement.limit(limit)))
    return sorted(list(found)[:limit])


def tier_select() -> sa.Select[Any]:
    return sa.select(tier.c.member_id.label("member_id"), tier.c.tier.label("value"))


def since_select() -> sa.Select[Any]:
    return sa.select(tier.c.member_id.label("member_id"), tier.c.since.label("value"))


def until_select() -> sa.Select[Any]:
    return sa.select(tier.c.member_id.label("member_id"), tier.c.until.label("value")).where(tier.c.until.is_not(None))


def plan_select(now: datetime) -> sa.Select[Any]:
    runs = (paid.c.stage.in_(LIVE), paid.c.starts_at <= now, paid.c.ends_at > now)
    return sa.select(paid.c.member_id.label("member_id"), paid.c.plan.label("value")).where(*runs)


def plan_days_select(now: datetime) -> sa.Select[Any]:
    left = sa.cast(sa.extract("epoch", sa.func.max(paid.c.ends_at)), sa.BigInteger) - int(now.timestamp())
    live = sa.and_(paid.c.stage.in_(LIVE), paid.c.ends_at > now)
    return sa.select(paid.c.member_id.label("member_id"), (left // 86400).label("value")).where(live).group_by(paid.c.member_id)


def growth_select() -> sa.Select[Any]:
    return ledger.balance_select(ASSET)


def _row(value: Any, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _paid(row: Any) -> Paid:
    return Paid(**{name: getattr(row, name) for name in PAID_FIELDS})
