"""The form of a plan: which of its fields a person may change, as people write them, and back into the plan's own language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.base.money import format_yuan
from assistant.domain import audience
from assistant.operations import Plan, plan_json
from assistant.operations.language import MessageStep, MomentStep
from assistant.web.fields import Field, Path, local, name_of, put, read
from assistant.web.plan_words import CHANNELS, METRICS

NEW_MOMENT = "moment"


def form_fields(plan: Plan) -> list[Field]:
    """What the form offers for this plan, in its order."""
    schedule, experiment = plan.schedule, plan.experiment
    times = [
        Field("send_at", "开始", local(schedule.send_at), "instant", ("schedule", "send_at"), "批准后尽快"),
        Field("by", "最晚", local(schedule.by), "instant", ("schedule", "by"), "不限"),
    ]
    if plan.only_moment:
        return [*_steps(plan), *times]
    return [
        *_steps(plan),
        *([] if plan.moment else [Field(NEW_MOMENT, "同时请员工发一条朋友圈", "", "long", (NEW_MOMENT,), "不发")]),
        Field("channel", "渠道", plan.channel, "choice", ("channel",), choices=tuple(CHANNELS.items())),
        *times,
        Field(
            "budget", "预算（元）", "" if plan.budget_fen is None else format_yuan(plan.budget_fen), "money", ("budget_fen",), "按最多花费"
        ),
        Field("holdout", "对照组（%）", str(plan.holdout_percent), "number", ("holdout_percent",)),
        Field("people", "人数上限", str(plan.caps.people or ""), "number", ("caps", "people"), "不限"),
        Field("metric", "衡量", experiment.metric, "choice", ("experiment", "metric"), choices=tuple(METRICS.items())),
        Field("horizon", "衡量多少天", str(experiment.horizon_days), "number", ("experiment", "horizon_days")),
        *_figures(plan.segment, ("segment",)),
        *(field for place, rule in enumerate(plan.exclusions) for field in _figures(rule, ("exclusions", place))),
    ]


def changed(plan: Plan, form: Mapping[str, str]) -> dict[str, Any]:
    """The fields of the plan's own language that a posted form changes; raises Invalid with where and what to do."""
    content = plan_json(plan)
    touched = set()
    for field in form_fields(plan):
        given = form.get(field.name, field.value).replace("\r\n", "\n").strip()
        if given != field.value:
            put(content, field.path, read(field, given))
            touched.add("steps" if field.name == NEW_MOMENT else str(field.path[0]))
    _moment(content)
    return {name: content[name] for name in touched}


def _moment(content: dict[str, Any]) -> None:
    """A text where there was no moment makes one; an emptied text takes it away."""
    text = content.pop(NEW_MOMENT, None)
    content["steps"] = [step for step in content["steps"] if step["kind"] != "moment" or step["template"]]
    if text:
        content["steps"].append({"kind": "moment", "template": text})


def _of_moment(plan: Plan, place: int, step: MomentStep) -> Iterator[Field]:
    none = "" if plan.only_moment else "不发朋友圈"
    yield Field("moment_text", "朋友圈文字", step.template, "long", ("steps", place, "template"), none)
    yield Field(
        "moment_staff", "谁来发（员工账号，逗号分开）", "，".join(step.staff), "words", ("steps", place, "staff"), "所有有客户的员工"
    )
    yield Field(
        "moment_tags", "谁看得到（企业标签编号，逗号分开）", "，".join(step.tags), "words", ("steps", place, "tags"), "发表人的全部客户"
    )


def _steps(plan: Plan) -> Iterator[Field]:
    for place, step in enumerate(plan.steps):
        if isinstance(step, MomentStep):
            yield from _of_moment(plan, place, step)
        elif isinstance(step, MessageStep):
            yield Field("template", "文案（{nickname} 会换成昵称）", step.template, "long", ("steps", place, "template"))
        elif step.benefit.kind == "points":
            yield Field(f"points{place}", "每人积分", str(step.benefit.points), "number", ("steps", place, "benefit", "points"))
        elif step.benefit.kind == "chance":
            yield Field(f"chances{place}", "每人抽奖机会", str(step.benefit.chances), "number", ("steps", place, "benefit", "chances"))
        elif step.benefit.kind == "coupon":
            value = format_yuan(step.benefit.value_fen)
            yield Field(f"coupon{place}", "券面额（元）", value, "money", ("steps", place, "benefit", "value_fen"))


def _figures(rule: audience.Rule, path: Path, said: str = "") -> Iterator[Field]:
    """The figures of a segment, each with the phrase it stands in."""
    match rule:
        case audience.All(rules=parts) | audience.AnyOf(rules=parts):
            for place, part in enumerate(parts):
                yield from _figures(part, (*path, "rules", place))
        case audience.Not(rule=inner):
            yield from _figures(inner, (*path, "rule"), audience.describe(rule))
        case _:
            yield from _of_compare(rule, path, said or audience.describe(rule))


def _of_compare(rule: audience.Compare, path: Path, said: str) -> Iterator[Field]:
    feature = audience.catalogue().feature(rule.feature)
    money = feature.unit == "fen" or (feature.unit == "分" and "金额" in feature.label)
    values = rule.value if isinstance(rule.value, tuple) else (rule.value,)
    for place, value in enumerate(values):
        if isinstance(value, int) and not isinstance(value, bool):
            where = (*path, "value", place) if isinstance(rule.value, tuple) else (*path, "value")
            shown = format_yuan(value) if money else str(value)
            yield Field(name_of(where), f"人群：{said}", shown, "money" if money else "number", where)
    days = rule.arguments.get("within_days")
    if isinstance(days, int) and not isinstance(days, bool):
        where = (*path, "arguments", "within_days")
        yield Field(name_of(where), f"人群：{said}（天数）", str(days), "number", where)
