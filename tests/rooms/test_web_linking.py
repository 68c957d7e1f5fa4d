"""Link rates, proposals and merges over the API and on the page; who may not merge sees and does nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.domain import insights, members, stored_value
from assistant.domain.members import Identity
from assistant.store import Store
from tests.browser.web_house import House, open_house
from tests.conftest import NOON
from tests.rooms.merging_help import ME, WECHAT, buy, give, join, left, merge


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


async def test_a_proposal_is_merged_and_taken_back_over_the_api(house: House, store: Store) -> None:
    chat, shop = join(store, "a", WECHAT, phone="13800000001"), join(store, "b", shop_key="S1", phone="13800000001")
    give(store, shop, 100)
    answer = await house.api("GET", "/linking")
    found = await answer.json()
    assert [reason["say"] for reason in found["proposals"][0]["reasons"]] == ["资料里是同一个手机号"]
    assert "13800000001" not in str(found)
    answer = await house.api("POST", "/merges", json={"one": "S1", "other": "wecom_external:wm_anna", "note": "电话核对过"})
    done = await answer.json()
    assert (answer.status, done["kept"], left(store, chat)) == (200, chat, [100])
    found = await (await house.api("GET", "/linking")).json()
    assert (found["proposals"], found["merges"][0]["note"]) == ([], "电话核对过")
    answer = await house.api("POST", f"/merges/{done['merge_id']}/undo", json={"reason": "看错了"})
    assert ((await answer.json())["points"], left(store, chat, shop)) == (100, [0, 100])


async def test_who_may_not_merge_is_refused_and_a_wrong_number_is_told(house: House, store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", shop_key="S1")
    assert (await house.api("POST", "/merges", "he", json={"one": chat, "other": shop})).status == 403
    answer = await house.api("POST", "/merges", json={"one": chat, "other": "S9"})
    assert (answer.status, (await answer.json())["error"]["message"]) == (400, "找不到会员 S9")
    assert store.look(members.merges) == []


async def test_a_declined_proposal_leaves_the_list(house: House, store: Store) -> None:
    pair = sorted([join(store, "a", phone="13800000001"), join(store, "b", phone="13800000001", shop_key="S1")])
    answer = await house.api("POST", "/linking/decline", json={"one": pair[0], "other": pair[1]})
    assert answer.status == 200
    assert (await (await house.api("GET", "/linking")).json())["proposals"] == []


def test_the_link_rate_counts_buyers_not_orders(store: Store) -> None:
    chat = join(store, "a", WECHAT, Identity("taobao", "t1"))
    shop = join(store, "b", Identity("taobao", "t2"))
    for number, buyer in enumerate(("t1", "t1", "t2", "t3", "t3")):
        buy(store, f"T{number}", "", buyer=Identity("taobao", buyer))
    buy(store, "T9", "")
    found = store.look(insights.link_rates, NOON - timedelta(days=365))
    assert found == [insights.LinkRate("taobao", 3, 2, 1, 1)]
    assert found[0].percent == 33
    assert store.look(insights.link_rates, NOON) == []
    assert chat != shop


async def test_an_undo_on_the_page_says_what_became_of_the_money(house: House, store: Store) -> None:
    chat, shop = join(store, "a", WECHAT), join(store, "b", shop_key="S1")
    give(store, shop, 100)
    store.do(stored_value.top_up, [stored_value.TopUp("t", shop, 10000, "wx1", 0)], ME)
    done = merge(store, chat, shop)
    store.do(stored_value.spend, [stored_value.Spend("s", chat, 3000, "O1")], ME)
    await house.login("song")
    answer = await house.post(f"/linking/{done.merge_id}/undo", {"csrf": await house.csrf("/linking"), "reason": "看错了"})
    text = await answer.text()
    assert (answer.status, left(store, chat, shop)) == (200, [0, 100])
    assert "分出的会员有 100 积分" in text
    assert "品牌补足了储值 ¥30.00" in text
