"""Members who may be one person, on one page: link rates, proposals to decide, merges to take back."""

from __future__ import annotations

from aiohttp import web

from assistant import access
from assistant.base.errors import Invalid
from assistant.flows.merging import Undone
from assistant.web import linking
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route

PAGE = "/linking"


async def show(call: Call) -> web.StreamResponse:
    """All of it."""
    return await _page(call, None)


async def _page(call: Call, undone: Undone | None) -> web.StreamResponse:
    return render(call, "linking.html", shown=await linking.show(call), may=access.allowed(call.who, "member:merge"), undone=undone)


async def decide(call: Call) -> web.StreamResponse:
    """One and the same person, or not."""
    one, other = call.field("one")[:120], call.field("other")[:120]
    if not one or not other:
        raise Invalid("请填写要合并的两位会员", code="no_pair")
    if call.field("action") == "decline":
        await linking.decline(call, one, other)
    else:
        await linking.merge(call, one, other, call.field("note")[:200])
    return see(PAGE)


async def undo(call: Call) -> web.StreamResponse:
    """Takes a merge back; the page says what a person must know of it."""
    return await _page(call, await linking.undo(call, call.part("id"), call.field("reason")[:200]))


ROUTES = (
    Route("GET", PAGE, "member:read", show),
    Route("POST", f"{PAGE}/decide", "member:merge", decide),
    Route("POST", f"{PAGE}/{{id}}/undo", "member:merge", undo),
)
