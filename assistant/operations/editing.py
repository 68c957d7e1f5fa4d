"""Changing a plan by fields of its own language, as the form does: the same checks as for a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assistant.base.clock import parse_instant
from assistant.base.errors import Invalid
from assistant.operations.language import CouponBenefit, MessageStep, Plan, Schedule, plan_from, plan_json
from assistant.operations.refusing import refuse_forbidden
from assistant.operations.revising import answered, follow_gift, still_true
from assistant.operations.vocabulary import DEFAULT, Vocabulary

FREE = ("segment", "exclusions", "steps", "channel", "groups", "schedule", "caps", "budget_fen", "holdout_percent", "experiment")
"""What may be changed. Goal, kind and topic decide which consent and which law apply, so they stay what the operator said."""


def edit_plan(plan: Plan, fields: Mapping[str, Any], now: datetime, words: Vocabulary = DEFAULT) -> Plan:
    """The plan with these fields replaced and nothing else.

    Raises Invalid naming the field, or if nothing differs; Refused for a text that asks for what the house does not do.
    """
    closed = sorted(set(fields) - set(FREE))
    if closed:
        raise Invalid(f"“{closed[0][:40]}”不能这样改；可以改的有：{'、'.join(FREE)}", code="closed_field", field=closed[0][:40])
    new = plan_from(plan_json(plan) | dict(fields))
    changes = {name: getattr(new, name) for name in FREE if getattr(new, name) != getattr(plan, name)}
    if not changes:
        raise Invalid("这几项和原来一样，没有要改的", code="nothing_changed")
    if "schedule" in changes:
        _check_times(plan.schedule, new.schedule, now)
    if "steps" in changes:
        _follow(plan, new, changes, words)
    changed = plan.model_copy(update=changes)
    for text in (changed.message, changed.moment_text, *(gift.name for gift in changed.benefits if isinstance(gift, CouponBenefit))):
        refuse_forbidden(text)
    kept = {"questions": answered(plan, changes), "assumptions": tuple(still_true(plan.assumptions, changes))}
    return changed.model_copy(update=kept)


def _check_times(old: Schedule, new: Schedule, now: datetime) -> None:
    for name, word in (("send_at", "开始"), ("by", "最晚")):
        value = getattr(new, name)
        if value is not None and value != getattr(old, name) and parse_instant(value) <= now:
            raise Invalid(f"{word}时间已经过去了，请写一个以后的时间", code="time_past", field=name)
    if new.send_at and new.by and parse_instant(new.by) <= parse_instant(new.send_at):
        raise Invalid("最晚时间要在开始时间之后", code="times_crossed", field="by")


def _follow(plan: Plan, new: Plan, changes: dict[str, Any], words: Vocabulary) -> None:
    """Built-in words that name the gift follow a changed gift; words the operator has touched stay as they are."""
    template = _template(plan)
    if new.benefits != plan.benefits and _template(new) == template:
        followed = follow_gift(plan, new.benefits[0] if new.benefits else None, template, words)
        changes["steps"] = tuple(
            step.model_copy(update={"template": followed}) if isinstance(step, MessageStep) else step for step in new.steps
        )


def _template(plan: Plan) -> str:
    return next((step.template for step in plan.steps if isinstance(step, MessageStep)), "")
