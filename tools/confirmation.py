"""The two tools that settle an open question. Whether the member agreed is read from what they wrote, never from the model."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.agent import ToolResult
from assistant.base.errors import Invalid, Refused
from assistant.base.money import format_yuan
from assistant.channels import confirm
from assistant.domain import activities, cashback
from assistant.store import Work, once
from tools.context import Nothing, Recipe, ToolContext

_YES = re.compile(
    r"(确认|确定|好的?|可以|是的?|要|行|嗯+|对|同意|兑换吧?|申请吧?|换吧?|ok|yes)[吧呀啊的哦呢了～~!！。.，, ]*", re.IGNORECASE
)


def agreed(said: tuple[str, ...]) -> bool:
    """Whether the last thing the member wrote is a plain yes and nothing else."""
    return bool(said) and _YES.fullmatch(said[-1].strip()) is not None


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
        done = cashback.claim(work, [cashback.Claim(pending.token, pending.member_id, pending.arguments["order_no"])])[0]
        if done.amount_fen != pending.amount:
            raise Refused("可返金额刚刚有变化，请再确认一次", code="amount_changed")
        return f"申请好啦，返现 {format_yuan(done.amount_fen)} 元。确认收货并过了退换期，就会转到您的微信。"
    raise Invalid("不认识的确认事项", code="unknown_action")


async def do_confirm(context: ToolContext, _arguments: Nothing, key: str) -> ToolResult:
    if not agreed(context.said):
        question = context.pending.question if context.pending else "现在没有等您确认的事情"
        raise Refused(f"需要您本人回复“确认”才能办理：{question}", code="not_agreed")
    say = await context.store.write(perform, Deed(key, context.conversation, context.member_id), context.principal, cause=context.turn)
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
