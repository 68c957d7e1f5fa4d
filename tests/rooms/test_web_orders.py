"""Orders that wait for an owner are counted by source and shown, over the API and in the console; a stranger's text stays text."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.domain import members, orders
from assistant.flows import shop_notices
from assistant.shops import Message, Notice
from assistant.store import Store
from tests.browser.web_house import HOSTILE, House, open_house
from tests.conftest import NOON
from tests.rooms.test_cashback_shop import ME


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


def told(store: Store, number: str, source: str = "taobao", buyer: str = "", shop: str = "棉语") -> None:
    who = members.Identity(source, buyer) if buyer else None
    store.do(orders.intake, [orders.OrderUpdate(f"{source}:{number}", source, shop, number, NOON, "paid", 9_900, 9_900, who)], ME)


async def waiting(house: House, query: str = "") -> dict[str, object]:
    answer = await house.api("GET", f"/orders?state=unmatched{query}")
    assert answer.status == 200
    found: dict[str, object] = await answer.json()
    return found


async def test_orders_without_an_owner_are_counted_by_source(house: House, store: Store, clock: ManualClock) -> None:
    store.do(members.register, [members.Register("r", "anna", (members.Identity("taobao", "tb_anna"),))], ME)
    told(store, "T1")
    clock.advance(timedelta(minutes=1))
    told(store, "T2", buyer="tb_bea")
    told(store, "T3", buyer="tb_anna")
    told(store, "T1", "jd")
    found = await waiting(house)
    assert found["count"] == 3
    assert [(one["source"], one["count"], one["paid_fen"], one["with_buyer"]) for one in found["sources"]] == [  # type: ignore[attr-defined]
        ("jd", 1, 9_900, 0),
        ("taobao", 2, 19_800, 1),
    ]
    of_taobao = await waiting(house, "&source=taobao")
    assert [(one["order_no"], one["buyer"]) for one in of_taobao["orders"]] == [("T2", "taobao"), ("T1", "")]  # type: ignore[attr-defined]
    assert "tb_bea" not in str(found)


async def test_a_page_goes_on_where_the_last_one_ended(house: House, store: Store) -> None:
    for number in range(53):
        told(store, f"T{number:02}")
    first = await waiting(house)
    rest = await waiting(house, f"&after={first['next_after']}")
    numbers = [one["order_no"] for page in (first, rest) for one in page["orders"]]  # type: ignore[attr-defined]
    assert (len(numbers), len(set(numbers)), rest["next_after"]) == (53, 53, "")


async def test_another_state_is_refused_and_a_stranger_sees_nothing(house: House) -> None:
    assert (await house.api("GET", "/orders?state=lost")).status == 400
    assert (await house.api("GET", "/orders", "wu")).status == 403


async def test_the_page_shows_what_could_not_be_read_as_text(house: House, store: Store) -> None:
    told(store, HOSTILE[:100], shop=HOSTILE[:80])
    notice = Notice((Message("1", unread=HOSTILE),))
    store.do(shop_notices.take, shop_notices.Heard("youzan", notice), ME)
    store.do(shop_notices.take, shop_notices.Heard("youzan", notice), ME)
    await house.login("lan")
    text = await (await house.get("/orders")).text()
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;") >= 2
    assert [one["count"] for one in (await waiting(house))["unread"]] == [1]  # type: ignore[attr-defined]
