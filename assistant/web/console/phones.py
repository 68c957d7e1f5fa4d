"""Phones of the simulated WeCom: be a customer, a member of staff, or somebody in a group. Only where a simulator runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from assistant.base.errors import Invalid, Refused
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import part, render, when
from assistant.web.route import SIGNED_IN, Route
from assistant.wecom.simulator import PhoneMessage, Simulator, SimulatorError

TABS = {"customer": "顾客手机", "staff": "员工手机", "group": "群聊"}
MOST_PEOPLE = 40
MOST_BUBBLES = 200
LONGEST = 2000


def _simulator(call: Call) -> Simulator:
    if call.doors.simulator is None:
        raise web.HTTPNotFound
    return call.doors.simulator


async def show(call: Call) -> web.StreamResponse:
    """People on the left, the phone of the chosen one on the right."""
    simulator, tab, wanted = _simulator(call), call.query("tab", "customer"), call.query("q").strip()
    if tab not in TABS:
        raise Invalid("没有这种手机", code="no_phone")
    people = _people(simulator, tab, wanted)
    chosen = call.query("id") or (people[0]["id"] if people else "")
    phone = _phone(simulator, tab, chosen) if chosen else None
    return render(call, "phones.html", tabs=TABS, tab=tab, people=people, wanted=wanted, phone=phone)


async def data(call: Call) -> web.StreamResponse:
    """The phone as JSON, for polling."""
    return web.json_response(_phone(_simulator(call), call.query("tab", "customer"), call.query("id")))


async def speak(call: Call) -> web.StreamResponse:
    """Somebody types on a phone."""
    simulator, tab, who = _simulator(call), call.field("tab"), call.field("id")
    text, menu = call.field("text")[:LONGEST], call.field("menu")
    if not text:
        raise Invalid("请先写下要说的话", code="empty_text")
    try:
        if tab == "customer":
            await simulator.customer_says(who, text, menu_id=menu)
        elif tab == "staff":
            await simulator.staff_says(who, text)
        else:
            await simulator.bot_says(call.field("speaker"), text, who, wait=False)
    except SimulatorError as error:
        raise Refused(str(error), code="simulator") from error
    return _done(call, tab, who)


async def confirm(call: Call) -> web.StreamResponse:
    """The member of staff presses send on a 群发."""
    simulator, who = _simulator(call), call.field("id")
    try:
        await simulator.confirm(call.field("task"), who)
    except SimulatorError as error:
        raise Refused(str(error), code="simulator") from error
    return _done(call, "staff", who)


def _done(call: Call, tab: str, who: str) -> web.StreamResponse:
    if "json" in call.request.headers.get("Accept", ""):
        return web.json_response(_phone(_simulator(call), tab, who))
    return see(f"/phones?tab={tab}&id={part(who)}")


def _people(simulator: Simulator, tab: str, wanted: str) -> list[dict[str, Any]]:
    """Those who match, the latest talk first."""
    world = simulator.world
    listed: Sequence[tuple[str, str, list[PhoneMessage]]]
    if tab == "customer":
        listed = [(each.external_userid, each.name, each.phone) for each in world.customers.values()]
    elif tab == "staff":
        listed = [(each.userid, each.name, each.phone) for each in world.staff.values()]
    else:
        listed = [(each.chatid, each.name, each.phone) for each in world.groups.values()]
    found = [row for row in listed if wanted.lower() in row[0].lower() or wanted.lower() in row[1].lower()]
    found.sort(key=lambda row: -row[2][-1].at.timestamp() if row[2] else 0.0)
    return [{"id": key, "name": name, "last": bubbles[-1].text if bubbles else ""} for key, name, bubbles in found[:MOST_PEOPLE]]


def _phone(simulator: Simulator, tab: str, who: str) -> dict[str, Any]:
    """What one phone shows: name, bubbles, and for staff the 群发 that wait."""
    world = simulator.world
    try:
        if tab == "customer":
            customer = world.the_customer(who)
            return _shown(simulator, customer.name, tab, who, simulator.phone(who), {who})
        if tab == "staff":
            staff = world.the_staff(who)
            return _shown(simulator, staff.name, tab, who, simulator.staff_phone(who), {who}) | {"tasks": _tasks(simulator, who)}
        group = world.the_group(who)
    except SimulatorError as error:
        raise Invalid(str(error), code="no_phone") from error
    speakers = [{"id": userid, "name": world.staff[userid].name} for userid in group.members if userid in world.staff]
    own = {speaker["id"] for speaker in speakers}
    return _shown(simulator, group.name, tab, who, simulator.group_phone(who), own) | {"speakers": speakers, "size": len(group.members)}


def _shown(simulator: Simulator, name: str, tab: str, who: str, bubbles: list[PhoneMessage], own: set[str]) -> dict[str, Any]:
    shown = [_bubble(simulator, bubble, own, tab) for bubble in bubbles[-MOST_BUBBLES:]]
    return {"id": who, "name": name, "tab": tab, "bubbles": shown, "tasks": [], "speakers": [], "size": 0}


def _bubble(simulator: Simulator, bubble: PhoneMessage, own: set[str], tab: str) -> dict[str, Any]:
    staff, mine = simulator.world.staff, bubble.sender in own
    choices = _choices(bubble)
    text = str(bubble.body.get("head_content", "")) if choices else bubble.text
    return {
        "mine": mine,
        "name": staff[bubble.sender].name if bubble.sender in staff and (tab == "group" or not mine) else "",
        "text": "（撤回了一条消息）" if bubble.recalled else text,
        "at": when(bubble.at)[5:],
        "via": bubble.via,
        "waiting": not bubble.finished,
        "choices": choices,
    }


def _choices(bubble: PhoneMessage) -> list[dict[str, str]]:
    """The entries of a menu that can be pressed."""
    if bubble.kind != "msgmenu":
        return []
    items = [item.get("click", {}) for item in bubble.body.get("list", []) if item.get("type") == "click"]
    return [{"id": str(item.get("id", "")), "text": str(item.get("content", ""))} for item in items]


def _tasks(simulator: Simulator, userid: str) -> list[dict[str, Any]]:
    waiting = [task for task in simulator.mass.tasks.values() if userid in task.rows and not task.cancelled]
    return [
        {"id": task.msgid, "text": task.text, "targets": len(task.rows[userid]), "sent": userid in task.sent, "at": when(task.created)[5:]}
        for task in reversed(waiting)
    ][:20]


ROUTES = (
    Route("GET", "/phones", SIGNED_IN, show),
    Route("GET", "/phones/data", SIGNED_IN, data),
    Route("POST", "/phones/say", SIGNED_IN, speak),
    Route("POST", "/phones/confirm", SIGNED_IN, confirm),
)
