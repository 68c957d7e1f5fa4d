"""The rules of points: what holds now, drafts with their trials, and the step to live."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from assistant import access
from assistant.base.errors import Invalid
from assistant.domain import membership
from assistant.store import View
from assistant.web import fields, points_form, points_rules
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route

STATES = {"draft": "草稿", "live": "生效中", "past": "用过"}


async def show(call: Call) -> web.StreamResponse:
    """All versions."""
    return await _page(call)


async def _page(call: Call, document: str = "", problem: str = "", written: Mapping[str, Any] | None = None) -> web.StreamResponse:
    """``document`` is a text that goes back to who wrote it, ``written`` a form."""
    found = await call.store.read(points_rules.all_rules)
    groups = points_form.groups(found.live.document, *await call.store.read(_names))
    values = {
        "rules": found,
        "groups": fields.shown(groups, written) if written is not None else groups,
        "text": json.dumps(found.live.document, ensure_ascii=False, indent=2),
        "document": document,
        "note": call.field("note") if problem else "",
        "problem": problem,
        "may": {"edit": access.allowed(call.who, "points:edit"), "live": access.allowed(call.who, "points:approve")},
        "states": STATES,
        "names": {f"operator:{one.id}": one.name for one in await call.store.read(access.operators)},
    }
    return render(call, "points.html", status=422 if problem else 200, **values)


def _names(view: View) -> tuple[list[str], list[str]]:
    """The tiers and paid plans that may multiply."""
    held = membership.rules(view)[1]
    return [tier.name for tier in held.tiers], [plan.name for plan in held.plans]


async def propose_form(call: Call) -> web.StreamResponse:
    """A draft from the rules that were on the page, as the form changes them."""
    live = (await call.store.read(points_rules.all_rules)).live
    try:
        if call.field("seen") != str(live.version):
            raise Invalid("规则刚刚换过一版，请看过新的再改", code="stale")
        document = points_form.document_of(live.document, *await call.store.read(_names), call.body)
        await points_rules.propose(call, json.dumps(document, ensure_ascii=False), call.field("note"))
    except Invalid as error:
        return await _page(call, problem=error.say, written=call.body)
    return see("/points")


async def propose(call: Call) -> web.StreamResponse:
    """A draft with its trial; what is wrong with it is said above the text, which stays as it was."""
    document, note = call.field("document"), call.field("note")
    try:
        await points_rules.propose(call, document, note)
    except Invalid as error:
        return await _page(call, document, error.say)
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
    Route("POST", "/points/form", "points:edit", propose_form),
    Route("POST", "/points/{version}/simulate", "points:edit", simulate),
    Route("POST", "/points/{version}/live", "points:approve", go_live),
)
