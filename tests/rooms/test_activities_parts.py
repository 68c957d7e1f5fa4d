"""Surveys, wishes, live reservations, posts, KOC, tasks, partner codes: each rewarded once, a person decides where one must."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from assistant.app import know_features
from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid, LaoyouError, Refused
from assistant.base.principal import Principal
from assistant.domain import activities, audience, benefits
from assistant.domain.activities import Answer, CheckIn, ClaimTasks, Join, Recognise, Redeem, Settle, StockItem
from assistant.flows import demo_activities
from assistant.store import Store
from tests.support.fair import ME, available, body, launch, person, put_on, rich

FIVE = [{"kind": "points", "points": 5}]
SURVEY = body(
    "survey",
    questions=[
        {"id": "fabric", "text": "喜欢哪种面料", "options": [{"text": "纯棉", "tag": "偏爱棉质"}, {"text": "真丝", "tag": "偏爱真丝"}]},
        {"id": "when", "text": "什么时候穿", "options": [{"text": "在家", "tag": "居家"}, {"text": "上班"}], "many": True},
    ],
    rewards=FIVE,
    budget_fen=15,
)
WELL = {"fabric": ("纯棉",), "when": ("在家", "上班")}


def code_of(store: Store, verb: Any, request: Any) -> str:
    with pytest.raises(LaoyouError) as refused:
        store.do(verb, [request], ME)
    return refused.value.code


def test_answers_become_tags_with_their_source_and_the_reward_comes_once(store: Store) -> None:
    launch(store, SURVEY)
    done = store.do(activities.answer, [Answer("a", "m1", "my_survey", WELL)], Principal("member", "m1"))[0]
    assert done.rewards == ("5 积分",)
    found = store.look(audience.tags_of, ["m1"])["m1"]
    assert [(one.tag, one.source, one.confidence) for one in found] == [("偏爱棉质", "questionnaire", 90), ("居家", "questionnaire", 90)]
    assert code_of(store, activities.answer, Answer("b", "m1", "my_survey", WELL)) == "answered"
    assert available(store) == 5


@pytest.mark.parametrize(
    "answers",
    [{}, {"fabric": ("纯棉",)}, WELL | {"fabric": ("纯棉", "真丝")}, WELL | {"fabric": ("羊毛",)}, WELL | {"age": ("18",)}],
)
def test_an_answer_that_is_none_changes_nothing(store: Store, answers: Any) -> None:
    launch(store, SURVEY)
    with pytest.raises(Invalid):
        store.do(activities.answer, [Answer("a", "m1", "my_survey", answers)], ME)
    assert (available(store), store.look(activities.my_entries, "m1")) == (0, [])


def test_sixteen_answers_share_a_budget_for_three(store: Store) -> None:
    launch(store, SURVEY)

    async def at_once() -> list[Any]:
        asked = (store.write(activities.answer, [Answer(f"a{n}", f"m{n}", "my_survey", WELL)], ME) for n in range(16))
        return await asyncio.gather(*asked, return_exceptions=True)

    results = asyncio.run(at_once())
    assert sum(isinstance(one, list) for one in results) == 3
    assert {one.code for one in results if isinstance(one, LaoyouError)} == {"rewards_out"}
    assert sum(available(store, f"m{n}") for n in range(16)) == 15


def test_a_post_is_rewarded_when_a_person_lets_it_pass_and_turned_down_only_for_a_listed_reason(store: Store) -> None:
    launch(store, body("post", review=True, rewards=FIVE, budget_fen=100, limits={"member": 1}))
    entry = store.do(activities.join, [Join("j", "m1", "my_post", "这件起球了，有点失望")], ME)[0]
    assert (entry.state, available(store)) == ("pending", 0)
    assert code_of(store, activities.settle, Settle("r1", entry.entry_id, "rejected", "不是好评")) == "bad_reason"
    assert code_of(store, activities.join, Join("j2", "m1", "my_post", "再来一条")) == "limit_reached"
    store.do(activities.settle, [Settle("ok", entry.entry_id, "approved")], ME)
    assert available(store) == 5
    assert code_of(store, activities.settle, Settle("ok2", entry.entry_id, "approved")) == "not_waiting"
    other = store.do(activities.join, [Join("o", "m2", "my_post", "广告")], ME)[0]
    store.do(activities.settle, [Settle("no", other.entry_id, "rejected", "off_topic")], ME)
    assert store.do(activities.join, [Join("o2", "m2", "my_post", "真的穿上了")], ME)[0].state == "pending"
    assert store.look(activities.entry_counts, "my_post") == {"approved": 1, "rejected": 1, "pending": 1}


def test_a_wish_without_words_is_none(store: Store) -> None:
    launch(store, body("wish", limits={"day": 1}))
    assert code_of(store, activities.join, Join("j", "m1", "my_wish", "  ")) == "no_words"
    assert code_of(store, activities.join, Join("j", "m1", "my_wish", "想" * 301)) == "no_words"
    assert store.do(activities.join, [Join("k", "m1", "my_wish", "想要一条薄荷绿的睡裙")], ME)[0].state == "done"
    assert code_of(store, activities.join, Join("l", "m1", "my_wish", "还想要一条")) == "limit_today"


def test_a_live_is_reserved_once_and_not_after_it_began(store: Store, clock: ManualClock) -> None:
    launch(store, body("live", live_at="2026-11-23T20:00:00+08:00", limits={"total": 2}))

    async def at_once() -> list[Any]:
        return await asyncio.gather(*(store.write(activities.join, [Join(f"j{n}", "m1", "my_live")], ME) for n in range(16)))

    assert sum(not one[0].already for one in asyncio.run(at_once())) == 1
    store.do(activities.join, [Join("m2", "m2", "my_live")], ME)
    assert code_of(store, activities.join, Join("m3", "m3", "my_live")) == "full"
    assert store.look(activities.reserved_for, "my_live") == ["m1", "m2"]
    clock.advance(timedelta(days=2))
    assert code_of(store, activities.join, Join("late", "m4", "my_live")) == "over"


def test_a_task_is_rewarded_once_it_is_done(store: Store, clock: ManualClock) -> None:
    tasks = [
        {"id": "days", "title": "签到 2 天", "fact": "activities.checked_in", "times": 2, "rewards": FIVE},
        {"id": "wish", "title": "许个愿", "activity": "my_wish", "rewards": [{"kind": "chance", "activity": "my_lottery"}]},
    ]
    launch(store, body("tasks", tasks=tasks, budget_fen=100))
    launch(store, body("wish"))
    assert code_of(store, activities.claim_tasks, ClaimTasks("c0", "m1", "my_tasks")) == "nothing_done"
    store.do(activities.check_in, [CheckIn("d1", "m1")], ME)
    store.do(activities.join, [Join("w", "m1", "my_wish", "新颜色")], ME)
    assert store.do(activities.claim_tasks, [ClaimTasks("c1", "m1", "my_tasks")], ME)[0].rewards == ("1 次机会",)
    clock.advance(timedelta(days=1))
    store.do(activities.check_in, [CheckIn("d2", "m1")], ME)

    async def at_once() -> list[Any]:
        asked = (store.write(activities.claim_tasks, [ClaimTasks(f"x{n}", "m1", "my_tasks")], ME) for n in range(16))
        return await asyncio.gather(*asked, return_exceptions=True)

    assert sum(isinstance(one, list) for one in asyncio.run(at_once())) == 1
    assert available(store) == 5 + 5 + 5


def test_koc_are_members_whom_the_rule_finds_and_an_operator_names(store: Store) -> None:
    know_features()
    good, other = person(store, "k1", city="上海"), person(store, "k2", city="北京")
    rule = {"kind": "compare", "feature": "city", "op": "eq", "value": "上海"}
    launch(store, body("koc", who=rule, tag="上海达人", rewards=FIVE, budget_fen=50))
    koc = store.look(activities.activity, "my_koc")
    assert koc is not None
    assert isinstance(koc.activity, activities.Recognition)
    assert store.look(activities.candidates, koc.activity) == [good]
    assert code_of(store, activities.recognise, Recognise("r0", "my_koc", other)) == "not_invited"
    with pytest.raises(Refused):
        store.do(activities.recognise, [Recognise("r1", "my_koc", good)], Principal("member", good))
    assert [store.do(activities.recognise, [Recognise(key, "my_koc", good)], ME)[0].already for key in ("r2", "r3")] == [False, True]
    assert [one.tag for one in store.look(audience.tags_of, [good])[good]] == ["上海达人"]
    assert available(store, good) == 5


def test_activities_are_for_whom_they_are_meant(store: Store) -> None:
    know_features()
    here, there, ours = person(store, "h", city="上海"), person(store, "t", city="北京"), person(store, "o", city="上海", is_employee=True)
    rule = {"kind": "compare", "feature": "city", "op": "eq", "value": "上海"}
    launch(store, body("wish", who=rule))
    launch(store, body("wish", name="gold_wish", tiers=["金卡"]))
    assert [[one.name for one in store.look(activities.open_to, member)] for member in (here, there, ours)] == [["my_wish"], [], []]
    for member, name, code in ((there, "my_wish", "not_invited"), (ours, "my_wish", "employee"), (here, "gold_wish", "not_for_tier")):
        assert code_of(store, activities.join, Join(f"j{member}", member, name, "想要")) == code


def test_partner_benefits_hand_over_loaded_codes_and_stop_when_they_are_gone(store: Store) -> None:
    store.do(benefits.load_codes, [benefits.LoadCodes("l", "健身周卡", ("G1", "G2", "G3"))], ME)
    store.do(activities.stock_mall, [StockItem("s", "gym", "健身周卡", 100, 9, 0, "partner", "健身周卡", 5000)], ME)
    rich(store, "m1")
    done = store.do(activities.redeem, [Redeem("r", "m1", "gym", 2, 200)], ME)[0]
    assert done.codes == ("G1", "G2")
    assert [(one.state, one.note) for one in store.look(activities.redemptions_of, "m1")] == [("fulfilled", "G1 G2")]
    assert code_of(store, activities.redeem, Redeem("r2", "m1", "gym", 2, 200)) == "out_of_stock"
    assert (available(store), store.look(activities.items)[0].stock) == (800, 7)
    assert code_of(store, activities.stock_mall, StockItem("bad", "x", "y", 1, 1, 0, "partner", "券", 0)) == "bad_item"


def test_the_demo_brands_activities_can_be_published_at_any_hour(store: Store, clock: ManualClock) -> None:
    know_features()
    for _ in range(25):
        clock.advance(timedelta(hours=1))
        for described in demo_activities.described(clock.now()):
            store.try_out(put_on, described, ME)
    guests = [person(store, f"guest{n}") for n in range(3)]
    store.do(lambda work, _: demo_activities.furnish(work, work.now, "a_seed_for_the_demo", guests), None, ME)
    kinds = {one.kind for one in store.look(activities.open_to)}
    assert kinds == {"lottery", "flash_sale", "referral", "survey", "wish", "live", "tasks", "post"}
    assert len(store.look(activities.entries, "wear_diary", ("pending",))) == 3
