"""Describing activities: a closed form with clear sentences, what the law forbids is not published, versions are kept."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.base.errors import Forbidden, Invalid, LaoyouError, Refused
from assistant.base.principal import Principal
from assistant.domain import activities
from assistant.domain.activities import Describe, Move
from assistant.store import Store
from tests.support.fair import ME, body, launch, lottery, put_on

SURVEY = body(
    "survey",
    questions=[{"id": "fabric", "text": "喜欢哪种面料", "options": [{"text": "纯棉", "tag": "偏爱棉质"}, {"text": "真丝"}]}],
    rewards=[{"kind": "points", "points": 20}],
    budget_fen=2000,
)
FIVE = {"kind": "points", "points": 5}
PRIZE = {"id": "sock", "title": "纯棉袜", "odds": 100_000, "stock": 3, "goods": True}


def sentence(store: Store, description: Any) -> str:
    with pytest.raises(Invalid) as refused:
        store.do(activities.describe, [Describe(f"d{id(description)}", description)], ME)
    return refused.value.say


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ({"kind": "raffle"}, "没有这种活动"),
        ({}, "缺少 kind"),
        (body("live"), "“live_at”写得不对：缺少这一项"),
        (body("wish", colour="red"), "“colour”写得不对：不认识这一项"),
        (body("wish", name="我的"), "“name”写得不对：要用小写字母开头"),
        (body("wish", points="5"), "“points”写得不对：要写整数"),
        (body("wish", points=-1), "“points”写得不对：不能小于 0"),
        (body("wish", points=10**18), "“points”写得不对：不能大于 1000000"),
        (body("wish", starts_at="2026-11-20"), "“starts_at”写得不对：时间缺少时区"),
        (body("wish", starts_at="明天"), "“starts_at”写得不对：要写成带时区的时间"),
        (body("wish", ends_at="2026-11-01T00:00:00+08:00"), "“ends_at”写得不对：结束时间要晚于开始时间"),
        (body("wish", rewards=[{"kind": "gold"}]), "“rewards.0”写得不对：权益写得不对"),
        (body("exchange", stock=5), "“points”写得不对：兑换和秒杀要有积分价格"),
        (body("post"), "“review”写得不对：晒单要由人审核"),
        (body("live", live_at="2026-11-23T21:40:00+08:00"), "“remind_minutes”写得不对：提醒会落在 21:10"),
        (body("koc"), "“who”写得不对"),
        (lottery(PRIZE) | {"prizes": [PRIZE, {**PRIZE, "id": "other"}]}, "正好是 1000000，现在是 200000"),
        (lottery(PRIZE, PRIZE), "“sock”写了两次"),
        (lottery(PRIZE, fallback="sock"), "“fallback”写得不对：保底的奖品不能限量"),
        (lottery(PRIZE, fallback="none"), "“fallback”写得不对：要写奖品里有的一个 id"),
        (lottery({**PRIZE, "id": "budget"}), "“budget”写了两次"),
        (
            body("tasks", tasks=[{"id": "t1", "title": "x", "fact": "members.erased", "rewards": [FIVE]}]),
            "fact 可用",
        ),
        (body("tasks", tasks=[{"id": "x", "title": "x", "rewards": [FIVE]}]), "“tasks.0.id”写得不对"),
        (SURVEY | {"questions": []}, "“questions”写得不对：至少要有 1 项"),
        ([1, 2], "写得不对"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(store: Store, description: Any, words: str) -> None:
    assert words in sentence(store, description)
    assert store.look(activities.activities) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"words": "五星好评返现 2 元"}, "review_for_cash"),
        ({"words": "给我们点赞就能参加"}, "review_for_cash"),
        ({"title": "晒好评，领积分"}, "review_for_cash"),
        ({"words": "全网最好的面料"}, "absolute_word"),
        ({"words": "发展下线，躺赚积分"}, "referral_levels"),
        ({"words": "去 www.unknown.com 看看"}, "link_not_allowed"),
    ],
)
def test_what_the_law_forbids_is_not_published(store: Store, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        launch(store, SURVEY | fields)
    assert refused.value.code == code
    assert store.look(activities.open_to) == []


def test_praise_in_an_answer_or_a_prize_is_found_too_and_freedom_of_speech_is_not(store: Store) -> None:
    options = [{"text": "我会给五星好评"}, {"text": "不会"}]
    with pytest.raises(Refused, match="questions.0.options.0"):
        launch(store, SURVEY | {"questions": [{"id": "q1", "text": "会吗", "options": options}]})
    with pytest.raises(Refused, match="prizes.0.title"):
        launch(store, lottery({**PRIZE, "title": "好评红包", "goods": False, "benefit": {"kind": "points", "points": 5}}, budget_fen=100))
    launch(store, body("post", review=True, words="好评差评都欢迎，不要求好评", rewards=[{"kind": "points", "points": 5}], budget_fen=100))


def test_a_draft_becomes_published_paused_and_ended_and_nothing_else(store: Store) -> None:
    store.do(activities.describe, [Describe("d", SURVEY)], ME)
    for to in ("paused", "ended"):
        with pytest.raises(Refused):
            store.do(activities.move, [Move(f"no-{to}", "my_survey", to)], ME)  # type: ignore[arg-type]
    for number, to in enumerate(("published", "paused", "published", "ended")):
        assert store.do(activities.move, [Move(f"m{number}", "my_survey", to)], ME)[0].state == to  # type: ignore[arg-type]
    with pytest.raises(Refused):
        store.do(activities.move, [Move("again", "my_survey", "published")], ME)
    with pytest.raises(Invalid):
        store.do(activities.move, [Move("none", "nothing_here", "published")], ME)


def test_the_same_words_are_no_new_version_and_members_describe_nothing(store: Store) -> None:
    numbers = [
        store.do(activities.describe, [Describe(key, SURVEY | more)], ME)[0].version
        for key, more in (("a", {}), ("b", {}), ("c", {"title": "新名字"}))
    ]
    assert numbers == [1, 1, 2]
    with pytest.raises(Forbidden):
        store.do(activities.describe, [Describe("m", SURVEY)], Principal("member", "m1"))
    with pytest.raises(Forbidden):
        store.do(activities.move, [Move("m", "my_survey", "published")], Principal("member", "m1"))


@pytest.mark.parametrize(
    ("description", "code"),
    [
        (SURVEY | {"budget_fen": 0}, "no_budget"),
        (SURVEY | {"budget_fen": 19}, "small_budget"),
        (SURVEY | {"starts_at": "2026-11-01T00:00:00+08:00", "ends_at": "2026-11-02T00:00:00+08:00"}, "too_late"),
    ],
)
def test_nothing_is_published_that_could_not_be_paid_or_reached(store: Store, description: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        store.do(put_on, description, ME)
    assert refused.value.code == code


def test_a_lottery_without_a_seed_is_not_published(store: Store) -> None:
    store.do(activities.describe, [Describe("d", lottery(PRIZE))], ME)
    with pytest.raises(LaoyouError) as refused:
        store.do(activities.move, [Move("m", "my_lottery", "published")], ME)
    assert refused.value.code == "no_seed"
    digest = store.do(lambda work, _: activities.keep_seed(work, "my_lottery", "first_seed_of_sixteen"), None, ME)
    assert store.do(lambda work, _: activities.keep_seed(work, "my_lottery", "second_seed_of_sixteen"), None, ME) == digest


def test_rewards_added_later_need_a_budget_too(store: Store) -> None:
    launch(store, body("wish"))
    with pytest.raises(Refused) as refused:
        store.do(activities.describe, [Describe("v2", body("wish", rewards=[FIVE]))], ME)
    assert refused.value.code == "no_budget"
    shown = store.look(activities.activity, "my_wish")
    assert shown is not None
    assert (shown.version, shown.activity.rewards) == (1, ())
