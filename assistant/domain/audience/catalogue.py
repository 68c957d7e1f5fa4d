"""What members may be selected by: the features of all rooms, and the checking of a rule against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assistant.base.clock import parse_instant
from assistant.base.errors import Invalid
from assistant.domain.audience.model import MOST_DEPTH, MOST_RULES, All, AnyOf, Compare, Not, Rule
from assistant.store import Feature

RULE: TypeAdapter[Rule] = TypeAdapter(Rule)
EVERYONE = "joined_at"
"""The feature that has a row for every member: the universe that a rule selects from."""

OPS: Mapping[str, frozenset[str]] = {
    "number": frozenset({"eq", "ne", "in", "gt", "gte", "lt", "lte", "between"}),
    "text": frozenset({"eq", "ne", "in"}),
    "texts": frozenset({"eq", "ne", "in", "contains"}),
    "instant": frozenset({"gt", "gte", "lt", "lte", "between", "within_days"}),
    "flag": frozenset({"eq", "ne"}),
}


class Catalogue:
    """Features by name. ``everyone`` names the feature with a row for every member."""

    def __init__(self, features: Sequence[Feature], everyone: str = EVERYONE) -> None:
        self.features = {feature.name: feature for feature in features}
        self.everyone = self.features[everyone]

    def feature(self, name: str, where: str = "") -> Feature:
        """The feature; raises Invalid with the nearest help if there is none."""
        found = self.features.get(name)
        if found is None:
            raise Invalid(f"{where}没有“{name}”这个人群条件，可用的有：{'、'.join(sorted(self.features))}", code="no_feature", feature=name)
        return found

    def parse(self, value: Any) -> Rule:
        """A rule from JSON, checked against the features; raises Invalid naming the place."""
        try:
            rule = RULE.validate_python(value)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise Invalid(f"人群条件的“{place or '整体'}”写得不对：{_say(first['type'])}", code="bad_segment", field=place) from error
        except RecursionError as error:
            raise Invalid("人群条件嵌套得太深", code="segment_too_deep") from error
        self.check(rule)
        return rule

    def check(self, rule: Rule) -> None:
        """Raises Invalid with a sentence that names the condition at fault."""
        parts = list(_walk(rule, 1))
        if len(parts) > MOST_RULES or max(depth for _, depth in parts) > MOST_DEPTH:
            raise Invalid(f"人群条件最多 {MOST_RULES} 条、{MOST_DEPTH} 层，请拆小一些", code="segment_too_large")
        for part, _ in parts:
            if isinstance(part, Compare):
                self._check(part)

    def _check(self, part: Compare) -> None:
        feature = self.feature(part.feature)
        where = f"条件“{feature.label}”"
        if part.op not in OPS[feature.kind]:
            raise Invalid(f"{where}不支持“{part.op}”这种比较", code="bad_op", field=part.feature)
        unknown = set(part.arguments) - set(feature.arguments)
        if unknown:
            raise Invalid(f"{where}不认识参数“{min(unknown)}”", code="bad_argument", field=part.feature)
        for name, value in part.arguments.items():
            _check_argument(where, name, value)
        many = part.op in ("in", "between")
        if many != isinstance(part.value, tuple) or (part.op == "between" and len(part.value) != 2):  # type: ignore[arg-type]
            want = "两个值（从、到）" if part.op == "between" else "一组值" if many else "一个值"
            raise Invalid(f"{where}的“{part.op}”需要{want}", code="bad_value", field=part.feature)
        for value in part.value if isinstance(part.value, tuple) else (part.value,):
            _check_value(where, feature, part.op, value)


def _check_argument(where: str, name: str, value: Any) -> None:
    if name.endswith("days") and (isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= 3660):
        raise Invalid(f"{where}的参数“{name}”应是 1 到 3660 的天数", code="bad_argument", field=name)
    if isinstance(value, str) and not _plain(value):
        raise Invalid(f"{where}的参数“{name}”含有不能使用的字符", code="bad_argument", field=name)


def _check_value(where: str, feature: Feature, op: str, value: Any) -> None:
    number = isinstance(value, int) and not isinstance(value, bool)
    if op == "within_days":
        good = number and 0 < value <= 3660
    elif feature.kind == "number":
        good = number
    elif feature.kind == "flag":
        good = isinstance(value, bool)
    elif feature.kind == "instant":
        good = isinstance(value, str) and _is_instant(value)
    else:
        good = isinstance(value, str) and _plain(value)
    if not good:
        want = {"number": "整数", "flag": "是或否", "instant": "带时区的时间"}.get(feature.kind, "文字")
        raise Invalid(
            f"{where}的值“{value}”不对，应是{' 1 到 3660 的天数' if op == 'within_days' else want}", code="bad_value", field=feature.name
        )


def _is_instant(value: str) -> bool:
    try:
        parse_instant(value)
    except (ValueError, OverflowError):
        return False
    return True


def _plain(value: str) -> bool:
    """No NUL and no lone surrogate, which a database would refuse."""
    return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _walk(rule: Rule, depth: int) -> Iterator[tuple[Rule, int]]:
    yield rule, depth
    if depth > MOST_DEPTH:
        return
    if isinstance(rule, (All, AnyOf)):
        for part in rule.rules:
            yield from _walk(part, depth + 1)
    elif isinstance(rule, Not):
        yield from _walk(rule.rule, depth + 1)


def _say(kind: str) -> str:
    words = {
        "extra_forbidden": "有不认识的字段",
        "missing": "缺少这个字段",
        "union_tag_invalid": "没有这种条件",
        "union_tag_not_found": "缺少 kind",
    }
    return words.get(kind, "值的类型或范围不对")


_in_use: list[Catalogue] = []


def use(features: Sequence[Feature]) -> None:
    """Sets the features that rules are checked and compiled against in this process; called once by ``app`` (and by tests)."""
    _in_use[:] = [Catalogue(features)]


def catalogue() -> Catalogue:
    """The features in use; raises Invalid before ``use`` was called."""
    if not _in_use:
        raise Invalid("还没有登记任何人群条件", code="no_catalogue")
    return _in_use[0]
