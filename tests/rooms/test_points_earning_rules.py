"""Rules of earning as pure functions: how they combine, that refunds sum, that no cap is passed, and what is said of a bad document."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.base.errors import Invalid
from assistant.domain.orders import Item, Order
from assistant.domain.points import in_words, rules_from
from assistant.domain.points.caps import CapKey, Room, Who, key_of
from assistant.domain.points.rules import Expiry, Rules, kept, quote, split
from tests.conftest import NOON

PROPERTY = settings(max_examples=80, deadline=None)
DAY = timedelta(days=1)
ELEVEN = {
    "id": "eleven",
    "title": "双11双倍",
    "times_percent": 200,
    "starts": "2026-11-20T00:00:00+08:00",
    "ends": "2026-11-23T00:00:00+08:00",
}
SLEEP = {"id": "sleep", "title": "睡衣三倍", "per_hundred": 300, "where": {"categories": ["睡衣"]}}


def order(paid: int, refund: int = 0, *items: tuple[str, int], shop: str = "店") -> Order:
    lines = tuple(Item(f"sku{n}", "", category, 1, fen) for n, (category, fen) in enumerate(items))
    return Order("o", "taobao", "T1", shop, "paid", "m", paid_fen=paid, total_fen=paid, refund_fen=refund, items=lines)


def earns(document: dict[str, Any], one: Order, tier: str = "普通", at: datetime = NOON) -> dict[str, int]:
    return quote(rules_from(document), one, tier, at).parts()


def test_each_line_earns_at_the_first_rate_that_covers_it_and_the_order_is_floored_once() -> None:
    one = order(10099, 0, ("睡衣", 5050), ("袜子", 3000))
    assert earns({"rates": [SLEEP]}, one) == {"base": 50, "sleep": 151}
    none = {"id": "none", "title": "睡衣不积分", "per_hundred": 0, "where": {"categories": ["睡衣"]}}
    assert earns({"rates": [none, SLEEP]}, one) == {"base": 50}
    assert earns({"rates": [{**SLEEP, "where": {"shops": ["别的店"]}}]}, one) == {"base": 100}


def test_the_best_multiplier_counts_once_and_bonuses_come_on_top() -> None:
    bonus = {"id": "gift", "title": "满百加送", "bonus": 20, "min_fen": 10000}
    document = {"tiers": {"金卡": 150}, "campaigns": [ELEVEN, bonus]}
    assert earns(document, order(10000), "金卡") == {"base": 100, "eleven": 100, "gift": 20}
    assert earns(document, order(10000), "金卡", NOON - 5 * DAY) == {"base": 100, "tier": 50, "gift": 20}
    assert earns(document, order(9999), "普通", NOON + 5 * DAY) == {"base": 99}


def test_a_campaign_multiplies_only_the_lines_it_covers() -> None:
    only = {**ELEVEN, "where": {"categories": ["睡衣"]}}
    assert earns({"campaigns": [only]}, order(10000, 0, ("睡衣", 4000), ("袜子", 6000))) == {"base": 100, "eleven": 40}


def test_lines_that_add_up_to_more_than_was_paid_share_what_was_paid() -> None:
    assert earns({"rates": [SLEEP]}, order(5000, 0, ("睡衣", 5000), ("袜子", 5000))) == {"base": 25, "sleep": 75}


RULES = st.fixed_dictionaries(
    {
        "per_hundred": st.integers(0, 350),
        "rates": st.sampled_from([[], [SLEEP]]),
        "tiers": st.sampled_from([{}, {"金卡": 133}]),
        "campaigns": st.sampled_from([[], [ELEVEN], [{"id": "gift", "title": "送", "bonus": 17}]]),
    }
)


@PROPERTY
@given(RULES, st.integers(1, 500_000), st.lists(st.integers(1, 200_000), max_size=6), st.integers(0, 10_000))
def test_what_refunds_take_back_sums_exactly_to_what_was_earned(document: dict[str, Any], paid: int, refunds: list[int], cap: int) -> None:
    whole = order(paid, 0, ("睡衣", paid // 3), ("袜子", paid // 2))
    quoted = quote(rules_from(document), whole, "金卡", NOON)
    for granted in (quoted.total, min(cap, quoted.total)):
        net, left, taken = paid, kept(quoted, granted, paid, paid), 0
        assert left == granted
        for refund in [*refunds, paid]:
            net = max(0, net - refund)
            now = kept(quoted, granted, net, paid)
            assert 0 <= now <= left
            taken, left = taken + left - now, now
            assert abs(left - granted * net / paid) < 2
        assert (left, taken) == (0, granted)


@PROPERTY
@given(RULES, st.integers(1, 500_000))
def test_the_parts_of_the_rules_sum_to_the_floor_of_the_exact_sum(document: dict[str, Any], paid: int) -> None:
    quoted = quote(rules_from(document), order(paid, 0, ("睡衣", paid // 3)), "金卡", NOON)
    assert sum(quoted.parts().values()) == quoted.total == sum(quoted.exact.values()) // 1_000_000
    assert all(abs(part - quoted.exact[name] / 1_000_000) < 2 for name, part in quoted.parts().items())


CAPS = {
    "behaviours": [
        {"id": "look", "title": "逛逛", "event": "look", "points": 7},
        {"id": "share", "title": "分享", "event": "share", "points": 5},
    ],
    "caps": [
        {"id": "one", "title": "逛逛每日上限", "points": 20, "rules": ["look"]},
        {"id": "me", "title": "每日上限", "points": 33},
        {"id": "home", "title": "家庭每月上限", "points": 50, "who": "household", "every": "month"},
        {"id": "all", "title": "活动预算", "points": 90, "who": "all", "every": "ever"},
    ],
}


@PROPERTY
@given(
    st.lists(st.tuples(st.sampled_from(["look", "share", "base"]), st.integers(0, 3), st.integers(0, 40), st.integers(1, 30)), max_size=60)
)
def test_no_cap_is_ever_passed_whatever_comes_in_whatever_order(told: list[tuple[str, int, int, int]]) -> None:
    rules, room = rules_from(CAPS), Room()
    given_out: dict[CapKey, int] = defaultdict(int)
    for rule, member, day, points in told:
        who, at = Who(f"m{member}", "h" if member < 2 else ""), NOON + day * DAY
        drawn = room.draw(rules, {rule: points}, who, at)[rule]
        assert 0 <= drawn <= points
        for cap in rules.caps:
            if not cap.rules or rule in cap.rules:
                given_out[key_of(cap, who, at)] += drawn
        if drawn < points:
            assert room.cut
    limits = {cap.id: cap.points for cap in rules.caps}
    assert all(given <= limits[key.cap] for key, given in given_out.items())


def test_the_room_of_a_cap_goes_to_the_rules_in_their_order() -> None:
    room = Room()
    assert room.draw(rules_from(CAPS), {"base": 30, "look": 30}, Who("m"), NOON) == {"base": 30, "look": 3}
    assert room.cut == ["逛逛每日上限", "每日上限", "家庭每月上限"]


@pytest.mark.parametrize(
    ("expiry", "ends"),
    [
        ({}, datetime(2027, 11, 22, 4, tzinfo=UTC)),
        ({"mode": "fixed"}, datetime(2027, 12, 31, 16, tzinfo=UTC)),
        ({"mode": "fixed", "after": 0}, datetime(2026, 12, 31, 16, tzinfo=UTC)),
        ({"mode": "fixed", "unit": "month", "after": 3}, datetime(2027, 2, 28, 16, tzinfo=UTC)),
        ({"mode": "fixed", "unit": "month", "after": 1}, datetime(2026, 12, 31, 16, tzinfo=UTC)),
        ({"mode": "inactivity", "days": 10}, NOON + 10 * DAY),
        ({"mode": "never"}, None),
    ],
)
def test_points_end_as_the_mode_says(expiry: dict[str, Any], ends: datetime | None) -> None:
    assert Expiry(**expiry).end_of(NOON) == ends


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "不是有效的 JSON"),
        ([], "要写成"),
        ({"per_yuan": 1}, "“per_yuan”不认识这一项"),
        ({"per_hundred": 1.5}, "“每百元积分”要写成整数"),
        ({"per_hundred": "１００"}, "“每百元积分”要写成整数"),
        ({"per_hundred": -1}, "不能小于 0"),
        ({"per_hundred": 10**18}, "不能大于 100000"),
        ({"campaigns": [ELEVEN, {**ELEVEN, "id": "b", "starts": "2026-11-20 00:00"}]}, "“活动的第 2 项的开始时间”要带时区"),
        ({"campaigns": [{**ELEVEN, "starts": "明天"}]}, "不是有效的时间"),
        ({"campaigns": [{**ELEVEN, "ends": "2026-11-01T00:00:00+08:00"}]}, "开始时间要早于结束时间"),
        ({"rates": [SLEEP, SLEEP]}, "id 不能重复"),
        ({"rates": [{**SLEEP, "id": "base"}]}, "也不能叫 base"),
        ({"caps": [{"id": "c", "title": "上限", "points": 1, "rules": ["nobody"]}]}, "指向的规则“nobody”不存在"),
        ({"tiers": {"金卡": 50}}, "不能小于 100"),
        ({"expiry": {"mode": "sometimes"}}, "只能是 'rolling'"),
        ({"behaviours": [{"id": "Look", "title": "逛", "event": "look", "points": 1}]}, "只能用小写字母"),
        ({"behaviours": [{"id": "look", "event": "look", "points": 1}]}, "“行为的第 1 项的名称”没有填"),
    ],
)
def test_a_bad_document_is_refused_in_words_that_name_the_place(document: Any, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        rules_from(document)
    assert said in refused.value.say
    assert refused.value.code == "bad_rules"


def test_rules_read_as_sentences() -> None:
    document = {
        "rates": [SLEEP],
        "tiers": {"金卡": 150},
        "campaigns": [ELEVEN],
        "caps": CAPS["caps"][1:2],
        "behaviours": CAPS["behaviours"][:1],
    }
    assert in_words(rules_from(document)) == [
        "每消费 1 元得 1 积分",
        "睡衣三倍：（睡衣）每消费 1 元得 3 积分",
        "金卡会员下单积分 1.5 倍",
        "双11双倍：2026-11-20 00:00 到 2026-11-23 00:00，下单，双倍积分",
        "逛逛：每次得 7 积分",
        "每日上限：每位会员每天最多从消费和行为得 33 积分",
        "订单的积分在确认收货 7 天后生效",
        "积分生效后 365 天到期",
    ]


def test_the_example_of_the_page_on_rules_is_valid() -> None:
    page = (Path(__file__).parents[2] / "docs" / "points.md").read_text(encoding="utf-8")
    assert len(rules_from(page.split("```json\n")[1].split("```")[0]).caps) == 3


def test_an_order_of_nothing_earns_nothing() -> None:
    assert quote(Rules(), order(0), "", NOON).parts() == {} == split(0, {"base": 0})
    assert earns({"campaigns": [{"id": "gift", "title": "送", "bonus": 17}]}, order(0)) == {}
