"""The demo brand's tiers with their gifts, paid plans, stored value and a draft of rules that pays plan members double points."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from assistant.domain import membership, points, stored_value
from assistant.flows import gifts
from assistant.store import Work

PLAN_MEMBERS, TOPPED_UP = 8, 8
YEAR, MONTH = ("year", 19900), ("month", 2500)


def _gift(name: str, when: str, worth: int) -> dict[str, Any]:
    return {"name": name, "when": when, "benefit": {"kind": "points", "points": worth}, "value_fen": worth}


RULES: dict[str, Any] = {
    "tiers": [
        {"name": "普通", "growth": 0},
        {"name": "银卡", "growth": 1000, "keep": 800, "gifts": [_gift("银卡入会礼", "entry", 50), _gift("生日礼", "birthday", 100)]},
        {"name": "金卡", "growth": 3000, "keep": 2400, "gifts": [_gift("金卡入会礼", "entry", 150), _gift("生日礼", "birthday", 200)]},
        {"name": "黑金", "growth": 8000, "keep": 6000, "gifts": [_gift("黑金入会礼", "entry", 500), _gift("生日礼", "birthday", 500)]},
    ],
    "plans": [
        {"id": "month", "name": "月卡", "months": 1, "price_fen": MONTH[1], "skus": ["VIP-M"], "gifts": [_gift("月卡礼", "entry", 100)]},
        {
            "id": "year",
            "name": "年卡",
            "months": 12,
            "price_fen": YEAR[1],
            "tier": "金卡",
            "skus": ["VIP-Y"],
            "gifts": [_gift("年卡礼", "entry", 500), _gift("年卡月礼", "monthly", 50)],
        },
    ],
}
STORED_VALUE: dict[str, Any] = {
    "steps": [{"pay_fen": 20000, "bonus_fen": 1000}, {"pay_fen": 50000, "bonus_fen": 4000}, {"pay_fen": 100000, "bonus_fen": 12000}]
}
DRAFT: dict[str, Any] = {"title": "会员多倍积分", "tiers": {"银卡": 110, "金卡": 130, "黑金": 150}, "plans": {"年卡": 200}}


def furnish(work: Work, ids: Sequence[str]) -> None:
    """Sets the rules; the first members have bought plans, the next have topped up, one of them has refunded."""
    gifts.set_rules(work, [membership.SetRules("demo:membership", 0, RULES)])
    stored_value.set_rules(work, [stored_value.SetRules("demo:stored_value", 0, STORED_VALUE)])
    points.propose_rules(work, [points.ProposeRules("demo:points", json.dumps(DRAFT, ensure_ascii=False), "试算看看年卡双倍要多花多少")])
    bought = list(zip(ids[:PLAN_MEMBERS], [YEAR, MONTH] * PLAN_MEMBERS, strict=False))
    membership.buy(work, [membership.Buy(f"demo:{one}", one, plan, f"demo_plan_{one}", fen) for one, (plan, fen) in bought])
    paid_in = ids[PLAN_MEMBERS : PLAN_MEMBERS + TOPPED_UP]
    amounts = (20_000, 50_000, 100_000)
    tops = [stored_value.TopUp(f"demo:{one}", one, amounts[n % 3], f"demo_top_up_{one}") for n, one in enumerate(paid_in)]
    stored_value.top_up(work, tops)
