"""What the assistant tells a member about their cashback: where it stands, why not yet, and a claim after one yes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Forbidden
from assistant.base.principal import Principal
from assistant.channels import confirm
from assistant.domain import cashback, orders
from assistant.flows import payout
from assistant.payments import Knobs, SimulatedPayout
from assistant.store import Store
from tests.rooms.test_cashback_shop import ANNA, ME, approved, claimed, issued, made, order, ripened, wallet
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


async def test_why_no_cashback_without_a_number_tells_what_each_claim_waits_for(store: Store, clock: ManualClock) -> None:
    nothing = await call(store, "why_no_cashback", {}, "返现怎么还没到", "t0")
    assert nothing.data["say"] == "您还没有申请过返现。把订单号发给我，我帮您看看能不能返"
    issued(store, "c", made(store, uses=3))
    for number, status in (("ORDER-1", "paid"), ("ORDER-2", "finished")):
        order(store, clock, number)
        claimed(store, number)
        order(store, clock, number, status=status)
    store.do(lambda work, _none: cashback.ripen(work), None, ME)
    asked = await call(store, "why_no_cashback", {}, "返现怎么还没到", "t1")
    assert "订单 ORDER-1：还在等您确认收货哦" in asked.data["say"]
    assert "订单 ORDER-2：已确认收货" in asked.data["say"]
    order(store, clock, "ORDER-1", status="closed")
    order(store, clock, "ORDER-2", status="closed")
    both = [(await store.read(orders.get, "taobao", number)).id for number in ("ORDER-1", "ORDER-2")]
    store.do(cashback.advance_for_orders, both, ME)
    asked = await call(store, "why_no_cashback", {}, "为什么没返现", "t2")
    assert asked.data["say"].count("取消") == 2


async def test_an_order_that_nobody_owns_becomes_the_members_with_its_cashback_after_one_yes(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store))
    order(store, clock, "ORDER-1", member="")
    asked = await call(store, "claim_cashback", {"order_no": "ORDER-1"}, "返现 ORDER-1", "t1")
    assert asked.say.startswith("订单 ORDER-1 可以返现 9.95 元")
    assert (await store.read(orders.get, "taobao", "ORDER-1")).member_id == ""
    await call(store, "confirm", {}, "确认", "t2")
    assert (await store.read(orders.get, "taobao", "ORDER-1")).member_id == ANNA
    assert [claim.order_no for claim in await store.read(cashback.claims_of, ANNA)] == ["ORDER-1"]


async def test_guessing_ends_after_five_wrong_numbers_whatever_they_are_named_for(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store, uses=3))
    order(store, clock, "MINE-1")
    order(store, clock, "FREE-1", member="")
    order(store, clock, "BELLS-1", member="bell")
    said = [
        (await call(store, "claim_cashback", {"order_no": "BELLS-1"}, "返现 BELLS-1", "t1")).say,
        (await call(store, "claim_cashback", {"order_no": "NOWHERE-1"}, "返现 NOWHERE-1", "t2")).say,
        (await call(store, "why_no_cashback", {"order_no": "BELLS-1"}, "这单呢", "t3")).data["say"],
    ]
    assert set(said) == {cashback.NEUTRAL}
    for turn in ("t4", "t5"):
        await call(store, "claim_points", {"order_no": f"WRONG-{turn}"}, f"WRONG-{turn} 转积分", turn)
    for number in ("BELLS-1", "NOWHERE-2", "FREE-1"):
        assert (await call(store, "claim_cashback", {"order_no": number}, number, f"x{number}")).say == orders.TOO_MANY
        assert (await call(store, "claim_points", {"order_no": number}, number, f"y{number}")).say == orders.TOO_MANY
    assert "可以返现" in (await call(store, "claim_cashback", {"order_no": "MINE-1"}, "MINE-1", "t8")).say
    clock.advance(timedelta(days=1))
    assert "可以返现" in (await call(store, "claim_cashback", {"order_no": "FREE-1"}, "FREE-1", "t9")).say


def test_a_stranger_claims_for_nobody_else(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store))
    order(store, clock, "ORDER-1")
    with pytest.raises(Forbidden):
        store.do(cashback.claim_named, [cashback.Claim("k", ANNA, "ORDER-1")], Principal("member", "bell"))


async def test_money_that_waits_for_the_tap_is_told_with_its_page_and_only_while_it_waits(store: Store, clock: ManualClock) -> None:
    wallet(store)
    claim_id = ripened(store, clock, "ORDER-1")
    approved(store, claim_id)
    payer = SimulatedPayout(store, Knobs(wait_user=True))
    assert await payout.carry(store, payer, claim_id, "1") == "wait_user_confirm"
    claim = store.look(cashback.claims_by_id, [claim_id])[claim_id]
    page = f"https://brand.example{cashback.page_of(claim)}"
    context = ToolContext(store, Principal("member", ANNA), ANNA, TALK, "t", ("返现呢",), None, None, "https://brand.example")
    for name, arguments in (("why_no_cashback", {"order_no": "ORDER-1"}), ("why_no_cashback", {}), ("my_cashback", {})):
        answer = await toolbox_for(context, group=False).call(name, arguments, f"t:{name}")
        assert page in str(answer.data)
    assert "http" not in str((await call(store, "my_cashback", {}, "返现呢", "t2")).data)
    await payer.confirm(claim.bill_no)
    assert await payout.carry(store, payer, claim_id, "2") == "paid"
    answer = await toolbox_for(context, group=False).call("my_cashback", {}, "t:after")
    assert "http" not in str(answer.data)
