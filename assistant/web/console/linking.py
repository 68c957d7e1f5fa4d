"""Members who may be one person, on one page: link rates, proposals to decide, merges to take back."""

from __future__ import annotations

from aiohttp import web

from assistant import access
from assistant.base.errors import Invalid
from assistant.web import linking
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route

PAGE = "/linking"


async def show(call: Call) -> web.StreamResponse:
    """All of it."""
    return render(call, "linking.html", shown=await linking.show(call), may=access.allowed(call.who, "member:merge"))


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
    """Takes a merge back."""
    await linking.undo(call, call.part("id"), call.field("reason")[:200])
    return see(f"{PAGE}#merges")


ROUTES = (
    Route("GET", PAGE, "member:read", show),
    Route("POST", f"{PAGE}/decide", "member:merge", decide),
    Route("POST", f"{PAGE}/{{id}}/undo", "member:merge", undo),
)
