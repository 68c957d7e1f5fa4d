"""A plan of the closed language in the words of the page: who, what, within which limits, and the fields a form may change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assistant.base.clock import SHANGHAI, parse_instant
from assistant.base.errors import Invalid
from assistant.base.money import format_yuan, parse_yuan
from assistant.domain import audience
from assistant.operations.language import BenefitStep, CardBenefit, CouponBenefit, MessageStep, Plan, PointsBenefit
from assistant.web.shapes_plans import StepOut

CHANNELS = {"auto": "自动：48 小时内聊过的走微信客服，其余由专属导购群发", "kf": "只走微信客服", "mass": "只走导购群发"}
METRICS = {"buyers": "下单人数", "net_paid": "净成交额"}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that the form may change; ``value`` as a person writes it."""

    name: str
    label: str
    value: str
    long: bool = False


def who(plan: Plan) -> str:
    """The segment as a phrase."""
    return audience.describe(plan.segment)


def left_out(plan: Plan) -> list[str]:
    """The exclusions as phrases."""
    return [audience.describe(rule) for rule in plan.exclusions]


def steps(plan: Plan) -> list[StepOut]:
    """The steps in order."""
    found: list[StepOut] = []
    for step in plan.steps:
        if isinstance(step, MessageStep):
            found.append(StepOut(kind="message", say="发一条消息", text=plan.message))
        else:
            found.append(StepOut(kind="benefit", say=_gift(step)))
    return found


def _gift(step: BenefitStep) -> str:
    match step.benefit:
        case PointsBenefit(points=amount):
            return f"每人发 {amount} 积分"
        case CardBenefit(template=template):
            return f"每人发一张返现卡（{template}）"
        case CouponBenefit(name=name, value_fen=value):
            return f"每人发一张 {name}（¥{format_yuan(value)}）"


def limits(plan: Plan) -> dict[str, str]:
    """What bounds the plan, by name."""
    found = {
        "渠道": CHANNELS[plan.channel],
        "开始": _local(plan.schedule.send_at) or "批准后尽快",
        "最晚": _local(plan.schedule.by) or "不限",
        "预算": "按预览的最多花费" if plan.budget_fen is None else f"¥{format_yuan(plan.budget_fen)}",
        "人数上限": f"{plan.caps.people:,}" if plan.caps.people else "不限",
        "对照组": f"{plan.holdout_percent}%",
        "衡量": f"{METRICS[plan.experiment.metric]}，{plan.experiment.horizon_days} 天",
    }
    return found | ({"主题": plan.topic} if plan.topic else {})


def form_fields(plan: Plan) -> list[Field]:
    """What the form offers."""
    return [
        Field("template", "文案", next((step.template for step in plan.steps if isinstance(step, MessageStep)), ""), long=True),
        Field("budget", "预算（元）", "" if plan.budget_fen is None else format_yuan(plan.budget_fen)),
        Field("holdout", "对照组（%）", str(plan.holdout_percent)),
        Field("people", "人数上限（空为不限）", str(plan.caps.people or "")),
        Field("send_at", "开始（如 2026-11-27 20:00，空为尽快）", _local(plan.schedule.send_at)),
        Field("by", "最晚（空为不限）", _local(plan.schedule.by)),
    ]


def changed(content: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a posted form as fields of the plan's own language; raises Invalid with where and what to do."""
    found: dict[str, Any] = {}
    if "template" in form:
        found["steps"] = [{**step, "template": form["template"]} if step["kind"] == "message" else step for step in content["steps"]]
    if "budget" in form:
        found["budget_fen"] = parse_yuan(form["budget"]) if form["budget"] else None
    if "holdout" in form:
        found["holdout_percent"] = _number(form["holdout"], "对照组")
    if "people" in form:
        found["caps"] = {"people": _number(form["people"], "人数上限") if form["people"] else None}
    if "send_at" in form or "by" in form:
        found["schedule"] = {name: _instant(form.get(name, "")) for name in ("send_at", "by")}
    return found


def _number(text: str, what: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise Invalid(f"{what}请写整数", code="bad_number")
    return int(text)


def _local(instant: str | None) -> str:
    return parse_instant(instant).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if instant else ""


def _instant(text: str) -> str | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI).isoformat()
    except ValueError:
        raise Invalid(f"时间“{text[:30]}”请写成 2026-11-27 20:00 这样", code="bad_instant") from None
