"""Activities: what is on, what is left, what waits for a person; a new one by the form of its kind, or pasted as its description."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from assistant import access
from assistant.base.errors import Invalid, Refused
from assistant.domain import activities as rooms
from assistant.store import View
from assistant.web import activities, activity_form, fields
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import part, render
from assistant.web.route import Route

LATEST = 50


async def show(call: Call) -> web.StreamResponse:
    """All activities."""
    return await _all(call, call.query("kind"))


async def _all(call: Call, kind: str, problem: str = "") -> web.StreamResponse:
    found, around = await call.store.read(activities.all_of_them), await call.store.read(activities.around)
    kind = kind if kind in activity_form.FORMED else next(iter(activity_form.FORMED))
    groups = activity_form.groups(activity_form.begun(kind, call.store.clock.now()), True, around)
    values = {
        "activities": found,
        "may": _may(call),
        "example": EXAMPLE,
        "kinds": activity_form.FORMED,
        "kind": kind,
        "groups": fields.shown(groups, call.body) if problem else groups,
        "problem": problem,
    }
    return render(call, "activities.html", status=422 if problem else 200, **values)


async def show_one(call: Call) -> web.StreamResponse:
    """One activity with its entries."""
    return await _shown(call)


async def _shown(call: Call, problem: str = "", refused: str = "") -> web.StreamResponse:
    """The page; ``problem`` is of the form, which keeps what was written, ``refused`` of another deed."""
    shown = await call.store.read(_one, call.part("name"))
    groups = activity_form.groups(shown["one"].definition, False, await call.store.read(activities.around))
    shown |= {"groups": fields.shown(groups, call.body) if problem else groups, "problem": problem, "refused": refused}
    return render(call, "activity.html", status=422 if problem or refused else 200, may=_may(call), reasons=rooms.REASONS, **shown)


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


async def begin(call: Call) -> web.StreamResponse:
    """A new draft from the form of its kind."""
    kind = call.field("kind")
    definition: dict[str, Any] = {}
    try:
        if kind not in activity_form.FORMED:
            raise Invalid("这种活动请用整份描述来写", code="bad_kind")
        begun = activity_form.begun(kind, call.store.clock.now())
        definition = activity_form.definition_of(begun, True, call.body, await call.store.read(activities.around))
        if await call.store.read(rooms.activity, definition["name"]) is not None:
            raise Invalid(f"已经有一个活动叫“{definition['name']}”，请换一个编号", code="name_taken")
        return see(f"/activities/{part(await activities.describe(call, definition))}")
    except (Invalid, Refused) as error:
        return await _all(call, kind, activity_form.named(error, definition))


async def edit(call: Call) -> web.StreamResponse:
    """The next version from the form over the one that was on the page."""
    one = await call.store.read(activities.one_of_them, call.part("name"))
    definition = one.definition
    try:
        if call.field("seen") != str(one.version):
            raise Invalid("活动刚刚被改过，请看过新的再改", code="stale")
        definition = activity_form.definition_of(one.definition, False, call.body, await call.store.read(activities.around))
        return see(f"/activities/{part(await activities.describe(call, definition, one.name))}")
    except (Invalid, Refused) as error:
        return await _shown(call, activity_form.named(error, definition))


async def move(call: Call) -> web.StreamResponse:
    """Published, paused, ended."""
    one = await call.store.read(activities.one_of_them, call.part("name"))
    try:
        await activities.move(call, one.name, call.field("to"))
    except (Invalid, Refused) as error:
        return await _shown(call, refused=activity_form.named(error, one.definition))
    return see(f"/activities/{part(one.name)}")


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
    Route("POST", "/activities/form", "activity:edit", begin),
    Route("POST", "/activities/{name}/form", "activity:edit", edit),
    Route("GET", "/activities/{name}", "activity:read", show_one),
    Route("POST", "/activities/{name}/move", "activity:publish", move),
    Route("POST", "/activities/{name}/recognise", "activity:review", recognise),
    Route("POST", "/entries/{id}/settle", "activity:review", settle),
)
