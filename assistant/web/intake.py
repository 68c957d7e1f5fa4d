"""Where behaviour comes in: the Segment HTTP format, the write key as user name, durable before the 200."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from assistant import telemetry
from assistant.base.errors import Invalid
from assistant.base.principal import system
from assistant.domain import events
from assistant.flows import segment
from assistant.store import Store, Work

MOST_BODY = 8 * 1024 * 1024
"""Bytes of one batch after unpacking."""

AT_ONCE = 200
"""Events of one commit: a batch of any size never holds the book's writer for long."""

SAYS = 20
"""Reasons that are told and kept of one batch."""

RECEIVER = system("events")
OPEN_TO_ALL = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Max-Age": "86400",
}
"""Web pages of the brand live on other sites; no cookie is read here."""

CALLS = ("track", "page", "screen", "identify", "group", "alias", "batch")


def routes(store: Store) -> list[web.RouteDef]:
    """POST /v1/track, /v1/page, /v1/screen, /v1/identify, /v1/group, /v1/alias and /v1/batch."""
    made: list[web.RouteDef] = []
    for kind in CALLS:
        made.append(web.post(f"/v1/{kind}", _take(store, kind)))
        made.append(web.options(f"/v1/{kind}", _preflight))
    return made


async def _preflight(_request: web.Request) -> web.Response:
    return web.Response(status=204, headers=OPEN_TO_ALL)


def _take(store: Store, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            body = _object(await _body(request))
            source = await store.read(events.source_of, _write_key(request, body))
            if source is None:
                telemetry.callback_refused("events", "bad_write_key")
                return _answer(401, success=False, message="写入密钥不对或已停用")
            call = segment.opened(body, kind, store.clock.now())
        except Invalid as error:
            telemetry.callback_refused("events", error.code)
            return _answer(400, success=False, message=error.say)
        bad = await _keep(store, source, call)
        good = len(call.items) - len(bad)
        if bad and kind != "batch":
            return _answer(400, success=False, message=bad[0].reason)
        told = {"rejected": [{"number": one.number, "reason": one.reason} for one in bad[:SAYS]], "rejected_count": len(bad)} if bad else {}
        return _answer(200, success=True, accepted=good, **told)

    return handle


async def _keep(store: Store, source: events.Source, call: segment.Call) -> list[segment.Refusal]:
    """Reads and keeps the events part by part, so that neither the loop nor the writer is held for long; returns the bad ones."""
    bad: list[segment.Refusal] = []
    for first in range(0, len(call.items), AT_ONCE):
        good, wrong = segment.read_all(call.items[first : first + AT_ONCE], source.name, store.clock.now(), call.late, first + 1)
        bad += wrong
        if good:
            await store.write(events.take, events.Told(source, tuple(good)), RECEIVER)
    if bad:
        telemetry.callback_refused("events", "bad_event")
        await store.write(_note, (source.name, bad), RECEIVER)
    telemetry.callback_accepted("events")
    return bad


def _note(work: Work, found: tuple[str, list[segment.Refusal]]) -> None:
    source, bad = found
    events.refused(work, source, [f"第 {one.number} 个：{one.reason}" for one in bad[:SAYS]], len(bad))


async def _body(request: web.Request) -> bytes:
    """The whole body, unpacked by the server; Invalid for one that is too large."""
    whole = bytearray()
    async for part in request.content.iter_any():
        whole += part
        if len(whole) > MOST_BODY:
            raise Invalid(f"一次最多 {MOST_BODY // 1024 // 1024} MB，请拆开", code="too_large")
    return bytes(whole)


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise Invalid("请求体必须是一个 JSON 对象（UTF-8）", code="bad_json") from None
    if not isinstance(found, dict):
        raise Invalid("请求体必须是一个 JSON 对象（UTF-8）", code="bad_json")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _write_key(request: web.Request, body: dict[str, Any]) -> str:
    """The user name of basic authentication, else the field that browsers' SDKs send."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(given.strip(), validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    field = body.get("writeKey")
    return field if isinstance(field, str) else ""


def _answer(status: int, **fields: Any) -> web.Response:
    return web.json_response(fields, status=status, headers=OPEN_TO_ALL)
