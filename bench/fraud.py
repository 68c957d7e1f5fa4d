"""How well held claims and honest ones are told apart: recall and false-positive rate on drawn sets, by way of cheating.

Run: ``python -m bench.fraud [seed …]``. Every claim goes through the real commands; counted is whether it was held when it came due.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assistant.base.clock import ManualClock
from assistant.base.errors import Refused
from assistant.base.ids import derive
from assistant.base.principal import system
from assistant.domain import cashback, fraud, members, orders
from assistant.store import Store, Work
from bench.fraud_set import DAYS, Purchase, World, drawn
from tests.support import databases

ME = system("bench")
FIRST_DAY = datetime(2026, 9, 1, 4, 0, tzinfo=UTC)
SEEDS = (3001, 3002, 3003, 3004, 3005)
"""The weights were chosen on the seeds 1 to 6, and once more after looking at 2026 to 2030; never on these."""

RECEIVED, RETURNED, DUE = 3, 5, 10
"""Days from paying to receipt, to a refund, and to the end of the return window."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Claims by (way, cheats): how many came due, and how many of them were held."""

    due: Counter[tuple[str, bool]]
    held: Counter[tuple[str, bool]]

    def share(self, cheats: bool) -> float:
        due = sum(count for (_way, cheat), count in self.due.items() if cheat == cheats)
        return sum(count for (_way, cheat), count in self.held.items() if cheat == cheats) / due


def measured(store: Store, clock: ManualClock, world: World) -> Measured:
    """Plays the world on an empty book whose clock stands at FIRST_DAY."""
    _settle_in(store, world)
    numbers = {one.key: derive("member", one.key) for one in world.people}
    by_day: dict[int, list[Purchase]] = {}
    for one in world.purchases:
        by_day.setdefault(one.day, []).append(one)
    for day in range(DAYS + DUE + 1):
        store.do(_words, (by_day, day, numbers), ME)
        for one in by_day.get(day, ()):
            # Too small to be paid, or the like: such a purchase is no claim.
            try:
                store.do(cashback.claim, [cashback.Claim(one.number, numbers[one.buyer], one.number)], ME)
            except Refused:
                continue
        while store.do(_ripen, None, ME):
            pass
        clock.advance(timedelta(days=1))
    return _counted(store, world, numbers)


def _settle_in(store: Store, world: World) -> None:
    wanted = [
        members.Register(
            one.key, one.key, profile=members.Profile(joined_at=FIRST_DAY + timedelta(days=one.joined_day), is_employee=one.employee)
        )
        for one in world.people
    ]
    found = {one.key: done.member_id for one, done in zip(world.people, store.do(members.register, wanted, ME), strict=True)}
    seen = [
        fraud.Evidence(f"{one.key}:{what}:{value}", found[one.key], what, value)
        for one in world.people
        for what, value in sorted(one.evidence)
    ]
    seen += [fraud.Evidence(f"{one.key}:by", found[one.key], "referrer", found[one.referrer]) for one in world.people if one.referrer]
    store.do(fraud.note, seen, ME)
    wanted_card = cashback.CreateTemplate("t", "t", "返现卡", cashback.Rule(500), uses=100, valid_days=900)
    template = store.do(cashback.create_template, [wanted_card], ME)[0].template_id
    start = FIRST_DAY - timedelta(days=500)
    store.do(cashback.issue, [cashback.Issue(one.key, found[one.key], template, issued_at=start) for one in world.people], ME)


def _words(work: Work, told: tuple[dict[int, list[Purchase]], int, dict[str, str]]) -> None:
    by_day, day, numbers = told
    _tell(work, by_day.get(day, ()), numbers, "paid")
    _tell(work, by_day.get(day - RECEIVED, ()), numbers, "finished")
    returned = [one for one in by_day.get(day - RETURNED, ()) if one.refund_percent]
    refunds = [
        orders.Refund(f"r:{one.number}", "taobao", one.number, "1", one.paid_fen * one.refund_percent // 100, work.now) for one in returned
    ]
    taken = orders.refund(work, refunds) if refunds else []
    cashback.advance_for_orders(work, [one.order_id for one in taken])


def _tell(work: Work, purchases: Iterable[Purchase], numbers: dict[str, str], status: orders.Status) -> None:
    updates = [
        orders.OrderUpdate(
            f"{status}:{one.number}",
            "taobao",
            "棉语",
            one.number,
            work.now,
            status,
            one.paid_fen,
            one.paid_fen,
            member_id=numbers[one.buyer],
            paid_at=work.now - timedelta(seconds=one.delay) if status == "paid" else None,
        )
        for one in purchases
    ]
    taken = orders.intake(work, updates) if updates else []
    cashback.advance_for_orders(work, [one.order_id for one in taken])


def _ripen(work: Work, _none: None) -> int:
    return cashback.ripen(work)


def _counted(store: Store, world: World, numbers: dict[str, str]) -> Measured:
    ways = {numbers[one.key]: (one.kind, one.cheats) for one in world.people}
    due: Counter[tuple[str, bool]] = Counter()
    held: Counter[tuple[str, bool]] = Counter()
    for one in store.look(cashback.waiting_approval, 100_000):
        due[ways[one.member_id]] += 1
        held[ways[one.member_id]] += bool(one.hold)
    return Measured(due, held)


def main(seeds: Iterable[int]) -> int:
    total = Measured(Counter(), Counter())
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            clock = ManualClock(FIRST_DAY)
            store = Store(databases.sqlite(Path(folder)), clock)
            found = measured(store, clock, drawn(seed))
            store.close()
        total.due.update(found.due)
        total.held.update(found.held)
        print(f"seed {seed}: recall {found.share(True):.3f}, false positives {found.share(False):.4f} of {sum(found.due.values())} claims")
    for way, cheats in sorted(total.due, key=lambda pair: (not pair[1], pair[0])):
        held, count = total.held[way, cheats], total.due[way, cheats]
        print(f"  {'cheat ' if cheats else 'honest'} {way:16} {held:5} held of {count:5}  {held / count:.3f}")
    print(f"all: recall {total.share(True):.3f}, false positives {total.share(False):.4f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main([int(seed) for seed in sys.argv[1:]] or SEEDS))
