"""Membership against a small model, on both databases: growth, orders, refunds, reviews, changes of the rules, plans bought and refunded.

The model is written from what the house promises, not from the code, and walks one member's life instant by instant.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from assistant.base.clock import SHANGHAI, ManualClock
from assistant.base.errors import Refused
from assistant.domain import ledger, membership, orders
from assistant.domain.membership import AddGrowth, Buy, PaidPlan, RefundPaid, Rules, SetRules, Tier, rules_to
from assistant.domain.orders import OrderUpdate
from assistant.domain.orders import Refund as OrderRefund
from assistant.store import Store
from tests.rooms.test_membership import ME

RUNS = count()
NAMES = ("普通", "银卡", "金卡", "黑金")
PLANS = (PaidPlan("month", "月卡", 1, 3100, "金卡"), PaidPlan("season", "季卡", 3, 9000, "黑金"), PaidPlan("plain", "白卡", 2, 500))
PICK = st.integers(0, 10**6)
LADDERS = st.lists(st.integers(1, 3000), min_size=3, max_size=3, unique=True).map(sorted)


def later(start: datetime, months: int) -> datetime:
    """Month after month, the day cut to what the last month has."""
    local = start.astimezone(SHANGHAI)
    year, month = local.year, local.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return local.replace(year=year, month=month, day=min(local.day, calendar.monthrange(year, month)[1]))


@dataclass
class Piece:
    """A stretch of paid time."""

    plan: PaidPlan
    anchor: datetime
    offset: int
    gone: bool = False

    @property
    def start(self) -> datetime:
        return later(self.anchor, self.offset)

    @property
    def end(self) -> datetime:
        return later(self.anchor, self.offset + self.plan.months)


@dataclass
class Life:
    """What the house promises one member."""

    now: datetime
    steps: dict[int, list[int]]
    version: int
    soft: bool = True
    on_refund: bool = False
    days: int = 365
    growth: int = 0
    own: int = 0
    floor: int = 0
    began_with: int = 0
    dated_by: int = 0
    until: datetime | None = None
    pieces: dict[str, Piece] = field(default_factory=dict)

    def reached(self, growth: int, version: int) -> int:
        return sum(growth >= least for least in self.steps[version])

    def pass_to(self, now: datetime) -> None:
        self.now = now
        while self.until is not None and self.until <= now:
            deserved = self.reached(self.growth - self.began_with, self.version)
            if deserved < self.own:
                self.own = max(deserved, self.own - 1) if self.soft else deserved
            self.growth, self.began_with = min(self.growth, 0), 0
            self.floor, self.dated_by = self.own, self.version
            self.until = self.until + timedelta(days=self.days) if self.own else None

    def rise(self) -> None:
        reached = self.reached(self.growth, self.version)
        if reached > self.own:
            self.own, self.began_with, self.dated_by = reached, self.growth, self.version
            self.until = self.now + timedelta(days=self.days)

    def change(self, delta: int) -> None:
        self.growth += delta
        self.rise()
        held = max(self.floor, self.reached(self.growth, self.dated_by))
        if self.on_refund and self.until is not None and held < self.own:
            self.own, self.began_with = held, min(self.began_with, max(self.growth, 0))
            self.until = self.until if held else None

    def live(self) -> list[Piece]:
        return sorted((one for one in self.pieces.values() if not one.gone and one.end > self.now), key=lambda one: one.start)

    def buy(self, payment: str, plan: PaidPlan) -> None:
        line = self.live()
        anchor, offset = (line[-1].anchor, line[-1].offset + line[-1].plan.months) if line else (self.now, 0)
        self.pieces[payment] = Piece(plan, anchor, offset)

    def refund(self, payment: str) -> int | None:
        """Cents of the price for the days not begun; None where nothing can be refunded any more."""
        piece = self.pieces[payment]
        if piece not in self.live():
            return None
        days = (piece.end.astimezone(SHANGHAI).date() - piece.start.astimezone(SHANGHAI).date()).days
        begun = piece.start <= self.now
        used = min(days, (self.now.astimezone(SHANGHAI).date() - piece.start.astimezone(SHANGHAI).date()).days + 1) if begun else 0
        rest = [one for one in self.live() if one.start >= piece.end]
        anchor, offset = (self.now, 0) if begun else (piece.anchor, piece.offset)
        piece.gone = True
        for one in rest:
            one.anchor, one.offset, offset = anchor, offset, offset + one.plan.months
        price = piece.plan.price_fen
        return price - (2 * price * used + days) // (2 * days)

    @property
    def shown(self) -> int:
        running = [one for one in self.live() if one.start <= self.now and one.plan.tier]
        return max([self.own, *(NAMES.index(one.plan.tier) for one in running)])


class Membership(RuleBasedStateMachine):
    """Every step is done to the house and to the model; then both must say the same."""

    store: Store
    clock: ManualClock

    def key(self) -> str:
        self.keys += 1
        return f"{self.run}:{self.keys}"

    def review(self) -> None:
        while self.store.do(lambda work, _: membership.review(work), None, ME):
            pass

    def publish(self, steps: list[int], soft: bool, on_refund: bool, days: int) -> int:
        self.review()
        tiers = (Tier(NAMES[0], 0), *(Tier(name, least) for name, least in zip(NAMES[1:], steps, strict=True)))
        rules = Rules(tiers, window_days=days, soft_landing=soft, lower_on_refund=on_refund, plans=PLANS)
        seen = self.store.look(membership.rules)[0]
        version: int = self.store.do(membership.set_rules, [SetRules(self.key(), seen, rules_to(rules))], ME)[0].version
        self.review()
        return version

    @initialize(steps=LADDERS, soft=st.booleans(), on_refund=st.booleans(), days=st.sampled_from([30, 365]))
    def begin(self, steps: list[int], soft: bool, on_refund: bool, days: int) -> None:
        self.run, self.keys = next(RUNS), 0
        self.member = f"member_{self.run}"
        self.orders: dict[str, tuple[int, int]] = {}
        version = self.publish(steps, soft, on_refund, days)
        self.life = Life(self.clock.now(), {version: steps}, version, soft, on_refund, days, dated_by=version)

    @rule(steps=LADDERS, soft=st.booleans(), on_refund=st.booleans(), days=st.sampled_from([30, 365]))
    def set_rules(self, steps: list[int], soft: bool, on_refund: bool, days: int) -> None:
        version = self.publish(steps, soft, on_refund, days)
        life = self.life
        life.steps[version] = steps
        life.version, life.soft, life.on_refund, life.days = version, soft, on_refund, days
        before = life.own
        life.rise()
        assert life.own >= before

    @rule(days=st.sampled_from([0, 1, 6, 24, 31, 90, 365, 800]), hours=st.integers(0, 23), reviewed=st.booleans())
    def pass_time(self, days: int, hours: int, reviewed: bool) -> None:
        self.clock.advance(timedelta(days=days, hours=hours))
        self.life.pass_to(self.clock.now())
        if reviewed:
            self.review()

    @rule(amount=st.integers(1, 2500), again=st.booleans())
    def grow(self, amount: int, again: bool) -> None:
        request = AddGrowth(self.key(), self.member, amount, "测试")
        for _ in range(1 + again):
            self.store.do(membership.add_growth, [request], ME)
        self.life.change(amount)

    @rule(fen=st.integers(1, 250_000))
    def order(self, fen: int) -> None:
        number, now = self.key(), self.clock.now()
        update = OrderUpdate(number, "jd", "店", number, now, "finished", fen, fen, member_id=self.member)
        self.settle(self.store.do(orders.intake, [update], ME)[0].order_id)
        self.orders[number] = (fen, 0)
        if fen >= 100:
            self.life.change(fen // 100)

    @precondition(lambda self: self.orders)
    @rule(pick=PICK, fen=st.integers(1, 250_000))
    def refund_order(self, pick: int, fen: int) -> None:
        number = sorted(self.orders)[pick % len(self.orders)]
        paid, back = self.orders[number]
        word = OrderRefund(self.key(), "jd", number, self.key(), fen, self.clock.now())
        self.settle(self.store.do(orders.refund, [word], ME)[0].order_id)
        after = min(paid, back + fen)
        self.orders[number] = (paid, after)
        if delta := (paid - after) // 100 - (paid - back) // 100:
            self.life.change(delta)

    @precondition(lambda self: self.life.on_refund)
    @rule()
    def refund_what_a_past_window_brought(self) -> None:
        """What a review has left is safe: a tier does not fall below it, however much is refunded afterwards."""
        self.order(250_000)
        newest = list(self.orders)[-1]
        self.pass_time(self.life.days + 1, 0, True)
        self.refund_order(sorted(self.orders).index(newest), 250_000)

    def settle(self, order_id: str) -> None:
        for _ in range(2):
            self.store.do(membership.grow_for_orders, [order_id], ME)

    @rule(pick=PICK)
    def buy(self, pick: int) -> None:
        plan, payment = PLANS[pick % len(PLANS)], self.key()
        done = self.store.do(membership.buy, [Buy(payment, self.member, plan.id, payment, plan.price_fen)], ME)[0]
        self.life.buy(payment, plan)
        assert (done.starts_at, done.ends_at) == (self.life.pieces[payment].start, self.life.pieces[payment].end)

    @precondition(lambda self: self.life.pieces)
    @rule(pick=PICK)
    def refund_plan(self, pick: int) -> None:
        payment = sorted(self.life.pieces)[pick % len(self.life.pieces)]
        expected = self.life.refund(payment)
        try:
            done = self.store.do(membership.refund_paid, [RefundPaid(self.key(), payment)], ME)[0]
        except Refused:
            assert expected is None
            return
        assert done.refund_fen == expected

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "life"):
            return
        life, standing = self.life, self.store.look(membership.standings, [self.member])[self.member]
        line = life.live()
        assert (standing.own, standing.growth, standing.until) == (NAMES[life.own], life.growth, life.until)
        assert standing.tier == NAMES[life.shown]
        assert standing.plan_until == (line[-1].end if line else None)
        needed = [0, *life.steps[life.version]][life.own] - (life.growth - life.began_with)
        assert standing.keep_needed == (max(0, needed) if life.until else 0)

    def teardown(self) -> None:
        assert set(self.store.look(ledger.totals).values()) <= {0}
        assert self.store.look(ledger.drift) == {}


def test_membership_agrees_with_the_model_whatever_happens(store: Store, clock: ManualClock) -> None:
    here = type("Here", (Membership,), {"store": store, "clock": clock})
    healthy = (HealthCheck.too_slow, HealthCheck.filter_too_much)
    run_state_machine_as_test(here, settings=settings(max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=healthy))
