"""Two members turn out to be one, or not to be: tiers are the higher ones, paid time follows itself, and both come apart again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from assistant.domain import ledger
from assistant.domain.ledger import Posting, Span
from assistant.domain.membership import store
from assistant.domain.membership.ladder import Ladder
from assistant.domain.membership.model import ASSET, Paid, Place, account
from assistant.store import Work

ORDER = re.compile(r"order_[0-9a-f]{24}")


def still(work: Work, member_ids: Sequence[str]) -> None:
    """Holds the members and does what is due."""
    store.close_ladder(work, store.open_ladder(work, member_ids))


def join(work: Work, kept: str, absorbed: str, moved: Iterable[str]) -> dict[str, Any]:
    """After growth value and the purchases ``moved`` were joined: the higher tier and floor hold, paid time that would run at the same
    time runs one after the other. Returns what ``part`` needs."""
    ladder = store.open_ladder(work, [kept, absorbed])
    place, other = ladder.places[kept], ladder.places[absorbed]
    rules = ladder.rules
    memory = {"kept": _told(place), "absorbed": _told(other), "lines": _queue(ladder.lines[kept], set(moved), work.now)}
    if rules.rank(other.own) > rules.rank(place.own):
        place.until, place.version = other.until, other.version
    elif other.own == place.own and place.until and other.until:
        place.until = max(place.until, other.until)
    place.own, place.floor = rules.higher(place.own, other.own), rules.higher(place.floor, other.floor)
    place.base += other.base
    other.own = other.floor = rules.base
    other.base, other.until = 0, None
    ladder.turn(kept)
    _settle(work, ladder, kept, absorbed)
    return memory


def _told(place: Place) -> dict[str, Any]:
    return {"own": place.own, "floor": place.floor, "base": place.base, "until": place.until.isoformat() if place.until else None}


def _queue(line: list[Paid], moved: set[str], now: datetime) -> list[str]:
    """Moved time begins when the other ends; returns the purchases whose time was moved."""
    own = [one for one in line if one.id not in moved]
    end = max((one.ends_at for one in own), default=now)
    shifted = []
    for one in sorted((one for one in line if one.id in moved), key=lambda one: one.starts_at):
        begins = max(one.starts_at, now)
        if own and begins < end:
            one.starts_at, one.ends_at = end, end + (one.ends_at - begins)
            one.stage = "waiting"
            shifted.append(one.id)
        end = max(end, one.ends_at)
    return shifted


def part(work: Work, key: str, kept: str, absorbed: str, memory: Mapping[str, Any], moved: int, spans: Sequence[Span]) -> int:
    """Gives the absorbed member growth value of its own: what it brought (``moved``) and what its own orders did in the ``spans``, as far
    as no review has used it up. Both have at least the tier they had when they were joined, until its time is over. Returns what it has.
    """
    ladder = store.open_ladder(work, [kept, absorbed])
    ours = store.orders_counted(work, absorbed)
    lines = ledger.later(work, ASSET, account(kept).pocket, spans)
    share = moved + sum(line.amount for line in lines if ours & set(ORDER.findall(line.key)))
    share = min(max(share, min(ladder.growth[kept], 0)), max(ladder.growth[kept], 0))
    if share:
        giver, taker = (account(kept), account(absorbed)) if share > 0 else (account(absorbed), account(kept))
        ladder.postings.append(Posting(key, giver, taker, abs(share), "撤销会员合并", allow_negative=True))
        ladder.growth = {kept: ladder.growth[kept] - share, absorbed: ladder.growth[absorbed] + share}
    _chain([one for one in ladder.lines[absorbed] if one.id in memory["lines"]], work.now)
    for number, told in ((kept, memory["kept"]), (absorbed, memory["absorbed"])):
        _restore(ladder, ladder.places[number], told)
    _settle(work, ladder, kept, absorbed)
    return share


def _chain(lines: Sequence[Paid], now: datetime) -> None:
    """Time that waited behind the other's begins now, with all that is left of it."""
    begins = now
    for one in sorted(lines, key=lambda one: one.starts_at):
        left = one.ends_at - max(one.starts_at, now)
        one.starts_at, one.ends_at = begins, begins + left
        begins = one.ends_at


def _restore(ladder: Ladder, place: Place, told: Mapping[str, Any]) -> None:
    rules = ladder.rules
    reached = rules.at(ladder.growth[place.member_id])
    until = datetime.fromisoformat(told["until"]) if told["until"] else None
    if rules.rank(reached) <= rules.rank(told["own"]):
        place.own, place.until = told["own"], until
    else:
        place.own = reached
    place.floor = told["floor"]
    place.base = min(told["base"], max(ladder.growth[place.member_id], 0))


def _settle(work: Work, ladder: Ladder, *members: str) -> None:
    for number in members:
        ladder.turn(number)
    ladder.settle(members)
    for number in members:
        ladder.show(ladder.places[number], work.now, "merge")
    store.close_ladder(work, ladder)
