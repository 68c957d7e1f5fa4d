"""Control verbs of customer contact: friendships, codes, groups, tags, transfers, moments, and the mass messages that employees confirm."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from assistant.wecom.simulator.asked import Asked, Routes, told
from assistant.wecom.simulator.corp import App
from assistant.wecom.simulator.world import SimulatorError

if TYPE_CHECKING:
    from assistant.wecom.simulator.simulator import Simulator


def routes() -> Routes:
    return {
        ("POST", "/friend"): _friend,
        ("POST", "/scan"): _scan,
        ("GET", "/ways"): _ways,
        ("POST", "/group"): _group,
        ("POST", "/tag"): _tag,
        ("GET", "/tags"): _tags,
        ("GET", "/tasks"): _tasks,
        ("POST", "/confirm"): _confirm,
        ("POST", "/mass"): _mass,
        ("GET", "/moments"): _moments,
        ("POST", "/publish"): _publish,
        ("POST", "/transfer"): _transfer,
        ("GET", "/transfers"): _transfers,
        ("POST", "/employee"): _employee,
        ("GET", "/apps"): _apps,
        ("POST", "/apps"): _app,
    }


async def _friend(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    customer, userid = asked.text("customer"), asked.text("userid")
    match asked.text("action", "add"):
        case "add":
            return told(await simulator.customer_adds(customer, userid, asked.text("state", "")))
        case "half":
            return told(await simulator.customer_half_adds(customer, userid, asked.text("state", "")))
        case "confirm":
            return told(await simulator.staff_confirms_friend(userid, customer))
        case "accept":
            return told(await simulator.staff_accepts(userid, customer))
        case "agree":
            return told(await simulator.customer_agrees(customer, userid))
        case "delete":
            return told(await simulator.friendship_ends(customer, userid, asked.text("by", "customer")))
        case "edit":
            changes: dict[str, Any] = {"add_tags": asked.texts("add_tags"), "remove_tags": asked.texts("remove_tags")}
            fields = ("remark", "description", "remark_company")
            changes |= {name: asked.text(name, "") for name in fields if name in dict(asked.items())}
            return told(await simulator.staff_edits(userid, customer, **changes))
        case "chat":
            if asked.text("by", "customer") == "customer":
                simulator.customer_chats(customer, userid, asked.text("text"))
                return {"outcome": "sent"}
            return {"outcome": simulator.staff_chats(userid, customer, asked.text("text"))}
    raise SimulatorError("action 只能是 add、half、confirm、accept、agree、delete、edit 或 chat")


async def _scan(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """``code`` is a config_id of 联系我 or of a way into a group, ``link`` an acquisition link."""
    link = asked.text("link", "")
    if link:
        return told(await simulator.customer_opens(asked.text("customer"), link, asked.text("channel", "")))
    return told(await simulator.customer_scans(asked.text("customer"), asked.text("code")))


async def _ways(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    parts = simulator.customer_contact
    ways, joins = [each.to_json() for each in parts.ways.ways.values()], [each.to_json() for each in parts.join_ways.ways.values()]
    return {"contact_ways": ways, "join_ways": joins, "links": [each.to_json() for each in parts.ways.links.values()]}


async def _group(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    chatid, people = asked.text("chatid"), asked.texts("people")
    match asked.text("action"):
        case "create":
            return told(await simulator.group_created(asked.text("owner"), chatid, asked.text("name"), people))
        case "join":
            scene, invitor = int(asked.number("scene", 3)), asked.text("invitor", "")
            return told(await simulator.group_joined(chatid, people, scene=scene, invitor=invitor))
        case "leave" | "remove" as action:
            return told(await simulator.group_left(chatid, people, removed=action == "remove"))
        case "rename":
            return told(await simulator.group_renamed(chatid, asked.text("name")))
        case "announce":
            return told(await simulator.group_announced(chatid, asked.text("text")))
        case "owner":
            return told(await simulator.group_handed_over(chatid, asked.text("owner")))
        case "dismiss":
            return told(await simulator.group_dismissed(chatid))
        case "admins":
            simulator.customer_contact.groups.appoints(chatid, people)
            return told([])
        case "say":
            simulator.group_says(chatid, asked.text("who"), asked.text("text"))
            return told([])
    raise SimulatorError("action 只能是 create、join、leave、remove、rename、announce、owner、dismiss、admins 或 say")


async def _tag(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    match asked.text("action"):
        case "make":
            return told(await simulator.admin_makes_tags(asked.text("group"), asked.texts("names")))
        case "rename":
            return told(await simulator.admin_renames_tag(asked.text("id"), asked.text("name")))
        case "delete":
            return told(await simulator.admin_deletes_tag(asked.text("id")))
        case "shuffle":
            return told(await simulator.admin_shuffles_tags(asked.text("id", "")))
    raise SimulatorError("action 只能是 make、rename、delete 或 shuffle")


async def _tags(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return {"groups": [group.to_json() for group in simulator.customer_contact.tags.groups.values()]}


async def _tasks(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return {"tasks": [task.to_json() for task in simulator.mass.tasks.values()]}


async def _confirm(simulator: Simulator, asked: Asked) -> dict[str, int]:
    only = asked.texts("only") or None
    return simulator.mass.confirm(asked.text("msgid"), asked.text("userid"), only)


async def _mass(simulator: Simulator, asked: Asked) -> dict[str, int]:
    """An employee's own 群发."""
    return simulator.staff_sends(asked.text("userid"), asked.text("text"), asked.texts("customers"))


