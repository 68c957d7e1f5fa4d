"""What is wrong with a rules document, in one Chinese sentence that names the place. Not for the rules themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

PLACES = {
    "title": "名称",
    "per_hundred": "每百元积分",
    "rates": "分类和渠道",
    "tiers": "等级倍数",
    "plans": "付费方案倍数",
    "campaigns": "活动",
    "behaviours": "行为",
    "caps": "上限",
    "wait_days": "生效天数",
    "grace_days": "宽限天数",
    "expiry": "有效期",
    "fen_per_hundred": "每百积分成本",
    "times_percent": "倍数",
    "bonus": "加送",
    "min_fen": "满额",
    "starts": "开始时间",
    "ends": "结束时间",
    "where": "条件",
    "event": "事件名",
    "points": "积分",
    "who": "对象",
    "every": "周期",
    "rules": "规则",
    "mode": "方式",
    "days": "天数",
    "unit": "单位",
    "after": "之后几个",
}

_SAID: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": lambda _about: "没有填",
    "extra_forbidden": lambda _about: "不认识这一项，请删掉或改正名字",
    "int_type": lambda _about: "要写成整数（不带引号、小数和全角数字）",
    "int_from_float": lambda _about: "要写成整数（不带引号、小数和全角数字）",
    "bool_type": lambda _about: "要写成 true 或 false",
    "string_type": lambda _about: "要写成文字",
    "tuple_type": lambda _about: "要写成列表 […]",
    "dict_type": lambda _about: "要写成 {…}",
    "model_type": lambda _about: "要写成 {…}",
    "model_attributes_type": lambda _about: "要写成 {…}",
    "greater_than_equal": lambda about: f"不能小于 {about['ge']}",
    "less_than_equal": lambda about: f"不能大于 {about['le']}",
    "string_too_short": lambda _about: "不能为空",
    "string_too_long": lambda about: f"最多 {about['max_length']} 个字",
    "too_long": lambda about: f"最多 {about['max_length']} 项",
    "string_pattern_mismatch": lambda _about: "只能用小写字母、数字和下划线，以字母开头",
    "literal_error": lambda about: f"只能是 {about['expected'].replace(' or ', '、')}",
    "timezone_aware": lambda _about: "要带时区，例如 2026-11-11T00:00:00+08:00",
    "value_error": lambda about: str(about["error"]),
}


def sentence(error: ValidationError) -> tuple[str, str]:
    """(place, sentence) of the first thing that is wrong."""
    first = error.errors()[0]
    kind, about = first["type"], first.get("ctx", {})
    if kind == "json_invalid":
        return "", f"积分规则不是有效的 JSON，请检查括号、引号和逗号（{about.get('error', '')}）"
    place = ".".join(str(part) for part in first["loc"])
    if kind.startswith("datetime"):
        said = "不是有效的时间，例如 2026-11-11T00:00:00+08:00"
    else:
        make = _SAID.get(kind)
        said = make(about) if make else f"写得不对（{kind}）"
    where = "的".join(f"第 {part + 1} 项" if isinstance(part, int) else PLACES.get(part, part) for part in first["loc"])
    return place, f"积分规则{'“' + where + '”' if where else ''}{said}" + (f"（{place}）" if place else "")
