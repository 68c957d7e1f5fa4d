"""What the assistant tells a member about their cashback: where it stands, why not yet, and a claim after one yes."""

from __future__ import annotations

from typing import Any

from assistant.base.clock import ManualClock
from assistant.base.principal import Principal
from assistant.channels import confirm
from assistant.domain import cashback
from assistant.store import Store
from tests.rooms.test_cashback_shop import ANNA, claimed, issued, made, order
from tools.context import ToolContext
from tools.toolbox import toolbox_for

TALK = "kf:wk:anna"


async def call(store: Store, name: str, arguments: dict[str, Any], said: str, turn: str) -> Any:
    pending = await store.read(confirm.pending, TALK)
    context = ToolContext(store, Principal("member", ANNA), ANNA, TALK, turn, (said,), pending, None)
    return await toolbox_for(context, group=False).call(name, arguments, f"{turn}:{name}")


async def test_why_not_yet_is_answered_for_each_state_and_for_orders_of_others(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store, uses=2, window_days=15))
    order(store, clock, "ORDER-1")
    asked = await call(store, "why_no_cashback", {"order_no": "ORDER-1"}, "ORDER-1 能返吗", "t1")
    assert asked.data["say"] == "这个订单还没有申请返现，现在申请可以返 9.95 元，收货满 15 天后转到您的微信"
    assert await store.read(cashback.claims_of, ANNA) == []
    claimed(store, "ORDER-1")
    asked = await call(store, "why_no_cashback", {"order_no": "ORDER-1"}, "怎么还没到", "t2")
    assert asked.data["say"] == "还在等您确认收货哦，收货满 15 天后就能返 9.95 元"
    order(store, clock, "ORDER-2", member="bell")
    for number in ("ORDER-2", "ORDER-3"):
        asked = await call(store, "why_no_cashback", {"order_no": number}, "这单呢", f"t{number}")
        assert asked.data["say"] == cashback.NEUTRAL


async def test_a_claim_says_when_the_money_comes_and_what_it_waits_for(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store))
    order(store, clock, "ORDER-1")
    order(store, clock, "ORDER-1", status="finished")
    asked = await call(store, "claim_cashback", {"order_no": "ORDER-1"}, "申请返现 ORDER-1", "t1")
    assert asked.say.startswith("订单 ORDER-1 可以返现 9.95 元，11月29日退货期结束后转到您的微信。")
    done = await call(store, "confirm", {}, "确认", "t2")
    assert done.data["say"] == "申请好啦！已确认收货，11月29日退货期结束后就能返 9.95 元。"


async def test_a_number_of_two_platforms_is_claimed_for_the_one_that_is_named(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store))
    for source in ("taobao", "douyin"):
        order(store, clock, "ORDER-1", source=source)
    asked = await call(store, "claim_cashback", {"order_no": "ORDER-1"}, "返现 ORDER-1", "t1")
    assert "请告诉我是哪个平台" in asked.say
    await call(store, "claim_cashback", {"order_no": "ORDER-1", "source": "抖音"}, "抖音的", "t2")
    await call(store, "confirm", {}, "确认", "t3")
    claims = await store.read(cashback.claims_of, ANNA)
    assert len(claims) == 1
    other = await call(store, "why_no_cashback", {"order_no": "ORDER-1"}, "那一单呢", "t4")
    assert other.data["claimed"]
