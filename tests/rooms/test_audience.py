"""Segments select in SQL exactly whom they describe; snapshots are frozen, resumable and digested."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Invalid
from assistant.base.principal import system
from assistant.domain import audience, members
from assistant.domain.audience import All, AnyOf, Compare, Not, Rule, compare
from assistant.store import Feature, Instant, Store, Work
from tests.conftest import NOON

ME = system("test")
CITIES = ["上海", "杭州", ""]
TAGS = ["棉", "丝", "VIP"]


def _rows(column: str, kind: sa.types.TypeEngine[Any]) -> Any:
    """A feature over rows that the test itself knows."""

    def select(_now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
        rows = [(member, value) for member, value in WORLD[column] if value is not None]
        if arguments.get("category"):
            rows = [(member, value) for member, value in rows if member.endswith(str(arguments["category"]))]
        parts = [sa.select(sa.literal(member).label("member_id"), sa.literal(value, kind).label("value")) for member, value in rows]
        empty = sa.select(sa.literal("").label("member_id"), sa.literal(None, kind).label("value")).where(sa.false())
        return sa.select(sa.union_all(empty, *parts).subquery())

    return select


WORLD: dict[str, list[tuple[str, Any]]] = {
    "joined_at": [(f"m{n:02}", NOON - timedelta(days=n * 7)) for n in range(12)],
    "orders": [(f"m{n:02}", n % 4) for n in range(0, 12, 2)],
    "days_since": [(f"m{n:02}", n * 20) for n in range(0, 12, 3)],
    "city": [(f"m{n:02}", CITIES[n % 2]) for n in range(10)] + [("m10", None)],
    "tag": [(f"m{n:02}", tag) for n in range(12) for i, tag in enumerate(TAGS) if (n >> i) & 1],
    "last_seen": [(f"m{n:02}", NOON - timedelta(days=n * 10)) for n in range(0, 12, 2)],
    "blocked": [(f"m{n:02}", n == 3) for n in range(6)],
}
FEATURES = (
    Feature("joined_at", "入会时间", "instant", _rows("joined_at", Instant())),
    Feature("orders", "订单数", "number", _rows("orders", sa.Integer()), missing=0, arguments=("category",), unit="单"),
    Feature("days_since", "距上次下单天数", "number", _rows("days_since", sa.Integer()), unit="天"),
    Feature("city", "城市", "text", _rows("city", sa.String())),
    Feature("tag", "标签", "texts", _rows("tag", sa.String())),
    Feature("last_seen", "最近一次来访时间", "instant", _rows("last_seen", Instant())),
    Feature("blocked", "黑名单", "flag", _rows("blocked", sa.Boolean()), missing=False),
)
MISSING = {feature.name: feature.missing for feature in FEATURES}


@pytest.fixture(autouse=True)
def catalogue() -> None:
    audience.use(FEATURES)


def brute(rule: Rule, member: str) -> bool:
    """The plain meaning of a rule, value by value."""
    match rule:
        case All():
            return all(brute(part, member) for part in rule.rules)
        case AnyOf():
            return any(brute(part, member) for part in rule.rules)
        case Not():
            return not brute(rule.rule, member)
    rows = [value for one, value in WORLD[rule.feature] if one == member and value is not None]
    category = str(rule.arguments.get("category", ""))
    rows = rows if member.endswith(category) else []
    if rule.feature == "tag":
        return meets(rule, rows)
    value = rows[0] if rows else MISSING[rule.feature]
    return rule.op == "ne" if value is None else compares(rule, value)


def meets(rule: Compare, tags: list[str]) -> bool:
    wanted = rule.value if isinstance(rule.value, tuple) else (rule.value,)
    return rule.value not in tags if rule.op == "ne" else any(tag in wanted for tag in tags)


def compares(rule: Compare, value: Any) -> bool:
    wanted: Any = rule.value
    if rule.op == "within_days":
        return bool(NOON - timedelta(days=wanted) <= value <= NOON)
    if isinstance(value, datetime):
        wanted = [datetime.fromisoformat(one) for one in (wanted if isinstance(wanted, tuple) else (wanted,))]
        wanted = wanted if rule.op == "between" else wanted[0]
    table = {
        "eq": lambda: value == wanted,
        "ne": lambda: value != wanted,
        "in": lambda: value in wanted,
        "gt": lambda: value > wanted,
        "gte": lambda: value >= wanted,
        "lt": lambda: value < wanted,
        "lte": lambda: value <= wanted,
        "between": lambda: wanted[0] <= value <= wanted[1],
    }
    return bool(table[rule.op]())


numbers = st.integers(-5, 250)
instants = st.integers(-5, 130).map(lambda days: (NOON - timedelta(days=days)).isoformat())
order_ops = st.sampled_from(["gt", "gte", "lt", "lte"])
number_features = st.sampled_from(["orders", "days_since"])
leaves = st.one_of(
    st.builds(compare, number_features, st.sampled_from(["eq", "ne", "gt", "gte", "lt", "lte"]), numbers),
    st.builds(compare, number_features, st.just("between"), st.tuples(numbers, numbers)),
    st.builds(compare, number_features, st.just("in"), st.lists(numbers, min_size=1, max_size=3).map(tuple)),
    st.builds(lambda op, value: compare("orders", op, value, category="6"), order_ops, numbers),
    st.builds(compare, st.just("city"), st.sampled_from(["eq", "ne"]), st.sampled_from([*CITIES, "北京"])),
    st.builds(compare, st.just("city"), st.just("in"), st.lists(st.sampled_from(CITIES), min_size=1, max_size=2).map(tuple)),
    st.builds(compare, st.just("tag"), st.sampled_from(["eq", "ne", "contains"]), st.sampled_from([*TAGS, "无"])),
    st.builds(compare, st.just("tag"), st.just("in"), st.lists(st.sampled_from(TAGS), min_size=1, max_size=2).map(tuple)),
    st.builds(compare, st.sampled_from(["joined_at", "last_seen"]), st.just("within_days"), st.integers(1, 120)),
    st.builds(compare, st.sampled_from(["joined_at", "last_seen"]), order_ops, instants),
    st.builds(compare, st.just("blocked"), st.sampled_from(["eq", "ne"]), st.booleans()),
)
rules = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: All(rules=tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: AnyOf(rules=tuple(parts))),
        inner.map(lambda part: Not(rule=part)),
    ),
    max_leaves=8,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rule=rules)
def test_a_segment_selects_in_sql_whom_it_describes(store: Store, rule: Rule) -> None:
    audience.use(FEATURES)
    wanted = sorted(member for member, _ in WORLD["joined_at"] if brute(rule, member))
    assert store.look(audience.find, rule, "", 100) == wanted
    assert store.look(audience.count, rule) == len(wanted)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rule=rules)
def test_a_rule_survives_json_and_can_be_said_in_chinese(rule: Rule) -> None:
    audience.use(FEATURES)
    again = audience.catalogue().parse(rule.model_dump(mode="json"))
    assert again == rule
    assert audience.describe(rule)


def test_a_rule_is_said_as_an_operator_would() -> None:
    def say(rule: Rule) -> str:
        return audience.describe(rule)

    dormant = All(rules=(compare("city", "eq", "上海"), Not(rule=compare("last_seen", "within_days", 60))))
    assert say(dormant) == "城市是上海，且 60 天内没有来访"
    assert say(All()) == "全部会员"
    assert say(compare("orders", "gte", 2, category="6")) == "品类6的订单数不少于 2 单"
    assert say(AnyOf(rules=(compare("tag", "eq", "棉"), compare("blocked", "eq", False)))) == "标签有棉，或不是黑名单"
    assert say(compare("days_since", "between", (30, 60))) == "距上次下单天数在 30 天 到 60 天 之间"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"kind": "compare", "feature": "age", "op": "eq", "value": 1}, "没有“age”这个人群条件"),
        ({"kind": "compare", "feature": "city", "op": "gt", "value": "上海"}, "条件“城市”不支持“gt”"),
        ({"kind": "compare", "feature": "orders", "op": "gte", "value": "3"}, "条件“订单数”的值“3”不对，应是整数"),
        ({"kind": "compare", "feature": "orders", "op": "gte", "value": True}, "应是整数"),
        ({"kind": "compare", "feature": "orders", "op": "gte", "value": 1, "arguments": {"shop": "x"}}, "不认识参数“shop”"),
        ({"kind": "compare", "feature": "orders", "op": "between", "value": [1]}, "需要两个值"),
        ({"kind": "compare", "feature": "city", "op": "in", "value": "上海"}, "需要一组值"),
        ({"kind": "compare", "feature": "city", "op": "eq", "value": "上\x00海"}, "应是文字"),
        ({"kind": "compare", "feature": "last_seen", "op": "within_days", "value": 0}, "应是 1 到 3660 的天数"),
        ({"kind": "compare", "feature": "last_seen", "op": "gt", "value": "昨天"}, "应是带时区的时间"),
        ({"kind": "compare", "feature": "city", "op": "eq", "value": "上海", "sql": "1=1"}, "有不认识的字段"),
        ({"kind": "sql", "text": "1=1"}, "没有这种条件"),
        ({"kind": "any", "rules": []}, "值的类型或范围不对"),
        ([], "人群条件的“整体”写得不对"),
    ],
)
def test_a_rule_outside_the_language_is_refused_with_the_place(value: Any, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        audience.catalogue().parse(value)
    assert said in caught.value.say


def test_a_rule_too_deep_or_too_large_is_refused() -> None:
    deep: dict[str, Any] = {"kind": "compare", "feature": "orders", "op": "eq", "value": 1}
    for _ in range(2000):
        deep = {"kind": "not", "rule": deep}
    with pytest.raises(Invalid):
        audience.catalogue().parse(deep)
    leaf = compare("orders", "eq", 1)
    with pytest.raises(Invalid):
        audience.catalogue().check(All(rules=tuple(All(rules=(leaf,) * 16) for _ in range(8))))


def test_a_snapshot_is_frozen_in_steps_with_one_digest_whatever_the_steps(store: Store) -> None:
    rule = compare("orders", "gte", 0).model_dump(mode="json")
    whole = store.do(audience.freeze, audience.Freeze("whole", rule), ME)
    part = audience.Freeze("parts", rule, limit=5)
    steps = [store.do(audience.freeze, part, ME) for _ in range(4)]
    assert [step.frozen for step in steps] == [False, False, True, True]
    assert (steps[-1].digest, steps[-1].count) == (whole.digest, whole.count) == (steps[2].digest, 12)
    other = store.do(audience.freeze, audience.Freeze("other", compare("orders", "gte", 1).model_dump(mode="json")), ME)
    assert other.digest != whole.digest
    assert store.look(audience.page, whole.id, "m05", 3) == ["m06", "m07", "m08"]


def test_a_snapshot_stays_as_it_was_and_its_key_belongs_to_one_rule(store: Store, clock: ManualClock) -> None:
    rule = compare("last_seen", "within_days", 30).model_dump(mode="json")
    first = store.do(audience.freeze, audience.Freeze("k", rule), ME)
    clock.advance(timedelta(days=20))
    assert store.do(audience.freeze, audience.Freeze("k", rule), ME) == first
    with pytest.raises(Conflict):
        store.do(audience.freeze, audience.Freeze("k", All().model_dump(mode="json")), ME)


def test_tags_are_put_and_taken_in_sets_and_select_members(store: Store) -> None:
    audience.use((*members.FEATURES, *audience.FEATURES))

    def join(work: Work, count: int) -> list[str]:
        return [one.member_id for one in members.register(work, [members.Register(f"r{n}", f"M{n}") for n in range(count)])]

    one, two = store.do(join, 2, ME)
    tags = [audience.Tag("a", one, "偏爱棉质", "chat", 80), audience.Tag("b", two, "偏爱棉质"), audience.Tag("c", one, "VIP")]
    store.do(audience.tag, tags, ME)
    store.do(audience.tag, tags, ME)
    store.do(audience.untag, [audience.Tag("d", two, "偏爱棉质"), audience.Tag("e", two, "没有的")], ME)
    assert store.look(audience.find, compare("tag", "eq", "偏爱棉质")) == [one]
    assert [(tag.tag, tag.source, tag.confidence) for tag in store.look(audience.tags_of, [one])[one]] == [
        ("VIP", "staff", 100),
        ("偏爱棉质", "chat", 80),
    ]
    assert store.look(audience.tag_names) == [("VIP", 1), ("偏爱棉质", 1)]
    with pytest.raises(Invalid):
        store.do(audience.tag, [audience.Tag("f", one, "")], ME)
