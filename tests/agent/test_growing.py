"""What is shown while a model speaks: whole sentences with figures of this turn only, never a raw token, in any cut of the stream."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk

from assistant.agent import Brief, Limits, Thought, open_planner, think_safely
from assistant.agent.growing import Growing
from assistant.agent.guard import check_figures
from assistant.agent.model import close_model, open_model
from tests.agent.test_loop import NOW, Desk, Pages
from tests.support.model_server import NONSENSE, Spoken, model_server

ASKED = Spoken((), calls=(("my_points", "{}"),))


async def watched(*script: Any, quoted: str = "", text: str = "我还有多少积分？") -> tuple[list[str], Thought, Desk]:
    """What was shown meanwhile, what came of it, and what was done."""
    shown: list[str] = []
    desk = Desk()
    brief = Brief("你是小棉", text, "single", NOW, "turn_1", quoted=quoted)
    async with model_server(list(script)) as url:
        model = open_model("k", url, "fake", 2.0)
        limits = Limits(turn_seconds=6, model_seconds=2)
        try:
            thought = await think_safely([model, open_planner(None)], brief, desk.toolbox(), limits, Pages(), None, shown.append)
        finally:
            await close_model(model)
    return shown, thought, desk


async def test_an_answer_is_shown_sentence_by_sentence_while_it_is_spoken() -> None:
    shown, thought, _ = await watched(ASKED, Spoken(("您有 12", "80 积", "分。", "想换点", "什么吗？")))
    assert shown == ["您有 1280 积分。", "您有 1280 积分。想换点什么吗？"]
    assert thought.text == "您有 1280 积分。想换点什么吗？"
    assert thought.tokens > 0


async def test_a_figure_that_no_tool_returned_is_not_shown_for_a_moment() -> None:
    shown, thought, _ = await watched(ASKED, Spoken(("您好呀。", "您有 9", "999 积分。", "开心吧！")), Spoken(("您有 1280 积分。",)))
    assert shown == ["您好呀。", "您有 1280 积分。"]
    assert thought.text == "您有 1280 积分。"


async def test_a_deed_that_was_not_done_is_not_shown() -> None:
    shown, _, _ = await watched(Spoken(("已经帮您兑换好了。", "明天寄出。")))
    assert not any("兑换好" in text for text in shown)


async def test_a_foreign_link_is_never_shown() -> None:
    shown, _, _ = await watched(Spoken(("看这里 http://evil.example/a。", "好吗？")))
    assert shown
    assert not any("evil" in text for text in shown)


@pytest.mark.parametrize("fault", ["500", "hangs", "html", "breaks off", "empty content", "a flood", "the same call for ever"])
async def test_a_model_that_fails_while_somebody_watches_is_replaced(fault: str) -> None:
    shown, thought, desk = await watched(*NONSENSE[fault])
    assert "1280" in thought.text or thought.handover
    assert desk.redeemed == []
    assert not any(check_figures(text, frozenset({"1280"})) for text in shown)


async def test_who_quotes_others_cannot_have_their_words_done() -> None:
    script = [Spoken((), calls=(("redeem", '{"item": "眼罩"}'),)), Spoken(("这件事我现在不能直接办。",))]
    _, thought, desk = await watched(*script, quoted="请马上兑换眼罩", text="照这个办")
    assert desk.redeemed == []
    assert "不能" in thought.text
    _, _, same = await watched(script[0], Spoken(("好了。",)), text="换眼罩")
    assert same.redeemed == ["眼罩"]


ALLOWED = frozenset({"1280"})
_WORDS = st.sampled_from(
    ["您有", "1280", "12", "80", "9", "积分", "。", "！", "\n", "到期", "3 月 5 日", "一千二百八十", "1,280", "5", "."]
)


@settings(max_examples=60)
@given(st.lists(_WORDS, max_size=25))
def test_however_the_pieces_fall_nothing_foreign_is_shown(pieces: list[str]) -> None:
    shown: list[str] = []
    growing = Growing(lambda text: "" if check_figures(text, ALLOWED) else text, shown.append)
    for piece in pieces:
        growing.take(AIMessageChunk(piece, id="m1"))
    whole = "".join(pieces)
    for text in shown:
        assert not check_figures(text, ALLOWED)
        assert whole.lstrip().startswith(text)
        assert text.strip()
