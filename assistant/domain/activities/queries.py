"""The reads of activities."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from assistant.base.clock import business_day
from assistant.base.errors import LaoyouError, Refused
from assistant.domain.activities import book, gate, lottery, store
from assistant.domain.activities.language import Lottery
from assistant.domain.activities.model import Item, Redemption
from assistant.domain.activities.values import WAITING, Chances, Entry, Stock, Stored
from assistant.store import View


def items(view: View) -> list[Item]:
    """What the mall offers, the cheapest first, sold out ones included."""
    return store.items(view)


def redemptions_of(view: View, member_id: str) -> list[Redemption]:
    """A member's redemptions, newest first."""
    return store.redemptions_of(view, member_id)


def to_fulfil(view: View, limit: int = 200) -> list[Redemption]:
    """Redemptions that wait to be sent, oldest first."""
    return store.redemptions_in(view, "placed", limit)


def streak(view: View, member_id: str) -> int:
    """Days in a row up to today or yesterday; 0 if broken."""
    last = store.last_checkin(view, member_id)
    alive = last is not None and last.day >= business_day(view.now) - timedelta(days=1)
    return last.streak if last is not None and alive else 0


def activities(view: View) -> list[Stored]:
    """All activities, the newest first."""
    return book.listed(view)


def activity(view: View, name: str) -> Stored | None:
    """One activity, or None."""
    return book.find(view, name)


def open_to(view: View, member_id: str = "") -> list[Stored]:
    """What is on now, the next to end first; with a member only what is meant for them. KOC recognition is never offered."""
    on = [one for one in book.listed(view, ("published",)) if one.on(view.now) and one.kind != "koc"]
    return sorted((one for one in on if not member_id or _welcome(view, one, member_id)), key=lambda one: (one.ends_at, one.name))


def _welcome(view: View, one: Stored, member_id: str) -> bool:
    try:
        gate.meant_for(view, one, member_id)
    except LaoyouError:
        return False
    return True


def stock(view: View, name: str) -> dict[str, Stock]:
    """What there is of each limited item: prizes by id, ``goods``, ``places``, and ``budget`` in fen."""
    return book.stock_of(view, name)


def chances(view: View, name: str, member_id: str) -> Chances:
    """What a member can draw with; Refused for an activity that is no open lottery."""
    return lottery.chances(view, gate.open_now(view, name, ("lottery",)), member_id)


def my_entries(view: View, member_id: str, name: str = "", limit: int = 20) -> list[Entry]:
    """A member's own entries, the newest first."""
    return book.entries_of(view, member_id, name, limit)


def entries(view: View, name: str, states: Collection[str] = (), limit: int = 500) -> list[Entry]:
    """Entries of an activity, the oldest first."""
    return book.entries_in(view, name, states, limit)


def to_settle(view: View, name: str, limit: int = 200) -> list[Entry]:
    """Entries that wait for a person, the oldest first."""
    return book.entries_in(view, name, WAITING, limit)


def entry_counts(view: View, name: str) -> dict[str, int]:
    """How many entries there are in each state."""
    return book.figures(view, name)


def published_draws(view: View, name: str, limit: int = 100_000) -> dict[str, Any]:
    """Everything that verifies a lottery: odds and commitment at any time; seed and draws once it is over."""
    one = book.find(view, name)
    if one is None or not isinstance(one.activity, Lottery) or one.published_at is None:
        raise Refused("没有这个抽奖", code="no_activity")
    prizes = [{"id": prize.id, "title": prize.title, "odds": prize.odds, "stock": prize.stock} for prize in one.activity.prizes]
    shown: dict[str, Any] = {"activity": one.name, "seed_sha256": one.seed_digest, "prizes": prizes, "fallback": one.activity.fallback}
    if not one.over(view.now):
        return shown
    draws = [
        {"player": entry.body["player"], "number": entry.number, "hit": entry.body["hit"], "given": entry.item, "why": entry.body["why"]}
        for entry in book.entries_in(view, name, (), limit)
    ]
    return shown | {"seed": one.seed, "draws": draws}


def check_in_days(view: View, member_id: str) -> set[date]:
    """Every day on which the member is checked in, those made up included."""
    return store.checkins_since(view, member_id, date.min)
