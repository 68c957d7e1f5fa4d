"""Sources of behaviour and what members did, over the API. Events themselves come in by ``/v1`` (Segment's format)."""

from __future__ import annotations

from assistant.web import behaviour
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import Nothing
from assistant.web.shapes_events import BehaviourOut, EventsOut, NewSourceOut, SourceIn


async def overview(call: Call) -> BehaviourOut:
    """Sources, names, refusals."""
    return await call.store.read(behaviour.overview)


async def add(call: Call) -> NewSourceOut:
    """A new source."""
    wanted = call.body
    secret = await behaviour.add(call, wanted.name, wanted.title, wanted.namespace, wanted.trusted)
    return NewSourceOut(name=wanted.name, write_key=secret)


async def close(call: Call) -> BehaviourOut:
    """No more from this source."""
    await behaviour.close(call, call.part("name"))
    return await overview(call)


async def of_member(call: Call) -> EventsOut:
    """What a member did."""
    return await call.store.read(behaviour.of_member, call.part("ref"))


BASE = "/api/v1/events"
ROUTES = (
    ApiRoute("GET", BASE, "fact:read", overview, "行为数据：来源、事件名、被退回的", BehaviourOut),
    ApiRoute("POST", f"{BASE}/sources", "settings:edit", add, "新建来源，写入密钥只显示这一次", NewSourceOut, SourceIn, status=201),
    ApiRoute("POST", f"{BASE}/sources/{{name}}/close", "settings:edit", close, "停用来源", BehaviourOut, Nothing),
    ApiRoute("GET", "/api/v1/members/{ref}/events", "member:read", of_member, "会员最近的行为", EventsOut),
)
