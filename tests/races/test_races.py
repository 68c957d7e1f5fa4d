"""Sixteen at once, thirty rounds, on both databases: what is limited is never given twice, and the checker finds the book sound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.principal import Principal
from assistant.domain import activities, benefits, cashback, ledger, members, orders, points, stored_value
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.test_cashback_shop import BOSS, ME, issued, made
from tests.support.checking import differences
from tests.support.fair import body, launch, lottery

ROUNDS, AT_ONCE = 30, 16
Race = Callable[[Store, ManualClock, int], Awaitable[int]]


async def together(store: Store, verb: Any, requests: Sequence[Any], who: Sequence[Principal] = ()) -> int:
    """How many of the requests, each a command of its own, came through."""
    principals = who or [ME] * len(requests)
    asked = [store.write(verb, [one], principal) for one, principal in zip(requests, principals, strict=True)]
    return sum(isinstance(answer, list) for answer in await asyncio.gather(*asked, return_exceptions=True))


def people(store: Store, number: int, amount: int = 0, count: int = AT_ONCE) -> list[str]:
    """Members of this round, each with so many points."""
    wanted = [members.Register(f"r:{number}:{n}", f"m{number}:{n}") for n in range(count)]
    found = [str(one.member_id) for one in store.do(members.register, wanted, ME)]
    if amount:
        store.do(points.grant, [points.Grant(f"g:{one}", one, amount, "赠送") for one in found], ME)
    return found


def person(store: Store, number: int, amount: int = 0) -> str:
    return people(store, number, amount, 1)[0]


async def the_last_item(store: Store, _clock: ManualClock, number: int) -> int:
    store.do(activities.stock_mall, [activities.StockItem(f"s{number}", f"sock{number}", "纯棉袜", 10, 1)], ME)
    hands = people(store, number, 10)
    return await together(store, activities.redeem, [activities.Redeem(f"{number}:{one}", one, f"sock{number}", 1, 10) for one in hands])


async def points_for_one(store: Store, _clock: ManualClock, number: int) -> int:
    store.do(activities.stock_mall, [activities.StockItem(f"s{number}", f"sock{number}", "纯棉袜", 10, 99)], ME)
    anna = person(store, number, 19)
    return await together(
        store, activities.redeem, [activities.Redeem(f"{number}:{n}", anna, f"sock{number}", 1, 10) for n in range(AT_ONCE)]
    )


def paid_order(store: Store, owner: str, number: str, status: Any = "finished") -> None:
    items = (orders.Item("S1", "棉睡衣", "睡衣", 1, 19_900),)
    told = orders.OrderUpdate(f"o:{number}", "taobao", "棉语", number, NOON, status, 19_900, 19_900, member_id=owner, items=items)
    store.do(orders.intake, [told], ME)


def card_and_order(store: Store, number: int, cards: int = 1) -> str:
    """Anna holds cards and then buys."""
    anna = person(store, number)
    template = made(store, f"t{number}")
    for n in range(cards):
        issued(store, f"{number}:{n}", template, anna)
    paid_order(store, anna, f"T{number}")
    return anna


async def one_order_two_cards(store: Store, _clock: ManualClock, number: int) -> int:
    anna = card_and_order(store, number, 2)
    return await together(store, cashback.claim, [cashback.Claim(f"{number}:{n}", anna, f"T{number}") for n in range(AT_ONCE)])


async def approval_by_two(store: Store, clock: ManualClock, number: int) -> int:
    """Two people approve sixteen times at once: one approval each may count, and the money goes once."""
    anna = card_and_order(store, number)
    claimed = store.do(cashback.claim, [cashback.Claim(f"c{number}", anna, f"T{number}")], ME)[0]
    clock.advance(timedelta(days=8))
    store.do(lambda work, _: cashback.ripen(work), None, ME)
    clock.advance(-timedelta(days=8))
    people = [Principal("operator", f"boss{n % 2}", frozenset({"owner"})) for n in range(AT_ONCE)]
    await together(store, cashback.approve, [cashback.Approve(f"a{number}:{n}", claimed.claim_id) for n in range(AT_ONCE)], people)
    one = store.look(cashback.claims_by_id, [claimed.claim_id])[claimed.claim_id]
    begun = [cashback.BeginPayout(f"b{number}:{n}", one.id) for n in range(AT_ONCE)]
    person_openid(store, anna, number)
    answers = await asyncio.gather(*(store.write(cashback.begin_payout, [one], ME) for one in begun), return_exceptions=True)
    return len({answer[0].bill_no for answer in answers if isinstance(answer, list) and answer[0].in_flight})


def person_openid(store: Store, owner: str, number: int) -> None:
    store.do(members.bind, [members.Bind(f"w{number}", owner, members.Identity("openid:wx1", f"o{number}"))], ME)


async def a_budget_for_three(store: Store, _clock: ManualClock, number: int) -> int:
    account = ledger.Account(f"budget:race{number}", benefits.BUDGET_ASSET)
    store.do(ledger.post, [ledger.Posting(f"fund{number}", ledger.Account("brand:marketing", benefits.BUDGET_ASSET), account, 300)], ME)
    held = store.do(ledger.hold, [ledger.Hold(f"hold{number}", account, 300)], ME)[0]
    hands = people(store, number)
    grants = [benefits.BenefitGrant(f"{number}:{one}", one, benefits.Points(100), held.id) for one in hands]
    return await together(store, benefits.grant, grants)


async def a_spend_given_back_twice(store: Store, _clock: ManualClock, number: int) -> int:
    """Returned any number of times, the points come back once."""
    anna = person(store, number, 50)
    spent = store.do(points.spend, [points.Spend(f"s{number}", anna, 40, "换礼")], ME)[0]
    await together(store, points.refund_spend, [points.RefundSpend(f"{number}:{n}", spent.spend_id) for n in range(AT_ONCE)])
    return int(store.look(points.balance, [anna])[anna].available == 50)


async def a_refund_told_by_many(store: Store, _clock: ManualClock, number: int) -> int:
    """The same refund under sixteen keys takes its points back once."""
    anna = person(store, number)
    paid_order(store, anna, f"T{number}", "paid")
    order = store.look(orders.by_number, f"T{number}")[0]
    store.do(lambda work, _: points.earn_for_orders(work, [order.id]), None, ME)

    def refund(work: Any, requests: Sequence[orders.Refund]) -> list[Any]:
        done = orders.refund(work, requests)
        points.earn_for_orders(work, [one.order_id for one in done])
        return list(done)

    await together(store, refund, [orders.Refund(f"{number}:{n}", "taobao", f"T{number}", "R1", 9_900, NOON) for n in range(AT_ONCE)])
    return int(store.look(points.balance, [anna])[anna].pending == 100)


async def a_day_checked_in(store: Store, _clock: ManualClock, number: int) -> int:
    """However often somebody checks in on a day, the day counts once."""
    anna = person(store, number)
    await together(store, activities.check_in, [activities.CheckIn(f"{number}:{n}", anna) for n in range(AT_ONCE)])
    return int(store.look(points.balance, [anna])[anna].available == 5)


async def a_flash_sale(store: Store, _clock: ManualClock, number: int) -> int:
    name = f"sale{number}"
    launch(store, body("flash_sale", name=name, title="周五秒杀", stock=3, points=10, limits={"member": 1}))
    hands = people(store, number, 10)
    return await together(store, activities.buy, [activities.Buy(f"{number}:{one}", one, name, 1, 10) for one in hands])


async def a_lottery_with_two_socks(store: Store, _clock: ManualClock, number: int) -> int:
    """Everybody hits the sock, two are there, the others get what the rules say instead."""
    name = f"draw{number}"
    sock = {"id": "sock", "title": "纯棉袜", "odds": 1_000_000, "stock": 2, "goods": True}
    launch(store, lottery(sock, name=name))
    hands = people(store, number)
    asked = [store.write(activities.draw, [activities.Draw(f"{number}:{one}", one, name)], ME) for one in hands]
    drawn = [answer[0].prize for answer in await asyncio.gather(*asked)]
    return drawn.count("sock") if drawn.count("thanks") == AT_ONCE - 2 else -1


async def a_free_draw_asked_sixteen_times(store: Store, _clock: ManualClock, number: int) -> int:
    name = f"once{number}"
    launch(
        store,
        lottery({"id": "five", "title": "5 积分", "odds": 500_000, "benefit": {"kind": "points", "points": 5}}, name=name, budget_fen=500),
    )
    anna = person(store, number)
    return await together(store, activities.draw, [activities.Draw(f"{number}:{n}", anna, name) for n in range(AT_ONCE)])


async def an_order_named_by_two(store: Store, _clock: ManualClock, number: int) -> int:
    """Two members name the number of an order that nobody owns: it is one's, and so are its points."""
    paid_order(store, "", f"ORDER{number}", "paid")
    two = people(store, number, count=2)
    named = [points.ClaimOrder(f"{number}:{n}", two[n % 2], f"ORDER{number}") for n in range(AT_ONCE)]
    await asyncio.gather(*(store.write(points.claim_order, [one], ME) for one in named), return_exceptions=True)
    owner = store.look(orders.by_number, f"ORDER{number}")[0].member_id
    held = {one: balance.pending for one, balance in store.look(points.balance, two).items()}
    return int(sorted(held.values()) == [0, 199] and held[owner] == 199)


