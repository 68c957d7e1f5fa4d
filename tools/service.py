"""Tools for knowledge and for handing over to a person."""

from __future__ import annotations

import re

from pydantic import Field

from assistant.agent import ToolResult
from tools.context import Arguments, Recipe, ToolContext


class Query(Arguments):
    """What to look up, in the member's words."""

    query: str = Field(min_length=1, max_length=500)


UNHAPPY = re.compile(r"投诉|气死|太差|骗子|垃圾|不满|生气|差评")
"""Who is unhappy hears an apology and by when; who only asks for a person does not."""


class Reason(Arguments):
    """Why a person is needed."""

    reason: str = Field(default="", max_length=200)


async def search_knowledge(context: ToolContext, arguments: Query, _key: str) -> ToolResult:
    found = await context.knowledge.search(arguments.query) if context.knowledge else []
    return ToolResult({"passages": [{"text": passage.text, "title": passage.title, "source": passage.source} for passage in found]})


async def hand_over(_context: ToolContext, arguments: Reason, _key: str) -> ToolResult:
    """Only says so; the turn's closing commit opens the ticket together with this answer."""
    say = "好的，我请同事来接着帮您，Ta 会看到我们刚才聊的内容，您不用再说一遍。"
    if UNHAPPY.search(arguments.reason):
        say += "让您不愉快了，真对不起；我们 12 小时内给您处理结果。"
    return ToolResult({"reason": arguments.reason, "say": say}, handover=True)


RECIPES = (
    Recipe("search_knowledge", "READ", "查品牌知识：面料、洗护、尺码、发货、退换、积分和活动规则", Query, search_knowledge),
    Recipe("hand_over", "SELF", "会员要找真人、投诉或情绪不好时，转给人工同事", Reason, hand_over),
)
