"""What members read about points: which rule gave what, how points are earned, and an order that becomes points."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistant.agent.planner import answers
from assistant.agent.planner.intents import Intents
from assistant.base.clock import ManualClock
from assistant.base.principal import Principal
from assistant.domain import events, points
from assistant.flows import behaviour
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.points_help import put_live
from tests.rooms.test_points import ANNA, DAY, ME, held, said, tell
from tools import points as tools
from tools.context import Nothing, ToolContext
from tools.toolbox import GROUP

DOUBLE = {"id": "double", "title": "双倍积分活动", "times_percent": 200, "ends": "2026-11-30T00:00:00+08:00"}


def context(store: Store) -> ToolContext:
    return ToolContext(store, Principal("member", ANNA), ANNA, "c", "t", (), None, None)


def ask(store: Store, body: Any, arguments: Any = None, key: str = "k") -> tuple[dict[str, Any], str]:
    """What the tool found, and how the planner says it."""
    result = asyncio.run(body(context(store), arguments or Nothing(), key))
    data = {**result.data, **({"say": result.say} if result.say else {})}
    return data, answers.answer(body.__name__, data)


def test_the_history_says_which_rule_gave_what_and_no_line_reads_plus_nothing(store: Store, clock: ManualClock) -> None:
    put_live(store, {"campaigns": [DOUBLE]})
    tell(store, said("paid", 5000), said("finished", 5000))
    clock.advance(7 * DAY)
    store.do(lambda work, _none: points.mature(work), None, ME)
    _data, words = ask(store, tools.my_points_history, tools.Limit())
    assert "双倍积分活动 +50" in words
    assert "订单 T1 的 100 积分已生效" in words
    assert "+100 分" in words
    assert "+0" not in words


def test_the_live_rules_are_told_in_words_and_what_is_over_is_left_out(store: Store, clock: ManualClock) -> None:
    put_live(store, {"per_hundred": 200, "campaigns": [DOUBLE]})
    _data, words = ask(store, tools.points_rules)
    assert "每消费 1 元得 2 积分" in words
    assert "双倍积分活动" in words
    clock.advance(30 * DAY)
    assert "双倍积分活动" not in ask(store, tools.points_rules)[1]
    assert "points_rules" in GROUP


def test_an_order_number_becomes_points_and_a_wrong_one_says_nothing_of_anybody(store: Store) -> None:
    tell(store, said("paid", 12999, order_no="T1001", member=""), said("paid", order_no="T1002", member="member_bell"))
    assert "129 积分" in ask(store, tools.claim_points, tools.OrderNumber(order_no="T1001"))[1]
    foreign = ask(store, tools.claim_points, tools.OrderNumber(order_no="T1002"), "k2")[1]
    unknown = ask(store, tools.claim_points, tools.OrderNumber(order_no="T9999"), "k3")[1]
    assert foreign == unknown == "没有找到可以登记的这个订单，请核对订单号和店铺"
    assert held(store) == (129, 0)


def test_points_set_aside_are_told(store: Store) -> None:
    store.do(points.grant, [points.Grant("g", ANNA, 100, "赠送")], ME)
    store.do(points.reserve, [points.Reserve("r", ANNA, 30, "兑换")], ME)
    assert "另有 30 积分正在兑换中" in ask(store, tools.my_points)[1]


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("怎么赚积分", "points_rules"),
        ("积分怎么攒", "points_rules"),
        ("现在有双倍积分吗", "points_rules"),
        ("如何获得更多积分", "points_rules"),
        ("我在淘宝的订单 T20261101 转积分", "claim_points"),
        ("订单号 D20260000123 帮我登记积分", "claim_points"),
        ("我有多少积分", "my_points"),
        ("积分怎么少了", "my_points_history"),
        ("订单 T20260000001 能返现吗", "claim_cashback"),
    ],
)
def test_questions_about_earning_find_their_tool(text: str, intent: str) -> None:
    assert Intents(None).of(text) == intent


def event(number: int, member: str = ANNA, name: str = "直播签到") -> events.Event:
    return events.Event(f"e{number}", "s", "track", name, member, True, NOON, NOON, {"new": True})


def test_events_that_a_rule_names_become_points_and_others_do_not(store: Store) -> None:
    put_live(store, {"behaviours": [{"id": "live", "title": "看直播", "event": "直播签到", "points": 8, "where": {"new": True}}]})
    told = [event(1), event(2), event(3, name="别的")]
    for _time in range(2):
        store.do(behaviour.earn, told, ME)
    assert held(store) == (0, 16)
