"""What a person may cost in a day, and rest for a model that keeps failing. Past either, the built-in planner answers."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from assistant.base.clock import business_day


class Budget(Protocol):
    """Turns and tokens of a person and business day. ``who`` is a principal's label."""

    def allow(self, who: str, now: datetime) -> bool: ...

    def spend(self, who: str, now: datetime, tokens: int) -> None: ...


class MemoryBudget:
    """Counts in this process only; forgets those seen longest ago when there are more than ``people``."""

    def __init__(self, turns: int = 200, tokens: int = 300_000, people: int = 100_000) -> None:
        self._turns = turns
        self._tokens = tokens
        self._people = people
        self._spent: OrderedDict[str, tuple[int, int, int]] = OrderedDict()

    def allow(self, who: str, now: datetime) -> bool:
        turns, tokens = self._today(who, now)
        return turns < self._turns and tokens < self._tokens

    def spend(self, who: str, now: datetime, tokens: int) -> None:
        turns, before = self._today(who, now)
        self._spent[who] = (business_day(now).toordinal(), turns + 1, before + max(0, tokens))
        self._spent.move_to_end(who)
        while len(self._spent) > self._people:
            self._spent.popitem(last=False)

    def _today(self, who: str, now: datetime) -> tuple[int, int]:
        day, turns, tokens = self._spent.get(who, (0, 0, 0))
        return (turns, tokens) if day == business_day(now).toordinal() else (0, 0)


@dataclass
class Breaker:
    """Leaves a model alone for ``rest`` after ``faults`` failures in a row; then one turn tries it again."""

    faults: int = 3
    rest: timedelta = timedelta(seconds=30)
    _row: int = 0
    _since: datetime | None = None

    def allow(self, now: datetime) -> bool:
        return self._since is None or now - self._since >= self.rest

    def failed(self, now: datetime) -> None:
        self._row += 1
        if self._row >= self.faults:
            self._since = now

    def worked(self) -> None:
        self._row, self._since = 0, None


class Meter:
    """Whether a model that costs something may think now: its breaker and the person's budget of the day."""

    def __init__(self, budget: Budget | None = None, breaker: Breaker | None = None) -> None:
        self._budget = budget or MemoryBudget()
        self._breaker = breaker or Breaker()

    def allow(self, who: str, now: datetime) -> bool:
        return self._breaker.allow(now) and self._budget.allow(who, now)

    def worked(self, who: str, now: datetime, tokens: int) -> None:
        self._breaker.worked()
        self._budget.spend(who, now, tokens)

    def failed(self, who: str, now: datetime) -> None:
        """A failed turn has cost a turn too."""
        self._breaker.failed(now)
        self._budget.spend(who, now, 0)
