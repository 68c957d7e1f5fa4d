"""Where WeCom knocks: unseal, translate, accept durably, then 200. A refused request learns nothing but a status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from assistant import telemetry
from assistant.channels.message import InboundMessage
from assistant.channels.waiting import Waiters
from assistant.flows.receive import RECEIVER, Intake, Wakeup, answer_given, wake
from assistant.store import Store
from assistant.wecom import CallbackRefused, Envelope, KfWakeup, from_bot, from_xml, open_json, open_xml, stream_reply, verify_url

MAX_BODY = 1024 * 1024
PASSIVE_SECONDS = 4.0
"""WeCom cuts the line after 5 s; a bot's answer that is not there by then goes to its response_url."""


@dataclass(frozen=True, slots=True)
class Edge:
    """What the webhook needs: one envelope per endpoint (app, kf, bot), the store, and those who wait for a bot's answer."""

    envelopes: Mapping[str, Envelope]
    store: Store
    waiters: Waiters
    intake: Intake
    bot_name: str = ""


def routes(edge: Edge) -> list[web.RouteDef]:
    """GET (verification) and POST (data) of /wecom/app, /wecom/kf and /wecom/bot."""
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


async def _xml(request: web.Request, edge: Edge, envelope: Envelope) -> web.Response:
    body, now = await _body(request), edge.store.clock.now()
    content = from_xml(open_xml(envelope, request.query, body, now), now)
    if isinstance(content, KfWakeup):
        await edge.store.write(wake, Wakeup(content.open_kfid, content.token), RECEIVER)
    else:
        await edge.intake.accept(content)
    return web.Response()


async def _bot(request: web.Request, edge: Edge, envelope: Envelope) -> web.Response:
    body, now = await _body(request), edge.store.clock.now()
    messages = [_with_waiter(message) for message in from_bot(open_json(envelope, request.query, body, now), now, edge.bot_name)]
    await edge.intake.accept(messages)
    message = messages[0]
    if message.kind == "event":
        return web.Response()
    waiter = message.reply_to["waiter"]
    # A callback that is told again has lost our answer on the way: it gets the same one.
    text = await edge.store.read(answer_given, message) or await edge.waiters.wait(waiter, PASSIVE_SECONDS)
    if text is None:
        return web.Response()
    reply = stream_reply(
        envelope, stream_id=message.external_id[:64], content=text, finish=True, nonce=request.query["nonce"], now=edge.store.clock.now()
    )
    return web.Response(body=reply, content_type="application/json")


def _with_waiter(message: InboundMessage) -> InboundMessage:
    return replace(message, reply_to={**message.reply_to, "waiter": message.external_id})
