"""A plan, its preview and its report as an operator reads them in a chat."""

from __future__ import annotations

from assistant import operations
from assistant.base.money import format_yuan
from assistant.domain import audience
from assistant.operations import Report, Stored

STATES = {
    "draft": "草稿",
    "previewed": "已预览",
    "awaiting_approval": "等待批准",
    "approved": "已批准",
    "running": "执行中",
    "paused": "已暂停",
    "done": "已完成",
    "stopped": "已停止",
    "rejected": "已否决",
    "expired": "已过期",
}


def preview_text(stored: Stored) -> str:
    """Who, how many, what it costs, what it says, what was assumed, and how to approve."""
    plan, seen = stored.plan, stored.preview
    lines = operations.describe(plan)[:2] if plan.only_moment or plan.to_groups else [f"人群：{audience.describe(plan.people)}"]
    lines = [f"方案「{plan.title}」", *(line for line in lines if not line.startswith("目标："))]
    if seen is None:
        return "\n".join([*lines, "还没有预览。"])
    if plan.only_moment:
        lines.append(f"请 {seen.staff} 位员工发表，{seen.people} 位客户看得到")
    else:
        lines.append(f"圈中 {seen.people} {'个群' if plan.to_groups else '人'}，能触达 {seen.reachable}，对照组 {seen.holdout} 人不发")
    if seen.moment and not plan.only_moment:
        lines.append(
            f"同时请 {len(seen.moment['staff'])} 位员工发一条朋友圈，{seen.moment['customers']} 位客户看得到：{seen.moment['text']}"
        )
    if seen.skipped:
        lines.append("不发：" + "，".join(f"{reason} {count} 人" for reason, count in seen.skipped.items()))
    lines.extend(operations.allowance(line) for line in seen.quota)
    budget = f"（预算 {format_yuan(plan.budget_fen)} 元）" if plan.budget_fen else ""
    lines.append(f"最多花费 {format_yuan(seen.worst_fen)} 元{budget}")
    lines.extend(f"文案样例：{sample.get('text', '')}" for sample in seen.samples[:1])
    lines.extend(f"假设：{assumption}" for assumption in plan.assumptions)
    lines.extend(f"注意：{warning}" for warning in seen.warnings)
    lines.append(f"没问题就回复“批准 {stored.digest[:8]}”；要改就直接说，比如“预算改成 3000”。")
    return "\n".join(lines)


def report_text(stored: Stored, told: Report) -> str:
    """How far the plan is and what came of it."""
    lines = [f"「{stored.plan.title}」{STATES[stored.state]}"]
    funnel = (
        ("圈中", told.people),
        ("对照组", told.holdout),
        ("已安排", told.queued),
        ("待员工确认", told.task_created),
        ("已送达", told.delivered),
    )
    lines.append("，".join(f"{label} {count}" for label, count in (*funnel, ("回复", told.replied), ("下单", told.ordered))))
    if (moment := told.moment) is not None:
        lines.append(f"朋友圈：{moment.published}/{moment.asked} 位员工已发表，{moment.customers} 位客户看得到，{moment.likes} 个赞")
    if told.unknown:
        lines.append(f"结果未知 {told.unknown} 人，不会重复发送")
    lines.append(f"已花费 {format_yuan(told.spent_fen)} 元")
    lines.append(told.conclusion)
    return "\n".join(line for line in lines if line)