async def _moments(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    moments = simulator.customer_contact.moments.moments.values()
    return {
        "moments": [
            {**each.to_json(), "staff": [*each.audience], "published": [*each.published], "cancelled": each.cancelled} for each in moments
        ]
    }


async def _publish(simulator: Simulator, asked: Asked) -> dict[str, int]:
    return {"seen_by": simulator.moment_published(asked.text("userid"), asked.text("moment_id"))}


async def _transfer(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """The customer's answer to being handed over."""
    customer, takeover = asked.text("customer"), asked.text("takeover")
    match asked.text("action"):
        case "refuse":
            simulator.transfer_refused(customer, takeover)
        case "accept":
            simulator.transfer_accepted(customer, takeover)
        case _:
            raise SimulatorError("action 只能是 refuse 或 accept")
    return await _transfers(simulator, asked)


async def _transfers(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    rows = simulator.customer_contact.transfers.transfers
    return {"transfers": [{**each.to_json(), "handover": each.handover, "takeover": each.takeover} for each in rows]}


async def _employee(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """``action`` leave, or what is known of an employee: real_name, welcomed_by_admin, active, capacity, department, idle_days."""
    staff = simulator.world.the_staff(asked.text("userid"))
    given = dict(asked.items())
    if asked.text("action", "set") == "leave":
        simulator.staff_leaves(staff.userid)
    for name in ("real_name", "welcomed_by_admin", "active"):
        if name in given:
            setattr(staff, name, asked.flag(name))
    for name in ("capacity", "department"):
        if name in given:
            setattr(staff, name, int(asked.number(name)))
    if "idle_days" in given:
        staff.last_login = simulator.world.now() - timedelta(days=asked.number("idle_days"))
    known = {
        name: getattr(staff, name) for name in ("userid", "name", "active", "real_name", "welcomed_by_admin", "capacity", "department")
    }
    return {**known, "left": staff.left.isoformat() if staff.left else None}


async def _apps(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return {"apps": [_told_app(app) for app in simulator.world.apps]}


async def _app(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    """A new app (``secret`` given), or a new visible range, rights or list of trusted addresses of a known one (null: no list)."""
    given, name = dict(asked.items()), asked.text("name")
    rights = set(asked.texts("rights"))
    if rights - {"app", "kf", "contact"}:
        raise SimulatorError("rights 只能是 app、kf、contact")
    if "secret" in given:
        simulator.admin_adds_app(App(name, int(asked.number("agentid")), asked.text("secret"), rights))
    app = simulator.world.the_app(name)
    if "rights" in given:
        app.rights = rights
    if "visible" in given:
        app.visible = None if given["visible"] is None else set(asked.texts("visible"))
    if "trusted_ips" in given:
        simulator.admin_trusts(name, None if given["trusted_ips"] is None else asked.texts("trusted_ips"))
    return _told_app(app)


def _told_app(app: App) -> dict[str, Any]:
    told_app: dict[str, Any] = {"name": app.name, "agentid": app.agentid, "rights": sorted(app.rights)}
    told_app["visible"] = None if app.visible is None else sorted(app.visible)
    return {**told_app, "trusted_ips": None if app.trusted_ips is None else sorted(app.trusted_ips)}
