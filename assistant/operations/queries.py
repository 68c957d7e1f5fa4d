"""Reading plans."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from assistant.domain import audience
from assistant.operations import grouping, moments, store
from assistant.operations.language import CardBenefit, ChanceBenefit, MessageStep, MomentStep, Plan, PointsBenefit
from assistant.operations.times import show
from assistant.operations.values import Stored
from assistant.store import View


def plan(view: View, plan_id: str) -> Stored:
    """One plan; raises Invalid if there is none."""
    return store.get(view, plan_id)


def subject(stored: Stored) -> str:
    """Names this plan exactly as it was previewed: what an approval is about."""
    return f"plan:{stored.id}:{stored.digest}"


def approval(stored: Stored) -> str:
    """The words that approve this plan in a chat, as it was previewed."""
    return f"批准 {stored.digest[:8]}"


def plans(view: View, states: Sequence[str] = (), limit: int = 50) -> list[Stored]:
    """Plans, the newest first; all states, or some."""
    return store.list_plans(view, states, limit)


def goals_of(view: View, plan_ids: Collection[str]) -> dict[str, str]:
    """What some plans are for, by id; whatever is no plan is left out."""
    return store.goals(view, plan_ids)


def describe(value: Plan) -> list[str]:
    """The plan in Chinese lines for a chat card or a page."""
    lines = [f"目标：{value.goal}"]
    if not value.only_moment:
        lines.append(f"人群：{grouping.described(value) if value.to_groups else audience.describe(value.people)}")
    for step in value.steps:
        if isinstance(step, MessageStep):
            lines.append(f"消息：{value.message}")
        elif isinstance(step, MomentStep):
            lines.append(f"朋友圈：{moments.described(step)}：{value.moment_text}")
        elif isinstance(step.benefit, PointsBenefit):
            lines.append(f"权益：每人 {step.benefit.points} 积分")
        elif isinstance(step.benefit, ChanceBenefit):
            lines.append(f"权益：每人 {step.benefit.chances} 次抽奖机会（{step.benefit.activity}）")
        else:
            lines.append(f"权益：返现卡 {step.benefit.template}" if isinstance(step.benefit, CardBenefit) else f"权益：{step.benefit.name}")
    lines.append(f"发送：{show(value.schedule.send_at) if value.schedule.send_at else '批准后'}")
    if value.schedule.by:
        lines.append(f"截止：{show(value.schedule.by)}")
    lines.append("预算：按最高花费预留" if value.budget_fen is None else f"预算：{value.budget_fen / 100:g} 元")
    lines.append(f"对照组：{value.holdout_percent}%")
    if value.caps.people is not None:
        lines.append(f"人数上限：{value.caps.people}")
    lines += [f"假设：{one}" for one in value.assumptions]
    lines += [f"待确认：{one}" for one in value.questions]
    return lines
