"""Moments in a plan: understood from a sentence, previewed with who could see them, approved, published by employees, reported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assistant import operations
from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid, Refused
from assistant.dialogue.plan_text import preview_text, report_text
from assistant.domain import audience, contacts, outreach, staff
from assistant.operations import Plan, Vocabulary, compile_goal, revise_plan
from assistant.operations.language import MessageStep, MomentStep, plan_from, plan_json
from assistant.store import Store, Work
from assistant.web.plan_form import changed, form_fields
from tests.browser.web_house import open_house
from tests.rooms.mass_help import HOUR, MassHouse, mass_house, registered
from tests.rooms.test_operations_world import BOSS, FEATURES, MAKER, ME, message_plan, previewed, proposed

TEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
WORDS = Vocabulary(staff={"小林": "lin", "小何": "he"}, tags={"偏爱棉质": "et1"}, groups={"尝鲜群": "wr1"})
SAID = "周三上新，欢迎来看。"


@pytest.fixture(autouse=True)
def _features() -> None:
    audience.use(FEATURES)


def moment(plan: Plan) -> MomentStep:
    assert plan.moment is not None
    return plan.moment


ALONE: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
    (f"请所有导购发一条朋友圈：“{SAID}”", (), ()),
    (f"发朋友圈，文案：“{SAID}”", (), ()),
    (f"让小林和小何发一条新品朋友圈，文案是“{SAID}”".replace("新品", ""), ("lin", "he"), ()),
    (f"请小林在自己的朋友圈里发：“{SAID}”", ("lin",), ()),
    (f"请全体员工更新一条朋友圈，只给“偏爱棉质”标签的客户看，文案：“{SAID}”", (), ("et1",)),
    (f"明天上午10点请导购们发一条朋友圈：“{SAID}”", (), ()),
]


@pytest.mark.parametrize(("goal", "who", "tags"), ALONE)
def test_a_sentence_asks_employees_for_a_moment_and_nobody_in_person(goal: str, who: tuple[str, ...], tags: tuple[str, ...]) -> None:
    plan = compile_goal(goal, TEN, WORDS)
    assert (plan.questions, plan.only_moment, plan.holdout_percent, plan.budget_fen) == ((), True, 0, 0)
    assert (moment(plan).template, moment(plan).staff, moment(plan).tags) == (SAID, who, tags)
    assert bool(plan.schedule.send_at) == goal.startswith("明天")
    assert plan_from(plan_json(plan)) == plan


def test_a_sentence_may_ask_for_a_message_and_a_moment_each_with_its_words() -> None:
    plan = compile_goal(f"给上海的会员送 50 积分，文案：“请看朋友圈，别在朋友圈发广告”，再请小何发一条朋友圈：“{SAID}”", TEN, WORDS)
    assert plan.questions == ()
    assert [step.kind for step in plan.steps] == ["benefit", "message", "moment"]
    assert (moment(plan).template, moment(plan).staff) == (SAID, ("he",))
    assert next(step.template for step in plan.steps if isinstance(step, MessageStep)) == "请看朋友圈，别在朋友圈发广告"
    assert "say" not in plan.segment.kind


def test_what_a_moment_shall_say_is_asked_and_words_inside_quotes_ask_for_none() -> None:
    assert any(one.startswith("朋友圈发什么文字") for one in compile_goal("请导购发一条朋友圈", TEN, WORDS).questions)
    plan = compile_goal("给全体会员发上新通知，文案：“来我们导购发的朋友圈看看”", TEN, WORDS)
    assert plan.moment is None


def test_a_moment_is_changed_added_and_taken_away_by_a_sentence_and_by_the_form() -> None:
    plan = revise_plan(compile_goal("给上海的会员发新品通知", TEN, WORDS), f"再请小林发一条朋友圈：“{SAID}”", TEN, WORDS)
    assert (moment(plan).template, moment(plan).staff) == (SAID, ("lin",))
    other = revise_plan(plan, "朋友圈文案改成：“今天上新”", TEN, WORDS)
    assert (moment(other).template, moment(other).staff, other.message) == ("今天上新", ("lin",), plan.message)
    assert revise_plan(other, "不发朋友圈了", TEN, WORDS).moment is None
    alone = revise_plan(compile_goal("请导购发一条朋友圈", TEN, WORDS), "文案改成“今天上新”", TEN, WORDS)
    assert (moment(alone).template, alone.questions, alone.only_moment) == ("今天上新", (), True)
    with pytest.raises(Invalid, match="只发朋友圈的方案没有权益"):
        revise_plan(alone, "每人送 50 积分", TEN, WORDS)
    plain = plan_from(message_plan())
    assert {field.name for field in form_fields(plain)} >= {"moment"}
    with_one = plan_from(plan_json(plain) | changed(plain, {"moment": SAID}))
    assert (moment(with_one).template, [step.kind for step in with_one.steps]) == (SAID, ["message", "moment"])
    named = plan_from(plan_json(with_one) | changed(with_one, {"moment_staff": "lin，he"}))
    assert moment(named).staff == ("lin", "he")
    assert changed(named, {"moment_staff": ""})["steps"][1]["staff"] == []
    assert plan_from(plan_json(with_one) | changed(with_one, {"moment_text": ""})).moment is None


WRONG: list[dict[str, Any]] = [
    {"steps": []},
    {"steps": [{"kind": "moment", "template": "甲"}, {"kind": "moment", "template": "乙"}]},
    {"steps": [{"kind": "moment", "template": "{nickname}，你好"}]},
    {"steps": [{"kind": "moment", "template": "甲"}], "holdout_percent": 10},
    {"steps": [{"kind": "moment", "template": "甲"}], "channel": "group"},
    {"steps": [{"kind": "moment", "template": "甲", "attachments": [{"kind": "file", "media": "k"}]}]},
    {"steps": [{"kind": "benefit", "benefit": {"kind": "points", "points": 5}}, {"kind": "moment", "template": "甲"}]},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_a_moment_cannot_have_is_refused_with_the_place(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        plan_from(message_plan(**wrong))


def befriend(store: Store, owners: dict[str, list[str]]) -> None:
    """Friendships as a reconciliation finds them, and the employees by name."""
    ids = registered(store, len(owners))

    def write(work: Work, _nothing: None) -> None:
        staff.register(work, [staff.Register("lin", "lin", "小林"), staff.Register("he", "he", "小何")])
        seen = [
            contacts.Seen(userid, external, ids[external], work.now, tags=("et1",) if external == "wm0" else ())
            for external, friends in owners.items()
            for userid in friends
        ]
        contacts.look(work, contacts.Look(seen))

    store.do(write, None, ME)


def publish(house: MassHouse, userid: str) -> None:
    (made,) = house.simulator.customer_contact.moments.moments.values()
    house.simulator.customer_contact.moments.publishes(userid, made.moment_id)


def approve(store: Store, plan_id: str) -> None:
    shown = previewed(store, plan_id)
    store.do(operations.submit, [operations.Submit(f"s{plan_id}", plan_id)], MAKER)
    store.do(operations.approve, [operations.Approve(f"a{plan_id}", plan_id, shown.digest)], BOSS)


FRIENDS = {"wm0": ["lin"], "wm1": ["lin", "he"], "wm2": ["he"]}


async def test_a_moment_goes_from_the_sentence_to_the_report(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, FRIENDS) as house:
        befriend(store, FRIENDS)
        plan_id = store.do(operations.draft, [operations.Draft("g", f"请所有导购发一条朋友圈：“{SAID}”")], MAKER)[0].plan_id
        shown = previewed(store, plan_id)
        assert (shown.people, shown.reachable, shown.staff, shown.worst_fen) == (3, 3, 2, 0)
        assert shown.moment == {"staff": ["he", "lin"], "customers": 3, "text": SAID}
        assert shown.warnings == ["朋友圈发表之后收不回来，停止方案只能撤回还没发表的员工"]
        assert shown.second_person
        assert [operations.allowance(line) for line in shown.quota] == ["朋友圈任务额度：这次用 1 条，企业这个月还能发 100,000 条"]
        assert "请 2 位员工发表，3 位客户看得到" in preview_text(store.look(operations.plan, plan_id))
        approve(store, plan_id)
        await house.wait(timedelta(minutes=2), timedelta(seconds=20))
        publish(house, "lin")
        await house.wait(2 * HOUR, HOUR)
        report = store.look(operations.report, plan_id)
        assert (report.state, report.people, report.task_created, report.delivered) == ("done", 2, 1, 1)
        assert report.moment is not None
        assert (report.moment.asked, report.moment.published, report.moment.customers) == (2, 1, 2)
        assert "朋友圈：1/2 位员工已发表，2 位客户看得到" in report_text(store.look(operations.plan, plan_id), report)
        assert house.phones() == {"wm0": 1, "wm1": 1}
        assert store.look(outreach.touches, plan_id) == []


async def test_a_stop_takes_the_moment_back_from_who_has_not_published_and_the_approver_saw_whoever_was_asked(
    store: Store, clock: ManualClock
) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, FRIENDS) as house:
        befriend(store, {"wm0": ["lin"]})
        step = {"kind": "moment", "template": SAID, "tags": ["et1"]}
        plan_id = proposed(store, message_plan(steps=[*message_plan()["steps"], step]))
        assert previewed(store, plan_id).moment == {"staff": ["lin"], "customers": 1, "text": SAID}
        approve(store, plan_id)
        befriend(store, FRIENDS)
        await house.wait(timedelta(minutes=3), timedelta(seconds=20))
        (made,) = house.simulator.customer_contact.moments.moments.values()
        assert (list(made.audience), len(house.tasks)) == (["lin"], 1)
        store.do(operations.stop, [operations.Steer("stop", plan_id)], BOSS)
        await house.wait(timedelta(minutes=3), timedelta(seconds=20))
        assert made.cancelled
        assert store.look(operations.report, plan_id).moment.state == "cancelled"
        with pytest.raises(Refused):
            store.do(operations.stop, [operations.Steer("again", plan_id)], BOSS)
    async with open_house(store, clock, simulate=False) as opened:
        (shown,) = (await (await opened.api("GET", "/moments")).json())["moments"]
        assert (shown["plan"], shown["title"]) == (plan_id, message_plan()["goal"])
        await opened.login("song")
        assert f'<a href="/plans/{plan_id}">' in await (await opened.session.get(f"{opened.base}/moments")).text()


@pytest.mark.parametrize("death", ["plan.chunk_committed", "moment.before_claim", "moment.posted"])
async def test_a_plan_posts_its_moment_once_whatever_dies(store: Store, clock: ManualClock, death: str) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, FRIENDS) as house:
        befriend(store, FRIENDS)
        plan_id = proposed(store, message_plan(steps=[{"kind": "moment", "template": SAID, "staff": ["lin"]}]))
        approve(store, plan_id)
        house.die_at = (death, 1)
        await house.wait(timedelta(minutes=5), timedelta(seconds=20))
        assert house.died == [death]
        assert len(house.simulator.customer_contact.moments.moments) == 1
        assert len(store.look(outreach.moments_of, plan_id)) == 1
