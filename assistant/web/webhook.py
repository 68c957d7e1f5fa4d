"""Where WeCom knocks: unseal, translate, accept durably, then 200. A refused request learns nothing but a status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from assistant import telemetry
from assistant.channels.media import Folder
from assistant.channels.waiting import Waiters
from assistant.flows.receive import RECEIVER, Intake, Wakeup, wake
from assistant.store import Store
from assistant.web import bot
from assistant.wecom import CallbackRefused, Envelope, KfWakeup, from_bot, from_xml, open_json, open_xml, seal_reply, verify_url

MAX_BODY = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Edge:
    """What the webhook needs: one envelope per endpoint (app, contact, kf, bot), the store, and those who wait for a bot's answer."""

    envelopes: Mapping[str, Envelope]
    store: Store
    waiters: Waiters
    intake: Intake
    bot_name: str = ""
    media: Folder | None = None


def routes(edge: Edge) -> list[web.RouteDef]:
    """GET (verification) and POST (data) of /wecom/app, /wecom/contact, /wecom/kf and /wecom/bot."""
    made: list[web.RouteDef] = []
    for name, envelope in edge.envelopes.items():
        take = _bot if name == "bot" else _xml
        made.append(web.get(f"/wecom/{name}", _guarded(name, edge, envelope, _verify)))
        made.append(web.post(f"/wecom/{name}", _guarded(name, edge, envelope, take)))
    return made


def _guarded(name: str, edge: Edge, envelope: Envelope, take: Any) -> Any:
    async def handle(request: web.Request) -> web.Response:
        try:
            response: web.Response = await take(request, edge, envelope)
        except CallbackRefused as refused:
            telemetry.callback_refused(name, refused.reason)
            return web.Response(status=refused.status)
        telemetry.callback_accepted(name)
        return response

    return handle


async def _verify(request: web.Request, edge: Edge, envelope: Envelope) -> web.Response:
    return web.Response(body=verify_url(envelope, request.query, edge.store.clock.now()))


async def _body(request: web.Request) -> bytes:
    if (request.content_length or 0) > MAX_BODY:
        raise CallbackRefused("too_large", 413)
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise CallbackRefused("too_large", 413) from None
    except web.RequestPayloadError:
        raise CallbackRefused("bad_envelope", 400) from None


async def _xml(request: web.Request, edge: Edge, envelope: Envelope) -> web.Response:
    body, now = await _body(request), edge.store.clock.now()
    content = from_xml(open_xml(envelope, request.query, body, now), now, envelope.receive_id)
    if isinstance(content, KfWakeup):
        await edge.store.write(wake, Wakeup(content.open_kfid, content.token), RECEIVER)
    else:
        await edge.intake.accept(content)
    return web.Response()


async def _bot(request: web.Request, edge: Edge, envelope: Envelope) -> web.Response:
    body, now = await _body(request), edge.store.clock.now()
    (message,) = from_bot(open_json(envelope, request.query, body, now), now, edge.bot_name)
    answer = await bot.answer(edge.store, edge.waiters, edge.intake, message, media=edge.media)
    if answer is None:
        return web.Response()
    sealed = seal_reply(envelope, answer, nonce=request.query["nonce"], now=edge.store.clock.now())
    return web.Response(body=sealed, content_type="application/json")
