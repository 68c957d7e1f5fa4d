"""Tools over the member's own stored value: reading only, since money is never moved by chat."""

from __future__ import annotations

from assistant.agent import ToolResult
from assistant.base.money import format_yuan
from assistant.domain import stored_value
from tools.context import Nothing, Recipe, ToolContext, day

LINES = 8
KINDS = {"top_up": "充值", "spend": "支付", "return": "订单退回", "refund": "退储值", "parting": "撤销会员合并"}


async def my_stored_value(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    held = (await context.store.read(stored_value.balance, [context.member_id]))[context.member_id]
    lines = await context.store.read(stored_value.history, context.member_id, LINES)
    _version, rules = await context.store.read(stored_value.rules)
    return ToolResult(
        {
            "total_yuan": format_yuan(held.total_fen),
            "principal_yuan": format_yuan(held.principal_fen),
            "bonus_yuan": format_yuan(held.bonus_fen),
            "lines": [
                {
                    "date": day(line.at),
                    "kind": KINDS[line.kind],
                    "principal_yuan": format_yuan(line.principal_fen),
                    "bonus_yuan": format_yuan(line.bonus_fen),
                }
                for line in lines
            ],
            "offers": [{"pay_yuan": format_yuan(step.pay_fen), "bonus_yuan": format_yuan(step.bonus_fen)} for step in rules.steps],
        }
    )


RECIPES = (
    Recipe(
        "my_stored_value",
        "READ",
        "查询会员本人的储值余额、明细和充值档位。只在会员问起，或刚刚表达满意时才可以提一句储值，不推销；充值和退款要在门店或商城办理",
        Nothing,
        my_stored_value,
    ),
)
