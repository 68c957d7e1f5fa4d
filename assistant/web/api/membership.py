"""Tiers, paid plans and stored value over the API. Money moves elsewhere; here it is recorded with its payment or order number."""

from __future__ import annotations

from dataclasses import asdict

from assistant.web import memberships
from assistant.web import shapes_membership as shapes
from assistant.web.doors import Call
from assistant.web.route import ApiRoute


async def read_rules(call: Call) -> shapes.VersionOut:
    """What holds now."""
    return await call.store.read(memberships.membership_rules)


async def set_rules(call: Call) -> shapes.VersionOut:
    """A new version."""
    await memberships.set_membership(call, call.body.seen, call.body.document)
    return await read_rules(call)


async def read_stored_rules(call: Call) -> shapes.VersionOut:
    """What holds now."""
    return await call.store.read(memberships.stored_rules)


async def set_stored_rules(call: Call) -> shapes.VersionOut:
    """A new version."""
    await memberships.set_stored(call, call.body.seen, call.body.document)
    return await read_stored_rules(call)


async def read_one(call: Call) -> shapes.MembershipOut:
    """Where a member stands."""
    return await call.store.read(memberships.standing, call.part("ref"))


async def buy(call: Call) -> shapes.BoughtOut:
    """Records a purchase."""
    body = call.body
    return shapes.BoughtOut(**asdict(await memberships.buy(call, call.part("ref"), body.plan, body.payment, body.paid_fen)))


async def refund_plan(call: Call) -> shapes.PlanRefundOut:
    """Ends paid time."""
    return shapes.PlanRefundOut(**asdict(await memberships.refund_plan(call, call.body.payment)))


async def read_stored(call: Call) -> shapes.StoredValueOut:
    """What a member holds."""
    return await call.store.read(memberships.stored, call.part("ref"))


async def top_up(call: Call) -> shapes.MovedOut:
    """Takes in a payment."""
    return await memberships.top_up(call, call.part("ref"), call.body.pay_fen, call.body.payment)


async def spend(call: Call) -> shapes.MovedOut:
    """Pays for an order."""
    return await memberships.spend(call, call.part("ref"), call.body.amount_fen, call.body.order)


async def give_back(call: Call) -> shapes.MovedOut:
    """Gives back what an order paid."""
    return await memberships.give_back(call, call.body.order, call.body.amount_fen)


async def refund_stored(call: Call) -> shapes.MovedOut:
    """Pays principal back."""
    return await memberships.refund_stored(call, call.body.payment, call.body.amount_fen)


MEMBER = "/api/v1/members/{ref}"
TIERS = "/api/v1/membership"
STORED = "/api/v1/stored-value"
ROUTES = (
    ApiRoute("GET", f"{TIERS}/rules", "member:read", read_rules, "等级和付费方案的规则", shapes.VersionOut),
    ApiRoute("POST", f"{TIERS}/rules", "membership:edit", set_rules, "换一版等级和付费方案的规则", shapes.VersionOut, shapes.VersionIn),
    ApiRoute("GET", f"{MEMBER}/membership", "book:read", read_one, "会员的等级、付费时间和礼遇", shapes.MembershipOut),
    ApiRoute("POST", f"{MEMBER}/plans", "paid_plan:sell", buy, "登记一次付费会员购买（已在别处付款）", shapes.BoughtOut, shapes.PurchaseIn),
    ApiRoute("POST", f"{TIERS}/refunds", "paid_plan:refund", refund_plan, "退付费会员，按天算应退", shapes.PlanRefundOut, shapes.PaymentIn),
    ApiRoute("GET", f"{STORED}/rules", "member:read", read_stored_rules, "储值规则", shapes.VersionOut),
    ApiRoute("POST", f"{STORED}/rules", "membership:edit", set_stored_rules, "换一版储值规则", shapes.VersionOut, shapes.VersionIn),
    ApiRoute("GET", f"{MEMBER}/stored-value", "book:read", read_stored, "会员的储值余额和明细", shapes.StoredValueOut),
    ApiRoute("POST", f"{MEMBER}/stored-value/top-ups", "stored_value:move", top_up, "登记一次充值", shapes.MovedOut, shapes.TopUpIn),
    ApiRoute("POST", f"{MEMBER}/stored-value/spends", "stored_value:move", spend, "用储值付一个订单", shapes.MovedOut, shapes.SpendIn),
    ApiRoute("POST", f"{STORED}/returns", "stored_value:move", give_back, "订单退款，退回储值", shapes.MovedOut, shapes.SpendIn),
    ApiRoute("POST", f"{STORED}/refunds", "stored_value:refund", refund_stored, "退储值本金", shapes.MovedOut, shapes.StoredRefundIn),
)
