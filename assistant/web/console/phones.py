"""Phones of the simulated WeCom side by side: be a customer, a member of staff and somebody in a group. Only where a simulator runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from assistant.base.errors import Invalid, Refused
from assistant.web.console.forms import see
from assistant.web.console.phones_bubbles import bubble_of
from assistant.web.console.phones_deeds import DEEDS, body_of, options
from assistant.web.doors import Call
from assistant.web.pages import render, when
from assistant.web.route import SIGNED_IN, Route
from assistant.wecom.simulator import PhoneMessage, Simulator, SimulatorError

TABS = {"customer": "顾客手机", "staff": "员工手机", "group": "群聊"}
PLACES = {**TABS, "stage": "导演台"}
MOST_PEOPLE = 40
MOST_BUBBLES = 200
MOST_LINES = 12
LONGEST = 2000


def _simulator(call: Call) -> Simulator:
    if call.doors.simulator is None:
        raise web.HTTPNotFound
    return call.doors.simulator


async def show(call: Call) -> web.StreamResponse:
    """Three phones and the stage; who holds each is in the address (``customer``, ``staff``, ``group``, or ``tab`` with ``id``)."""
    simulator, front, wanted = _simulator(call), call.query("tab", "customer"), call.query("q").strip()
    if front not in PLACES:
        raise Invalid("没有这种手机", code="no_phone")
    at = {tab: call.query("id") if tab == front and call.query("id") else call.query(tab) for tab in TABS}
    columns = []
    for tab, word in TABS.items():
        people = _people(simulator, tab, wanted if tab == front else "")
        chosen = at[tab] = at[tab] or (people[0]["id"] if people else "")
        phone = _phone(simulator, tab, chosen) if chosen else None
        columns.append({"tab": tab, "word": word, "people": people, "phone": phone, "forms": _forms(simulator, tab, chosen)})
    stage = {"tab": "stage", "word": PLACES["stage"], "forms": _forms(simulator, "stage", "")}
    told: dict[str, Any] = {"columns": columns, "stage": stage, "at": at, "front": front, "wanted": wanted, "did": call.query("did")}
    return render(call, "phones.html", places=PLACES, seen=_seen(simulator), **told)


async def data(call: Call) -> web.StreamResponse:
    """One phone as JSON, for polling."""
    return web.json_response(_phone(_simulator(call), call.query("tab", "customer"), call.query("id")))


async def seen(call: Call) -> web.StreamResponse:
    """What the director sees, as a part of the page, for polling."""
    return render(call, "phones_seen.html", seen=_seen(_simulator(call)))


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


async def press(call: Call) -> web.StreamResponse:
    """Somebody presses a button of a card; ``options`` (question=choice, joined by &) are what was chosen on it."""
    simulator, tab, who = _simulator(call), call.field("tab"), call.field("id")
    chosen: dict[str, list[str]] = {}
    for entry in call.field("options").split("&"):
        question, found, option = entry.partition("=")
        if found:
            chosen.setdefault(question, []).append(option)
    person = call.field("speaker") if tab == "group" else who
    try:
        await simulator.presses(person, call.field("msgid"), call.field("key"), chosen, wait=False)
    except SimulatorError as error:
        raise Refused(str(error), code="simulator") from error
    return _done(call, tab, who)


async def do(call: Call) -> web.StreamResponse:
    """One of the forms of ``DEEDS``."""
    simulator, tab, name = _simulator(call), call.field("tab"), call.field("deed")
    deed = DEEDS.get(tab, {}).get(name)
    if deed is None:
        raise Invalid("没有这个动作", code="no_deed")
    try:
        await simulator.perform(deed.method, deed.place, body_of(deed, call.field("id"), call.body))
    except SimulatorError as error:
        raise Refused(str(error), code="simulator") from error
    at = {place: call.field(f"at_{place}") for place in TABS}
    return see(f"/phones?{urlencode({**at, 'tab': tab, 'did': name})}#{tab}")


def _done(call: Call, tab: str, who: str) -> web.StreamResponse:
    if "json" in call.request.headers.get("Accept", ""):
        return web.json_response(_phone(_simulator(call), tab, who))
    return see(f"/phones?{urlencode({'tab': tab, 'id': who})}#{tab}")


def _forms(simulator: Simulator, tab: str, who: str) -> list[dict[str, Any]]:
    found = options(simulator, tab, who)
    forms = []
    for name, deed in DEEDS[tab].items():
        fields = [
            {
                "name": one.name,
                "word": one.word,
                "kind": one.kind,
                "value": one.value,
                "optional": one.optional,
                "choices": found.get(one.of, []) if one.of else None,
            }
            for one in deed.fields
        ]
        # A choice with nothing to choose from is a form that cannot be sent.
        ready = all(one["choices"] != [] or one["optional"] for one in fields)
        forms.append({"name": name, "word": deed.word, "fields": fields, "ready": ready})
    return forms


def _seen(simulator: Simulator) -> dict[str, Any]:
    """The clock, what goes wrong, and what the service did."""
    return {
        "now": when(simulator.world.now()),
        "faults": simulator.faults.waiting,
        "complaints": simulator.complaints[-MOST_LINES:][::-1],
        "calls": [
            {"at": when(one.at)[5:], "path": one.path, "errcode": one.errcode, "fault": one.fault}
            for one in simulator.calls[-MOST_LINES:][::-1]
        ],
        "attacks": simulator.adversary.done[-MOST_LINES:][::-1],
        "notices": [one.to_json() for one in simulator.shops.sent[-MOST_LINES:][::-1]],
        "actors": simulator.personas.report()[:MOST_PEOPLE],
        "unmet": simulator.personas.unmet()[:MOST_LINES],
    }


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
    return [{"id": key, "name": name} for key, name, _bubbles in found[:MOST_PEOPLE]]


def _phone(simulator: Simulator, tab: str, who: str) -> dict[str, Any]:
    """What one phone shows: name, bubbles, and for staff the 群发 that wait."""
    world = simulator.world
    try:
        if tab == "customer":
            return _shown(simulator, world.the_customer(who).name, tab, who, simulator.phone(who), {who})
        if tab == "staff":
            name = world.the_staff(who).name
            return _shown(simulator, name, tab, who, simulator.staff_phone(who), {who}) | {"tasks": _tasks(simulator, who)}
        group = world.the_group(who)
    except SimulatorError as error:
        raise Invalid(str(error), code="no_phone") from error
    speakers = [{"id": userid, "name": world.staff[userid].name} for userid in group.members if userid in world.staff]
    own = {speaker["id"] for speaker in speakers}
    return _shown(simulator, group.name, tab, who, simulator.group_phone(who), own) | {"speakers": speakers, "size": len(group.members)}


def _shown(simulator: Simulator, name: str, tab: str, who: str, bubbles: list[PhoneMessage], own: set[str]) -> dict[str, Any]:
    shown = [bubble_of(simulator, bubble, own, tab) for bubble in bubbles[-MOST_BUBBLES:]]
    return {"id": who, "name": name, "tab": tab, "bubbles": shown, "tasks": [], "speakers": [], "size": 0}


def _tasks(simulator: Simulator, userid: str) -> list[dict[str, Any]]:
    waiting = [task for task in simulator.mass.tasks.values() if userid in task.rows and not task.cancelled]
    return [
        {"id": task.msgid, "text": task.text, "targets": len(task.rows[userid]), "sent": userid in task.sent, "at": when(task.created)[5:]}
        for task in reversed(waiting)
    ][:20]


ROUTES = (
    Route("GET", "/phones", SIGNED_IN, show),
    Route("GET", "/phones/data", SIGNED_IN, data),
    Route("GET", "/phones/seen", SIGNED_IN, seen),
    Route("POST", "/phones/say", SIGNED_IN, speak),
    Route("POST", "/phones/confirm", SIGNED_IN, confirm),
    Route("POST", "/phones/press", SIGNED_IN, press),
    Route("POST", "/phones/do", SIGNED_IN, do),
)
