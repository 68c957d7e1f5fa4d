"""The two tools that settle an open question. Whether the member agreed is read from what they wrote, never from the model."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.agent import ToolResult, decided
from assistant.base.errors import Invalid, Refused
from assistant.channels import confirm
from assistant.domain import activities, cashback
from assistant.store import Work, once
from tools import playing
from tools.context import Nothing, Recipe, ToolContext


@dataclass(frozen=True, slots=True)
class Deed:
    """The agreed deed of a conversation: the question used up and the effect, one commit, once per ``key``."""

    key: str
    conversation: str
    member_id: str


def perform(work: Work, deed: Deed) -> str:
    """Does what was asked and returns the sentence for the member; Refused if nothing of this member's is open."""
    return once(work, "confirmation.perform", [deed], str, lambda work, fresh: [_perform(work, one) for one in fresh])[0]


def _perform(work: Work, deed: Deed) -> str:
    pending = confirm.pending(work, deed.conversation)
    if pending is None or pending.member_id != deed.member_id or not confirm.settle(work, pending.token, deed.member_id, "done"):
        raise Refused("现在没有等您确认的事情，想做什么直接告诉我就好", code="nothing_pending")
    if pending.action == "redeem":
        request = activities.Redeem(
            pending.token, pending.member_id, pending.arguments["item"], pending.arguments["quantity"], pending.amount
        )
        activities.redeem(work, [request])
        return (
            f"兑换好啦！用 {pending.amount} 积分换到「{pending.arguments['title']}」× {pending.arguments['quantity']}，我们会尽快为您寄出。"
        )
    if pending.action == "claim_cashback":
        asked = cashback.Claim(pending.token, pending.member_id, pending.arguments["order_no"], source=pending.arguments.get("source", ""))
        done = cashback.claim_named(work, [asked])[0]
        if not done.taken:
            raise Refused(done.say, code="no_such_order")
        if done.amount_fen != pending.amount:
            raise Refused("可返金额刚刚有变化，还没有办理。请再说一次要返现的订单号，我重新帮您算", code="amount_changed")
        return f"申请好啦！{done.say}。"
    if pending.action in playing.DEEDS:
        return playing.DEEDS[pending.action](work, pending)
    raise Invalid("不认识的确认事项", code="unknown_action")


async def do_confirm(context: ToolContext, _arguments: Nothing, key: str) -> ToolResult:
    if decided("\n".join(context.said)) != "yes":
        question = context.pending.question if context.pending else "现在没有等您确认的事情"
        raise Refused(f"需要您本人回复“确认”才能办理：{question}", code="not_agreed")
    deed = Deed(key, context.conversation, context.member_id)
    try:
        say = await context.store.write(perform, deed, context.principal, cause=context.turn)
    except (Refused, Invalid):
        # What was asked can no longer be done as asked: the question is closed, so that the next one is asked with what holds now.
        if context.pending is not None:
            await context.store.write(_cancel, context.pending, context.principal, cause=context.turn)
        raise
    return ToolResult({"done": True, "say": say})


async def do_cancel(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    pending = context.pending
    if pending is None:
        return ToolResult({"done": False, "say": "好的，没有进行中的事情，您随时找我。"})
    await context.store.write(_cancel, pending, context.principal, cause=context.turn)
    return ToolResult({"done": True, "say": "好的，已经取消，什么都没有动。"})


def _cancel(work: Work, pending: confirm.Pending) -> bool:
    return confirm.settle(work, pending.token, pending.member_id, "cancelled")


RECIPES = (
    Recipe("confirm", "SELF", "会员明确同意后，办理刚才等待确认的那件事", Nothing, do_confirm),
    Recipe("cancel", "SELF", "会员不想办了，取消等待确认的那件事", Nothing, do_cancel),
)
