"""The operator's chat: a goal becomes a plan with its preview, and only words that name a plan approve it."""

from __future__ import annotations

import re

import pytest

from assistant import operations
from assistant.base.principal import Principal
from assistant.channels.message import Address
from assistant.dialogue.closing import Close
from assistant.dialogue.conversation import Conversation
from assistant.dialogue.desk import Desk
from assistant.dialogue.opening import Opened
from assistant.dialogue.who import Speaker
from assistant.domain import members
from assistant.store import Store
from assistant.wecom import cards
from tests.conftest import NOON
from tests.rooms.test_operations_world import BOSS, MAKER, ME, people

GOAL = "给上海的会员送 20 积分，文案“天冷了，注意保暖”，预算 500 元"


class Chat:
    """Says one thing after the other to the desk."""

    def __init__(self, store: Store) -> None:
        self.desk = Desk(store)
        self.turns = 0

    async def say(self, text: str, who: Principal = MAKER) -> str:
        return (await self.close(text, who)).text

    async def close(self, text: str, who: Principal = MAKER, channel: str = "app") -> Close:
        self.turns += 1
        address = Address(channel, "1000002", who.id)
        talk = Conversation(f"c_{who.id}", channel, address, "", who.id, "", None, True, NOON)
        opened = Opened(f"turn_{self.turns}", talk, Speaker(who), ("in_1",), (text,), ("text",), (), None, {}, {})
        return await self.desk(opened)


@pytest.fixture
def chat(store: Store) -> Chat:
    people(store, 5)
    return Chat(store)


def code_in(text: str) -> str:
    found = re.search(r"批准 ([0-9a-f]{8})", text)
    assert found, text
    return found[1]


async def test_a_goal_shows_people_cost_and_a_code_to_approve_it(chat: Chat) -> None:
    shown = await chat.say(GOAL)
    assert "圈中 5 人" in shown
    assert "（预算 500.00 元）" in shown
    assert code_in(shown)


async def test_in_the_bots_chat_the_approval_is_a_button_that_names_the_plan(chat: Chat) -> None:
    shown = await chat.close(GOAL, channel="bot")
    assert shown.options == ()
    assert "要由另一位有批准权限的同事来批准" in shown.text
    asked = await chat.close("好的", BOSS, "bot")
    assert asked.options == (f"批准 {code_in(shown.text)}",)
    assert cards.fits(asked.options)
    approved = await chat.close(asked.options[0], BOSS, "bot")
    assert (approved.text[:3], approved.options) == ("已批准", ("进度", "暂停", "停止"))


@pytest.mark.parametrize("channel", ["bot", "app"])
async def test_who_may_approve_a_small_plan_of_his_own_gets_the_button_with_it(store: Store, channel: str) -> None:
    people(store, 101, city="北京")
    store.do(members.register, [members.Register("one", "S1", (), members.Profile(nickname="小沪", city="上海"))], ME)
    both = Principal("operator", "qian", frozenset({"operator", "approver"}))
    shown = await Chat(store).close(GOAL, both, channel)
    assert shown.options == (f"批准 {code_in(shown.text)}",)
    (plan,) = await store.read(operations.plans, [], 5)
    assert shown.about == f"plan:{plan.id}:{plan.digest}"


async def test_a_bare_yes_names_what_waits_and_approves_nothing(chat: Chat, store: Store) -> None:
    assert "没有等待批准" in await chat.say("批准")
    code = code_in(await chat.say(GOAL))
    assert code in await chat.say("好的")
    assert [plan.state for plan in await store.read(operations.plans, [], 5)] == ["awaiting_approval"]


async def test_the_code_approves_and_the_same_words_report(chat: Chat) -> None:
    code = code_in(await chat.say(GOAL))
    assert "没有找到" in await chat.say("批准 0123abcd", BOSS)
    assert "已批准" in await chat.say(f"批准 {code}", BOSS)
    assert "没有找到" in await chat.say(f"批准 {code}", BOSS)
    assert "暂停" in await chat.say("暂停", BOSS)
    assert (await chat.say("进度")) == (await chat.say("进度"))


async def test_a_further_sentence_revises_the_plan_that_is_open(chat: Chat, store: Store) -> None:
    first = code_in(await chat.say(GOAL))
    second = code_in(await chat.say("预算改成 300 元"))
    assert first != second
    assert "没有找到" in await chat.say(f"批准 {first}", BOSS)
    assert len(await store.read(operations.plans, [], 5)) == 1


async def test_what_is_not_understood_is_asked_in_words(chat: Chat) -> None:
    assert "还差一点信息" in await chat.say("搞点事情")
