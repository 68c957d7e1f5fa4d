"""Moments, daily statistics and forbidden words on pages of their own."""

from __future__ import annotations

import re
from typing import Literal

from aiohttp import web

from assistant import access
from assistant.base.errors import Invalid
from assistant.domain import staff
from assistant.web import reach
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route
from assistant.web.shapes_reach import LinkIn, MomentIn, WordRuleIn

SPLIT = re.compile(r"[\s,，、;；]+")


async def moments(call: Call) -> web.StreamResponse:
    """What employees are asked to publish, and whether they did."""
    people = await call.store.read(staff.names)
    may = access.allowed(call.who, "plan:approve")
    return render(call, "moments.html", shown=await reach.moments(call), people=people, may=may)


async def post(call: Call) -> web.StreamResponse:
    """A new one."""
    title, url = call.field("title"), call.field("url")
    if bool(title) != bool(url) or (url and not re.match(r"^https?://\S+$", url)):
        raise Invalid("链接要有标题和 http(s) 开头的地址", code="bad_moment")
    link = LinkIn(title=title[:60], url=url[:1000]) if url else None
    given = MomentIn(text=call.field("text")[:2001].replace("\r\n", "\n")[:2000], staff=_chosen(call), link=link)
    await reach.post_moment(call, given)
    return see("/moments")


async def cancel(call: Call) -> web.StreamResponse:
    """Takes one back."""
    await reach.cancel_moment(call, call.part("id"))
    return see("/moments")


async def statistics(call: Call) -> web.StreamResponse:
    """The figures and their queries."""
    return render(call, "statistics.html", shown=await reach.statistics(call), days=call.query("days", "30"), spans=reach.SPANS)


async def words(call: Call) -> web.StreamResponse:
    """All rules."""
    people = await call.store.read(staff.names)
    may = access.allowed(call.who, "content:edit")
    return render(call, "words.html", shown=await reach.words(call), people=people, may=may)


async def save(call: Call) -> web.StreamResponse:
    """A new rule, or other words under its name."""
    semantics = [number for number in (1, 2, 3) if call.field(f"semantics{number}")]
    listed = [word for word in SPLIT.split(call.field("words")) if word]
    if not 1 <= len(call.field("name")) <= 20 or len(listed) > 300 or not _chosen(call):
        raise Invalid("规则要有 1 到 20 字的名字、最多 300 个词，并选上员工", code="bad_words")
    kind: Literal["block", "warn"] = "block" if call.field("kind") == "block" else "warn"
    await reach.save_words(call, WordRuleIn(name=call.field("name"), words=listed, semantics=semantics, kind=kind, staff=_chosen(call)))
    return see("/words")


async def drop(call: Call) -> web.StreamResponse:
    """Takes a rule back."""
    await reach.drop_words(call)
    return see("/words")


def _chosen(call: Call) -> list[str]:
    """The employees whose boxes are ticked."""
    return [name.removeprefix("staff:") for name in call.body if name.startswith("staff:") and call.field(name)]


ROUTES = (
    Route("GET", "/moments", "plan:read", moments),
    Route("POST", "/moments", "plan:approve", post),
    Route("POST", "/moments/{id}/cancel", "plan:approve", cancel),
    Route("GET", "/statistics", "report:read", statistics),
    Route("GET", "/words", "staff:read", words),
    Route("POST", "/words", "content:edit", save),
    Route("POST", "/words/{id}/drop", "content:edit", drop),
)
