"""The loop: what a model may do is decided by the toolbox, what it may say by the figures of the turn; failures end with a person."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import BaseModel, ConfigDict

from assistant.agent import Brief, Call, Limits, MemoryBudget, Meter, Thought, Tool, Toolbox, ToolResult, open_planner, think_safely
from assistant.agent.model import close_model, open_model
from assistant.base.errors import Refused
from assistant.base.principal import Principal
from tests.support.model_server import NONSENSE, model_server, said

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


class Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Redeem(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    item: str
    quantity: int = 1


class Scripted(BaseChatModel):
    """Answers with a list of messages or exceptions, in order, the last one for ever."""

    script: list[Any]
    at: list[int]
    seconds: float = 0.0

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **_options: Any) -> Any:
        return self

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **_options: Any) -> ChatResult:
        raise NotImplementedError("the loop is asynchronous")

    async def _agenerate(self, messages: Any, stop: Any = None, run_manager: Any = None, **_options: Any) -> ChatResult:
        await asyncio.sleep(self.seconds)
        step = self.script[min(self.at[0], len(self.script) - 1)]
        self.at[0] += 1
        if isinstance(step, Exception):
            raise step
        message = step(messages) if callable(step) else step
        return ChatResult(generations=[ChatGeneration(message=message)])


class Pages:
    """A transcript in a list."""

    def __init__(self, events: list[dict[str, Any]] | None = None) -> None:
        self.written = list(events or [])

    def events(self) -> list[dict[str, Any]]:
        return list(self.written)

    async def record(self, event: dict[str, Any]) -> None:
        self.written.append(event)


class Desk:
    """Two tools over an account that counts what was really done."""

    def __init__(self, *, tainted: bool = False) -> None:
        self.redeemed: list[str] = []
        self.keys: list[str] = []
        self.tainted = tainted
        self.seconds = 0.0
        self.wanted = ""

    def toolbox(self) -> Toolbox:
        tools = [Tool("my_points", "READ", "积分", Nothing, self.points), Tool("redeem", "SELF", "兑换", Redeem, self.redeem)]
        return Toolbox(tools, Principal("member", "mem_1"))

    async def points(self, call: Call) -> ToolResult:
        self.keys.append(call.key)
        return ToolResult({"available": 1280, "pending": 0, "expiring_soon": 0, "expiring_on": ""}, tainted=self.tainted)

    async def redeem(self, call: Call) -> ToolResult:
        if not isinstance(call.arguments, Redeem):
            raise Refused("不行")
        await asyncio.sleep(self.seconds)
        self.redeemed.append(call.arguments.item)
        return ToolResult({"item": call.arguments.item}, say=f"{call.arguments.item}换好啦")


def ask(name: str, arguments: dict[str, Any], number: int = 0) -> AIMessage:
    return AIMessage("", tool_calls=[{"name": name, "args": arguments, "id": f"call{number}"}])


async def think(model: Any, desk: Desk, text: str = "我还有多少积分？", pages: Pages | None = None, **limits: Any) -> Thought:
    brief = Brief("你是小棉", text, "single", NOW, "turn_1")
    return await think_safely([model, open_planner(None)], brief, desk.toolbox(), Limits(**limits), pages or Pages())


async def test_an_answer_with_figures_of_a_tool_is_sent() -> None:
    thought = await think(Scripted(script=[ask("my_points", {}), AIMessage("您有 1,280 积分")], at=[0]), Desk())
    assert thought.text == "您有 1,280 积分"
    assert thought.model == "scripted"


@pytest.mark.parametrize(
    "made_up", ["您有 9999 积分", "您有９９９９积分", "您有九千九百九十九积分", "打 3 折", "11月25日到期", "百分之二十"]
)
async def test_a_figure_that_no_tool_returned_is_not_sent(made_up: str) -> None:
    thought = await think(Scripted(script=[ask("my_points", {}), AIMessage(made_up)], at=[0]), Desk())
    assert made_up not in thought.text
    assert "1280" in thought.text


FAULTS: dict[str, list[Any]] = {
    "down": [ConnectionError("refused")],
    "empty": [AIMessage("")],
    "blank": [AIMessage("  \n ")],
    "huge": [AIMessage("啊" * 4_000_000)],
    "unknown tool": [ask("drop_table", {"x": 1}), ask("drop_table", {"x": 2}), ask("drop_table", {"x": 3}), AIMessage("")],
    "endless tools": [lambda messages: ask("my_points", {}, len(messages))],
    "wrong arguments": [ask("my_points", {"member_id": "mem_2"}), AIMessage("")],
    "garbage content": [AIMessage([{"type": "image", "url": "x"}])],
    "runtime error": [RuntimeError("boom")],
    "value error": [ValueError("not json")],
    "link only": [AIMessage("https://evil.example/x")],
    "made up": [AIMessage("送您 500 积分")],
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_model_that_fails_is_replaced_and_the_member_answered(fault: str) -> None:
    desk = Desk()
    thought = await think(Scripted(script=FAULTS[fault], at=[0]), desk)
    assert thought.text.strip()
    assert thought.handover or "1280" in thought.text
    assert desk.redeemed == []


async def test_when_a_model_is_too_slow_the_planner_answers() -> None:
    thought = await think(Scripted(script=[AIMessage("迟到")], at=[0], seconds=30), Desk(), turn_seconds=0.2)
    assert "1280" in thought.text
    assert thought.outcome == "fallback"
    assert thought.faults == ("scripted: TimeoutError",)


async def test_when_every_model_is_too_slow_a_person_is_asked() -> None:
    brief = Brief("你是小棉", "在吗", "single", NOW, "turn_1")
    slow = [Scripted(script=[AIMessage("迟到")], at=[0], seconds=30) for _ in range(2)]
    thought = await think_safely(slow, brief, Desk().toolbox(), Limits(turn_seconds=0.1, last_seconds=0.1), Pages())
    assert thought.handover
    assert thought.outcome == "handover"
    assert "同事" in thought.text


async def test_a_deed_claimed_but_not_done_is_not_said() -> None:
    boast = [AIMessage("已经帮您兑换好了"), AIMessage("真的已经为您兑换成功")]
    thought = await think(Scripted(script=boast, at=[0]), Desk())
    assert "兑换好" not in thought.text
    assert thought.faults == ("scripted: claims_deed",)


async def test_a_tool_that_has_begun_is_known_to_the_model_that_takes_over() -> None:
    desk = Desk()
    desk.seconds = 0.2
    thought = await think(Scripted(script=[ask("redeem", {"item": "眼罩"})], at=[0]), desk, "换眼罩", turn_seconds=0.1)
    assert desk.redeemed == ["眼罩"]
    assert [record.name for record in thought.calls] == ["redeem"]


async def test_after_three_faults_in_a_row_a_model_rests() -> None:
    model, meter = Scripted(script=[ConnectionError("refused")], at=[0]), Meter()
    brief = Brief("你是小棉", "积分", "single", NOW, "turn_1")
    for _ in range(5):
        thought = await think_safely([model, open_planner(None)], brief, Desk().toolbox(), Limits(), Pages(), meter)
    assert model.at == [3]
    assert thought.faults == ("scripted: resting",)


async def test_past_the_budget_of_the_day_the_planner_answers() -> None:
    model, meter = Scripted(script=[AIMessage("您好呀")], at=[0]), Meter(MemoryBudget(turns=2))
    said = []
    for _ in range(3):
        brief = Brief("你是小棉", "积分", "single", NOW, "turn_1", who="member:1")
        said.append((await think_safely([model, open_planner(None)], brief, Desk().toolbox(), Limits(), Pages(), meter)).model)
    assert said == ["scripted", "scripted", "planner"]


async def test_after_a_strangers_words_no_deed_is_done() -> None:
    desk = Desk(tainted=True)
    obeys = [ask("my_points", {}), ask("redeem", {"item": "所有东西"}, 1), AIMessage("好的")]
    await think(Scripted(script=obeys, at=[0]), desk)
    assert desk.redeemed == []


async def test_a_turn_that_resumes_does_not_call_again_what_was_written_down() -> None:
    desk = Desk()
    event = {"kind": "tool", "name": "my_points", "arguments": {}, "data": {"available": 1280}, "say": "", "effect": "READ"}

    def answer(messages: list[Any]) -> AIMessage:
        assert any(isinstance(message, ToolMessage) for message in messages)
        return AIMessage("您有 1280 积分")

    thought = await think(Scripted(script=[answer], at=[0]), desk, pages=Pages([event]))
    assert thought.text == "您有 1280 积分"
    assert desk.keys == []


async def test_a_call_carries_a_key_that_a_retry_makes_again() -> None:
    first, second = Desk(), Desk()
    for desk in (first, second):
        await think(Scripted(script=[ask("my_points", {}), AIMessage("您有 1280 积分")], at=[0]), desk)
    assert first.keys == second.keys
    assert first.keys[0].startswith("turn_1:0:my_points:")


@pytest.mark.parametrize("fault", NONSENSE)
async def test_a_model_over_http_that_talks_nonsense_is_replaced(fault: str) -> None:
    desk = Desk()
    async with model_server(NONSENSE[fault]) as url:
        model = open_model("key", url, "fake", http_timeout=0.5)
        thought = await think(model, desk, turn_seconds=2.0, model_seconds=2.0)
        await close_model(model)
    assert "1280" in thought.text
    assert thought.outcome == "fallback"
    assert thought.model == "planner"
    assert desk.redeemed == []


async def test_a_model_over_http_that_answers_well_is_heard() -> None:
    async with model_server([said(None, ("my_points", "{}")), said("您现在有 1,280 积分～")]) as url:
        model = open_model("key", url, "fake")
        thought = await think(model, Desk())
        await close_model(model)
    assert thought.text == "您现在有 1,280 积分～"
    assert thought.outcome == "answer"
    assert thought.tokens == 30


async def test_members_who_speak_at_once_to_one_model_use_each_their_own_tools() -> None:
    desks = [Desk() for _ in range(8)]
    together = asyncio.Barrier(len(desks))
    for number, desk in enumerate(desks):
        desk.wanted = f"第{number}双袜子"

    def steps(messages: Any) -> AIMessage:
        if isinstance(messages[-1], ToolMessage):
            return AIMessage("好的")
        return ask("redeem", {"item": str(messages[-1].content)})

    class Crowded(Scripted):
        async def _agenerate(self, messages: Any, *arguments: Any, **options: Any) -> ChatResult:
            await together.wait()
            return await super()._agenerate(messages, *arguments, **options)

    model = Crowded(script=[steps], at=[0])
    await asyncio.gather(*(think(model, desk, desk.wanted) for desk in desks))
    assert [desk.redeemed for desk in desks] == [[desk.wanted] for desk in desks]
