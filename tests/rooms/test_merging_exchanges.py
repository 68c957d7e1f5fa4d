"""Members who wait for goods are merged too: what is set aside moves with them, and only going apart has to wait until it is sent."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Refused
from assistant.domain import activities, points
from assistant.domain.activities import CancelRedeem, Fulfil, Redeem, StockItem
from assistant.domain.members import Identity
from assistant.store import Store
from tests.rooms.merging_help import ME, WECHAT, give, join, left, merge, undo, wrong


def waiting(store: Store, member: str, key: str) -> str:
    """A redemption for 300 points that nobody has sent."""
    store.do(activities.stock_mall, [StockItem("s", "sock", "纯棉袜一双", 300, 9)], ME)
    return str(store.do(activities.redeem, [Redeem(key, member, "sock", 1, 300)], ME)[0].redemption_id)


def held(store: Store, *ids: str) -> list[int]:
    found = store.look(points.balance, ids)
    return [found[number].held for number in ids]


@pytest.mark.parametrize("sent", [True, False])
def test_what_is_set_aside_moves_with_the_member_and_each_has_its_own_again_afterwards(store: Store, sent: bool) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", Identity("taobao", "t1"))
    give(store, chat, 500)
    give(store, shop, 400)
    first, second = waiting(store, chat, "r1"), waiting(store, shop, "r2")
    done = merge(store, chat, shop)
    assert (left(store, chat, shop), held(store, chat, shop)) == ([300, 0], [600, 0])
    assert wrong(store) == []
    with pytest.raises(Refused, match="还没有发货"):
        undo(store, done)
    for number in (first, second):
        if sent:
            store.do(activities.fulfil, [Fulfil(f"f{number}", number)], ME)
        else:
            store.do(activities.cancel_redeem, [CancelRedeem(f"c{number}", number)], ME)
    assert (left(store, chat, shop), held(store, chat, shop)) == ([300, 0] if sent else [900, 0], [0, 0])
    assert wrong(store) == []
    undo(store, done, "u2")
    assert left(store, chat, shop) == ([200, 100] if sent else [500, 400])
    assert wrong(store) == []


def test_an_exchange_after_the_merge_that_drew_on_both_is_sent_and_lapses_as_any_other(store: Store, clock: ManualClock) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", Identity("taobao", "t1"))
    give(store, chat, 200)
    give(store, shop, 200)
    done = merge(store, chat, shop)
    waiting(store, chat, "r1")
    clock.advance(timedelta(days=60))
    assert store.do(lambda work, _: activities.lapse(work), None, ME) == 1
    assert (left(store, chat, shop), held(store, chat, shop)) == ([400, 0], [0, 0])
    undo(store, done)
    assert left(store, chat, shop) == [200, 200]
    assert wrong(store) == []
