"""Tools over the member's own cashback cards and claims; claiming asks once before it acts."""

from __future__ import annotations

from pydantic import Field

from assistant.agent import Confirmation, ToolResult
from assistant.base.money import format_yuan
from assistant.channels import confirm
from assistant.domain import cashback
from tools.context import Arguments, Nothing, Recipe, ToolContext, day


class OrderNumber(Arguments):
    """The order the member names."""

    order_no: str = Field(min_length=4, max_length=64)


async def my_cashback(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    cards = await context.store.read(cashback.cards_of, context.member_id)
    claims = await context.store.read(cashback.claims_of, context.member_id)
    return ToolResult(
        {
            "cards": [
                {"name": card.name, "rule": card.rule, "valid_until": day(card.valid_until), "remaining": card.remaining} for card in cards
            ],
            "claims": [
                {
                    "order_no": claim.order_no,
                    "amount_yuan": format_yuan(claim.amount_fen),
                    "state": claim.state,
                    "say": cashback.say_state(claim),
                }
                for claim in claims
            ],
        }
    )


async def claim_cashback(context: ToolContext, arguments: OrderNumber, key: str) -> ToolResult:
    """Tries the claim out, says what it would bring, and asks; the deed itself is done by ``confirm``."""
    request = cashback.Claim(f"try:{key}", context.member_id, arguments.order_no)
    tried = (await context.store.preview(cashback.claim, [request], context.principal, cause=context.turn))[0]
    amount = format_yuan(tried.amount_fen)
    text = f"订单 {arguments.order_no} 可以返现 {amount} 元，{tried.when}转到您的微信。要帮您申请吗？回复“确认”就行。"
    question = confirm.Ask(
        key, context.conversation, context.member_id, "claim_cashback", {"order_no": arguments.order_no}, tried.amount_fen, text
    )
    token = await context.store.write(confirm.ask, question, context.principal, cause=context.turn)
    return ToolResult(
        {"order_no": arguments.order_no, "amount_yuan": amount}, say=text, confirm=Confirmation("claim_cashback", token, text)
    )


RECIPES = (
    Recipe("my_cashback", "READ", "查询会员本人的返现卡和返现申请进度", Nothing, my_cashback),
    Recipe("claim_cashback", "SELF", "会员报订单号申请返现；会先请会员确认", OrderNumber, claim_cashback),
)
