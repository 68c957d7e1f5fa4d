"""Trying rules out: the same pure rules over the orders and events of the last days, beside the rules in force. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from assistant.base.errors import Invalid
from assistant.domain import membership, orders
from assistant.domain.orders import Order
from assistant.domain.points import rulebook, store
from assistant.domain.points.caps import Room, Who
from assistant.domain.points.model import Behaviour
from assistant.domain.points.rulebook import Rulebook
from assistant.domain.points.rules import Rules, kept, quote, split
from assistant.store import View, chunks

SIMULATED_DAYS = 90
AT_ONCE = 500
MOST_DIFFERENT = 10
Feed = Callable[[View, datetime, datetime, Iterable[str]], Iterable[Behaviour]]
"""Events of some names from one instant to before another, oldest first."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule would have given, and what it gives under the rules in force."""

    rule: str
    title: str
    points: int
    live_points: int


@dataclass(frozen=True, slots=True)
class Difference:
    """A member who would have earned another amount."""

    member_id: str
    points: int
    live_points: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a version would have given from ``since`` to ``until`` (ISO instants), beside ``compared_with``, the version then in force.

    ``cost_fen`` is what the points cost by each version's own price of a hundred.
    """

    version: int
    compared_with: int
    since: str
    until: str
    orders: int
    events: int
    people: int
    points: int
    cost_fen: int
    live_people: int
    live_points: int
    live_cost_fen: int
    rules: tuple[RuleResult, ...] = ()
    differences: tuple[Difference, ...] = ()


@dataclass(slots=True)
class _Side:
    """One set of rules while it is played."""

    rules: Rules
    room: Room = field(default_factory=Room)
    by_rule: dict[str, int] = field(default_factory=dict)
    by_member: dict[str, int] = field(default_factory=dict)

    def give(self, member_id: str, parts: dict[str, int]) -> None:
        for name, part in parts.items():
            self.by_rule[name] = self.by_rule.get(name, 0) + part
            self.by_member[member_id] = self.by_member.get(member_id, 0) + part

    def order(self, order: Order, standing: membership.Standing | None, who: Who, at: datetime) -> None:
        held = self.rules.held(standing.tier, standing.plan) if standing else ""
        quoted = quote(self.rules, order, held, at)
        granted = self.room.draw(self.rules, quoted.parts(), who, at)
        self.give(who.member_id, split(kept(quoted, sum(granted.values()), order.net_fen, order.paid_fen), granted))

    def behaviour(self, one: Behaviour, who: Who) -> None:
        wanted = {rule.id: rule.points for rule in self.rules.behaviours if rule.answers(one.name, one.at, one.properties)}
        self.give(who.member_id, self.room.draw(self.rules, wanted, who, one.at))

    @property
    def points(self) -> int:
        return sum(self.by_rule.values())

    @property
    def cost_fen(self) -> int:
        return self.points * self.rules.fen_per_hundred // 100

    @property
    def people(self) -> int:
        return sum(1 for points in self.by_member.values() if points)


def simulate(view: View, version: int, days: int = SIMULATED_DAYS, feed: Feed | None = None) -> Simulation:
    """Plays the orders paid in the last ``days`` (with today's tiers, plans and refunds) and the events of the feed under a version and the
    rules in force, both with empty caps. Without a feed only events that earned before are known.

    Raises Invalid(code="no_rules") for an unknown version.
    """
    chosen = rulebook.rule_version(view, version)
    if chosen is None:
        raise Invalid(f"没有第 {version} 版积分规则", code="no_rules", version=version)
    book = Rulebook(view)
    sides = _Side(chosen.rules), _Side(book.now)
    since = view.now - timedelta(days=days)
    counted = _play_orders(view, sides, since)
    names = {rule.event for side in sides for rule in side.rules.behaviours}
    events = _play_events(view, sides, (feed or store.behaviours_between)(view, since, view.now, names) if names else ())
    return _result(view, sides, (version, book.live), since, (counted, events))


def _play_orders(view: View, sides: tuple[_Side, _Side], since: datetime) -> int:
    counted = 0
    for found in orders.paid_between(view, since, view.now, AT_ONCE):
        owned = [order for order in found if order.member_id and order.net_fen]
        ids = {order.member_id for order in owned}
        standings = membership.standings(view, ids) if any(side.rules.standings for side in sides) else {}
        homes = rulebook.households(view, ids)
        for order in owned:
            who = Who(order.member_id, homes.get(order.member_id, ""))
            for side in sides:
                side.order(order, standings.get(order.member_id), who, order.paid_at or view.now)
        counted += len(owned)
    return counted


def _play_events(view: View, sides: tuple[_Side, _Side], found: Iterable[Behaviour]) -> int:
    counted = 0
    for told in chunks(found, AT_ONCE):
        homes = rulebook.households(view, {one.member_id for one in told})
        for one in told:
            for side in sides:
                side.behaviour(one, Who(one.member_id, homes.get(one.member_id, "")))
        counted += len(told)
    return counted


def _result(view: View, sides: tuple[_Side, _Side], versions: tuple[int, int], since: datetime, counts: tuple[int, int]) -> Simulation:
    chosen, live = sides
    titles = live.rules.titles | chosen.rules.titles
    named = [name for name in titles if name in chosen.by_rule or name in live.by_rule]
    members = chosen.by_member.keys() | live.by_member.keys()
    apart = [Difference(one, chosen.by_member.get(one, 0), live.by_member.get(one, 0)) for one in members]
    apart.sort(key=lambda one: (-abs(one.points - one.live_points), one.member_id))
    return Simulation(
        version=versions[0],
        compared_with=versions[1],
        since=since.isoformat(),
        until=view.now.isoformat(),
        orders=counts[0],
        events=counts[1],
        people=chosen.people,
        points=chosen.points,
        cost_fen=chosen.cost_fen,
        live_people=live.people,
        live_points=live.points,
        live_cost_fen=live.cost_fen,
        rules=tuple(RuleResult(name, titles[name], chosen.by_rule.get(name, 0), live.by_rule.get(name, 0)) for name in named),
        differences=tuple(one for one in apart[:MOST_DIFFERENT] if one.points != one.live_points),
    )
