"""Stored value against a small model, under any order of top-ups, spends, returns, refunds and changes of the rules, on both databases."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from assistant.base.errors import Refused
from assistant.domain import ledger, stored_value
from assistant.domain.stored_value import Refund, Return, Rules, SetRules, Spend, Step, TopUp, rules_to
from assistant.store import Store
from tests.rooms.test_stored_value import ME

NUMBERS = count()
FEN = st.integers(1, 60_000)
PICK = st.integers(0, 10**6)


class StoredValue(RuleBasedStateMachine):
    """The model knows only sums: what was paid in, what came on top, what was spent, came back and was paid out."""

    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.run = next(NUMBERS)
        self.member = f"member_{self.run}"
        self.steps = 0
        self.paid_in: dict[str, int] = {}
        self.paid_out: dict[str, int] = {}
        self.bonus = self.lapsed = 0
        self.orders: dict[str, int] = {}
        self.spent: dict[str, int] = {}
        self.bonus_by = stored_value.DEFAULT_RULES

    def key(self) -> str:
        self.steps += 1
        return f"{self.run}:{self.steps}"

    @property
    def total(self) -> int:
        return sum(self.paid_in.values()) + self.bonus - self.lapsed - sum(self.orders.values()) - sum(self.paid_out.values())

    @rule(pay=st.integers(1, 60_000), extra=st.integers(0, 100), how=st.sampled_from(["proportion", "principal_first"]))
    def set_rules(self, pay: int, extra: int, how: str) -> None:
        self.bonus_by = stored_value.rules_from(
            {"steps": [{"pay_fen": pay, "bonus_fen": pay * extra // 100}], "spend": how, "most_fen": 300_000}
        )
        seen = self.store.look(stored_value.rules)[0]
        self.store.do(stored_value.set_rules, [SetRules(self.key(), seen, rules_to(self.bonus_by))], ME)

    @rule(fen=FEN, again=st.booleans())
    def top_up(self, fen: int, again: bool) -> None:
        key = self.key()
        request = TopUp(key, self.member, fen, f"wx{key}")
        bonus = self.bonus_by.bonus_on(fen)
        try:
            for _ in range(1 + again):
                self.store.do(stored_value.top_up, [request], ME)
        except Refused:
            assert self.total + fen + bonus > self.bonus_by.most_fen
            return
        self.paid_in[f"wx{key}"], self.bonus = fen, self.bonus + bonus
        self.paid_out[f"wx{key}"] = 0

    @rule(fen=FEN)
    def spend(self, fen: int) -> None:
        key = self.key()
        try:
            done = self.store.do(stored_value.spend, [Spend(key, self.member, fen, f"o{key}")], ME)[0]
        except Refused:
            assert fen > self.total
            return
        assert done.principal_fen + done.bonus_fen == fen <= self.total
        self.orders[f"o{key}"] = self.spent[f"o{key}"] = fen

    @precondition(lambda self: self.orders)
    @rule(pick=PICK, percent=st.integers(1, 110))
    def give_back(self, pick: int, percent: int) -> None:
        order = sorted(self.orders)[pick % len(self.orders)]
        fen = max(1, self.spent[order] * percent // 100)
        try:
            done = self.store.do(stored_value.return_spend, [Return(self.key(), order, fen)], ME)[0]
        except Refused:
            assert fen > self.orders[order]
            return
        assert done.principal_fen + done.bonus_fen == fen
        self.orders[order] -= fen

    @precondition(lambda self: self.paid_in)
    @rule(pick=PICK, fen=st.none() | FEN)
    def refund(self, pick: int, fen: int | None) -> None:
        payment = sorted(self.paid_in)[pick % len(self.paid_in)]
        before = next(lot for lot in self.store.look(stored_value.top_ups, self.member) if lot.payment == payment)
        try:
            done = self.store.do(stored_value.refund, [Refund(self.key(), payment, fen)], ME)[0]
        except Refused:
            assert not before.principal_left or (fen is not None and fen > before.principal_left)
            return
        assert done.principal_fen == (before.principal_left if fen is None else fen)
        beside = Fraction(before.bonus_left * done.principal_fen, before.principal_left)
        assert beside <= done.bonus_fen < beside + 1
        self.paid_out[payment] += done.principal_fen
        self.lapsed += done.bonus_fen

    @invariant()
    def holds(self) -> None:
        held = self.store.look(stored_value.balance, [self.member])[self.member]
        assert held.total_fen == self.total
        assert held.principal_fen >= 0 <= held.bonus_fen
        assert all(self.paid_out[payment] <= fen for payment, fen in self.paid_in.items())
        lots = self.store.look(stored_value.top_ups, self.member)
        assert sum(lot.principal_left for lot in lots) == held.principal_fen
        assert sum(line.principal_fen for line in self.store.look(stored_value.history, self.member, 999)) == held.principal_fen

    def teardown(self) -> None:
        """All that is left is paid back: never more than was paid in, and the books close."""
        for payment in self.paid_in:
            self.refund_all(payment)
        assert self.store.look(stored_value.balance, [self.member])[self.member].principal_fen == 0
        assert sum(self.paid_out.values()) <= sum(self.paid_in.values())
        assert set(self.store.look(ledger.totals).values()) <= {0}
        assert self.store.look(ledger.drift) == {}

    def refund_all(self, payment: str) -> None:
        left = next(lot.principal_left for lot in self.store.look(stored_value.top_ups, self.member) if lot.payment == payment)
        if left:
            self.paid_out[payment] += self.store.do(stored_value.refund, [Refund(self.key(), payment)], ME)[0].principal_fen


def test_stored_value_agrees_with_sums_whatever_happens(store: Store) -> None:
    rules = Rules((Step(10_000, 1_000),), most_fen=300_000)
    store.do(stored_value.set_rules, [SetRules("first", 0, rules_to(rules))], ME)

    class Here(StoredValue):
        def __init__(self) -> None:
            super().__init__()
            _version, self.bonus_by = store.look(stored_value.rules)

    Here.store = store
    healthy = (HealthCheck.too_slow, HealthCheck.filter_too_much)
    run_state_machine_as_test(
        Here, settings=settings(max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=healthy)
    )
