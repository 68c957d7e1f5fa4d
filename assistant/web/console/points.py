"""The rules of points: what holds now, drafts with their trials, and the step to live."""

from __future__ import annotations

import json

from aiohttp import web

from assistant import access
from assistant.base.errors import Invalid
from assistant.web import points_rules
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route

STATES = {"draft": "草稿", "live": "生效中", "past": "用过"}


async def show(call: Call) -> web.StreamResponse:
    """All versions."""
    return await _page(call)


async def _page(call: Call, document: str = "", note: str = "", problem: str = "", status: int = 200) -> web.StreamResponse:
    found = await call.store.read(points_rules.all_rules)
    may = {"edit": access.allowed(call.who, "points:edit"), "live": access.allowed(call.who, "points:approve")}
    text = document or json.dumps(found.live.document, ensure_ascii=False, indent=2)
    return render(call, "points.html", status=status, rules=found, document=text, note=note, problem=problem, may=may, states=STATES)


async def propose(call: Call) -> web.StreamResponse:
    """A draft with its trial; what is wrong with it is said above the text, which stays as it was."""
    document, note = call.field("document"), call.field("note")
    try:
        await points_rules.propose(call, document, note)
    except Invalid as error:
        return await _page(call, document, note, error.say, 422)
    return see("/points")


async def simulate(call: Call) -> web.StreamResponse:
    """Another trial."""
    await points_rules.simulate(call, points_rules.number(call.part("version")))
    return see("/points")


async def go_live(call: Call) -> web.StreamResponse:
    """The version holds from now on."""
    await points_rules.go_live(call, points_rules.number(call.part("version")))
    return see("/points")


ROUTES = (
    Route("GET", "/points", "plan:read", show),
    Route("POST", "/points", "points:edit", propose),
    Route("POST", "/points/{version}/simulate", "points:edit", simulate),
    Route("POST", "/points/{version}/live", "points:approve", go_live),
)
