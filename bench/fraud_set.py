"""A labelled set of claims drawn by a seed: honest people who share homes, tablets and wallets, and six ways to cheat. Nobody is real."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

DAYS = 45
MISSING = 0.12
"""So often a piece of evidence was never seen, for honest and dishonest people alike."""

USUAL, EXPENSIVE = (4_900, 59_900), (100_000, 300_000)
"""What an order costs in fen; one in thirty is expensive."""


@dataclass(slots=True)
class Person:
    """Someone who buys and claims. ``kind`` says how they were drawn; ``evidence`` are (kind, value); days count from the first."""

    key: str
    kind: str
    cheats: bool
    joined_day: int
    employee: bool = False
    referrer: str = ""
    evidence: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Purchase:
    """One order and the claim on it; ``delay`` seconds lie between paying and claiming, ``refund`` of the amount comes after receipt."""

    number: str
    buyer: str
    day: int
    paid_fen: int
    delay: int
    refund_percent: int


@dataclass(slots=True)
class World:
    """Everybody and everything that was bought, in order of days."""

    people: list[Person] = field(default_factory=list)
    purchases: list[Purchase] = field(default_factory=list)


class _Draw:
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.world = World()
        self.names = 0

    def fresh(self, what: str) -> str:
        self.names += 1
        return f"{what}{self.names}"

    def person(self, kind: str, cheats: bool, joined_day: int | None = None) -> Person:
        joined = self.chance.randrange(-400, DAYS - 12) if joined_day is None else joined_day
        one = Person(self.fresh("p"), kind, cheats, joined)
        self.world.people.append(one)
        for what in ("device", "address", "payee"):
            self.gives(one, what, self.fresh(what))
        return one

    def gives(self, one: Person, what: str, value: str) -> None:
        if self.chance.random() >= MISSING:
            one.evidence.add((what, value))

    def buys(self, one: Person, times: int, *, refunds: float, fen: tuple[int, int] = USUAL, within: tuple[int, int] = (0, 0)) -> None:
        first = max(0, one.joined_day) if within == (0, 0) else within[0]
        last = DAYS - 1 if within == (0, 0) else within[1]
        for _ in range(times):
            day = self.chance.randint(min(first, last), last)
            delay = self.chance.choice([20, 45]) if self.chance.random() < 0.06 else self.chance.randint(90, 80_000)
            least, most = EXPENSIVE if fen == USUAL and self.chance.random() < 0.03 else fen
            refund = self.chance.choice([20, 40, 60]) if self.chance.random() < refunds else 0
            self.world.purchases.append(Purchase(self.fresh("N"), one.key, day, self.chance.randint(least, most), delay, refund))


def drawn(seed: int, size: int = 400) -> World:
    """A world of about ``size`` honest people and a tenth as many cheats; the same seed gives the same world."""
    draw = _Draw(seed)
    while len(draw.world.people) < size:
        _honest(draw)
    for way in _CHEATS:
        _cheat_until(draw, way, len(draw.world.people) + max(4, size // 60))
    draw.world.purchases.sort(key=lambda one: (one.day, one.number))
    return draw.world


def _cheat_until(draw: _Draw, way: str, many: int) -> None:
    while len(draw.world.people) < many:
        _CHEATS[way](draw)


def _honest(draw: _Draw) -> None:
    kind = draw.chance.choices(["single", "family", "dormitory", "regular", "returns", "tablet", "new"], [48, 26, 3, 8, 6, 1, 8])[0]
    if kind == "family":
        _family(draw)
    elif kind in ("dormitory", "tablet"):
        _many_at_one_place(draw, kind)
    else:
        joined = draw.chance.randrange(0, DAYS - 12) if kind == "new" else None
        one = draw.person(kind, False, joined)
        times = {"regular": draw.chance.randint(6, 12), "returns": draw.chance.randint(3, 6)}.get(kind, draw.chance.randint(1, 3))
        draw.buys(one, times, refunds={"returns": 0.55, "regular": 0.25}.get(kind, 0.12))
        if kind == "new":
            draw.buys(one, 1, refunds=0.1, within=(one.joined_day, one.joined_day + 2))


def _family(draw: _Draw) -> None:
    home, tablet, wallet = draw.fresh("home"), draw.fresh("tablet"), draw.fresh("wallet")
    people = [draw.person("family", False) for _ in range(draw.chance.randint(2, 5))]
    for one in people:
        draw.gives(one, "address", home)
        draw.buys(one, draw.chance.randint(1, 3), refunds=0.15)
    if draw.chance.random() < 0.5:
        for one in people[: draw.chance.choice([2, 2, 3])]:
            draw.gives(one, "device", tablet)
    if draw.chance.random() < 0.25:
        for one in people[: draw.chance.choice([2, 2, 2, 3])]:
            draw.gives(one, "payee", wallet)


def _many_at_one_place(draw: _Draw, kind: str) -> None:
    place = draw.fresh(kind)
    for _ in range(draw.chance.randint(6, 16) if kind == "dormitory" else draw.chance.randint(3, 5)):
        one = draw.person(kind, False)
        draw.gives(one, "address" if kind == "dormitory" else "device", place)
        draw.buys(one, draw.chance.randint(1, 2), refunds=0.12)


def _ring(draw: _Draw) -> None:
    """Many accounts on few devices and wallets, bought in a burst, returned often."""
    joined = draw.chance.randrange(0, DAYS - 20)
    devices = [draw.fresh("farm") for _ in range(draw.chance.randint(2, 4))]
    wallets = [draw.fresh("mule") for _ in range(draw.chance.randint(2, 3))]
    depot = draw.fresh("depot") if draw.chance.random() < 0.4 else ""
    for _ in range(draw.chance.randint(6, 14)):
        one = draw.person("ring", True, joined + draw.chance.randint(0, 3))
        draw.gives(one, "device", draw.chance.choice(devices))
        draw.gives(one, "payee", draw.chance.choice(wallets))
        if depot:
            draw.gives(one, "address", depot)
        draw.buys(one, draw.chance.randint(2, 4), refunds=0.5, within=(one.joined_day, one.joined_day + 10))


def _quiet_ring(draw: _Draw) -> None:
    """A few accounts that share one wallet and are careful with everything else."""
    wallet, device = draw.fresh("quiet"), draw.fresh("quietphone")
    home = draw.fresh("quiethome") if draw.chance.random() < 0.2 else ""
    for _ in range(draw.chance.randint(4, 6)):
        one = draw.person("quiet_ring", True)
        draw.gives(one, "payee", wallet)
        if draw.chance.random() < 0.5:
            draw.gives(one, "device", device)
        if home:
            draw.gives(one, "address", home)
        draw.buys(one, draw.chance.randint(2, 3), refunds=0.2)


def _employee(draw: _Draw) -> None:
    """Staff who claim themselves, or through an account on their own phone."""
    one = draw.person("employee", True)
    one.employee = True
    draw.buys(one, draw.chance.randint(1, 3), refunds=0.1)
    phone = draw.fresh("staffphone")
    other = draw.person("employee_friend", True)
    for each in (one, other):
        draw.gives(each, "device", phone)
        draw.gives(each, "payee", phone)
    draw.buys(other, draw.chance.randint(1, 3), refunds=0.1)


def _self_referral(draw: _Draw) -> None:
    """Someone who brings a second account of their own."""
    one = draw.person("referrer", False)
    draw.buys(one, 1, refunds=0.1)
    for _ in range(draw.chance.randint(1, 2)):
        second = draw.person("self_referral", True, draw.chance.randrange(0, DAYS - 15))
        second.referrer = one.key
        shared = draw.fresh("own")
        for what in ("device", "payee"):
            if draw.chance.random() < 0.85:
                draw.gives(one, what, shared)
                draw.gives(second, what, shared)
        draw.buys(second, draw.chance.randint(1, 2), refunds=0.1)


def _fast(draw: _Draw) -> None:
    """One account that claims day after day and returns most of it."""
    start = draw.chance.randrange(0, DAYS - 20)
    one = draw.person("fast", True, start)
    draw.buys(one, draw.chance.randint(9, 16), refunds=0.7, within=(start, start + 8))


def _below_the_limit(draw: _Draw) -> None:
    """Amounts that a second person would never see, paid to few wallets."""
    wallet = draw.fresh("split")
    for _ in range(draw.chance.randint(3, 4)):
        one = draw.person("below_limit", True)
        draw.gives(one, "payee", wallet)
        draw.buys(one, draw.chance.randint(2, 4), refunds=0.3, fen=(186_000, 199_900))


_CHEATS = {
    "ring": _ring,
    "quiet_ring": _quiet_ring,
    "employee": _employee,
    "self_referral": _self_referral,
    "fast": _fast,
    "below_limit": _below_the_limit,
}
