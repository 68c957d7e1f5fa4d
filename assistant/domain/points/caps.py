"""What caps have left, worked in memory: a room takes what was used so far and is drawn on; it never gives back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from assistant.domain.points.rules import Cap, Rules


@dataclass(frozen=True, slots=True, order=True)
class CapKey:
    """One counter: a cap, whom it counts for, and the day, month or year."""

    cap: str
    holder: str
    period: str


@dataclass(frozen=True, slots=True)
class Who:
    """Who earns; a member of no household is one of their own."""

    member_id: str
    household: str = ""


def key_of(cap: Cap, who: Who, at: datetime) -> CapKey:
    """The counter that the cap looks at."""
    holder = {"all": "all", "member": who.member_id, "household": f"household:{who.household}" if who.household else who.member_id}
    return CapKey(cap.id, holder[cap.who], cap.period(at))


def keys_of(rules: Rules, who: Who, at: datetime) -> list[CapKey]:
    """Every counter that these rules may draw on."""
    return [key_of(cap, who, at) for cap in rules.caps]


class Room:
    """``used`` are the counters; ``changed`` those that were drawn on; ``cut`` the titles of caps that left too little, newest draw."""

    def __init__(self, used: Mapping[CapKey, int] | None = None) -> None:
        self.used = dict(used or {})
        self.changed: set[CapKey] = set()
        self.cut: list[str] = []

    def draw(self, rules: Rules, wanted: Mapping[str, int], who: Who, at: datetime) -> dict[str, int]:
        """What of each rule's points the caps allow, counted at once; never more than any cap has left."""
        self.cut = []
        return {name: self._draw([cap for cap in rules.caps if not cap.rules or name in cap.rules], more, who, at)
                for name, more in wanted.items()}  # fmt: skip

    def _draw(self, caps: Iterable[Cap], wanted: int, who: Who, at: datetime) -> int:
        counters = {key_of(cap, who, at): cap for cap in caps}
        allowed = wanted
        for key, cap in counters.items():
            left = max(0, cap.points - self.used.get(key, 0))
            allowed = min(allowed, left)
            if left < wanted and cap.title not in self.cut:
                self.cut.append(cap.title)
        for key in counters:
            if allowed:
                self.used[key] = self.used.get(key, 0) + allowed
                self.changed.add(key)
        return allowed
