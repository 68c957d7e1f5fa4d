"""Whatever two people do, merged and parted at any points: the book equals a model that only knows who did what."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.base.errors import Refused
from assistant.domain import orders, points, stored_value
from assistant.domain.members import Identity
from assistant.flows import merging
from assistant.flows.settle import settle_orders
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.merging_help import ME, buy, give, join, left, merge, spend, undo, wrong

WORLDS = itertools.count()
SIDE = st.sampled_from(("chat", "shop"))
AMOUNT = st.integers(1, 300)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("give"), SIDE, AMOUNT),
        st.tuples(st.just("spend"), SIDE, AMOUNT),
        st.tuples(st.just("return"), SIDE, AMOUNT),
        st.tuples(st.just("buy"), SIDE, AMOUNT),
        st.tuples(st.just("refund"), SIDE, AMOUNT),
        st.tuples(st.just("pay_in"), SIDE, AMOUNT),
        st.tuples(st.just("pay"), SIDE, AMOUNT),
        st.tuples(st.just("turn"), SIDE, AMOUNT),
    ),
    max_size=24,
)


@dataclass
class World:
    """Two people; ``own`` is what the model says each has, whatever the book calls them."""

    store: Store
    name: str
    ids: dict[str, str] = field(default_factory=dict)
    own: dict[str, int] = field(default_factory=lambda: {"chat": 0, "shop": 0})
    money: dict[str, list[int]] = field(default_factory=lambda: {"chat": [0, 0], "shop": [0, 0]})
    spends: list[tuple[str, str, int]] = field(default_factory=list)
    bought: list[tuple[str, str, int]] = field(default_factory=list)
    merged: merging.Merged | None = None
    number: int = 0

    def __post_init__(self) -> None:
        self.ids["chat"] = join(self.store, f"{self.name}:a", Identity("wecom_external", f"wm_{self.name}"), days_ago=9)
        self.ids["shop"] = join(self.store, f"{self.name}:b", self.buyer("shop"))

    def buyer(self, side: str) -> Identity:
        return Identity("taobao", f"{self.name}_{side}")

    def acting(self, side: str) -> str:
        """Whose doing it is: while the two are one, only the chat's member acts by himself."""
        return "chat" if self.merged else side

    def key(self) -> str:
        self.number += 1
        return f"{self.name}:{self.number}"

    def give(self, side: str, amount: int) -> None:
        side = self.acting(side)
        give(self.store, self.ids[side], amount, self.key())
        self.own[side] += amount

    def spend(self, side: str, amount: int) -> None:
        side, key = self.acting(side), self.key()
        try:
            number = spend(self.store, self.ids[side], amount, key)
        except Refused:
            assert (sum(self.own.values()) if self.merged else self.own[side]) < amount
            return
        self.own[side] -= amount
        self.spends.append((number, side, amount))

    def give_back(self, _side: str, pick: int) -> None:
        if self.spends:
            number, side, amount = self.spends.pop(pick % len(self.spends))
            self.store.do(points.refund_spend, [points.RefundSpend(self.key(), number)], ME)
            self.own[side] += amount

    def buy(self, side: str, amount: int) -> None:
        """An order of the buyer ``shop`` follows him; one of the chat's member is named by his id."""
        number = self.key()
        buy(
            self.store,
            number,
            "" if side == "shop" else self.ids["chat"],
            amount * 100,
            buyer=self.buyer("shop") if side == "shop" else None,
        )
        self.own[side] += amount
        self.bought.append((number, side, amount))

    def refund(self, _side: str, pick: int) -> None:
        if self.bought:
            number, side, amount = self.bought.pop(pick % len(self.bought))
            back = orders.Refund(self.key(), "taobao", number, "R1", amount * 100, NOON)
            taken = self.store.do(orders.refund, [back], ME)[0]
            self.store.do(settle_orders, [taken.order_id], ME)
            self.own[side] -= amount

    def pay_in(self, side: str, amount: int) -> None:
        side, key = self.acting(side), self.key()
        self.store.do(stored_value.top_up, [stored_value.TopUp(key, self.ids[side], amount, key, amount // 3)], ME)
        self.earn(side, amount, amount // 3)

    def pay(self, side: str, amount: int) -> None:
        side, key = self.acting(side), self.key()
        try:
            done = self.store.do(stored_value.spend, [stored_value.Spend(key, self.ids[side], amount, key)], ME)[0]
        except Refused:
            return
        self.earn(side, -done.principal_fen, -done.bonus_fen)

    def earn(self, side: str, principal: int, bonus: int) -> None:
        self.money[side] = [self.money[side][0] + principal, self.money[side][1] + bonus]

    def turn(self, _side: str, _amount: int) -> None:
        """Merged, or parted again: then the brand has made good what one spent of the other's money."""
        if self.merged is None:
            self.merged = merge(self.store, self.ids["chat"], self.ids["shop"], self.key())
            return
        done = undo(self.store, self.merged, self.key())
        self.merged = None
        assert done.made_good_fen == sum(max(-one, 0) for pair in self.money.values() for one in pair)
        self.money = {side: [max(one, 0) for one in pair] for side, pair in self.money.items()}

    def agree(self) -> None:
        """The book says what the model says."""
        ids = [self.ids["chat"], self.ids["shop"]]
        own, money = [self.own["chat"], self.own["shop"]], [self.money["chat"], self.money["shop"]]
        if self.merged:
            own, money = [sum(own), 0], [[a + b for a, b in zip(*money, strict=True)], [0, 0]]
        assert left(self.store, *ids) == own
        found = self.store.look(stored_value.balance, ids)
        assert [[found[number].principal_fen, found[number].bonus_fen] for number in ids] == money


@given(steps=STEPS)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_book_follows_whoever_did_it_through_merges_and_undos(store: Store, steps: list[tuple[str, Any, int]]) -> None:
    world = World(store, f"w{next(WORLDS)}")
    acts = {"return": world.give_back}
    for name, side, amount in steps:
        acts.get(name, getattr(world, name, None))(side, amount)  # type: ignore[misc]
        world.agree()
    if world.merged:
        world.turn("chat", 0)
        world.agree()
    assert wrong(store) == []
