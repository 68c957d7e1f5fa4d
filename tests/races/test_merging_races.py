"""Two members are merged, and parted, while others spend, earn and name orders: nothing is lost or given twice, on both databases."""

from __future__ import annotations

import asyncio

from assistant.domain import orders, points
from assistant.domain.members import Identity
from assistant.flows import merging
from assistant.flows.settle import settle_orders
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.merging_help import BOSS, ME, buy, give, join, left, wrong

ROUNDS = 10


async def a_round(store: Store, number: int) -> None:
    """Fourteen commands around one merge; then what came too late is moved, and all of it adds up."""
    wechat, taobao = Identity("wecom_external", f"wm{number}"), Identity("taobao", f"t{number}")
    chat, shop = join(store, f"a{number}", wechat), join(store, f"b{number}", taobao)
    give(store, chat, 50, f"ga{number}")
    give(store, shop, 50, f"gb{number}")
    told = [
        orders.OrderUpdate(
            f"{number}:{n}", "taobao", "店", f"T{number}:{n}", NOON, "finished", 1000, 1000, taobao, "", paid_at=NOON, finished_at=NOON
        )
        for n in range(3)
    ]
    asked = [store.write(points.spend, [points.Spend(f"s{number}:{n}", one, 20, "换购")], ME) for n, one in enumerate((chat, shop) * 3)]
    asked += [store.write(points.grant, [points.Grant(f"l{number}:{n}", one, 5, "赠送")], ME) for n, one in enumerate((chat, shop) * 2)]
    asked.insert(3, store.write(merging.merge, [merging.Merge(f"m{number}", chat, shop)], BOSS))
    asked += [store.write(orders.intake, [one], ME) for one in told]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    merged = answers[3]
    assert isinstance(merged, list), merged
    spent = 20 * sum(isinstance(one, list) for n, one in enumerate(answers) if n < 7 and n != 3)
    granted = 5 * sum(isinstance(one, list) for one in answers[7:11])
    store.do(lambda work, _: merging.catch_up(work), None, ME)
    store.do(settle_orders, [one[0].order_id for one in answers[11:] if isinstance(one, list)], ME)
    store.do(lambda work, _: merging.catch_up(work), None, ME)
    assert left(store, chat, shop) == [100 - spent + granted, 0]
    undone = await asyncio.gather(
        *(store.write(merging.undo, [merging.Undo(f"u{number}:{n}", merged[0].merge_id)], BOSS) for n in range(3)), return_exceptions=True
    )
    assert sum(isinstance(one, list) for one in undone) == 1
    assert sum(left(store, chat, shop)) == 100 - spent + granted


async def test_merging_among_others_loses_nothing(store: Store) -> None:
    for number in range(ROUNDS):
        await a_round(store, number)
    assert wrong(store) == []


async def test_one_pair_is_merged_once_by_many_at_once(store: Store) -> None:
    for number in range(ROUNDS):
        one, other = join(store, f"a{number}"), join(store, f"b{number}")
        buy(store, f"T{number}", other)
        asked = [store.write(merging.merge, [merging.Merge(f"m{number}:{n}", one, other)], BOSS) for n in range(16)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        assert sum(isinstance(answer, list) for answer in answers) == 1
        assert sorted(left(store, one, other)) == [0, 100]
    assert wrong(store) == []
