"""The forms of lotteries, tasks, surveys and KOC: rows land where they belong, each mistake is named in Chinese."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.domain import activities
from assistant.flows import demo_activities
from assistant.store import Store
from assistant.web import activity_form
from assistant.web.activity_rows import Around
from tests.browser.web_house import House, open_house
from tests.conftest import NOON
from tests.rooms.test_web_forms import ROWS, form_of, sent
from tests.support import databases

AROUND = Around((("autumn_draw", "lottery", "暖冬抽奖"), ("wish_wall", "wish", "心愿墙")), (("first", "首单返现"),), ("Video Watched",))
NAMED = {"name": "fresh", "title": "新活动", "budget_fen": "100"}


def made(kind: str, more: dict[str, str]) -> Any:
    """The activity that a form begins with these fields."""
    begun = activity_form.begun(kind, NOON)
    form = form_of(activity_form.groups(begun, True, AROUND)) | NAMED | ROWS[kind] | more
    return activities.activity_from(activity_form.definition_of(begun, True, form, AROUND))


def demo(kind: str) -> dict[str, Any]:
    found = next(one for one in demo_activities.described(NOON) if one["kind"] == kind)
    return activities.plain(activities.activity_from(found))


def test_prizes_share_what_is_left_with_the_fallback_and_give_what_was_chosen() -> None:
    one = made(
        "lottery",
        {
            **{"prizes.2.title": "50 积分", "prizes.2.odds": "12.5%", "prizes.2.gives": "points", "prizes.2.amount": "50"},
            **{"prizes.3.title": "十元券", "prizes.3.odds": "0.0001", "prizes.3.gives": "coupon", "prizes.3.amount": "10"},
            **{"prizes.4.title": "返现", "prizes.4.odds": "1", "prizes.4.gives": "card:first", "prizes.0.title": "下次一定"},
        },
    )
    assert [(prize.title, prize.odds, prize.stock, prize.goods) for prize in one.prizes] == [
        ("下次一定", 814_999, None, False),
        ("袜子", 50_000, 10, True),
        ("50 积分", 125_000, None, False),
        ("十元券", 1, None, False),
        ("返现", 10_000, None, False),
    ]
    assert [prize.benefit for prize in one.prizes[2:]] == [
        {"kind": "points", "points": 50},
        {"kind": "coupon", "name": "十元券", "value_fen": 1000},
        {"kind": "cashback_card", "template": "first"},
    ]
    assert len({prize.id for prize in one.prizes}) == 5


def test_a_prize_is_taken_out_and_its_share_goes_to_the_fallback() -> None:
    before = demo("lottery")
    form = form_of(activity_form.groups(before, False)) | {"prizes.1.title": "", "prizes.0.gives": "", "prizes.2.amount": "60"}
    after = activities.activity_from(activity_form.definition_of(before, False, form))
    assert isinstance(after, activities.Lottery)
    assert [(prize.id, prize.odds) for prize in after.prizes] == [
        ("pyjamas", 1000),
        ("points50", 150_000),
        ("points5", 300_000),
        ("thanks", 549_000),
    ]
    assert (after.prizes[0].goods, after.prizes[1].benefit) == (False, {"kind": "points", "points": 60})


def test_tasks_ask_for_facts_activities_and_events() -> None:
    more = {
        **{"tasks.0.does": "activity:wish_wall", "tasks.0.gives": "chance:autumn_draw", "tasks.0.amount": ""},
        **{"tasks.1.title": "看视频", "tasks.1.does": "fact:event:Video Watched", "tasks.1.times": "3", "tasks.1.amount": "30"},
    }
    first, second = made("tasks", more).tasks
    assert (first.activity, first.fact, first.rewards) == ("wish_wall", "", ({"kind": "chance", "activity": "autumn_draw", "chances": 1},))
    assert (second.fact, second.times, second.rewards) == ("event:Video Watched", 3, ({"kind": "points", "points": 30},))


def test_gifts_that_a_form_cannot_say_stay() -> None:
    before = demo("tasks")
    before["tasks"][0]["rewards"] = [{"kind": "points", "points": 10}, {"kind": "growth", "growth": 5}]
    before["tasks"][1]["rewards"] = [{"kind": "growth", "growth": 5}]
    groups = activity_form.groups(before, False)
    assert {"tasks.0.gives", "tasks.1.gives"}.isdisjoint(form_of(groups))
    after = activity_form.definition_of(before, False, form_of(groups) | {"tasks.0.times": "4"})
    assert (after["tasks"][0]["times"], after["tasks"][0]["rewards"]) == (4, before["tasks"][0]["rewards"])
    assert after["tasks"][1] == before["tasks"][1]


def test_questions_have_options_with_tags_or_ask_for_an_account() -> None:
    more = {"questions.0.many": "on", "questions.1.text": "您的淘宝账号", "questions.1.identity": "taobao", "given.rewards": "5"}
    one = made("survey", more)
    fabric, account = one.questions
    assert [(option.text, option.tag) for option in fabric.options] == [("纯棉", "偏爱棉质"), ("真丝", "")]
    assert (fabric.many, account.identity, account.options, one.rewards) == (True, "taobao", (), ({"kind": "points", "points": 5},))


def test_who_may_be_koc_is_asked_in_fields_and_another_segment_stays() -> None:
    one = made("koc", {"asks.spent_year": "1000", "tag": "老友官"})
    assert one.who == {
        "kind": "all",
        "rules": [
            {"kind": "compare", "feature": "order_count", "op": "gte", "value": 8},
            {"kind": "compare", "feature": "order_amount", "op": "gte", "arguments": {"within_days": 365}, "value": 100_000},
        ],
    }
    strange = demo("koc") | {"who": {"kind": "not", "rule": {"kind": "compare", "feature": "is_employee", "op": "eq", "value": True}}}
    form = form_of(activity_form.groups(strange, False))
    assert not any(name.startswith("asks") for name in form)
    assert activity_form.definition_of(strange, False, form | {"tag": "友"})["who"] == strange["who"]


@pytest.mark.parametrize(
    ("kind", "name", "value", "said"),
    [
        ("lottery", "prizes.1.odds", "五", "“奖品 1 · 中奖概率（%）”请写 0 到 100 的数"),
        ("lottery", "prizes.1.odds", "101", "“奖品 1 · 中奖概率（%）”请写 0 到 100 的数"),
        ("lottery", "prizes.1.stock", "-3", "“奖品 1 · 一共几份”请写整数"),
        ("lottery", "prizes.1.gives", "points", "“奖品 1 · 送多少”请写整数"),
        ("lottery", "prizes.1.gives", "gold", "“奖品 1 · 送什么”请从列表里选"),
        ("lottery", "prizes.0.title", "", "“给会员看的话”不能是空的"),
        ("lottery", "prizes.1.title", "", "“奖品”至少要写一个"),
        ("tasks", "tasks.0.times", "", "“任务 1 · 做几次”请写整数"),
        ("tasks", "tasks.0.amount", "1.5", "“任务 1 · 送多少”请写整数"),
        ("survey", "questions.0.lines", "纯棉", "“问题 1 · 选项”至少要写两行"),
        ("survey", "questions.0.identity", "taobao", "“问题 1 · 选项”要空着"),
        ("koc", "asks.spent", "很多", "“一共至少花了多少元”请写成 19.90 这样的金额"),
    ],
)
def test_a_field_that_makes_no_sense_is_named_with_its_row(kind: str, name: str, value: str, said: str) -> None:
    with pytest.raises(Invalid) as wrong:
        made(kind, {name: value})
    assert wrong.value.say.startswith(said)


def test_prizes_that_are_more_than_all_draws_are_told_with_their_sum() -> None:
    with pytest.raises(Invalid, match="加起来是 115%"):
        made("lottery", {"prizes.2.title": "帽子", "prizes.2.odds": "100", "prizes.1.odds": "15"})


@pytest.fixture
def database(tmp_path: Path) -> str:
    """SQLite only: the rooms' own suites run on both databases."""
    return databases.sqlite(tmp_path)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        await opened.login("song")
        yield opened


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("lottery", {"prizes.1.title": "袜" * 61}, "“奖品「袜袜袜袜袜袜袜袜袜袜袜袜…」· 名称”写得不对：最多 60 个字"),
        ("tasks", {"tasks.0.title": ""}, "“任务”写得不对：至少要有 1 项"),
        ("tasks", {"tasks.0.times": "1001"}, "“任务「下一单」· 做几次”写得不对：不能大于 1000"),
        ("survey", {"questions.0.lines": "纯棉\n纯棉"}, "“问题「喜欢哪种面料」· 选项”写得不对：“纯棉”写了两次"),
        ("survey", {"confidence": "101"}, "“答案打的标签有几分可信（满分 100）”写得不对：不能大于 100"),
        ("koc", {"asks.orders": ""}, "“什么样的会员算”写得不对"),
        ("koc", {"name": "Bad Name"}, "“编号”写得不对"),
        ("lottery", {"ends_at": "2020-01-01T00:00"}, "“结束”写得不对：结束时间要晚于开始时间"),
    ],
)
async def test_what_the_room_refuses_is_named_as_the_form_names_it(house: House, kind: str, more: dict[str, str], said: str) -> None:
    form = form_of(activity_form.groups(activity_form.begun(kind, NOON), True)) | NAMED | {"kind": kind} | ROWS[kind] | more
    status, text = await sent(house, "/activities/form", form, f"/activities?kind={kind}")
    assert (status, said in text) == (422, True)
    assert house.store.look(activities.activities) == []


async def test_a_text_that_may_not_be_published_is_named_on_the_page_of_the_activity(house: House) -> None:
    begun = activity_form.begun("tasks", NOON)
    form = form_of(activity_form.groups(begun, True)) | NAMED | {"kind": "tasks", "tasks.0.title": "写一条五星好评"}
    assert (await sent(house, "/activities/form", form, "/activities?kind=tasks"))[0] == 303
    status, text = await sent(house, "/activities/fresh/move", {"to": "published"}, "/activities/fresh")
    assert (status, "“任务「写一条五星好评」· 名称”不能用奖励换取好评" in text) == (422, True)
    one = house.store.look(activities.activity, "fresh")
    assert one is not None
    assert one.state == "draft"
