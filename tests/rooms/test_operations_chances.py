"""Plans give chances of a lottery like any other benefit."""

from __future__ import annotations

import pytest

from assistant.base.clock import ManualClock
from assistant.domain import activities
from assistant.operations import Vocabulary, compile_goal
from assistant.operations.language import ChanceBenefit
from assistant.operations.words import vocabulary
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.test_operations_world import approved, message_plan, people, run_plan
from tests.support.fair import launch, lottery

WORDS = Vocabulary(lotteries={"暖冬抽奖": "autumn_draw", "新人抽奖": "new_draw"})


@pytest.mark.parametrize(
    ("goal", "words", "given", "question"),
    [
        ("给上海的会员送 3 次“暖冬抽奖”的抽奖机会", WORDS, [ChanceBenefit(activity="autumn_draw", chances=3)], ""),
        ("给上海的会员送一次抽奖机会", Vocabulary(lotteries={"暖冬抽奖": "autumn_draw"}), [ChanceBenefit(activity="autumn_draw")], ""),
        ("给上海的会员送抽奖机会", WORDS, [], "送哪个抽奖的机会？正在进行的有：暖冬抽奖、新人抽奖"),
        ("给上海的会员送抽奖机会", Vocabulary(), [], "送哪个抽奖的机会？现在没有正在进行的抽奖"),
        ("给上海的会员送 500 次“暖冬抽奖”的抽奖机会", WORDS, [], "每人抽奖机会要在 1 到 100 次之间"),
    ],
)
def test_a_goal_names_the_lottery_whose_chances_it_gives(goal: str, words: Vocabulary, given: list[ChanceBenefit], question: str) -> None:
    plan = compile_goal(goal, NOON, words)
    assert list(plan.benefits) == given
    assert any(one.startswith(question) for one in plan.questions) if question else not plan.questions


def test_an_approved_plan_gives_each_member_its_chances_once(store: Store, clock: ManualClock) -> None:
    ids = people(store, 5)
    launch(store, lottery({"id": "sock", "title": "袜子", "odds": 10, "goods": True}, free=0))
    assert store.look(vocabulary).lotteries == {"秋日小集": "my_lottery"}
    gift = {"kind": "benefit", "benefit": {"kind": "chance", "activity": "my_lottery", "chances": 2}}
    plan_id = approved(store, message_plan(steps=[gift, {"kind": "message", "template": "送您两次抽奖机会。"}]))
    assert run_plan(store, clock, plan_id).state == "done"
    assert [store.look(activities.chances, "my_lottery", one).held for one in ids] == [2] * 5