def ready_above_the_limit(store: Store, clock: ManualClock, number: int) -> str:
    """A claim that two people must approve."""
    store.do(cashback.set_limits, [cashback.SetLimits(f"l{number}", cashback.Limits(second_person_fen=500))], BOSS)
    anna = card_and_order(store, number)
    claimed = store.do(cashback.claim, [cashback.Claim(f"c{number}", anna, f"T{number}")], ME)[0]
    clock.advance(timedelta(days=8))
    store.do(lambda work, _: cashback.ripen(work), None, ME)
    clock.advance(-timedelta(days=8))
    return str(claimed.claim_id)


async def a_large_claim_approved_by_one(store: Store, clock: ManualClock, number: int) -> int:
    """However often and however fast one person approves, a second must look."""
    claim_id = ready_above_the_limit(store, clock, number)
    asked = [cashback.Approve(f"a{number}:{n}", claim_id) for n in range(AT_ONCE)]
    first = await together(store, cashback.approve, asked, [BOSS] * AT_ONCE)
    return first if store.look(cashback.claims_by_id, [claim_id])[claim_id].state == "due" else -1


async def a_large_claim_approved_by_two(store: Store, clock: ManualClock, number: int) -> int:
    """One of each counts, and the second of them is another person than the first."""
    claim_id = ready_above_the_limit(store, clock, number)
    two = [Principal("operator", f"boss{n % 2}", frozenset({"owner"})) for n in range(AT_ONCE)]
    asked = [cashback.Approve(f"a{number}:{n}", claim_id) for n in range(AT_ONCE)]
    counted = await together(store, cashback.approve, asked, two)
    one = store.look(cashback.claims_by_id, [claim_id])[claim_id]
    return counted if one.state == "approved" and {one.first_approver, one.approver} == {two[0].label, two[1].label} else -1


