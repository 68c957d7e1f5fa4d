"""Points after any deeds in any order agree with a small model, on both databases: balances, lots, caps, history and book."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from assistant.base.clock import ManualClock
from assistant.base.errors import Refused
from assistant.base.ids import derive
from assistant.base.principal import system
from assistant.domain import ledger, orders, points
from assistant.domain.orders import OrderUpdate, Refund
from assistant.domain.points import Capture, GoLive, Grant, KeepSimulation, RefundSpend, Release, Reserve, Simulation, Spend
from assistant.store import Store
from tests.rooms.points_help import OWNER, propose
from tests.rooms.points_ideal import HOLD, Batch, Ideal, Taken, Terms

ME = system("test")
CAP = {"id": "day", "title": "每日上限", "points": 60}
DOUBLE = {"id": "double", "title": "双倍", "times_percent": 200, "bonus": 7}
DOCUMENTS: list[tuple[dict[str, Any], Terms]] = [
    ({"per_hundred": 100}, Terms()),
    ({"per_hundred": 250, "expiry": {"days": 9}}, Terms(250, days=9)),
    ({"caps": [CAP]}, Terms(cap=60)),
    ({"campaigns": [DOUBLE], "expiry": {"mode": "never"}}, Terms(times=2, bonus=7, days=0)),
    ({"campaigns": [DOUBLE], "caps": [CAP]}, Terms(times=2, bonus=7, cap=60)),
]
FEN = st.sampled_from([799, 3333, 5000, 7777, 12999])
PART = st.sampled_from([0.2, 0.5, 0.9, 1.0, 1.1])
MINUTES = st.sampled_from([1, 14, 16, 60 * 24, 60 * 24 * 5, 60 * 24 * 12])
ALL = ("pending", "available", "held")


class Life(RuleBasedStateMachine):
    """One member; each example has a new one, in the same book."""

    store: Store
    clock: ManualClock
    versions: list[int]
    lives = 0

    bought = Bundle("bought")
    spends = Bundle("spends")
    reservations = Bundle("reservations")

    @initialize()
    def begin(self) -> None:
        Life.lives += 1
        self.member = f"member_{Life.lives}"
        self.count = 0
        self.ideal = Ideal(self.clock.now())
        self.terms = DOCUMENTS[0][1]
        self.set_rules(0)

    def key(self) -> str:
        self.count += 1
        return f"{self.member}:{self.count}"

    def do(self, verb: Any, request: Any) -> Any:
        return self.store.do(verb, [request], ME)[0]

    def tell(self, word: OrderUpdate | Refund) -> str:
        taken = self.do(orders.refund if isinstance(word, Refund) else orders.intake, word)
        self.store.do(points.earn_for_orders, [taken.order_id], ME)
        return str(taken.order_id)

    @rule(choice=st.integers(0, len(DOCUMENTS) - 1))
    def set_rules(self, choice: int) -> None:
        version, live = self.versions[choice], self.store.look(points.live_version)
        self.terms = DOCUMENTS[choice][1]
        if version == live:
            return
        trial = Simulation(version, live, "", "", 0, 0, 0, 0, 0, 0, 0, 0)
        self.store.do(points.keep_simulation, [KeepSimulation(self.key(), version, trial)], OWNER)
        self.store.do(points.go_live, [GoLive(self.key(), version)], OWNER)

    @rule(minutes=MINUTES, sweep=st.booleans())
    def wait(self, minutes: int, sweep: bool) -> None:
        self.clock.advance(timedelta(minutes=minutes))
        self.ideal.advance(self.clock.now())
        if sweep:
            for verb in (points.expire, points.release_overdue, points.mature):
                self.store.do(lambda work, _none, verb=verb: verb(work), None, ME)

    @rule(amount=st.integers(1, 80), days=st.integers(1, 30))
    def grant(self, amount: int, days: int) -> None:
        now = self.clock.now()
        ends = now + timedelta(days=days)
        number = self.do(points.grant, Grant(self.key(), self.member, amount, "赠送", expires_at=ends)).lot_id
        self.ideal.lots[number] = Batch(number, now, now, ends, open=True)
        self.ideal.come(self.ideal.lots[number], amount)

    @rule(target=bought, fen=FEN, days=st.sampled_from([0, 0, 1, 8, 16, 30]), received=st.booleans())
    def buy(self, fen: int, days: int, received: bool) -> str:
        number, at = self.key(), self.clock.now() - timedelta(days=days)
        order_id = self.tell(OrderUpdate(number, "taobao", "店", number, at, "paid", fen, fen, member_id=self.member))
        self.ideal.pay(number, derive("lot", "order", order_id), fen, self.terms, at)
        if received:
            self.finish(number, days)
        return number

    def lot_of(self, number: str) -> str:
        return derive("lot", "order", orders_id(number))

    @rule(number=bought, days=st.just(0))
    def finish(self, number: str, days: int) -> None:
        order, at = self.ideal.orders[number], self.clock.now() - timedelta(days=days)
        paid = order.paid
        self.tell(OrderUpdate(self.key(), "taobao", "店", number, at, "finished", paid, paid, member_id=self.member))
        order.finished = order.finished or at
        self.ideal.settle(number, self.lot_of(number))
        self.ideal.advance(self.clock.now())

    @rule(number=bought, fen=FEN)
    def refund(self, number: str, fen: int) -> None:
        order = self.ideal.orders[number]
        self.tell(Refund(self.key(), "taobao", number, self.key(), fen, self.clock.now()))
        order.net = max(0, order.net - fen)
        self.ideal.settle(number, self.lot_of(number))

    @rule(target=bought, fen=FEN, days=st.sampled_from([8, 16, 30]), part=PART, back=st.sampled_from([150, 799, 2500, 5000]))
    def buy_use_and_refund(self, fen: int, days: int, part: float, back: int) -> str:
        """Deeds in the order in which debts arise, which chance alone seldom finds."""
        number = self.buy(fen, days, True)
        self.agrees()
        self.spend(part)
        self.refund(number, back)
        return number

    @rule(amount=st.integers(1, 200), days=st.integers(1, 6), part=PART, minutes=MINUTES)
    def use_and_return_later(self, amount: int, days: int, part: float, minutes: int) -> None:
        """A spend that comes back when its lot may have ended."""
        self.grant(amount, days)
        number = self.spend(part)
        self.wait(minutes, False)
        self.refund_spend(number)

    @rule(number=bought)
    def tell_again(self, number: str) -> None:
        self.store.do(points.earn_for_orders, [orders_id(number)], ME)

    def some(self, part: float) -> int:
        return max(1, int(max(0, self.ideal.figures()[1]) * part))

    @precondition(lambda self: self.ideal.figures()[1])
    @rule(target=spends, part=PART)
    def spend(self, part: float) -> str:
        amount = self.some(part)
        return self.take(amount, lambda: self.do(points.spend, Spend(self.key(), self.member, amount, "兑换")).spend_id, self.ideal.spent)

    @precondition(lambda self: self.ideal.figures()[1])
    @rule(target=reservations, part=PART)
    def reserve(self, part: float) -> str:
        amount = self.some(part)
        made = lambda: self.do(points.reserve, Reserve(self.key(), self.member, amount, "兑换")).reservation_id  # noqa: E731
        number = self.take(amount, made, self.ideal.held)
        if number:
            self.ideal.held[number].until = self.clock.now() + HOLD
        return number

    def take(self, amount: int, made: Any, kept: dict[str, Taken]) -> str:
        parts = self.ideal.draw(amount)
        if parts is None:
            with pytest.raises(Refused) as refused:
                made()
            assert refused.value.code == ("points_negative" if self.ideal.debt else "insufficient")
            return ""
        number = str(made())
        kept[number] = Taken(parts)
        return number

    @rule(number=consumes(reservations))
    def capture(self, number: str) -> None:
        if number in self.ideal.held:
            self.do(points.capture, Capture(self.key(), number))
            self.ideal.spent[number] = Taken(self.ideal.held.pop(number).parts)
            self.do(points.refund_spend, RefundSpend(self.key(), number))
            self.ideal.give_back(self.ideal.spent.pop(number))

    @rule(number=reservations)
    def release(self, number: str) -> None:
        if number in self.ideal.held:
            self.do(points.release, Release(self.key(), number))
            self.ideal.release(number)

    @rule(number=spends)
    def refund_spend(self, number: str) -> None:
        if number in self.ideal.spent:
            self.do(points.refund_spend, RefundSpend(self.key(), number))
            self.ideal.give_back(self.ideal.spent.pop(number))

    @precondition(lambda self: hasattr(self, "member"))
    @invariant()
    def agrees(self) -> None:
        balance = self.store.look(points.balance, [self.member])[self.member]
        assert (balance.pending, balance.available, balance.held) == self.ideal.figures()
        lots = self.store.look(points.lots, self.member)
        assert {lot.id: lot.remaining for lot in lots if lot.remaining} == self.ideal.remaining()
        changes = sum(entry.change for entry in self.store.look(points.history, self.member, 1000))
        book = self.store.look(ledger.balances, [ledger.Account(f"member:{self.member}", "points", pocket) for pocket in ALL])
        assert changes == sum(book.values()) - book[ledger.Account(f"member:{self.member}", "points", "held")]

    def teardown(self) -> None:
        assert set(self.store.look(ledger.totals).values()) <= {0}
        assert self.store.look(points.drift) == {}


def orders_id(number: str) -> str:
    return derive("order", "taobao", number)


@pytest.mark.timeout(400)
def test_points_agree_with_the_model_after_any_deeds(store: Store, clock: ManualClock, database: str) -> None:
    Life.store, Life.clock = store, clock
    Life.versions = [propose(store, document, f"v{n}") for n, (document, _terms) in enumerate(DOCUMENTS)]
    examples = 10 if database.startswith("sqlite") else 4
    checks = settings(max_examples=examples, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(Life, settings=checks)
