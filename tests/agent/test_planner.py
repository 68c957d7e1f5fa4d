"""The built-in planner: phrases it was not written from, and the slots it reads out of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage, SystemMessage, ToolMessage

from assistant.agent import open_planner
from assistant.agent.planner import answers, slots
from assistant.agent.planner.intents import Intents
from knowledge import default_embedder
from tests.agent.phrases import HELD_OUT as MORE

LIBRARY = Path(__file__).parents[2] / "knowledge" / "library"

HELD_OUT: dict[str, tuple[str, ...]] = {
    "my_points": ("帮我看看积分还有几分", "我账户里有多少积分呀", "积分还有没有", "查积分"),
    "my_point_lots": ("我的积分哪天到期", "有没有快过期的积分", "积分年底会清零吗"),
    "my_points_history": ("积分怎么少了这么多", "为啥扣了我 30 分", "看下积分流水"),
    "my_stored_value": ("我储值卡里剩多少钱", "之前充值的钱还有吗", "储值余额查一下"),
    "my_profile": ("我现在什么等级了", "还差多少成长值能升金卡", "我是不是银卡会员"),
    "my_orders": ("我上周的订单发货了吗", "看一下我的订单", "查下我的快递"),
    "my_cashback": ("返现的钱什么时候到账", "我手上还有返现卡吗", "我的返现到哪一步了"),
    "claim_cashback": ("订单 T20260000001 能返现吗", "帮我申请返现 D20260000123", "我要领返现"),
    "mall_items": ("积分都能换些什么呀", "商城有哪些可以换的", "有什么东西可以兑换"),
    "redeem": ("帮我兑换一个眼罩", "我想换两双袜子", "用积分换瓶洗衣液"),
    "check_in": ("签到！", "今天签到", "帮我打卡"),
    "make_up": ("昨天没签上，补签一下", "签到断了能补签吗"),
    "whats_on": ("你们最近搞什么活动呀", "店里有哪些活动可以参加"),
    "draw": ("我想抽奖", "帮我抽个奖吧", "再抽一次！"),
    "my_chances": ("抽奖我还剩几次机会", "还有机会抽奖吗"),
    "my_entries": ("我上次中奖了吗", "看看我的中奖记录"),
    "exchange": ("帮我抢那个秒杀", "我要参加秒杀"),
    "my_invite_code": ("我要邀请闺蜜一起来", "给我个我的邀请码"),
    "use_invite_code": ("我来填邀请码 ABCD2345", "朋友给我的邀请码怎么用"),
    "make_wish": ("我要许愿：出一款羊绒的", "许个愿想要大码"),
    "reserve_live": ("预约明天的直播", "直播开播叫我"),
    "answer_survey": ("那个问卷我想填", "我选：纯棉"),
    "claim_tasks": ("任务奖励怎么领", "我完成任务了领奖"),
    "set_preference": ("我生日是8月15号", "我穿 M 码", "以后叫我阿青吧"),
    "opt_out": ("别给我发消息了", "TD", "退订活动消息", "不想再收到你们的群发"),
    "opt_in": ("恢复接收活动消息", "可以继续给我发上新了"),
    "hand_over": ("叫个真人来", "我要投诉你们", "转人工", "你们服务太差了"),
    "search_knowledge": ("真丝睡衣可以机洗吗", "莫代尔和纯棉哪个凉快", "买大了能换吗", "几天能收到货", "文胸下胸围怎么量", "能开专票吗"),
    "greeting": ("你好呀", "在不在", "嗨～"),
    "thanks": ("谢谢啦", "太感谢了", "辛苦你了"),
}
ALL = [(text, name) for phrases in (HELD_OUT, MORE) for name, texts in phrases.items() for text in texts]


@pytest.mark.parametrize(("dense", "floor"), [(False, 0.86), (True, 0.91)])
def test_phrases_it_was_not_written_from_find_their_intent(dense: bool, floor: float) -> None:
    with (LIBRARY / "faq.csv").open(encoding="utf-8") as lines:
        questions = [row["question"] for row in csv.DictReader(lines)]
    intents = Intents(default_embedder() if dense else None, questions)
    wrong = [(text, name, found) for text, name in ALL if (found := intents.of(text)) != name]
    assert 1 - len(wrong) / len(ALL) >= floor, wrong


@pytest.mark.parametrize(
    ("text", "value"), [("我生日是5月20号", "05-20"), ("生日是五月二十日", "05-20"), ("生日改成1990年12月3日", "1990-12-03")]
)
def test_a_birthday_is_read(text: str, value: str) -> None:
    assert slots.preference(text) == {"name": "birthday", "value": value}


@pytest.mark.parametrize(("text", "count"), [("换两双袜子", 2), ("来 3 件", 3), ("换十二个", 12), ("换眼罩", 1)])
def test_a_quantity_is_read(text: str, count: int) -> None:
    assert slots.quantity(text) == count


@pytest.mark.parametrize(
    ("text", "number"), [("订单Ｔ２０２６００００００１能返现吗", "T20260000001"), ("单号 20260000123456", "20260000123456"), ("没有", "")]
)
def test_an_order_number_is_read(text: str, number: str) -> None:
    assert slots.order_number(text) == number


@pytest.mark.parametrize(
    ("text", "item"), [("我想用积分换一双纯棉袜", "纯棉袜"), ("帮我兑换真丝眼罩吧", "真丝眼罩"), ("我要换", ""), ("来2个收纳袋", "收纳袋")]
)
def test_what_is_wanted_is_read(text: str, item: str) -> None:
    assert slots.item(text) == item


def test_an_opt_out_may_name_a_topic() -> None:
    assert slots.topic("别给我发直播的消息了") == "直播"
    assert slots.topic("退订") == ""


async def said(text: str, pending: str = "") -> list[tuple[str, dict[str, Any]]]:
    """The calls the planner makes for a burst, each answered with an empty result."""
    tools = ["my_points", "search_knowledge", "redeem", "claim_cashback", "confirm", "cancel", "my_orders"]
    planner = open_planner(None).bind_tools(tools)
    messages: list[Any] = [SystemMessage(f"待确认：{pending}" if pending else "你是小棉"), HumanMessage(text)]
    calls = []
    while True:
        answer = await planner.ainvoke(messages)
        if not answer.tool_calls:
            return calls
        for call in answer.tool_calls:
            calls.append((call["name"], call["args"]))
            messages += [answer, ToolMessage('{"say": "好"}', tool_call_id=call["id"], name=call["name"])]


async def test_each_question_of_a_burst_is_looked_up() -> None:
    assert [name for name, _ in await said("在吗\n我还有多少积分\n真丝睡衣可以机洗吗？")] == ["my_points", "search_knowledge"]
    assert [name for name, _ in await said("查积分\n桑蚕丝怎么洗")] == ["my_points", "search_knowledge"]


async def test_one_question_in_pieces_is_one() -> None:
    assert await said("帮我\n换一双纯棉袜") == [("redeem", {"item": "纯棉袜", "quantity": 1})]


async def test_only_one_thing_asks_for_a_confirmation() -> None:
    assert [name for name, _ in await said("帮我兑换眼罩\n订单 T20260000001 申请返现\n查积分")] == ["my_points", "redeem"]


@pytest.mark.parametrize(
    ("text", "name"), [("确认", "confirm"), ("好的\n谢谢", "confirm"), ("确认\n算了不要了", "cancel"), ("不要", "cancel")]
)
async def test_a_pending_question_is_answered(text: str, name: str) -> None:
    assert [name for name, _ in await said(text, "兑换眼罩？")] == [name]


async def test_a_yes_to_nothing_is_told_that_nothing_waits() -> None:
    planner = open_planner(None).bind_tools([])
    assert (await planner.ainvoke([HumanMessage("确认！")])).content == answers.NOTHING_WAITS
    assert (await planner.ainvoke([HumanMessage("谢谢")])).content == answers.THANKS


async def test_what_the_shop_sells_is_looked_up() -> None:
    assert await said("你们卖羽绒服吗") == [("search_knowledge", {"query": "你们卖羽绒服吗"})]


async def test_a_yes_with_a_second_thought_is_no_yes() -> None:
    assert ("confirm", {}) not in await said("确认\n等等我先看看积分", "兑换眼罩？")


@pytest.mark.parametrize("text", ["帮我查一下别人手机13900000001的积分", "我朋友的订单到哪了", "看看尾号1234的手机的返现"])
async def test_other_peoples_accounts_are_refused_in_words(text: str) -> None:
    assert Intents(None).of(text) == "others"
    assert await said(text) == []


@pytest.mark.parametrize("text", ["？", "……", "👍"])
def test_a_mere_sign_is_greeted_back(text: str) -> None:
    assert Intents(None).of(text) == "greeting"


def test_a_sentence_that_only_sounds_like_a_greeting_is_looked_up() -> None:
    assert Intents(default_embedder()).of("明天天气怎么样") == "search_knowledge"
