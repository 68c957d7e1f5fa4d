"""The one guard in front of every page and endpoint: who is it, may they, did they mean it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ValidationError

from assistant import access
from assistant.base import ids
from assistant.base.errors import Invalid
from assistant.base.principal import Principal
from assistant.web import gate
from assistant.web.doors import Call, Doors
from assistant.web.errors import as_json
from assistant.web.pages import language_of
from assistant.web.route import PUBLIC, SIGNED_IN, ApiRoute, Route
from assistant.web.security import SESSION_COOKIE, check_csrf, check_origin, csrf_token

LONGEST_KEY = 120
Wrapped = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """Wraps handlers so that no request reaches one without its rule kept."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors

    def page(self, route: Route) -> Wrapped:
        """A page: a session unless public; a form needs the same origin and the session's CSRF token."""

        async def handle(request: web.Request) -> web.StreamResponse:
            writes = request.method == "POST"
            if writes:
                check_origin(request)
            session = request.cookies.get(SESSION_COOKIE, "")
            visitor = await gate.by_session(self._doors.store, session) if session else None
            if route.needs != PUBLIC:
                if visitor is None:
                    return _to_login(request)
                self._allow(visitor.who, route.needs)
            form = dict(await request.post()) if writes else {}
            if writes and route.needs != PUBLIC:
                given = request.headers.get("X-CSRF-Token") or form.get("csrf", "")
                check_csrf(session, given if isinstance(given, str) else "")
            csrf = csrf_token(session) if visitor is not None else ""
            known, key = visitor or gate.NOBODY, _key(str(form.get("key", "")))
            return await route.handler(Call(request, self._doors, known.who, known.name, key, form, csrf, language_of(request)))

        return handle

    def endpoint(self, route: ApiRoute) -> Wrapped:
        """An endpoint: a bearer token, a checked body, a key for the write."""

        async def handle(request: web.Request) -> web.StreamResponse:
            visitor: gate.Visitor | None = gate.NOBODY
            if route.needs != PUBLIC:
                scheme, _, token = request.headers.get("Authorization", "").partition(" ")
                visitor = await gate.by_token(self._doors.store, token.strip()) if scheme.lower() == "bearer" else None
                if visitor is None:
                    return as_json(401, "unauthorized", "需要有效的令牌：Authorization: Bearer …", {"WWW-Authenticate": "Bearer"})
                self._allow(visitor.who, route.needs)
            body: Any = await request.read() if route.raw else await _body(request, route.body)
            known = visitor or gate.NOBODY
            call = Call(request, self._doors, known.who, known.name, _key(request.headers.get("Idempotency-Key", "")), body)
            answer = await route.handler(call)
            return web.json_response(text=answer.model_dump_json(by_alias=True), status=route.status)

        return handle

    def _allow(self, who: Principal, needs: str) -> None:
        if needs not in (PUBLIC, SIGNED_IN):
            access.require(who, needs)


GUARD: web.AppKey[Guard] = web.AppKey("guard", Guard)


def _to_login(request: web.Request) -> web.StreamResponse:
    if "json" in request.headers.get("Accept", "") or request.headers.get("X-CSRF-Token"):
        return as_json(401, "unauthorized", "请先登录")
    wanted = request.path_qs if request.method == "GET" else "/"
    raise web.HTTPSeeOther(str(request.rel_url.with_path("/login").with_query({"next": wanted} if wanted != "/" else {})))


def _key(given: str) -> str:
    """The caller's own key for a write, or a fresh one."""
    given = given.strip()
    if len(given) > LONGEST_KEY or not given.isprintable():
        raise Invalid(f"Idempotency-Key 最多 {LONGEST_KEY} 个可见字符", code="bad_key")
    return f"web:{given}" if given else ids.fresh("web")


async def _body(request: web.Request, model: type[BaseModel] | None) -> Any:
    if model is None:
        return None
    try:
        return model.model_validate(json.loads(await request.text() or "{}"))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "请求体"
        raise Invalid(f"字段 {where} 不对：{first['msg']}", code="bad_body") from None
    except (ValueError, RecursionError):
        raise Invalid("请求体必须是一个 JSON 对象（UTF-8）", code="bad_json") from None
