"""A rule as a Chinese phrase that an operator can check before approving."""

from __future__ import annotations

from typing import Any

from assistant.base.clock import SHANGHAI, parse_instant
from assistant.base.money import format_yuan
from assistant.domain.audience.catalogue import Catalogue
from assistant.domain.audience.model import All, AnyOf, Compare, Not, Rule
from assistant.store import Feature

WORDS = {"eq": "是", "ne": "不是", "in": "是", "gt": "大于", "gte": "不少于", "lt": "少于", "lte": "不超过", "contains": "包含"}
INSTANT_WORDS = {"gt": "晚于", "gte": "不早于", "lt": "早于", "lte": "不晚于"}
ARGUMENT_WORDS = {"shop": "店铺", "source": "渠道", "category": "品类", "topic": "主题"}


def render(rule: Rule, catalogue: Catalogue) -> str:
    """For example ``城市是上海，且不满足“最近下单在 60 天内”``; an empty rule is ``全部会员``."""
    return _render(rule, catalogue, top=True)


def _render(rule: Rule, catalogue: Catalogue, *, top: bool = False) -> str:
    match rule:
        case All(rules=()):
            return "全部会员"
        case All() | AnyOf():
            joint = "，且" if isinstance(rule, All) else "，或"
            text = joint.join(_spaced(_render(part, catalogue)) for part in rule.rules).lstrip()
            return text if top or len(rule.rules) == 1 else f"（{text}）"
        case Not(rule=Compare() as part):
            return _negated(part, catalogue.feature(part.feature))
        case Not():
            inner = _render(rule.rule, catalogue)
            return f"除了{inner if inner.startswith('（') else f'（{inner}）'}"
        case _:
            return _compare(rule, catalogue.feature(rule.feature))


def _spaced(text: str) -> str:
    return f" {text}" if text[:1].isdigit() else text


def _negated(part: Compare, feature: Feature) -> str:
    if part.op == "within_days":
        return f"{part.value} 天内没有{_event(feature)}"
    if part.op == "eq":
        return _compare(part.model_copy(update={"op": "ne"}), feature)
    if part.op == "in":
        return _compare(part, feature).replace("是", "不是", 1)
    return f"除了（{_compare(part, feature)}）"


def _event(feature: Feature) -> str:
    return feature.label.removeprefix("最近一次").removeprefix("最近").removeprefix("上次").removesuffix("时间")


def _compare(part: Compare, feature: Feature) -> str:
    label = _narrowed(part, feature)
    if part.op == "within_days":
        return f"{part.value} 天内{_event(feature)}"
    if feature.kind == "flag":
        return label if (part.value is True) == (part.op == "eq") else f"不是{label}"
    if part.op == "between" and isinstance(part.value, tuple):
        return f"{label}在 {_value(part.value[0], feature)} 到 {_value(part.value[1], feature)} 之间"
    values = part.value if isinstance(part.value, tuple) else (part.value,)
    text = "、".join(_value(value, feature) for value in values)
    word = INSTANT_WORDS.get(part.op) if feature.kind == "instant" else WORDS[part.op]
    if feature.kind == "texts":
        word = "没有" if part.op == "ne" else "有" if part.op != "in" else "有其中之一："
        return f"{label}{word}{text}"
    return f"{label}{word}{' ' if text[:1].isdigit() else ''}{text}"


def _narrowed(part: Compare, feature: Feature) -> str:
    days = part.arguments.get("within_days")
    rest = [f"{ARGUMENT_WORDS.get(name, name)}{value}" for name, value in part.arguments.items() if name != "within_days"]
    return f"{f'{days} 天内' if days else ''}{'、'.join(rest)}{'的' if rest else ''}{feature.label}"


def _value(value: Any, feature: Feature) -> str:
    if feature.kind == "instant":
        return parse_instant(str(value)).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
    if feature.unit == "fen" or (feature.unit == "分" and "金额" in feature.label):
        return f"{format_yuan(value).removesuffix('.00')} 元"
    return f"{feature.words.get(str(value), value)}{' ' + feature.unit if feature.unit else ''}"
