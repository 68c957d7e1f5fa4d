"""The reads about growth value, tiers and paid time; exact at any instant, whether or not the sweeps have run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from assistant.domain.membership import store
from assistant.domain.membership.model import GiftEntry, Paid, Standing, standing
from assistant.domain.membership.rules import Rules
from assistant.store import View


def standings(view: View, ids: Iterable[str]) -> dict[str, Standing]:
    """Tier, growth value, window, paid time and the way to the next tier of each member asked for."""
    wanted = set(ids)
    ladder = store.look_at(view, wanted)
    found = {}
    for number in wanted:
        place = ladder.places.get(number)
        if place is None:
            base, growth = ladder.rules.base, ladder.growth[number]
            following = ladder.rules.tiers[1] if len(ladder.rules.tiers) > 1 else None
            needed = max(0, following.growth - growth) if following else 0
            found[number] = Standing(base, growth, following.name if following else "", needed, None, base)
        else:
            line = [one for one in ladder.lines[number] if one.stage in store.LIVE]
            found[number] = standing(ladder.rules, place, ladder.growth[number], line, _names(ladder.book, line))
    return found


def _names(book: Mapping[int, Rules], line: list[Paid]) -> dict[str, str]:
    return {one.id: plan.name for one in line if (plan := book[one.version].plan(one.plan))}


def rules(view: View) -> tuple[int, Rules]:
    """The rules in force and their version."""
    book = store.rules_book(view)
    return max(book), book[max(book)]


def purchases(view: View, member_id: str) -> list[Paid]:
    """A member's purchases of plans, the newest first."""
    return store.of_member(view, member_id)


def gifts_of(view: View, member_id: str, limit: int) -> list[GiftEntry]:
    """A member's gifts of tiers and plans, the newest first."""
    return store.gifts_of(view, member_id, limit)
