"""A plan of the closed language in the words of the page: who, what, within which limits."""

from __future__ import annotations

from assistant.base.clock import SHANGHAI, parse_instant
from assistant.base.money import format_yuan
from assistant.domain import audience
from assistant.operations import grouping, moments
from assistant.operations.language import (
    BenefitStep,
    CardBenefit,
    ChanceBenefit,
    CouponBenefit,
    MessageStep,
    MomentStep,
    Plan,
    PointsBenefit,
)
from assistant.web.shapes_plans import StepOut

CHANNELS = {
    "auto": "自动：48 小时内聊过的走微信客服，其余由专属导购群发",
    "kf": "只走微信客服",
    "mass": "只走导购群发",
    "group": "发到客户群，由群主点发送",
}
MOMENT_ONLY = "只发朋友圈，由员工点发表"
METRICS = {"buyers": "下单人数", "net_paid": "净成交额"}


def who(plan: Plan) -> str:
    """The segment as a phrase."""
    if plan.only_moment:
        return "不单独联系谁：看得到朋友圈的客户自己看"
    return grouping.described(plan) if plan.to_groups else audience.describe(plan.segment)


def left_out(plan: Plan) -> list[str]:
    """The exclusions as phrases."""
    return [audience.describe(rule) for rule in plan.exclusions]


def steps(plan: Plan) -> list[StepOut]:
    """The steps in order."""
    found: list[StepOut] = []
    for step in plan.steps:
        if isinstance(step, MessageStep):
            found.append(StepOut(kind="message", say="发一条消息", text=plan.message))
        elif isinstance(step, MomentStep):
            found.append(StepOut(kind="moment", say=moments.described(step), text=plan.moment_text))
        else:
            found.append(StepOut(kind="benefit", say=_gift(step)))
    return found


def _gift(step: BenefitStep) -> str:
    match step.benefit:
        case PointsBenefit(points=amount):
            return f"每人发 {amount} 积分"
        case CardBenefit(template=template):
            return f"每人发一张返现卡（{template}）"
        case ChanceBenefit(activity=activity, chances=count):
            return f"每人送 {count} 次抽奖机会（{activity}）"
        case CouponBenefit(name=name, value_fen=value):
            return f"每人发一张 {name}（¥{format_yuan(value)}）"


def limits(plan: Plan) -> dict[str, str]:
    """What bounds the plan, by name."""
    found = {
        "渠道": MOMENT_ONLY if plan.only_moment else CHANNELS[plan.channel],
        "开始": _local(plan.schedule.send_at) or "批准后尽快",
        "最晚": _local(plan.schedule.by) or "不限",
        "预算": "按预览的最多花费" if plan.budget_fen is None else f"¥{format_yuan(plan.budget_fen)}",
        "人数上限": f"{plan.caps.people:,}" if plan.caps.people else "不限",
        "对照组": f"{plan.holdout_percent}%",
        "衡量": f"{METRICS[plan.experiment.metric]}，{plan.experiment.horizon_days} 天",
    }
    return found | ({"主题": plan.topic} if plan.topic else {})


def _local(instant: str | None) -> str:
    return parse_instant(instant).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if instant else ""
