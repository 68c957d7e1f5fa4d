"""Referral of one level: only new people, never oneself, and the reward waits for an order that stays."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Refused
from assistant.domain import activities, fraud, members, orders
from assistant.domain.activities import MyCode, UseCode
from assistant.domain.orders import OrderUpdate, Refund
from assistant.flows import erasing
from assistant.store import Store
from tests.support.fair import ME, available, body, launch, lottery, person

GAME = body(
    "referral",
    ends_at="2027-11-30T00:00:00+08:00",
    rewards=[{"kind": "points", "points": 100}],
    welcome=[{"kind": "points", "points": 10}],
    budget_fen=1000,
)


def code(store: Store, member: str, game: str = "my_referral") -> str:
    return str(store.do(activities.my_code, [MyCode(f"c:{member}:{game}", member, game)], ME)[0].code)


def use(store: Store, member: str, said: str) -> None:
    store.do(activities.use_code, [UseCode(f"u:{member}:{said}", member, said)], ME)


def refusal(store: Store, member: str, said: str) -> str:
    with pytest.raises(Refused) as refused:
        use(store, member, said)
    return refused.value.code


def order(store: Store, clock: ManualClock, member: str, status: Any, number: str = "T1") -> None:
    now = clock.now()
    request = OrderUpdate(f"{number}:{status}", "taobao", "棉语", number, now, status, 9900, 9900, member_id=member)
    store.do(orders.intake, [request], ME)


def settle(store: Store) -> int:
    return int(store.do(lambda work, _: activities.settle_referrals(work), None, ME))


def states(store: Store) -> list[str]:
    return [one.state for one in store.look(activities.invited, "my_referral")]


def test_the_reward_comes_when_the_first_order_is_past_its_window_and_once(store: Store, clock: ManualClock) -> None:
    launch(store, GAME)
    old, new = person(store, "old"), person(store, "new")
    use(store, new, f" {code(store, old).lower()} ")
    assert available(store, new) == 10
    order(store, clock, new, "paid")
    clock.advance(timedelta(days=8))
    order(store, clock, new, "finished")
    assert (settle(store), available(store, old)) == (0, 0)
    clock.advance(timedelta(days=6, hours=23))
    assert (settle(store), available(store, old)) == (0, 0)
    clock.advance(timedelta(hours=2))

    async def at_once() -> list[Any]:
        return await asyncio.gather(*(store.write(lambda work, _: activities.settle_referrals(work), n, ME) for n in range(16)))

    assert sum(asyncio.run(at_once())) == 1
    assert (available(store, old), states(store)) == (100, ["rewarded"])


def test_an_order_that_went_back_brings_nothing(store: Store, clock: ManualClock) -> None:
    launch(store, GAME)
    old, new = person(store, "old"), person(store, "new")
    use(store, new, code(store, old))
    order(store, clock, new, "finished")
    store.do(orders.refund, [Refund("r", "taobao", "T1", "R1", 100, clock.now())], ME)
    order(store, clock, new, "finished", "T2")
    clock.advance(timedelta(days=30))
    assert (settle(store), available(store, old), states(store)) == (1, 0, ["void"])


def test_who_never_buys_is_given_up(store: Store, clock: ManualClock) -> None:
    launch(store, GAME)
    old, new = person(store, "old"), person(store, "new")
    use(store, new, code(store, old))
    for _ in range(91):
        clock.advance(timedelta(days=1))
        settle(store)
    assert states(store) == ["void"]


def test_only_new_people_and_never_oneself(store: Store, clock: ManualClock) -> None:
    launch(store, GAME)
    old = person(store, "old", phone="13800000001")
    twin = person(store, "twin", phone="13800000001")
    buyer, early = person(store, "buyer"), person(store, "early", joined_at=clock.now() - timedelta(days=31))
    order(store, clock, buyer, "paid")
    shared = person(store, "shared")
    for member in (old, shared):
        namespace = "openid:a" if member == old else "openid:b"
        store.do(members.bind, [members.Bind(f"b:{member}", member, members.Identity(namespace, "same_person"))], ME)
    mine = code(store, old)
    assert refusal(store, old, mine) == "own_code"
    assert refusal(store, twin, mine) == "same_person"
    assert refusal(store, shared, mine) == "same_person"
    assert refusal(store, buyer, mine) == "not_new"
    assert refusal(store, early, mine) == "not_new"
    assert refusal(store, "nobody", mine) == "not_new"
    assert refusal(store, early, "AAAAAAAA") == "no_code"
    assert states(store) == []


def test_one_level_only_and_one_inviter_in_a_life(store: Store, clock: ManualClock) -> None:
    launch(store, GAME)
    launch(store, GAME | {"name": "other_referral"})
    first, second, third = (person(store, key) for key in ("p1", "p2", "p3"))
    use(store, second, code(store, first))
    use(store, third, code(store, second))
    assert refusal(store, third, code(store, first, "other_referral")) == "already_invited"
    for member, number in ((second, "T2"), (third, "T3")):
        order(store, clock, member, "finished", number)
    clock.advance(timedelta(days=8))
    assert settle(store) == 2
    assert [available(store, member) for member in (first, second, third)] == [100, 110, 10]


def test_a_budget_that_is_used_up_is_shown_and_never_exceeded(store: Store, clock: ManualClock) -> None:
    launch(store, GAME | {"budget_fen": 220, "limits": {"member": 1}})
    one, two = person(store, "one"), person(store, "two")
    for number, (inviter, name) in enumerate(((one, "a"), (one, "b"), (two, "c"))):
        friend = person(store, name)
        if number < 2:
            use(store, friend, code(store, inviter))
            order(store, clock, friend, "finished", f"T{number}")
    clock.advance(timedelta(days=8))
    assert settle(store) == 2
    assert sorted(states(store)) == ["rewarded", "void"]
    last = person(store, "last")
    use(store, last, code(store, two))
    order(store, clock, last, "finished", "T9")
    clock.advance(timedelta(days=8))
    assert (settle(store), sorted(states(store))) == (1, ["rewarded", "unpaid", "void"])
    assert available(store, two) == 0


def test_an_erased_person_leaves_the_game_and_the_draws_can_still_be_checked(store: Store) -> None:
    launch(store, GAME)
    launch(store, lottery({"id": "sock", "title": "袜子", "odds": 500_000, "goods": True}))
    old, new = person(store, "old"), person(store, "new")
    use(store, new, code(store, old))
    store.do(activities.draw, [activities.Draw("d", new, "my_lottery")], ME)
    store.do(erasing.erase, [erasing.Erase("gone", new, "gone_x")], ME)
    assert [(one.invitee_id == new, one.inviter_id == old) for one in store.look(activities.invited, "my_referral")] == [(False, True)]
    assert store.look(activities.my_entries, new) == []
    store.do(activities.move, [activities.Move("e", "my_lottery", "ended")], ME)
    book = store.look(activities.published_draws, "my_lottery")
    drawn = book["draws"][0]
    prizes = [activities.Prize(id=one["id"], title=one["title"], odds=one["odds"]) for one in book["prizes"]]
    assert activities.prize_at(prizes, activities.roll(book["seed"], book["activity"], drawn["player"], drawn["number"])).id == drawn["hit"]


def test_who_brought_whom_is_evidence_where_both_share_a_device(store: Store) -> None:
    launch(store, GAME)
    old, new = person(store, "old"), person(store, "new")
    use(store, new, code(store, old))
    assert store.look(fraud.circle, new).referrers == frozenset()
    store.do(fraud.note, [fraud.Evidence(f"d:{one}", one, "device", "D-1") for one in (old, new)], ME)
    assert store.look(fraud.circle, new).referrers == {old}
    assert store.look(fraud.circle, old).referrers == frozenset()
