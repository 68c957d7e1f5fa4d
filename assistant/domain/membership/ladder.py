"""The members of one command with everything that decides their tier, brought up to now before anything else is done to them.

Pure: it is opened on what is stored, worked, and says what to book, to keep and to tell. Because a window that is over is closed before
growth value changes, it does not matter how late a review runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from assistant.base.ids import derive
from assistant.domain.ledger import Posting
from assistant.domain.membership import facts
from assistant.domain.membership.model import BRAND, DueGift, Grown, Paid, Place, account
from assistant.domain.membership.rules import Gift, Rules
from assistant.store import Fact

NOTICES = (1, 7)
"""How many days ahead the end of paid time is told."""


class Ladder:
    """``book`` holds every version of the rules, the newest of which is in force."""

    def __init__(
        self, now: datetime, book: Mapping[int, Rules], places: Iterable[Place], growth: Mapping[str, int], paid: Iterable[Paid]
    ) -> None:
        self.now, self.book = now, book
        self.version = max(book)
        self.rules = book[self.version]
        self.places = {place.member_id: place for place in places}
        self.growth = dict(growth)
        self.lines: dict[str, list[Paid]] = {number: [] for number in self.places}
        for one in sorted(paid, key=lambda one: (one.starts_at, one.id)):
            self.lines[one.member_id].append(one)
        self.postings: list[Posting] = []
        self.facts: list[Fact] = []
        self.gifts: list[DueGift] = []
        self.entered: list[tuple[str, str]] = []
        known: list[Place | Paid] = [*self.places.values(), *self.paid()]
        self._before = {id(one): replace(one) for one in known}

    def paid(self) -> list[Paid]:
        """All purchases of the members that are waiting or running, in order."""
        return [one for line in self.lines.values() for one in line]

    def changed_places(self) -> list[Place]:
        return [place for _number, place in sorted(self.places.items()) if self._differs(place)]

    def changed_paid(self) -> list[Paid]:
        return sorted((one for one in self.paid() if self._differs(one)), key=lambda one: one.id)

    def _differs(self, one: Place | Paid) -> bool:
        return self._before.get(id(one)) != one

    def refresh(self) -> None:
        """Turns paid time, reviews windows that are over, raises whom newer rules raise."""
        for place in self.places.values():
            self.turn(place.member_id)
            while place.until is not None and place.until <= self.now:
                self._review(place, place.until)
            if place.checked < self.version:
                place.checked = self.version
                self._climb(place, "rules")
            self.show(place, self.now, "plan")

    def add(self, member_id: str, delta: int, key: str, memo: str) -> None:
        """Books a change of growth value; what it means for the tier is settled by ``settle``."""
        own = account(member_id)
        source, destination = (BRAND, own) if delta > 0 else (own, BRAND)
        self.postings.append(Posting(key, source, destination, abs(delta), memo, allow_negative=delta < 0))
        self.growth[member_id] += delta

    def settle(self, members: Iterable[str]) -> list[Grown]:
        """Tiers follow what growth value has become."""
        done = []
        for number in sorted(set(members)):
            place = self.places[number]
            self._climb(place, "growth")
            self._sink(place)
            done.append(Grown(number, self.growth[number], place.tier))
        return done

    def _review(self, place: Place, at: datetime) -> None:
        rules, own, growth = self.rules, place.own, self.growth[place.member_id]
        deserved = rules.kept_by(growth - place.base)
        if rules.rank(deserved) < rules.rank(own):
            below = rules.tiers[rules.rank(own) - 1].name
            place.own = rules.higher(deserved, below) if rules.soft_landing else deserved
        place.window += 1
        if growth > 0:
            self.add(place.member_id, -growth, f"growth:window:{place.member_id}:{place.window}", "等级到期复核，成长值重新累计")
        place.floor, place.base, place.version = place.own, 0, self.version
        place.until = None if place.own == rules.base else at + timedelta(days=rules.window_days)
        if place.own == own:
            self.facts.append(facts.kept(place.member_id, own, at))
        self.show(place, at, "review")

    def _climb(self, place: Place, why: str) -> None:
        growth = self.growth[place.member_id]
        reached = self.rules.at(growth)
        if self.rules.rank(reached) > self.rules.rank(place.own):
            place.own, place.base, place.version = reached, growth, self.version
            place.window += 1
            place.until = self.now + timedelta(days=self.rules.window_days)
            self.show(place, self.now, why)

    def _sink(self, place: Place) -> None:
        """Inside a window only where the rules say so, by the rules that dated the tier, and never below the floor."""
        growth = self.growth[place.member_id]
        if not self.rules.lower_on_refund or place.until is None:
            return
        reached = self.book[place.version].at(growth)
        reached = self.rules.higher(place.floor, reached)
        if self.rules.rank(reached) < self.rules.rank(place.own):
            place.own, place.base = reached, min(place.base, max(growth, 0))
            if reached == self.rules.base:
                place.until = None
            self.show(place, self.now, "refund")

    def show(self, place: Place, at: datetime, why: str) -> None:
        """The tier that shows is the higher of the own one and what a running plan grants."""
        granted = [self.terms(one) for one in self.lines[place.member_id] if one.stage == "running"]
        best = place.own
        for tier in granted:
            best = self.rules.higher(best, tier or best)
        if best == place.tier:
            return
        before, place.tier, place.since = place.tier, best, at
        up = self.rules.rank(best) > self.rules.rank(before)
        self.facts.append(facts.moved(up, place, before, self.growth[place.member_id], why, at))
        if up and (place.member_id, best) not in self.entered:
            self.entered.append((place.member_id, best))

    def terms(self, one: Paid) -> str:
        """The tier that a purchase grants, by the rules it was bought under."""
        plan = self.book[one.version].plan(one.plan)
        return plan.tier if plan else ""

    def turn(self, member_id: str) -> None:
        """Begins and ends paid time that is due, and tells of an end that is near."""
        line = self.lines[member_id]
        for number, one in enumerate(line):
            last = number == len(line) - 1
            if one.stage == "waiting" and one.starts_at <= self.now:
                one.stage = "running"
                self.facts.append(facts.plan("started", one, one.starts_at))
                self._give_plan(one)
            if one.stage == "running" and one.ends_at <= self.now:
                one.stage = "over"
                self.facts.append(facts.plan("ended", one, one.ends_at, renewed=not last))
            if one.stage == "running":
                self._notice(one, last)

    def _notice(self, one: Paid, last: bool) -> None:
        left = one.ends_at - self.now
        due = next((days for days in NOTICES if left <= timedelta(days=days)), 0)
        if not due or (one.noticed and one.noticed <= due):
            return
        one.noticed = due if last else NOTICES[0]
        if last:
            self.facts.append(facts.plan("expiring", one, None, days=due))

    def _give_plan(self, one: Paid) -> None:
        plan = self.book[one.version].plan(one.plan)
        gifts = [gift for gift in plan.gifts if gift.when == "entry"] if plan else []
        self.gifts += [
            due_gift(one.member_id, f"plan:{one.id}:entry:{n}", f"plan:{one.plan}", gift, one.id) for n, gift in enumerate(gifts)
        ]


def due_gift(member_id: str, slot: str, source: str, gift: Gift, paid_id: str = "") -> DueGift:
    return DueGift(derive("gift", member_id, slot), member_id, slot, source, gift.name, gift.benefit, gift.value_fen, paid_id)
