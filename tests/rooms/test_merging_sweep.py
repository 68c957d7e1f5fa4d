"""The run every five minutes looks at all that was merged lately and touches only what is behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.domain import members, points
from assistant.domain.members import Bind, Identity, Profile, Register
from assistant.flows import merging, moving
from assistant.store import Store, metadata
from tests.rooms.merging_help import ME, WECHAT, buy, give, join, left, merge, wrong


def sweep(store: Store) -> int:
    return store.do(lambda work, _: merging.catch_up(work), None, ME)


def test_only_a_merged_member_with_something_left_is_moved_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    done = [merge(store, join(store, f"a{n}"), join(store, f"b{n}"), f"m{n}") for n in range(4)]
    moved, move = [], moving.move
    monkeypatch.setattr(moving, "move", lambda work, source, target: moved.append(source) or move(work, source, target))
    assert sweep(store) == 0
    give(store, done[2].absorbed, 30)
    assert sweep(store) == 1
    assert moved == [done[2].absorbed]
    assert left(store, done[2].kept, done[2].absorbed) == [30, 0]
    assert sweep(store) == 0
    assert wrong(store) == []


def test_what_came_late_to_the_first_of_a_chain_moves_all_the_way_in_one_run(store: Store, clock: ManualClock) -> None:
    first, second, third = join(store, "a"), join(store, "b", days_ago=9), join(store, "c", WECHAT)
    merge(store, first, second, "m1")
    clock.advance(timedelta(minutes=1))
    merge(store, second, third, "m2")
    give(store, first, 10)
    give(store, second, 5)
    sweep(store)
    assert left(store, first, second, third) == [0, 0, 15]
    assert wrong(store) == []


def test_many_proposals_for_people_do_not_keep_a_proved_one_waiting(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", Identity("card", "c1"))
    give(store, shop, 100)
    held = store.do(points.reserve, [points.Reserve("r", shop, 60, "杯子")], ME)[0]
    store.do(members.bind, [Bind("x", chat, Identity("card", "c1"))], ME)
    assert sweep(store) == 0
    store.do(members.register, [Register(f"p{n}", "", (), Profile(phone="13800000001")) for n in range(230)], ME)
    store.do(points.release, [points.Release("y", held.reservation_id)], ME)
    sweep(store)
    assert left(store, chat, shop) == [100, 0]


def test_what_orders_have_earned_moves_with_them(store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", Identity("taobao", "t"))
    number = buy(store, "T1", shop)
    merge(store, chat, shop)
    assert owners(store, number) == [chat, chat]


def owners(store: Store, order_id: str) -> list[str]:
    """Whose what the order earned is, in both rooms."""
    tables = [metadata.tables[name] for name in moving.OF_ORDERS]
    return store.look(lambda view: [view.scalar(sa.select(one.c.member_id).where(one.c.order_id == order_id)) for one in tables])
