"""Activities by words: what is free is done at once, what costs points asks once, a group hears only what is for everybody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assistant.agent import Toolbox
from assistant.agent.planner.intents import Intents
from assistant.app import know_features
from assistant.base.clock import ManualClock
from assistant.base.principal import Principal
from assistant.channels import confirm
from assistant.domain import activities
from assistant.store import Store
from tests.support.fair import ME, available, body, launch, lottery, person, rich
from tools.context import ToolContext
from tools.toolbox import toolbox_for

GIFT = {"kind": "points", "points": 50}
SALE = body("flash_sale", title="周五秒杀睡衣", stock=3, points=100)


class Phone:
    """A member at the phone; each line is a turn of its own."""

    def __init__(self, store: Store, member_id: str, group: bool = False) -> None:
        self.store, self.id, self.group, self.turns = store, member_id, group, 0

    def tools(self, said: str = "") -> Toolbox:
        self.turns += 1
        pending = self.store.look(confirm.pending, self.id)
        context = ToolContext(self.store, Principal("member", self.id), self.id, self.id, f"{self.id}:{self.turns}", (said,), pending, None)
        return toolbox_for(context, group=self.group)

    async def does(self, tool: str, said: str = "", **arguments: Any) -> str:
        return (await self.tools(said).call(tool, arguments, f"{self.id}:{self.turns}:{tool}")).say

    async def agrees(self) -> str:
        data = (await self.tools("确认").call("confirm", {}, f"{self.id}:{self.turns}:confirm")).data
        return str(data.get("say") or data.get("error"))


async def test_a_free_draw_is_drawn_and_one_for_points_asks_first(store: Store) -> None:
    launch(store, lottery({"id": "win", "title": "50 积分", "odds": 1_000_000, "benefit": GIFT}, points=30, budget_fen=500))
    rich(store, "m1", amount=30)
    phone = Phone(store, "m1")
    assert "您还有 1 次机会，之后 30 积分抽一次" in await phone.does("my_chances")
    assert await phone.does("draw") == "开奖啦：「50 积分」！"
    assert "用 30 积分再抽一次，确认吗" in await phone.does("draw", activity="小集")
    assert available(store) == 80
    assert "需要您本人回复“确认”" in await phone.does("confirm", "随便")
    assert await phone.agrees() == "开奖啦：「50 积分」！"
    assert (available(store), len(store.look(activities.my_entries, "m1"))) == (100, 2)
    assert "现在没有等您确认的事情" in await phone.agrees()


async def test_a_sale_is_bought_once_after_a_yes_and_not_at_another_price(store: Store) -> None:
    launch(store, SALE)
    rich(store, "m1")
    phone = Phone(store, "m1")
    assert "用 200 积分换「周五秒杀睡衣」× 2，确认吗" in await phone.does("exchange", quantity=2)
    assert available(store) == 1000
    assert "抢到啦！用 200 积分" in await phone.agrees()
    await phone.does("exchange")
    store.do(activities.describe, [activities.Describe("dearer", SALE | {"points": 150})], ME)
    assert "现在需要 150 积分一件" in await phone.agrees()
    assert (available(store), store.look(activities.stock, "my_flash_sale")["goods"].taken) == (800, 2)


async def test_a_missed_day_is_made_up_after_a_yes(store: Store, clock: ManualClock) -> None:
    phone = Phone(store, "m1")
    assert "不用补" in await phone.does("make_up")
    await phone.does("check_in")
    rich(store, "m1")
    clock.advance(timedelta(days=2))
    assert "用 10 积分补签 11 月 23 日" in await phone.does("make_up")
    assert "已经连续签到 2 天" in await phone.agrees()
    assert available(store) == 1000 + 5 - 10


async def test_wishes_posts_lives_surveys_tasks_and_codes_by_words(store: Store) -> None:
    old, new = Phone(store, person(store, "old")), Phone(store, person(store, "new"))
    questions = [{"id": "fabric", "text": "喜欢哪种面料", "options": [{"text": "纯棉", "tag": "偏爱棉质"}, {"text": "真丝"}]}]
    launch(store, body("wish"))
    launch(store, body("post", review=True))
    launch(store, body("live", title="小满直播间", live_at="2026-11-23T20:00:00+08:00"))
    launch(store, body("survey", questions=questions, rewards=[GIFT], budget_fen=500))
    launch(store, body("tasks", tasks=[{"id": "one_wish", "title": "许个愿", "activity": "my_wish", "rewards": [GIFT]}], budget_fen=500))
    launch(store, body("referral", welcome=[GIFT], rewards=[GIFT], budget_fen=500))
    assert "记下啦" in await old.does("make_wish", text="薄荷绿的睡裙")
    assert "收到您的分享" in await old.does("show_post", text="穿了三天，领口有点紧")
    assert "预约好啦" in await old.does("reserve_live")
    assert "已经预约过" in await old.does("reserve_live")
    assert "“喜欢哪种面料”请从这里选：纯棉、真丝" in await old.does("answer_survey", choices=["羊毛"])
    assert "送您 50 积分" in await old.does("answer_survey", choices=["纯棉"])
    assert "奖励 50 积分 到账" in await old.does("claim_tasks")
    code = (await old.does("my_invite_code")).split("邀请码是 ")[1][:8]
    assert "欢迎新朋友！送您 50 积分" in await new.does("use_invite_code", code=code)
    assert "自己的邀请码" in await old.does("use_invite_code", code=code)
    said = await old.does("my_entries")
    assert ["心愿单" in said, "晒单" in said, "邀请了 1 位朋友" in said] == [True, True, True]


async def test_a_group_hears_only_what_is_for_everybody_and_can_do_nothing(store: Store) -> None:
    know_features()
    rule = {"kind": "compare", "feature": "city", "op": "eq", "value": "上海"}
    launch(store, lottery({"id": "sock", "title": "纯棉袜", "odds": 12_500, "goods": True}, title="人人都能抽"))
    launch(store, body("wish", title="只给上海的老友", who=rule))
    here = person(store, "here", city="上海")
    said = await Phone(store, here, group=True).does("whats_on")
    assert ["人人都能抽" in said, "纯棉袜 1.25%" in said, "上海" in said] == [True, True, False]
    assert "只给上海的老友" in await Phone(store, here).does("whats_on")
    names = {tool.name for tool in Phone(store, here, group=True).tools().tools}
    assert names.isdisjoint({"draw", "exchange", "my_chances", "my_entries", "make_up", "my_invite_code"})


async def test_what_is_not_on_is_said_kindly(store: Store) -> None:
    phone = Phone(store, "m1")
    assert "现在没有正在进行的抽奖" in await phone.does("draw")
    assert "现在没有正在进行的活动" in await phone.does("whats_on")
    launch(store, SALE)
    launch(store, SALE | {"name": "second_sale", "title": "周六秒杀袜子"})
    assert "您想参加哪一个呢？现在有：「周五秒杀睡衣」、「周六秒杀袜子」" in await phone.does("exchange")
    assert "确认吗" not in await phone.does("exchange", activity="袜子")


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("抽奖", "draw"),
        ("再抽一次", "draw"),
        ("补签", "make_up"),
        ("秒杀", "exchange"),
        ("邀请好友", "my_invite_code"),
        ("许愿：想要一条薄荷绿的睡裙", "make_wish"),
        ("预约直播", "reserve_live"),
        ("我还有几次抽奖机会", "my_chances"),
        ("有什么活动", "whats_on"),
        ("签到", "check_in"),
    ],
)
def test_the_words_work_without_a_model(text: str, intent: str) -> None:
    assert Intents(None).of(text) == intent
