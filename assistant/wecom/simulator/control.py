"""The control face: JSON over HTTP for people, the console's phones page and end-to-end tests; see docs/simulator.md."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from assistant.wecom.simulator.faults import MODES
from assistant.wecom.simulator.world import Confirms, PhoneMessage, SimulatorError

if TYPE_CHECKING:
    from assistant.wecom.simulator.callbacks import Delivery
    from assistant.wecom.simulator.simulator import Simulator


def control_application(simulator: Simulator) -> web.Application:
    """Bad input answers 400 with ``{"error": one Chinese sentence}``."""
    app = web.Application(middlewares=[_refusals], client_max_size=64 * 2**20)
    face = _Control(simulator)
    for method, path, handler in face.routes():
        app.router.add_route(method, path, handler)
    return app


@web.middleware
async def _refusals(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    try:
        return await handler(request)
    except SimulatorError as error:
        return web.json_response({"error": str(error)}, status=400)


class _Asked:
    """The JSON object of a request, read strictly."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body

    @classmethod
    async def of(cls, request: web.Request) -> _Asked:
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise SimulatorError("请求体必须是一个 JSON 对象")
        return cls(body)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._body.get(name, default)
        if not isinstance(value, str) or (default is None and not value):
            raise SimulatorError(f"字段 {name} 必须是一段文字")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        value = self._body.get(name, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise SimulatorError(f"字段 {name} 必须是数字")
        return value

    def rows(self, name: str) -> list[dict[str, Any]]:
        value = self._body.get(name, [])
        if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
            raise SimulatorError(f"字段 {name} 必须是对象的列表")
        return value

    def items(self) -> list[tuple[str, Any]]:
        return list(self._body.items())


class _Control:
    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def routes(self) -> list[tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]]:
        return [
            ("POST", "/say", self._say),
            ("POST", "/enter", self._enter),
            ("POST", "/recall", self._recall),
            ("POST", "/servicer", self._servicer),
            ("POST", "/friend", self._friend),
            ("GET", "/phones", self._phones),
            ("GET", "/phones/{id}", self._phone),
            ("GET", "/staff/{id}", self._staff_phone),
            ("GET", "/groups/{id}", self._group_phone),
            ("GET", "/tasks", self._tasks),
            ("POST", "/confirm", self._confirm),
            ("GET", "/clock", self._clock),
            ("POST", "/clock", self._advance),
            ("GET", "/faults", self._faults),
            ("POST", "/faults", self._inject),
            ("DELETE", "/faults", self._clear_faults),
            ("GET", "/calls", self._calls),
            ("POST", "/redeliver", self._redeliver),
            ("GET", "/world", self._world),
            ("POST", "/world", self._populate),
            ("GET", "/knobs", self._knobs),
            ("POST", "/knobs", self._turn),
            ("POST", "/revoke", self._revoke),
        ]

    async def _say(self, request: web.Request) -> web.Response:
        asked = await _Asked.of(request)
        who, text, channel = asked.text("who"), asked.text("text"), asked.text("channel", "kf")
        match channel:
            case "kf":
                kind, menu_id = asked.text("kind", "text"), asked.text("menu_id", "")
                return _told(await self._simulator.customer_says(who, text, kind=kind, menu_id=menu_id))
            case "app":
                return _told(await self._simulator.staff_says(who, text))
            case "bot" | "group":
                chatid = asked.text("chatid") if channel == "group" else ""
                turn = await self._simulator.bot_says(who, text, chatid, wait=False)
                return web.json_response(turn.to_json())
        raise SimulatorError("channel 只能是 kf、app、bot 或 group")

    async def _enter(self, request: web.Request) -> web.Response:
        asked = await _Asked.of(request)
        who = asked.text("who")
        match asked.text("channel", "kf"):
            case "kf":
                scene, param = asked.text("scene", ""), asked.text("scene_param", "")
                return _told(await self._simulator.customer_enters(who, scene, param))
            case "app":
                return _told(await self._simulator.staff_app.enters(who, asked.text("event_key", "")))
            case "bot":
                turn = await self._simulator.bot.enters(who)
                return web.json_response(turn.to_json() if turn else {"deliveries": []})
        raise SimulatorError("channel 只能是 kf、app 或 bot")

    async def _recall(self, request: web.Request) -> web.Response:
        asked = await _Asked.of(request)
        return _told(await self._simulator.customer_recalls(asked.text("who"), asked.text("msgid")))

    async def _servicer(self, request: web.Request) -> web.Response:
        asked = await _Asked.of(request)
        userid, customer = asked.text("userid"), asked.text("customer")
        if asked.text("action", "say") == "end":
            return _told(await self._simulator.servicer_ends(userid, customer))
        return _told(await self._simulator.servicer_says(userid, customer, asked.text("text")))

    async def _friend(self, request: web.Request) -> web.Response:
        asked = await _Asked.of(request)
        customer, userid = asked.text("customer"), asked.text("userid")
        match asked.text("action", "add"):
            case "add":
                return _told(await self._simulator.customer_adds(customer, userid, asked.text("state", "")))
            case "delete":
                return _told(await self._simulator.friendship_ends(customer, userid, asked.text("by", "customer")))
        raise SimulatorError("action 只能是 add 或 delete")

    async def _phones(self, request: web.Request) -> web.Response:
        world = self._simulator.world
        customers = [{"id": each.external_userid, "name": each.name, **_summary(each.phone)} for each in world.customers.values()]
        staff = [{"id": each.userid, "name": each.name, **_summary(each.phone)} for each in world.staff.values()]
        groups = [{"id": each.chatid, "name": each.name, **_summary(each.phone)} for each in world.groups.values()]
        return web.json_response({"customers": customers, "staff": staff, "groups": groups})

    async def _phone(self, request: web.Request) -> web.Response:
        customer = self._simulator.world.the_customer(request.match_info["id"])
        session = self._simulator.kf.session(customer.external_userid)
        state = {"state": session.state, "servicer": session.servicer, "sent": session.sent}
        return web.json_response(
            {"id": customer.external_userid, "name": customer.name, "session": state, "messages": _bubbles(customer.phone)}
        )

    async def _staff_phone(self, request: web.Request) -> web.Response:
        staff = self._simulator.world.the_staff(request.match_info["id"])
        return web.json_response({"id": staff.userid, "name": staff.name, "confirms": staff.confirms, "messages": _bubbles(staff.phone)})

    async def _group_phone(self, request: web.Request) -> web.Response:
        group = self._simulator.world.the_group(request.match_info["id"])
        return web.json_response({"id": group.chatid, "name": group.name, "members": group.members, "messages": _bubbles(group.phone)})

    async def _tasks(self, request: web.Request) -> web.Response:
        return web.json_response({"tasks": [task.to_json() for task in self._simulator.mass.tasks.values()]})

    async def _confirm(self, request: web.Request) -> web.Response:
        asked = await _Asked.of(request)
        return web.json_response(await self._simulator.confirm(asked.text("msgid"), asked.text("userid")))

    async def _clock(self, request: web.Request) -> web.Response:
        return web.json_response({"now": self._simulator.world.now().isoformat()})

    async def _advance(self, request: web.Request) -> web.Response:
        self._simulator.advance((await _Asked.of(request)).number("seconds"))
        return await self._clock(request)

    async def _faults(self, request: web.Request) -> web.Response:
        return web.json_response({"faults": [dataclasses.asdict(fault) for fault in self._simulator.faults.waiting]})

    async def _inject(self, request: web.Request) -> web.Response:
        asked = await _Asked.of(request)
        path, mode = asked.text("path"), asked.text("mode", "errcode")
        times, errcode = int(asked.number("times", 1)), int(asked.number("errcode", -1))
        if mode not in MODES:
            raise SimulatorError(f"mode 只能是 {'、'.join(MODES)}")
        seconds, rate = asked.number("seconds", 0), asked.number("rate", 1)
        self._simulator.faults.inject(path, mode, errcode=errcode, times=times or None, seconds=seconds, rate=rate)  # type: ignore[arg-type]
        return await self._faults(request)

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._simulator.faults.clear()
        return await self._faults(request)

    async def _calls(self, request: web.Request) -> web.Response:
        path = request.query.get("path", "")
        calls = [call.to_json() for call in self._simulator.calls if path in ("", call.path)]
        return web.json_response({"calls": calls, "complaints": self._simulator.complaints})

    async def _redeliver(self, request: web.Request) -> web.Response:
        return _told(await self._simulator.redeliver(int((await _Asked.of(request)).number("number", -1))))

    async def _world(self, request: web.Request) -> web.Response:
        world = self._simulator.world
        customers = [
            {"external_userid": each.external_userid, "name": each.name, "staff": {who: tie.gone for who, tie in each.relations.items()}}
            for each in world.customers.values()
        ]
        staff = [
            {"userid": each.userid, "name": each.name, "confirms": each.confirms, "active": each.active} for each in world.staff.values()
        ]
        groups = [
            {"chatid": each.chatid, "name": each.name, "members": each.members, "owner": each.owner} for each in world.groups.values()
        ]
        return web.json_response({"customers": customers, "staff": staff, "groups": groups})

    async def _populate(self, request: web.Request) -> web.Response:
        asked, world = await _Asked.of(request), self._simulator.world
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
        return web.json_response({"staff": len(staff), "customers": len(customers), "groups": len(groups)})

    async def _knobs(self, request: web.Request) -> web.Response:
        return web.json_response(dataclasses.asdict(self._simulator.world.knobs))

    async def _turn(self, request: web.Request) -> web.Response:
        asked, knobs = await _Asked.of(request), self._simulator.world.knobs
        for name, value in asked.items():
            old = getattr(knobs, name, None) if name in dataclasses.asdict(knobs) else None
            fits = isinstance(value, int | float) and not isinstance(value, bool) if isinstance(old, float) else type(value) is type(old)
            if old is None or not fits:
                raise SimulatorError(f"没有旋钮 {name}，或者它的值类型不对")
        for name, value in asked.items():
            setattr(knobs, name, value)
        return await self._knobs(request)

    async def _revoke(self, request: web.Request) -> web.Response:
        return web.json_response({"revoked": self._simulator.tokens.revoke()})


def _confirms(value: Any) -> Confirms:
    if value in ("never", "at_once") or (isinstance(value, int | float) and not isinstance(value, bool) and value >= 0):
        return value  # type: ignore[no-any-return]
    raise SimulatorError("confirms 只能是 never、at_once 或秒数")


def _bubbles(phone: list[PhoneMessage]) -> list[dict[str, Any]]:
    return [bubble.to_json() for bubble in phone]


def _summary(phone: list[PhoneMessage]) -> dict[str, Any]:
    return {"messages": len(phone), "last": phone[-1].to_json() if phone else None}


def _told(deliveries: list[Delivery]) -> web.Response:
    return web.json_response({"deliveries": [delivery.to_json() for delivery in deliveries]})
