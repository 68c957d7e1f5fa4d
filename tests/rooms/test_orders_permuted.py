"""Whatever the order of arrival and however often each is told, up to six events of an order end in the same state, points and cashback."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Refused
from assistant.domain import cashback, members, orders, points
from assistant.domain.orders.model import Order, body_of, fold
from assistant.flows.settle import settle_orders
from assistant.store import Store, Work
from tests.conftest import NOON
from tests.rooms.test_cashback_shop import ANNA, ME, issued, made

HOUR = timedelta(hours=1)


def word(status: Any, hours: int, **fields: Any) -> orders.OrderUpdate:
    return orders.OrderUpdate("", "taobao", "棉语", "T1", NOON + hours * HOUR, status, fields.pop("paid_fen", 19_900), 19_900, **fields)


def refund(number: str, fen: int, hours: int, final: bool = True) -> orders.Refund:
    return orders.Refund("", "taobao", "T1", number, fen, NOON + hours * HOUR, final)


LIVES: dict[str, tuple[orders.OrderUpdate | orders.Refund, ...]] = {
    "a plain life": (word("created", 0, paid_fen=0), word("paid", 1), word("shipped", 2), word("finished", 3)),
    "two partial refunds, one asked for and granted": (
        word("paid", 1),
        word("finished", 3),
        refund("R1", 5_000, 4, final=False),
        refund("R1", 5_000, 5),
        refund("R2", 3_000, 6),
    ),
    "a refund told with a growing amount, and one beyond the payment": (
        word("paid", 1),
        refund("R1", 2_000, 2),
        refund("R1", 4_000, 3),
        refund("R2", 99_999, 4),
    ),
    "three parcels": (
        word("paid", 1, parts=("a", "b", "c")),
        word("shipped", 2, part="a"),
        word("finished", 3, part="a"),
        word("closed", 4, part="b"),
        word("finished", 5, part="c"),
        refund("R1", 6_000, 6),
    ),
    "two parcels, the money of one given back before it shipped": (
        word("paid", 1, parts=("a", "b")),
        word("shipped", 2, part="a"),
        word("finished", 3, part="a"),
        replace(refund("R1", 4_000, 4), part="b"),
    ),
    "closed before payment arrives late": (word("created", 0, paid_fen=0), word("closed", 2, paid_fen=0), word("paid", 1)),
    "a price changed before payment": (
        word("created", 0, paid_fen=0),
        word("created", 1, paid_fen=0, live_room="直播间一"),
        word("paid", 2, paid_fen=18_800),
        word("finished", 4, paid_fen=18_800),
    ),
}
WORTHLESS = ("a refund told with a growing amount, and one beyond the payment", "closed before payment arrives late")
"""Lives after which nothing comes back from a card."""


@pytest.mark.parametrize("life", LIVES)
def test_every_order_of_arrival_with_every_repetition_folds_alike(life: str) -> None:
    told = [body_of(one) for one in LIVES[life]]
    blank = Order("o", "taobao", "T1")
    wanted = fold(blank, told)
    for arrived in permutations(told):
        assert fold(blank, arrived) == wanted
        assert fold(blank, [*arrived, *arrived[:3], arrived[0]]) == wanted


def test_three_parcels_are_finished_with_the_last_open_one() -> None:
    told = [body_of(one) for one in LIVES["three parcels"]]
    blank = Order("o", "taobao", "T1")
    assert fold(blank, told[:4]).status == "paid"
    assert (fold(blank, told).status, fold(blank, told).finished_at) == ("finished", NOON + 5 * HOUR)


def test_a_parcel_whose_money_went_back_is_not_waited_for() -> None:
    told = [body_of(one) for one in LIVES["two parcels, the money of one given back before it shipped"]]
    blank = Order("o", "taobao", "T1")
    assert fold(blank, told[:3]).status == "paid"
    assert (fold(blank, told).status, fold(blank, told).net_fen) == ("finished", 15_900)
    compensated = [body_of(one) for one in (word("paid", 1, parts=("a",)), replace(refund("R1", 500, 2), part="a"))]
    assert fold(blank, compensated).status == "paid"
    assert fold(blank, [*compensated, body_of(word("finished", 3, part="a"))]).status == "finished"


def hear(store: Store, told: list[orders.OrderUpdate | orders.Refund], claiming: str = "") -> None:
    """Each word is a commit of its own followed by what it means for the book; Anna claims as soon as she may, if she does."""

    def take(work: Work, one: orders.OrderUpdate | orders.Refund) -> None:
        done = orders.refund(work, [one]) if isinstance(one, orders.Refund) else orders.intake(work, [one])
        settle_orders(work, [number.order_id for number in done if number.order_id])

    for place, one in enumerate(told):
        store.do(take, one, ME)
        if claiming:
            with suppress(Refused):
                store.do(cashback.claim, [cashback.Claim(f"{claiming}:{place}", ANNA, claiming)], ME)


def coming(store: Store, number: str) -> tuple[str, int] | None:
    """What Anna may hope for from her claim on this order."""
    claims = [one for one in store.look(cashback.claims_of, ANNA) if one.order_no == number and one.state not in ("void", "rejected")]
    return (claims[0].state, claims[0].payable_fen) if claims else None


@pytest.mark.parametrize("life", LIVES)
def test_the_book_ends_alike_in_any_order_of_arrival(store: Store, clock: ManualClock, life: str) -> None:
    """Each draw is an order of its own, bought by Anna and claimed with a card of its own."""
    store.do(members.register, [members.Register("anna", "anna")], ME)
    template = made(store)
    for draw in range(8):
        issued(store, f"card{draw}", template)
    clock.advance(timedelta(days=1))
    chance, ends = random.Random(life), set()
    for draw in range(8):
        number = f"T{draw}"
        told = [replace(one, key=f"{draw}:{n}", order_no=number) for n, one in enumerate(LIVES[life])]
        told = [replace(one, member_id=ANNA) if isinstance(one, orders.OrderUpdate) else one for one in told]
        arrived = told if draw == 0 else [*chance.sample(told, len(told)), *chance.sample(told, 3 if len(told) >= 3 else 1)]
        hear(store, arrived, number)
        order = store.look(orders.by_number, number)[0]
        earned = store.look(points.earned_by_order, [order.id]).get(order.id, 0)
        ends.add((order.status, order.paid_fen, order.refund_fen, order.finished_at, order.live_room, earned, coming(store, number)))
    assert len(ends) == 1
    assert (ends.pop()[-1] is None) == (life in WORTHLESS)
    assert store.look(points.drift) == {}


def test_a_claim_ends_alike_whenever_the_refund_is_told(store: Store, clock: ManualClock) -> None:
    store.do(members.register, [members.Register("anna", "anna")], ME)
    template = made(store, uses=9) if "uses" in cashback.CreateTemplate.__dataclass_fields__ else made(store)
    ends = set()
    for draw, early in enumerate((True, False)):
        issued(store, f"card{draw}", template)
        number = f"C{draw}"
        paid = replace(word("paid", 1), key=f"p{draw}", order_no=number, member_id=ANNA)
        back = replace(refund("R1", 5_000, 2), key=f"r{draw}", order_no=number)
        done = replace(word("finished", 3), key=f"f{draw}", order_no=number, member_id=ANNA)
        hear(store, [back, paid] if early else [paid])
        claimed = store.do(cashback.claim, [cashback.Claim(f"c{draw}", ANNA, number)], ME)[0]
        hear(store, [done] if early else [done, back, back])
        one = store.look(cashback.claims_by_id, [claimed.claim_id])[claimed.claim_id]
        ends.add((one.amount_fen, one.state))
    assert len(ends) == 1
    assert clock.now() == NOON