async def a_wallet_for_four(store: Store, _clock: ManualClock, number: int) -> int:
    anna = person(store, number)
    store.do(stored_value.top_up, [stored_value.TopUp(f"t{number}", anna, 450, f"wx{number}")], ME)
    spends = [stored_value.Spend(f"{number}:{n}", anna, 100, f"V{number}-{n}") for n in range(AT_ONCE)]
    return await together(store, stored_value.spend, spends)


async def an_order_paid_from_a_wallet_by_many(store: Store, _clock: ManualClock, number: int) -> int:
    anna = person(store, number)
    store.do(stored_value.top_up, [stored_value.TopUp(f"t{number}", anna, 5000, f"wx{number}")], ME)
    spends = [stored_value.Spend(f"{number}:{n}", anna, 100, f"V{number}") for n in range(AT_ONCE)]
    return await together(store, stored_value.spend, spends)


RACES: dict[str, tuple[Race, int]] = {
    "sixteen hands on the last item": (the_last_item, 1),
    "one purse asked sixteen times": (points_for_one, 1),
    "one order claimed sixteen times with two cards": (one_order_two_cards, 1),
    "one claim approved sixteen times by two": (approval_by_two, 1),
    "sixteen gifts from a budget for three": (a_budget_for_three, 3),
    "one spend given back sixteen times": (a_spend_given_back_twice, 1),
    "one refund told sixteen times": (a_refund_told_by_many, 1),
    "one day checked in sixteen times": (a_day_checked_in, 1),
    "sixteen hands on a flash sale of three": (a_flash_sale, 3),
    "sixteen draws for two socks": (a_lottery_with_two_socks, 2),
    "one free draw asked sixteen times": (a_free_draw_asked_sixteen_times, 1),
    "one order named by two members": (an_order_named_by_two, 1),
    "a large claim approved sixteen times by one": (a_large_claim_approved_by_one, 1),
    "a large claim approved sixteen times by two": (a_large_claim_approved_by_two, 2),
    "sixteen spends from a wallet for four": (a_wallet_for_four, 4),
    "one order paid sixteen times from a wallet": (an_order_paid_from_a_wallet_by_many, 1),
}


@pytest.mark.parametrize("race", RACES)
async def test_no_round_is_broken(store: Store, clock: ManualClock, race: str) -> None:
    run, wanted = RACES[race]
    ends = [await run(store, clock, number) for number in range(ROUNDS)]
    assert [end for end in ends if end != wanted] == []
    assert differences(store.url) == []
