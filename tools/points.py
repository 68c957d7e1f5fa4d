"""Tools over the member's own points and orders."""

from __future__ import annotations

from pydantic import Field

from assistant.agent import ToolResult
from assistant.base.money import format_yuan
from assistant.domain import orders, points
from assistant.store import View
from tools.context import Arguments, Nothing, Recipe, ToolContext, day

SOON_DAYS = 30
STATUS = {"created": "待付款", "paid": "已付款", "shipped": "已发货", "finished": "已收货", "closed": "已关闭"}


class OrderNumber(Arguments):
    """The order the member names."""

    order_no: str = Field(min_length=4, max_length=64, description="完整的订单号，4 到 64 个字符")


class Limit(Arguments):
    """How many lines to show."""

    limit: int = Field(default=5, ge=1, le=20)


async def my_points(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    balance, lots = await context.store.read(_purse, context.member_id)
    soon = [lot for lot in lots if lot.expires_at and lot.remaining > 0 and (lot.expires_at - context.store.clock.now()).days < SOON_DAYS]
    first = min((lot.expires_at for lot in soon if lot.expires_at), default=None)
    expiring = sum(lot.remaining for lot in soon)
    shown = {"available": balance.available, "pending": balance.pending, "expiring_soon": expiring, "expiring_on": day(first)}
    return ToolResult(shown | ({"held": balance.held} if balance.held else {}))


def _purse(view: View, member_id: str) -> tuple[points.PointsBalance, list[points.Lot]]:
    return points.balance(view, [member_id])[member_id], points.lots(view, member_id)


async def my_point_lots(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    lots = [lot for lot in await context.store.read(points.lots, context.member_id) if lot.remaining > 0][:10]
    shown = [{"amount": lot.amount, "remaining": lot.remaining, "expires_on": day(lot.expires_at), "source": lot.source} for lot in lots]
    return ToolResult({"lots": shown})


async def my_points_history(context: ToolContext, arguments: Limit, _key: str) -> ToolResult:
    entries = await context.store.read(points.history, context.member_id, arguments.limit)
    shown = [{"date": day(entry.at), "change": _change(entry), "reason": entry.reason, "order": entry.order_no} for entry in entries]
    return ToolResult({"entries": shown})


def _change(entry: points.HistoryEntry) -> str:
    """``+50 分``; empty for a line that moves points without adding or taking any (they became available)."""
    return f"{entry.change:+d} 分" if entry.change else ""


async def points_rules(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    rules = await context.store.read(points.rules)
    return ToolResult({"rules": points.in_words(rules, context.store.clock.now())})


async def claim_points(context: ToolContext, arguments: OrderNumber, key: str) -> ToolResult:
    """Needs no question first: nothing is lost by it, and wrong numbers are counted."""
    request = points.ClaimOrder(key, context.member_id, arguments.order_no)
    done = (await context.store.write(points.claim_order, [request], context.principal, cause=context.turn))[0]
    return ToolResult({"taken": done.taken, "order_no": arguments.order_no, "points": done.points}, say=done.say)


async def my_orders(context: ToolContext, arguments: Limit, _key: str) -> ToolResult:
    found = await context.store.read(orders.of_member, context.member_id, arguments.limit)
    earned = await context.store.read(points.earned_by_order, [order.id for order in found])
    shown = [
        {
            "order_no": order.order_no,
            "shop": order.shop,
            "date": day(order.paid_at or order.created_at),
            "paid_yuan": format_yuan(order.paid_fen),
            "status": "已退款" if order.refund_fen and order.refund_fen >= order.paid_fen else STATUS.get(order.status, order.status),
            "points": earned.get(order.id, 0),
        }
        for order in found
    ]
    return ToolResult({"orders": shown})


RECIPES = (
    Recipe("my_points", "READ", "查询会员本人的可用积分、待生效积分和即将过期的积分", Nothing, my_points),
    Recipe("my_point_lots", "READ", "查询会员本人每一批积分的剩余和到期日", Nothing, my_point_lots),
    Recipe("my_points_history", "READ", "查询会员本人的积分明细和每一笔的原因", Limit, my_points_history),
    Recipe("points_rules", "READ", "现在怎么赚积分：下单、活动、等级加成、互动、上限和有效期", Nothing, points_rules),
    Recipe("claim_points", "SELF", "会员报一个还没登记的订单号，把这个订单的积分记到本人名下", OrderNumber, claim_points),
    Recipe("my_orders", "READ", "查询会员本人的最近订单", Limit, my_orders),
)
