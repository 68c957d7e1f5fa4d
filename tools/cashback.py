"""Tools over the member's own cashback cards and claims; claiming asks once before it acts."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from assistant.agent import Confirmation, ToolResult
from assistant.base.errors import Refused
from assistant.base.money import format_yuan
from assistant.channels import confirm
from assistant.domain import cashback, orders
from tools.context import Arguments, Nothing, Recipe, ToolContext, day

MOST, LAST = 5, 2
NOTHING_CLAIMED = "您还没有申请过返现。把订单号发给我，我帮您看看能不能返"


class OrderNumber(Arguments):
    """The order the member names; ``source`` is the platform where one number belongs to several."""

    order_no: str = Field(min_length=4, max_length=64, description="完整的订单号，4 到 64 个字符")
    source: str = Field(default="", max_length=30, description="只有同一个订单号在几个平台都有时才填：淘宝、京东、抖音、有赞……")

    @property
    def platform(self) -> str:
        """The platform by our name of it, whichever way it was said."""
        named = {word: name for name, word in cashback.SOURCES.items()}
        return named.get(self.source.strip(), self.source.strip().lower())


class MaybeOrderNumber(OrderNumber):
    """The order the member asks about; without a number all their claims are meant."""

    order_no: str = Field(default="", max_length=64, description="会员报了订单号才填")


def _say(context: ToolContext, claim: cashback.RebateClaim) -> str:
    """Where a claim stands, with the page to take the money on where that is what it waits for."""
    page = cashback.page_of(claim)
    return cashback.say_state(claim) + (f"：{context.pages}{page}" if page and context.pages else "")


async def my_cashback(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    cards = await context.store.read(cashback.cards_of, context.member_id)
    claims = await context.store.read(cashback.claims_of, context.member_id)
    return ToolResult(
        {
            "cards": [
                {
                    "name": card.name,
                    "kind": cashback.KINDS[card.kind],
                    "rule": card.rule,
                    "valid_until": day(card.valid_until),
                    "remaining": card.remaining,
                    "binds_by_itself": card.auto_bind,
                }
                for card in cards
            ],
            "claims": [
                {
                    "order_no": claim.order_no,
                    "amount_yuan": format_yuan(claim.amount_fen),
                    "state": claim.state,
                    "say": _say(context, claim),
                }
                for claim in claims
            ],
        }
    )


async def why_no_cashback(context: ToolContext, arguments: MaybeOrderNumber, key: str) -> ToolResult:
    """Where the cashback stands, of one order or of all; of an order not claimed yet, whether it could be and what would come."""
    claims = await context.store.read(cashback.claims_of, context.member_id)
    if not arguments.order_no:
        return _all_of_them(context, claims)
    mine = [claim for claim in claims if claim.order_no == arguments.order_no.strip()]
    if mine:
        say = "；".join(_say(context, claim) for claim in mine)
        return ToolResult({"order_no": arguments.order_no, "claimed": True, "states": [claim.state for claim in mine], "say": say})
    try:
        tried = await _try(context, arguments.order_no, arguments.platform, key)
    except Refused as refusal:
        return ToolResult({"order_no": arguments.order_no, "claimed": False, "possible": False, "say": refusal.say})
    amount = format_yuan(tried.amount_fen)
    say = f"这个订单还没有申请返现，现在申请可以返 {amount} 元，{tried.when}转到您的微信"
    return ToolResult({"order_no": arguments.order_no, "claimed": False, "possible": True, "amount_yuan": amount, "say": say})


def _all_of_them(context: ToolContext, claims: Sequence[cashback.RebateClaim]) -> ToolResult:
    """What is under way, each with what it waits for; if nothing is, what became of the last ones."""
    ended = (*cashback.PAID, *cashback.ENDED)
    shown = [claim for claim in claims if claim.state not in ended][:MOST] or list(claims[:LAST])
    if not shown:
        return ToolResult({"claims": [], "say": NOTHING_CLAIMED})
    lines = [f"订单 {claim.order_no}：{_say(context, claim)}" for claim in shown]
    told = [{"order_no": claim.order_no, "state": claim.state, "amount_yuan": format_yuan(claim.amount_fen)} for claim in shown]
    return ToolResult({"claims": told, "say": "帮您看过了～\n" + "\n".join(f"· {line}" for line in lines)})


async def _try(context: ToolContext, order_no: str, source: str, key: str) -> cashback.Named:
    """What a claim would bring, nothing done; a number that leads nowhere is counted, so that nobody guesses for long."""
    request = cashback.Claim(f"try:{key}", context.member_id, order_no, source=source)
    tried: cashback.Named = (await context.store.preview(cashback.claim_named, [request], context.principal, cause=context.turn))[0]
    if tried.wrong:
        wrong = orders.WrongNumber(f"try:{key}", context.member_id, order_no)
        await context.store.write(orders.note_wrong, [wrong], context.principal, cause=context.turn)
    if not tried.taken:
        raise Refused(tried.say, code="no_such_order")
    return tried


async def claim_cashback(context: ToolContext, arguments: OrderNumber, key: str) -> ToolResult:
    """Tries the claim out, says what it would bring, and asks; the deed itself is done by ``confirm``."""
    tried = await _try(context, arguments.order_no, arguments.platform, key)
    amount = format_yuan(tried.amount_fen)
    text = f"订单 {arguments.order_no} 可以返现 {amount} 元，{tried.when}转到您的微信。要帮您申请吗？回复“确认”就行。"
    asked = {"order_no": arguments.order_no, "source": arguments.platform}
    question = confirm.Ask(key, context.conversation, context.member_id, "claim_cashback", asked, tried.amount_fen, text)
    token = await context.store.write(confirm.ask, question, context.principal, cause=context.turn)
    return ToolResult(
        {"order_no": arguments.order_no, "amount_yuan": amount}, say=text, confirm=Confirmation("claim_cashback", token, text)
    )


RECIPES = (
    Recipe("my_cashback", "READ", "查询会员本人的返现卡和返现申请进度", Nothing, my_cashback),
    Recipe(
        "why_no_cashback",
        "READ",
        "会员问返现为什么还没到、为什么没返、某一单能不能返：说明现在到哪一步、还差什么；没报订单号就看全部申请",
        MaybeOrderNumber,
        why_no_cashback,
    ),
    Recipe("claim_cashback", "SELF", "会员报订单号申请返现；会先请会员确认", OrderNumber, claim_cashback),
)
