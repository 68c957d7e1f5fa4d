"""Activities: what is on, what is left, what waits for a person; a new one is pasted as its description."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from assistant import access
from assistant.base.errors import Invalid
from assistant.domain import activities as rooms
from assistant.store import View
from assistant.web import activities
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import part, render
from assistant.web.route import Route

LATEST = 50


async def show(call: Call) -> web.StreamResponse:
    """All activities."""
    found = await call.store.read(activities.all_of_them)
    return render(call, "activities.html", activities=found, may=_may(call), example=EXAMPLE)


async def show_one(call: Call) -> web.StreamResponse:
    """One activity with its entries."""
    shown = await call.store.read(_one, call.part("name"))
    return render(call, "activity.html", may=_may(call), reasons=rooms.REASONS, **shown)


def _one(view: View, name: str) -> dict[str, Any]:
    one = activities.one_of_them(view, name)
    return {
        "one": one,
        "definition": json.dumps(one.definition, ensure_ascii=False, indent=1),
        "waiting": activities.entries(view, name, True),
        "latest": activities.entries(view, name, False)[-LATEST:][::-1],
        "referrals": activities.referrals(view, name) if one.kind == "referral" else [],
        "candidates": activities.candidates(view, name),
    }


def _may(call: Call) -> dict[str, bool]:
    return {name: access.allowed(call.who, f"activity:{name}") for name in ("edit", "publish", "review")}


async def describe(call: Call) -> web.StreamResponse:
    """A new draft, or the next version."""
    try:
        definition = json.loads(call.field("definition"))
    except ValueError as error:
        raise Invalid(f"活动描述不是有效的 JSON：{error}", code="bad_json") from None
    if not isinstance(definition, dict):
        raise Invalid("活动描述要写成一个 JSON 对象", code="bad_json")
    return see(f"/activities/{part(await activities.describe(call, definition))}")


async def move(call: Call) -> web.StreamResponse:
    """Published, paused, ended."""
    await activities.move(call, call.part("name"), call.field("to"))
    return see(f"/activities/{part(call.part('name'))}")


async def settle(call: Call) -> web.StreamResponse:
    """A person's word on an entry."""
    await activities.settle(call, call.part("id"), call.field("to"), call.field("note"))
    return see(f"/activities/{part(call.field('activity'))}#waiting")


async def recognise(call: Call) -> web.StreamResponse:
    """A member is named as KOC."""
    await activities.recognise(call, call.part("name"), [call.field("member")])
    return see(f"/activities/{part(call.part('name'))}#candidates")


EXAMPLE = json.dumps(
    {
        "kind": "flash_sale",
        "name": "friday_sale",
        "title": "周五秒杀：纯棉睡衣",
        "starts_at": "2026-12-04T20:00:00+08:00",
        "ends_at": "2026-12-04T21:00:00+08:00",
        "points": 300,
        "stock": 20,
        "limits": {"member": 1},
    },
    ensure_ascii=False,
    indent=1,
)

ROUTES = (
    Route("GET", "/activities", "activity:read", show),
    Route("POST", "/activities", "activity:edit", describe),
    Route("GET", "/activities/{name}", "activity:read", show_one),
    Route("POST", "/activities/{name}/move", "activity:publish", move),
    Route("POST", "/activities/{name}/recognise", "activity:review", recognise),
    Route("POST", "/entries/{id}/settle", "activity:review", settle),
)
