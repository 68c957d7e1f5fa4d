"""What leaves the account leaves it once, for what the member saw and agreed to, and for nobody else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from assistant.agent import Toolbox, decided, forbidden_arguments
from assistant.base.principal import Principal
from assistant.channels import confirm
from assistant.domain import activities, points
from assistant.store import Store, Work
from tests.rooms.test_operations_world import ME, people
from tools.context import ToolContext
from tools.toolbox import toolbox_for

TALK = "kf:wk:wm0"


@dataclass(frozen=True)
class Turn:
    """One turn's tools; the same call in it has the same key, as in the loop."""

    key: str
    tools: Toolbox

    async def redeem(self, quantity: int = 1) -> str:
        return (await self.tools.call("redeem", {"item": "sock", "quantity": quantity}, f"{self.key}:redeem")).say

    async def yes(self) -> dict[str, Any]:
        return (await self.tools.call("confirm", {}, f"{self.key}:confirm")).data


class Member:
    """A member at their phone: each ``says`` is a turn of its own with the tools it may use."""

    def __init__(self, store: Store, member_id: str) -> None:
        self.store = store
        self.id = member_id
        self.turns = 0

    def says(self, *lines: str, talk: str = TALK) -> Turn:
        self.turns += 1
        pending = self.store.look(confirm.pending, talk)
        who = Principal("member", self.id)
        key = f"{self.id}:{self.turns}"
        return Turn(key, toolbox_for(ToolContext(self.store, who, self.id, talk, key, lines, pending, None), group=False))

    def points(self) -> int:
        return self.store.look(points.balance, [self.id])[self.id].available


@pytest.fixture
def shop(store: Store) -> tuple[Member, Member]:
    first, second = people(store, 2)

    def furnish(work: Work, _none: None) -> None:
        activities.stock_mall(work, [activities.StockItem("item", "sock", "纯棉袜一双", 300, 5, 5)])
        points.grant(work, [points.Grant(f"g{one}", one, 1000, "补发") for one in (first, second)])

    store.do(furnish, None, ME)
    return Member(store, first), Member(store, second)


async def test_a_yes_spends_what_was_asked_once(shop: tuple[Member, Member]) -> None:
    member, _ = shop
    assert "300" in await member.says("换袜子").redeem()
    told = member.says("确认")
    assert (await told.yes())["done"]
    assert (await told.yes())["done"]
    assert (await member.says("确认").yes())["code"] == "nothing_pending"
    assert member.points() == 700


async def test_a_question_of_this_turn_is_not_answered_in_it(shop: tuple[Member, Member]) -> None:
    member, _ = shop
    await member.says("换袜子").redeem()
    same = member.says("换两双袜子", "确认")
    await same.redeem(2)
    assert (await same.yes())["code"] == "asked_just_now"
    assert member.points() == 1000


async def test_somebody_elses_yes_and_a_yes_in_another_talk_do_nothing(shop: tuple[Member, Member]) -> None:
    member, other = shop
    await member.says("换袜子").redeem()
    assert (await other.says("确认").yes())["code"] == "nothing_pending"
    assert (await member.says("确认", talk="kf:wk:elsewhere").yes())["code"] == "nothing_pending"
    assert (member.points(), other.points()) == (1000, 1000)


async def test_a_price_that_changed_closes_the_question_and_the_next_one_holds(shop: tuple[Member, Member]) -> None:
    member, _ = shop
    await member.says("换袜子").redeem()
    stock = activities.StockItem("item2", "sock", "纯棉袜一双", 400, 5, 5)
    member.store.do(activities.stock_mall, [stock], ME)
    assert (await member.says("确认").yes())["code"] == "price_changed"
    assert (await member.says("确认").yes())["code"] == "nothing_pending"
    assert "400" in await member.says("换袜子").redeem()
    assert (await member.says("确认").yes())["done"]
    assert member.points() == 600


async def test_a_yes_that_came_too_late_does_nothing(shop: tuple[Member, Member], clock: Any) -> None:
    member, _ = shop
    await member.says("换袜子").redeem()
    clock.advance(confirm.LIFETIME)
    assert (await member.says("确认").yes())["code"] == "nothing_pending"
    assert member.points() == 1000


async def test_what_is_no_plain_yes_is_no_yes(shop: tuple[Member, Member]) -> None:
    member, _ = shop
    await member.says("换袜子").redeem()
    for lines in (("算了", "好的"), ("确认", "等等我再想想"), ("你确认一下我的积分",), ("不确认",), ()):
        assert (await member.says(*lines).yes())["code"] == "not_agreed"
    assert member.points() == 1000


@pytest.mark.parametrize(
    ("text", "word"),
    [("确认", "yes"), ("好的好的，谢谢", "yes"), ("谢谢", ""), ("好的\n谢谢", "yes"), ("算了\n好的", "no"), ("要不要呢", ""), ("", "")],
)
def test_lines_decide_yes_no_or_neither(text: str, word: str) -> None:
    assert decided(text) == word


def test_no_tool_of_a_member_can_name_another_person(shop: tuple[Member, Member]) -> None:
    member, _ = shop
    assert forbidden_arguments(member.says("你好").tools) == []
