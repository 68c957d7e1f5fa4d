"""Cashback over the API: kinds of cards, the queue, limits, payouts a person looks after."""

from __future__ import annotations

from assistant.web import cashback, payouts
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import Nothing
from assistant.web.shapes_cashback import (
    CardKindEditIn,
    CardKindIn,
    CardKindsOut,
    DecidedSetOut,
    DecideIn,
    LimitsIn,
    LimitsOut,
    PayoutsOut,
    QueueOut,
    ReferenceIn,
)
from assistant.web.shapes_members import DecidedOut


async def kinds(call: Call) -> CardKindsOut:
    """All kinds of cards."""
    return CardKindsOut(kinds=await call.store.read(cashback.kinds))


async def create(call: Call) -> CardKindsOut:
    """One more."""
    await cashback.create(call, call.body)
    return await kinds(call)


async def edit(call: Call) -> CardKindsOut:
    """What may change of one."""
    await cashback.edit(call, call.part("id"), call.body)
    return await kinds(call)


async def queue(call: Call) -> QueueOut:
    """What waits for a person."""
    return await call.store.read(cashback.queue)


async def decide(call: Call) -> DecidedSetOut:
    """Approve, release or refuse several."""
    return await cashback.decide(call, call.body)


async def set_limits(call: Call) -> LimitsOut:
    """All limits at once."""
    await cashback.set_limits(call, call.body)
    return await call.store.read(cashback.limits)


async def stuck(call: Call) -> PayoutsOut:
    """What a person looks after."""
    return await call.store.read(payouts.stuck)


async def ask_again(call: Call) -> DecidedOut:
    """The payer is asked now."""
    return DecidedOut.model_validate(await payouts.ask_again(call, call.part("id")), from_attributes=True)


async def paid_by_hand(call: Call) -> DecidedOut:
    """A person has seen it paid."""
    return DecidedOut.model_validate(await payouts.paid_by_hand(call, call.part("id"), call.body.reference), from_attributes=True)


async def go_on(call: Call) -> PayoutsOut:
    """Payouts go out again."""
    await payouts.go_on(call)
    return await stuck(call)


BASE = "/api/v1/cashback"
ROUTES = (
    ApiRoute("GET", f"{BASE}/cards", "book:read", kinds, "返现卡的种类、库存和预算", CardKindsOut),
    ApiRoute("POST", f"{BASE}/cards", "cashback:edit", create, "新建一种返现卡", CardKindsOut, CardKindIn),
    ApiRoute(
        "PATCH", f"{BASE}/cards/{{id}}", "cashback:edit", edit, "改名称、库存、预算、自动绑定和是否发放", CardKindsOut, CardKindEditIn
    ),
    ApiRoute("GET", f"{BASE}/queue", "book:read", queue, "等人审核的返现，带风险分和理由", QueueOut),
    ApiRoute("POST", f"{BASE}/decide", "cashback:review", decide, "一批返现：批准、放行或不通过", DecidedSetOut, DecideIn),
    ApiRoute("GET", f"{BASE}/payouts", "book:read", stuck, "要人处理的打款：结果未知、发不出去、等会员确认；暂停的原因", PayoutsOut),
    ApiRoute("POST", f"{BASE}/payouts/{{id}}/ask", "payout:approve", ask_again, "现在再问一次付款平台", DecidedOut, Nothing),
    ApiRoute(
        "POST",
        f"{BASE}/payouts/{{id}}/paid-by-hand",
        "payout:approve",
        paid_by_hand,
        "登记人工打款；大额要第二个人填同样的凭证号",
        DecidedOut,
        ReferenceIn,
    ),
    ApiRoute("POST", f"{BASE}/payouts/go-on", "payout:approve", go_on, "暂停的原因处理好了，继续打款", PayoutsOut, Nothing),
    ApiRoute("PUT", f"{BASE}/limits", "settings:edit", set_limits, "打款的各种上限", LimitsOut, LimitsIn),
)
