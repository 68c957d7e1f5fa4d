"""Control verbs of the world itself: people, their phones, the clock and the knobs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from assistant.wecom.simulator.asked import Asked, Routes, bubbles
from assistant.wecom.simulator.world import Confirms, PhoneMessage, SimulatorError

if TYPE_CHECKING:
    from assistant.wecom.simulator.simulator import Simulator


def routes() -> Routes:
    return {
        ("GET", "/phones"): _phones,
        ("GET", "/phones/{id}"): _phone,
        ("GET", "/staff/{id}"): _staff_phone,
        ("GET", "/groups/{id}"): _group_phone,
        ("GET", "/clock"): _clock,
        ("POST", "/clock"): _advance,
        ("GET", "/world"): _world,
        ("POST", "/world"): _populate,
        ("GET", "/knobs"): _knobs,
        ("POST", "/knobs"): _turn,
    }


async def _phones(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    world = simulator.world
    customers = [{"id": each.external_userid, "name": each.name, **_summary(each.phone)} for each in world.customers.values()]
    staff = [{"id": each.userid, "name": each.name, **_summary(each.phone)} for each in world.staff.values()]
    groups = [{"id": each.chatid, "name": each.name, **_summary(each.phone)} for each in world.groups.values()]
    return {"customers": customers, "staff": staff, "groups": groups}


async def _phone(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    customer = simulator.world.the_customer(asked.path["id"])
    session = simulator.kf.session(customer.external_userid)
    state = {"state": session.state, "servicer": session.servicer, "sent": session.sent}
    return {"id": customer.external_userid, "name": customer.name, "session": state, "messages": bubbles(customer.phone)}


async def _staff_phone(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    staff = simulator.world.the_staff(asked.path["id"])
    return {"id": staff.userid, "name": staff.name, "confirms": staff.confirms, "messages": bubbles(staff.phone)}


async def _group_phone(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    group = simulator.world.the_group(asked.path["id"])
    return {"id": group.chatid, "name": group.name, "members": group.members, "messages": bubbles(group.phone)}


async def _clock(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return {"now": simulator.world.now().isoformat()}


async def _advance(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    simulator.advance(asked.number("seconds"))
    return await _clock(simulator, asked)


async def _world(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    world = simulator.world
    customers = [
        {"external_userid": each.external_userid, "name": each.name, "staff": {who: tie.gone for who, tie in each.relations.items()}}
        for each in world.customers.values()
    ]
    staff = [{"userid": each.userid, "name": each.name, "confirms": each.confirms, "active": each.active} for each in world.staff.values()]
    groups = [{"chatid": each.chatid, "name": each.name, "members": each.members, "owner": each.owner} for each in world.groups.values()]
    return {"customers": customers, "staff": staff, "groups": groups}


async def _populate(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    world = simulator.world
    staff, customers, groups = (asked.rows(name) for name in ("staff", "customers", "groups"))
    try:
        for row in staff:
            if row["userid"] in world.staff:
                world.staff[row["userid"]].confirms = _confirms(row.get("confirms", "never"))
            else:
                world.add_staff(row["userid"], row.get("name", row["userid"]), _confirms(row.get("confirms", "never")))
        for row in customers:
            ties = {"unionid": row.get("unionid", ""), "tags": row.get("tags", [])}
            world.add_customer(row["external_userid"], row.get("name", row["external_userid"]), row.get("staff", []), **ties)
        for row in groups:
            world.add_group(row["chatid"], row.get("name", row["chatid"]), row.get("members", []), row.get("owner", ""))
    except (KeyError, TypeError) as error:
        raise SimulatorError(f"人员数据里缺少字段或类型不对：{error}") from error
    return {"staff": len(staff), "customers": len(customers), "groups": len(groups)}


async def _knobs(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    return asdict(simulator.world.knobs)


async def _turn(simulator: Simulator, asked: Asked) -> dict[str, Any]:
    knobs = simulator.world.knobs
    for name, value in asked.items():
        old = getattr(knobs, name, None) if name in asdict(knobs) else None
        fits = isinstance(value, int | float) and not isinstance(value, bool) if isinstance(old, float) else type(value) is type(old)
        if old is None or not fits:
            raise SimulatorError(f"没有旋钮 {name}，或者它的值类型不对")
    for name, value in asked.items():
        setattr(knobs, name, value)
    return await _knobs(simulator, asked)


def _confirms(value: Any) -> Confirms:
    if value in ("never", "at_once") or (isinstance(value, int | float) and not isinstance(value, bool) and value >= 0):
        return value  # type: ignore[no-any-return]
    raise SimulatorError("confirms 只能是 never、at_once 或秒数")


def _summary(phone: list[PhoneMessage]) -> dict[str, Any]:
    return {"messages": len(phone), "last": phone[-1].to_json() if phone else None}
