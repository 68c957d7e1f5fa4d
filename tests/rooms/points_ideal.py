"""A small model of one member's points to compare the book with: plain numbers, time worked through event by event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from assistant.base.clock import business_day

DAY = timedelta(days=1)
HOLD = timedelta(minutes=15)
FAR = timedelta(days=100_000)


@dataclass(frozen=True)
class Terms:
    """What the model knows of a version: points per hundred yuan, times, a bonus, a cap per day, the days until lots end (0: never)."""

    per_hundred: int = 100
    times: int = 1
    bonus: int = 0
    cap: int = 10**9
    days: int = 365


@dataclass
class Batch:
    """A lot."""

    id: str
    granted: datetime
    available: datetime | None
    ends: datetime | None
    left: int = 0
    open: bool = False
    lost: int = 0
    forgiven: int = 0

    def rank(self, now: datetime) -> tuple[datetime, datetime, str]:
        return self.ends or now + FAR, self.granted, self.id


@dataclass
class Bought:
    """An order."""

    id: str
    paid: int
    at: datetime
    terms: Terms
    granted: int
    net: int
    earned: int = 0
    finished: datetime | None = None


@dataclass
class Taken:
    """A spend or a reservation."""

    parts: list[tuple[str, int]]
    until: datetime | None = None

    @property
    def amount(self) -> int:
        return sum(amount for _lot, amount in self.parts)


@dataclass
class Ideal:
    """``debt`` is what refunds took beyond what was there."""

    now: datetime
    lots: dict[str, Batch] = field(default_factory=dict)
    orders: dict[str, Bought] = field(default_factory=dict)
    held: dict[str, Taken] = field(default_factory=dict)
    spent: dict[str, Taken] = field(default_factory=dict)
    used: dict[object, int] = field(default_factory=dict)
    debt: int = 0

    def figures(self) -> tuple[int, int, int]:
        pending = sum(lot.left for lot in self.lots.values() if not lot.open)
        available = sum(lot.left for lot in self.lots.values() if lot.open)
        return pending, available - self.debt, sum(one.amount for one in self.held.values())

    def remaining(self) -> dict[str, int]:
        return {number: lot.left for number, lot in self.lots.items() if lot.left}

    def advance(self, to: datetime) -> None:
        while step := min(self._steps(to), default=None):
            at, kind, _rank, number = step
            if kind == 0:
                self._back(self.held.pop(number), at, None)
            else:
                self._turn(self.lots[number], at)
        self.now = to

    def _steps(self, to: datetime) -> list[tuple[datetime, int, tuple[datetime, datetime, str], str]]:
        found = [(one.until, 0, (to + 2 * FAR, to, number), number) for number, one in self.held.items() if one.until and one.until <= to]
        for number, lot in self.lots.items():
            if not lot.open and lot.available and lot.available <= to:
                found.append((lot.available, 1, lot.rank(to), number))
            if lot.open and lot.left and lot.ends and lot.ends <= to:
                found.append((lot.ends, 2, lot.rank(to), number))
        return found

    def _turn(self, lot: Batch, at: datetime) -> None:
        if not lot.open:
            amount, lot.left, lot.open = lot.left, 0, True
            self.come(lot, amount)
        if lot.ends and lot.ends <= at:
            lot.lost, lot.left = lot.lost + lot.left, 0

    def come(self, lot: Batch, amount: int) -> None:
        paid = min(self.debt, amount)
        self.debt -= paid
        lot.left += amount - paid

    def draw(self, amount: int) -> list[tuple[str, int]] | None:
        """The parts by earliest end, or None where there is not enough."""
        have = [lot for lot in self.lots.values() if lot.open and lot.left]
        if self.debt or sum(lot.left for lot in have) < amount:
            return None
        return self._draw(have, amount)

    def _draw(self, lots: list[Batch], amount: int) -> list[tuple[str, int]]:
        parts = []
        for lot in sorted(lots, key=lambda one: one.rank(self.now)):
            part = min(amount, lot.left)
            lot.left, amount = lot.left - part, amount - part
            if part:
                parts.append((lot.id, part))
        return parts

    def _back(self, one: Taken, at: datetime, grace: timedelta | None) -> None:
        for number, amount in one.parts:
            lot = self.lots[number]
            if lot.ends and lot.ends <= at and grace is not None:
                lot.ends = at + grace
            self.come(lot, amount)
        for number, _amount in one.parts:
            self._turn(self.lots[number], at)

    def give_back(self, one: Taken) -> None:
        self._back(one, self.now, 30 * DAY)

    def release(self, number: str) -> None:
        self._back(self.held.pop(number), self.now, None)

    def pay(self, number: str, lot_id: str, paid: int, terms: Terms, at: datetime) -> None:
        worth, day = self._exact(terms, paid, paid), business_day(at)
        granted = min(worth, max(0, terms.cap - self.used.get(day, 0)))
        if terms.cap < 10**9:
            self.used[day] = self.used.get(day, 0) + granted
        self.orders[number] = Bought(number, paid, at, terms, granted, paid)
        self.lots[lot_id] = Batch(lot_id, at, None, None)
        self.settle(number, lot_id)

    def settle(self, number: str, lot_id: str) -> None:
        order, lot = self.orders[number], self.lots[lot_id]
        if order.finished and not lot.open:
            lot.available = order.finished + 7 * DAY
            lot.ends = lot.available + order.terms.days * DAY if order.terms.days else None
        if order.net == order.paid:
            target = order.granted
        elif order.granted == self._exact(order.terms, order.paid, order.paid):
            target = self._exact(order.terms, order.net, order.paid)
        else:
            target = order.granted * order.net // order.paid
        if target < order.earned:
            self._take(lot, order.earned - target)
        elif lot.open:
            self.come(lot, target - order.earned)
        else:
            lot.left += target - order.earned
        order.earned = target

    def _exact(self, terms: Terms, net: int, paid: int) -> int:
        return int((Fraction(paid * terms.per_hundred * terms.times, 10_000) + terms.bonus) * Fraction(net, paid))

    def _take(self, lot: Batch, amount: int) -> None:
        part = min(amount, lot.left)
        lot.left, amount = lot.left - part, amount - part
        forgiven = min(amount, lot.lost - lot.forgiven)
        lot.forgiven, amount = lot.forgiven + forgiven, amount - forgiven
        amount -= sum(part for _lot, part in self._draw([one for one in self.lots.values() if one.open], amount))
        self.debt += amount
