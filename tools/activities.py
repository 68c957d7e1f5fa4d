"""Tools over check-in and the points mall; redeeming asks once before it acts."""

from __future__ import annotations

from pydantic import Field

from assistant.agent import Confirmation, ToolResult
from assistant.base.errors import Invalid
from assistant.channels import confirm
from assistant.domain import activities
from tools.context import Arguments, Nothing, Recipe, ToolContext


class Wanted(Arguments):
    """An item of the mall by its code or title, and how many."""

    item: str = Field(min_length=1, max_length=100)
    quantity: int = Field(default=1, ge=1, le=99, description="一次要几件，1 到 99 的整数")


async def mall_items(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    items = await context.store.read(activities.items)
    return ToolResult({"items": [{"item": item.id, "title": item.title, "points": item.points, "stock": item.stock} for item in items]})


async def check_in(context: ToolContext, _arguments: Nothing, key: str) -> ToolResult:
    done = (
        await context.store.write(activities.check_in, [activities.CheckIn(key, context.member_id)], context.principal, cause=context.turn)
    )[0]
    return ToolResult({"points": done.points, "streak": done.streak, "already": done.already})


async def redeem(context: ToolContext, arguments: Wanted, key: str) -> ToolResult:
    """Tries the exchange out, says what it costs, and asks; the deed itself is done by ``confirm``."""
    item = _find(await context.store.read(activities.items), arguments.item)
    cost = item.points * arguments.quantity
    request = activities.Redeem(f"try:{key}", context.member_id, item.id, arguments.quantity, cost)
    await context.store.preview(activities.redeem, [request], context.principal, cause=context.turn)
    text = f"用 {cost} 积分兑换「{item.title}」× {arguments.quantity}，确认吗？回复“确认”就帮您兑换。"
    chosen = {"item": item.id, "title": item.title, "quantity": arguments.quantity}
    question = confirm.Ask(key, context.conversation, context.member_id, "redeem", chosen, cost, text)
    token = await context.store.write(confirm.ask, question, context.principal, cause=context.turn)
    return ToolResult({**chosen, "points": cost}, say=text, confirm=Confirmation("redeem", token, text))


def _find(items: list[activities.Item], wanted: str) -> activities.Item:
    """The one item that is meant: by code or title, else the title that shares the most characters with what was said."""
    exact = [item for item in items if wanted in (item.id, item.title)]
    close = exact or [item for item in items if wanted in item.title or item.title in wanted] or _nearest(items, wanted)
    if len(close) != 1:
        names = "、".join(item.title for item in (close or items)[:6])
        raise Invalid(f"您想兑换哪一件呢？现在有：{names}" if names else "积分商城暂时没有可以兑换的商品", code="which_item")
    return close[0]


def _nearest(items: list[activities.Item], wanted: str) -> list[activities.Item]:
    letters = set(wanted) - set("的子一个双件条份瓶套张只包 ")
    shared = {item.id: len(letters & set(item.title)) for item in items}
    most = max(shared.values(), default=0)
    return [item for item in items if most and shared[item.id] == most]


RECIPES = (
    Recipe("mall_items", "READ", "列出积分商城里可以兑换的商品、所需积分和库存", Nothing, mall_items),
    Recipe("check_in", "SELF", "为会员本人做今天的签到", Nothing, check_in),
    Recipe("redeem", "SELF", "用会员本人的积分兑换商城商品；会先请会员确认", Wanted, redeem),
)
