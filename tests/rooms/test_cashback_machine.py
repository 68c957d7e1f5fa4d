"""Whatever happens in whatever order, cashback does what its simpler description says: a state machine on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import count, pairwise

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from assistant.base.clock import ManualClock
from assistant.base.errors import Refused
from assistant.base.principal import Principal
from assistant.domain import cashback, ledger, members, orders
from assistant.domain.cashback import ALLOWED, Approve, Claim, CreateTemplate, Issue, Limits, Reject, Release, Rule, SetLimits
from assistant.flows import payout
from assistant.payments import SimulatedPayout, bills
from assistant.store import Store, View, Work, fact
from tests.rooms.test_cashback_model import CAP, CARD_DAYS, SECOND_PERSON, USES, Model, OrderModel
from tests.rooms.test_cashback_shop import BOSS, ME

runs = count()
some = st.integers(0, 50)
modes = st.sampled_from(["", "", "wait", "refuse", "lose_reply", "lose_request"])
PEOPLE = {"he": BOSS, "song": Principal("operator", "song", frozenset({"owner"}))}


def clock_ticks(work: Work, _none: object) -> None:
    cashback.ripen(work)
    cashback.close_cards(work)


def history(view: View, claim_id: str) -> list[str]:
    rows = view.all(sa.select(fact.c.name).where(fact.c.subject == f"claim:{claim_id}").order_by(fact.c.id))
    return [row.name.removeprefix("cashback.") for row in rows]


class Machine(RuleBasedStateMachine):
    """One member against one template whose budget is enough for five cards."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        super().__init__()
        self.store, self.clock, self.payer = store, clock, SimulatedPayout(store)
        self.run, self.steps = f"r{next(runs)}", count()

    @initialize()
    def begin(self) -> None:
        store = self.store
        store.do(cashback.set_limits, [SetLimits(f"{self.run}:limits", Limits(second_person_fen=SECOND_PERSON, hold_score=90))], BOSS)
        person = members.Register(self.run, self.run, (members.Identity("openid:wx", f"open-{self.run}"),))
        self.member = store.do(members.register, [person], ME)[0].member_id
        budget = 5 * CAP * USES
        request = CreateTemplate(self.run, self.run, "返现卡", Rule(500, cap_fen=CAP), valid_days=CARD_DAYS, uses=USES, budget_fen=budget)
        self.template = store.do(cashback.create_template, [request], ME)[0].template_id
        self.model = Model(budget)
        self.claims: dict[int, str] = {}
        for paid in (19_900, 29_900):
            self.issue()
            self.buy(paid)

    def key(self) -> str:
        return f"{self.run}:{next(self.steps)}"

    def number(self, place: int) -> int:
        return place % len(self.model.orders)

    def claimed(self, place: int) -> int:
        return sorted(self.claims)[place % len(self.claims)]

    def goes(self, verb: object, request: object, who: Principal = ME) -> bool:
        try:
            self.store.do(verb, [request], who)  # type: ignore[arg-type]
        except Refused:
            return False
        return True

    @rule()
    def issue(self) -> None:
        self.pass_time(1)
        assert self.goes(cashback.issue, Issue(self.key(), self.member, self.template)) == self.model.issue()

    @rule(paid=st.integers(100, 60_000))
    def pay(self, paid: int) -> None:
        self.model.orders.append(OrderModel(paid, self.model.now))
        self.tell(len(self.model.orders) - 1, "paid")

    @rule(paid=st.sampled_from([1_900, 9_900, 19_900, 29_900, 60_000]))
    def buy(self, paid: int) -> None:
        self.pay(paid)
        self.claim(len(self.model.orders) - 1)

    def tell(self, number: int, status: orders.Status) -> None:
        paid = self.model.orders[number].paid
        name = f"{self.run}-{number}"
        update = orders.OrderUpdate(f"{name}:{status}", "taobao", "棉语", name, self.clock.now(), status, paid, paid, member_id=self.member)
        self.follow([orders.intake], [update])

    def follow(self, verbs: list[object], requests: list[object]) -> None:
        def both(work: Work, _none: object) -> None:
            taken = verbs[0](work, requests)  # type: ignore[operator]
            cashback.advance_for_orders(work, [one.order_id for one in taken])

        self.store.do(both, None, ME)

    @precondition(lambda self: self.model.orders)
    @rule(place=some)
    def claim(self, place: int) -> None:
        number = self.number(place)
        done = self.goes(cashback.claim, Claim(self.key(), self.member, f"{self.run}-{number}"))
        assert done == self.model.claim(number)
        if done:
            self.claims = {int(one.order_no.split("-")[1]): one.id for one in self.store.look(cashback.claims_of, self.member)}

    @precondition(lambda self: self.model.orders)
    @rule(place=some)
    def receive(self, place: int) -> None:
        number = self.number(place)
        order = self.model.orders[number]
        if order.finished_at is None:
            order.finished_at = self.model.now
            self.tell(number, "finished")
            self.refreshed(number)

    @precondition(lambda self: self.model.orders)
    @rule(place=some, percent=st.integers(1, 100))
    def refund(self, place: int, percent: int) -> None:
        number = self.number(place)
        order = self.model.orders[number]
        back = max(1, (order.paid - order.refunded) * percent // 100)
        if order.refunded < order.paid:
            order.refunded += back
            key = self.key()
            self.follow([orders.refund], [orders.Refund(key, "taobao", f"{self.run}-{number}", key, back, self.clock.now())])
            self.refreshed(number)

    def refreshed(self, number: int) -> None:
        if number in self.model.claims:
            self.model.refresh(self.model.claims[number])

    @precondition(lambda self: self.claims)
    @rule(place=some)
    def keep(self, place: int) -> None:
        """Received and not sent back within the window."""
        self.receive(self.claimed(place))
        self.pass_time(7 * 24)

    @precondition(lambda self: self.claims)
    @rule(place=some, mode=modes)
    def keep_and_be_paid(self, place: int, mode: str) -> None:
        """All the way at once, so that what comes after money has moved is seen often."""
        self.keep(place)
        for who in ("he", "song"):
            self.approve(place, who)
        self.carry(place, mode)

    @precondition(lambda self: self.claims)
    @rule(place=some)
    def keep_and_be_approved_twice_by_one_person(self, place: int) -> None:
        self.keep(place)
        for _time in range(2):
            self.approve(place, "he")

    @precondition(lambda self: self.claims)
    @rule(place=some, percent=st.sampled_from([10, 50, 97, 100]))
    def send_back(self, place: int, percent: int) -> None:
        self.refund(self.claimed(place), percent)

    @rule(hours=st.sampled_from([5, 24, 7 * 24, 24 * 24]))
    def time_passes(self, hours: int) -> None:
        self.pass_time(hours)

    def pass_time(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))
        self.model.now += hours
        self.store.do(clock_ticks, None, ME)
        self.model.tick()

    @precondition(lambda self: self.claims)
    @rule(place=some, who=st.sampled_from(["he", "song"]))
    def approve(self, place: int, who: str) -> None:
        number = self.claimed(place)
        claim_id = self.claims[number]
        if self.store.look(cashback.claims_by_id, [claim_id])[claim_id].hold:
            assert self.store.do(cashback.approve, [Approve(self.key(), claim_id)], PEOPLE[who])[0].held
            self.store.do(cashback.release, [Release(self.key(), claim_id, "看过了")], BOSS)
        assert self.goes(cashback.approve, Approve(self.key(), claim_id), PEOPLE[who]) == self.model.approve(number, who)

    @precondition(lambda self: self.claims)
    @rule(place=some)
    def reject(self, place: int) -> None:
        number = self.claimed(place)
        assert self.goes(cashback.reject, Reject(self.key(), self.claims[number], "不符合"), BOSS) == self.model.reject(number)

    @precondition(lambda self: self.claims)
    @rule(place=some, mode=modes)
    def carry(self, place: int, mode: str) -> None:
        number = self.claimed(place)
        knobs = self.payer.knobs
        knobs.lose_replies, knobs.lose_requests = int(mode == "lose_reply"), int(mode == "lose_request")
        knobs.refuse, knobs.wait_user = "余额不足" if mode == "refuse" else "", mode == "wait"
        asyncio.run(payout.carry(self.store, self.payer, self.claims[number], self.key()))
        knobs.lose_replies = knobs.lose_requests = 0
        self.model.carry(number, mode)

    @precondition(lambda self: self.claims)
    @rule(place=some)
    def confirm(self, place: int) -> None:
        number = self.claimed(place)
        bill = self.store.look(cashback.claims_by_id, [self.claims[number]])[self.claims[number]].bill_no
        asyncio.run(self.payer.confirm(bill))
        self.model.confirm(number)

    @invariant()
    def every_claim_stands_where_the_model_says(self) -> None:
        kept = {int(one.order_no.split("-")[1]): one for one in self.store.look(cashback.claims_of, self.member)}
        found = {number: (one.state, one.amount_fen, one.recovered_fen, one.paid_fen, one.clawed_fen) for number, one in kept.items()}
        wanted = {number: (one.state, one.amount, one.recovered, one.paid, one.clawed) for number, one in self.model.claims.items()}
        assert found == wanted

    @invariant()
    def the_book_is_what_the_model_says(self) -> None:
        store, model = self.store, self.model
        promised = ledger.Account(f"member:{self.member}", "cashback", "pending")
        assert store.look(ledger.balances, [promised])[promised] == model.pending
        assert store.look(cashback.owed, self.member) == model.debt
        assert store.look(cashback.budgets, [self.template])[self.template] == (model.free, model.kept)
        assert set(store.look(ledger.totals).values()) <= {0}
        of = store.look(cashback.template, self.template)
        assert of is not None
        assert of.committed_fen == (of.budget_fen or 0) - model.free
        cards = sorted((card.issued_at, card.remaining, card.used_fen) for card in store.look(cashback.cards_of, self.member))
        assert [card[1:] for card in cards] == [(card.uses, card.used) for card in model.cards]

    def teardown(self) -> None:
        paid = [line[0] for line in self.store.look(bills) if line[3] == "paid" and line[1] == f"open-{self.run}"]
        sent = [line[2] for line in self.store.look(bills) if line[3] == "paid" and line[1] == f"open-{self.run}"]
        kept = {one.bill_no: one for one in self.store.look(cashback.claims_of, self.member)}
        assert set(paid) <= set(kept), "a bill was paid that is not the claim's own"
        assert sum(sent) >= sum(one.paid_fen for one in kept.values())
        for claim_id in self.claims.values():
            said = self.store.look(history, claim_id)
            states = [word for word in said if word in ALLOWED]
            ways = set(pairwise(states)) - {("clawed_back", "clawed_back")}
            assert all(later in ALLOWED[earlier] for earlier, later in ways), states
            assert said.count("paid") <= 1
        assert self.store.look(ledger.drift) == {}


def test_cashback_does_what_its_model_says(store: Store, clock: ManualClock) -> None:
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        lambda: Machine(store, clock),
        settings=settings(max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=quiet),
    )
