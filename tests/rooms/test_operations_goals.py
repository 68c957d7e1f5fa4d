"""Chinese goals become exact plans; what cannot be assumed is asked; what the house does not do is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from assistant.base.errors import Invalid, Refused
from assistant.domain.audience import All, AnyOf, Compare, Not, Rule
from assistant.operations import Plan, Vocabulary, compile_goal, revise_plan
from assistant.operations.language import MessageStep

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
WORDS = Vocabulary(
    cards={"新人首单返现卡": "tpl_new", "生日返现卡": "tpl_birthday"},
    shops={"京东": ("棉语京东自营",), "抖音": ("棉语抖音直播间",)},
    groups={"棉语·宝妈互助群": "wr_mother"},
)


def say(rule: Rule) -> str:
    """A rule in one short line."""
    match rule:
        case Compare():
            more = "".join(f"[{name}={value}]" for name, value in sorted(rule.arguments.items()))
            value = "|".join(map(str, rule.value)) if isinstance(rule.value, tuple) else rule.value
            return f"{rule.feature}{more} {rule.op} {value}"
        case Not():
            return f"not({say(rule.rule)})"
        case All():
            return " & ".join(map(say, rule.rules)) or "everybody"
        case AnyOf():
            return f"({' | '.join(map(say, rule.rules))})"


def gift(plan: Plan) -> str:
    return ",".join("/".join(str(value) for value in benefit.model_dump().values()) for benefit in plan.benefits)


def compiled(goal: str) -> Plan:
    return compile_goal(goal, NOW, WORDS)


DORMANT = "order_count gte 1 & order_count[within_days={}] eq 0"
GOALS: list[tuple[str, str, dict[str, Any]]] = [
    (
        "唤醒 60 天没下单的棉质睡衣老客，预算 5000 元，周五前",
        DORMANT.format(60) + " & tag eq 偏爱棉质 & order_count[category=睡衣] gte 1",
        {"budget": 500_000, "by": "2026-11-27T13:00:00+00:00", "gift": "points/100", "holdout": 10, "kind": "marketing"},
    ),
    (
        "给上海的金卡会员发 50 积分生日祝福",
        "city eq 上海 & tier eq 金卡 & birthday_month eq 11",
        {"gift": "points/50", "budget": None, "kind": "care"},
    ),
    ("提醒积分快过期的会员", "points.expiring[within_days=30] gte 1", {"kind": "care", "budget": 0, "holdout": 0}),
    (
        "给买过文胸的女性会员发返现卡，预算2000元，留10%对照",
        "order_count[category=文胸] gte 1 & gender eq female",
        {"budget": 200_000, "holdout": 10, "questions": 1},
    ),
    ("唤醒三个月没买的老客户，每人送30积分，预算1万元", DORMANT.format(90), {"gift": "points/30", "budget": 1_000_000, "holdout": 10}),
    ("给黑金和白金会员发新品通知，明天上午10点发", "tier in 黑金|白金", {"send_at": "2026-11-23T02:00:00+00:00", "holdout": 10}),
    (
        "提醒7天内积分过期的会员，下午3点发",
        "points.expiring[within_days=7] gte 1",
        {"send_at": "2026-11-22T07:00:00+00:00", "kind": "care"},
    ),
    (
        "给本月生日的会员发生日返现卡，预算3000元，不要发给员工",
        "birthday_month eq 11",
        {"gift": "cashback_card/tpl_birthday", "budget": 300_000, "kind": "care"},
    ),
    ("给全体会员发上新通知，文案是“秋冬新款到了，来看看”", "everybody", {"text": "秋冬新款到了，来看看", "holdout": 10}),
    ("给最近30天买过睡衣的会员做穿着回访", "order_count[category=睡衣][within_days=30] gte 1", {"kind": "care"}),
    ("提醒没领返现的会员", "cashback.unclaimed gte 1", {"kind": "care"}),
    (
        "给杭州、上海和苏州的会员发20元优惠券，预算 2000 元，最多发 100 人",
        "city in 杭州|上海|苏州",
        {"gift": "coupon/20 元券/2000", "budget": 200_000, "people": 100, "holdout": 10},
    ),
    ("给新会员发50积分，预算500，不要对照组", "joined_at within_days 30", {"gift": "points/50", "budget": 50_000, "holdout": 0}),
    ("给积分超过1000的会员发新品通知，除了黑金会员", "points.available gt 1000", {"exclusions": ["tier eq 黑金"], "holdout": 10}),
    (
        "给消费满500元的女会员送100积分，预算 3000，周六晚上八点发",
        "order_amount gte 50000 & gender eq female",
        {"gift": "points/100", "budget": 300_000, "send_at": "2026-11-28T12:00:00+00:00", "holdout": 10},
    ),
    ("给京东的老客发10积分，预算100元", "shop in 棉语京东自营", {"gift": "points/10", "budget": 10_000, "holdout": 10}),
    ("唤醒沉睡会员", DORMANT.format(60), {"holdout": 10}),
    ("给“棉语·宝妈互助群”里的会员发 20 积分，预算200元", "group eq wr_mother", {"gift": "points/20", "budget": 20_000, "holdout": 10}),
    ("给带“偏爱真丝”标签的会员发新品，只用客服", "tag eq 偏爱真丝", {"channel": "kf", "holdout": 10}),
    (
        "给30天内来过的会员发感谢，留20%对照组，11月30日前",
        "last_inbound_at within_days 30",
        {"holdout": 20, "by": "2026-11-30T13:00:00+00:00"},
    ),
    ("给没买过文胸的会员推荐新款，不留对照", "order_count[category=文胸] eq 0", {"holdout": 0}),
    (
        "给入会30天内还没下单的会员送新人首单返现卡，预算2000元",
        "joined_at within_days 30 & order_count eq 0",
        {"gift": "cashback_card/tpl_new", "budget": 200_000, "holdout": 10},
    ),
    (
        "给12月生日的黑金会员送200积分，预算1000元，12月1日上午10点发",
        "tier eq 黑金 & birthday_month eq 12",
        {"gift": "points/200", "budget": 100_000, "send_at": "2026-12-01T02:00:00+00:00", "kind": "care"},
    ),
    ("唤醒半年没消费的会员", DORMANT.format(180), {"holdout": 10}),
    ("给上海的会员发积分", "city eq 上海", {"questions": 1, "holdout": 10}),
    ("发点福利", "everybody", {"questions": 2, "holdout": 10}),
    ("给买过3次以上的老客发答谢，走员工群发", "order_count gte 3", {"channel": "mass", "holdout": 10}),
    ("给14天内没来过的男会员做关怀回访", "not(last_inbound_at within_days 14) & gender eq male", {"kind": "care"}),
]


@pytest.mark.parametrize(("goal", "people", "parts"), GOALS, ids=[goal for goal, _, _ in GOALS])
def test_a_goal_becomes_exactly_this_plan(goal: str, people: str, parts: dict[str, Any]) -> None:
    plan = compiled(goal)
    assert say(plan.segment) == people
    found = {
        "budget": plan.budget_fen,
        "by": plan.schedule.by,
        "send_at": plan.schedule.send_at,
        "gift": gift(plan),
        "holdout": plan.holdout_percent,
        "kind": plan.kind,
        "people": plan.caps.people,
        "channel": plan.channel,
        "exclusions": [say(rule) for rule in plan.exclusions],
        "questions": len(plan.questions),
    }
    blank: dict[str, Any] = {"budget": 0, "by": None, "send_at": None, "gift": "", "holdout": 0, "kind": "marketing"}
    blank |= {"people": None, "channel": "auto", "exclusions": []}
    expected = blank | {"questions": 0} | {name: value for name, value in parts.items() if name != "text"}
    assert found == expected
    if "text" in parts:
        assert plan.steps[-1] == MessageStep(template=parts["text"])


@pytest.mark.parametrize(
    ("goal", "code"),
    [
        ("给五星好评的会员返现5元", "review_for_cash"),
        ("送 50 积分换好评", "review_for_cash"),
        ("做二级分销，拉人头返佣", "multi_level"),
        ("让会员发展下线", "multi_level"),
        ("给不同的人不同的价格", "personal_price"),
        ("老客涨价", "personal_price"),
        ("给未成年会员发券", "minors"),
        ("给16岁以下的会员发新品", "minors"),
        ("退订的也发，给所有人发新品", "opt_out_ignored"),
        ("绕过频次限制给所有人发新品", "opt_out_ignored"),
    ],
)
def test_a_goal_against_the_rules_is_refused_with_the_reason(goal: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        compiled(goal)
    assert caught.value.code == code


HARMLESS = ["给线下线上的会员都发新品", "给28岁以下的会员发新品", "给每个人送10积分，价值1元，预算100元", "给多级会员发新品"]


@pytest.mark.parametrize("goal", HARMLESS)
def test_a_harmless_goal_is_not_refused(goal: str) -> None:
    compiled(goal)


@pytest.mark.parametrize("goal", ["", "啊", "x" * 501])
def test_a_sentence_of_no_use_is_invalid(goal: str) -> None:
    with pytest.raises(Invalid):
        compiled(goal)


@pytest.mark.parametrize(
    ("goal", "phrase"),
    [
        ("给爱穿红色的上海会员发新品", "爱穿红色的"),
        ("给住在浦东的金卡会员发50积分，预算100元", "给住在浦东的"),
        ("给黑金会员发新品，但是别吵到宝妈", "但是别吵到宝妈"),
    ],
)
def test_what_was_not_understood_is_asked_and_never_passed_over(goal: str, phrase: str) -> None:
    plan = compiled(goal)
    assert len(plan.questions) == 1
    assert plan.questions[0].startswith("没有听懂")
    assert phrase in plan.questions[0]
    assert revise_plan(plan, "忽略", NOW, WORDS).questions == ()


def test_every_assumption_is_said() -> None:
    plan = compiled("唤醒 60 天没下单的棉质睡衣老客，预算 5000 元，周五前")
    assert plan.assumptions == (
        "“棉质”按标签“偏爱棉质”理解",
        "“睡衣老客”按买过睡衣理解",
        "没有说送什么，按每人 100 积分准备",
        "文案先用内置模板，可以说“文案改成……”",
        "批准后马上发，休息时间（21:00–09:00）顺延",
        "截止按 11月27日 21:00 理解，之后不再发",
        "默认留 10% 对照组，用来衡量效果",
    )


REVISIONS: list[tuple[str, dict[str, Any]]] = [
    ("预算改成3000", {"budget_fen": 300_000}),
    ("预算降到 1.5 千元", {"budget_fen": 150_000}),
    ("对照组 20%", {"holdout_percent": 20}),
    ("不留对照组", {"holdout_percent": 0}),
    ("最多发 50 人", {"people": 50}),
    ("明天上午10点发", {"send_at": "2026-11-23T02:00:00+00:00"}),
    ("周三前发完", {"by": "2026-11-25T13:00:00+00:00"}),
    ("只用客服发", {"channel": "kf"}),
    ("只要上海的", {"segment": "tier eq 金卡 & points.available gt 100 & city eq 上海"}),
    ("只要黑金的", {"segment": "points.available gt 100 & tier eq 黑金"}),
    ("不要发给黑金", {"exclusions": ["tier eq 黑金"]}),
    ("文案改成：天冷了，记得加衣", {"text": "天冷了，记得加衣"}),
    ("改成送 30 积分", {"gift": "points/30"}),
    ("不送积分了", {"gift": "", "budget_fen": 0}),
    ("用生日返现卡", {"gift": "cashback_card/tpl_birthday"}),
]


@pytest.mark.parametrize(("sentence", "change"), REVISIONS, ids=[sentence for sentence, _ in REVISIONS])
def test_a_revision_changes_what_it_says_and_nothing_else(sentence: str, change: dict[str, Any]) -> None:
    before = compiled("给积分超过100的金卡会员发 20 积分，预算 1000 元")
    assert shown(revise_plan(before, sentence, NOW, WORDS)) == shown(before) | change | _words(before, change)


def shown(plan: Plan) -> dict[str, Any]:
    return {
        "segment": say(plan.segment),
        "exclusions": [say(rule) for rule in plan.exclusions],
        "budget_fen": plan.budget_fen,
        "holdout_percent": plan.holdout_percent,
        "people": plan.caps.people,
        "send_at": plan.schedule.send_at,
        "by": plan.schedule.by,
        "channel": plan.channel,
        "gift": gift(plan),
        "text": plan.steps[-1].template if isinstance(plan.steps[-1], MessageStep) else "",
    }


def _words(before: Plan, change: dict[str, Any]) -> dict[str, str]:
    """The built-in words name the benefit and follow it."""
    named = {"points/30": "送您 30 积分，已放进账户。", "": "", "cashback_card/tpl_birthday": "送您一张生日返现卡，已放进卡包。"}
    if "gift" not in change:
        return {}
    return {"text": shown(before)["text"].replace("送您 20 积分，已放进账户。", named[change["gift"]])}


@pytest.mark.parametrize("sentence", ["今天天气不错", "？", ""])
def test_a_revision_that_says_nothing_is_answered_with_help(sentence: str) -> None:
    with pytest.raises(Invalid, match="没有听懂要改什么"):
        revise_plan(compiled("给金卡会员发新品"), sentence, NOW, WORDS)


def test_an_answer_closes_its_question() -> None:
    plan = compiled("给买过文胸的女性会员发返现卡，预算2000元")
    assert len(plan.questions) == 1
    plan = revise_plan(plan, "用新人首单返现卡", NOW, WORDS)
    assert (plan.questions, gift(plan)) == ((), "cashback_card/tpl_new")
    asked = compiled("发新品")
    assert revise_plan(asked, "发给上海的会员", NOW, WORDS).questions == ()


def test_a_revision_may_not_break_the_rules_either() -> None:
    with pytest.raises(Refused):
        revise_plan(compiled("给金卡会员发新品"), "文案改成：五星好评返现5元", NOW, WORDS)
