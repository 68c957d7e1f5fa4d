"""The web application: every door of the house on one port."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from assistant import telemetry
from assistant.base.errors import LaoyouError
from assistant.web import api, console, health, intake, pages, pay, shops, webhook
from assistant.web.console import entry
from assistant.web.doors import DOORS, Doors
from assistant.web.errors import BROKEN, as_json, retry_after, status_of, words_of
from assistant.web.guard import GUARD, Guard
from assistant.web.route import PUBLIC, RULES, add
from assistant.web.security import Guesses, add_headers, came_from

MOST_BODY = webhook.MAX_BODY + 64 * 1024
"""1 MiB and a little for what is around it."""

STATIC = Path(__file__).parent / "static"
Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(doors: Doors) -> web.Application:
    """The application with all its routes; the caller binds and closes it."""
    app = web.Application(middlewares=[_errors], client_max_size=MOST_BODY)
    app[DOORS] = doors
    app[RULES] = {}
    app[GUARD] = Guard(doors)
    app[entry.GUESSES] = Guesses()
    app.on_response_prepare.append(add_headers)
    for route in console.ROUTES:
        add(app, route.method, route.path, route.needs, app[GUARD].page(route))
    for found in api.ROUTES:
        add(app, found.method, found.path, found.needs, app[GUARD].endpoint(found))
    for method, path, handler in health.ROUTES:
        add(app, method, path, PUBLIC, handler)
    for name in ("console.css", "console.js", "confirm.js", "mark.svg"):
        add(app, "GET", f"/static/{name}", PUBLIC, _file(STATIC / name))
    for given in intake.routes(doors.store):
        add(app, given.method, given.path, PUBLIC, given.handler)
    for given in shops.routes(doors.store, doors.shops):
        add(app, given.method, given.path, PUBLIC, given.handler)
    for given in pay.routes(doors.store, doors.notices, doors.appid):
        add(app, given.method, given.path, PUBLIC, given.handler)
    if doors.edge is not None:
        for given in webhook.routes(doors.edge):
            add(app, given.method, given.path, PUBLIC, given.handler)
    return app


def _file(path: Path) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def give(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path)

    return give


@web.middleware
async def _errors(request: web.Request, handler: Next) -> web.StreamResponse:
    """Whatever goes wrong inside becomes an answer that helps the caller and tells a stranger nothing."""
    try:
        return await handler(request)
    except LaoyouError as error:
        return _told(request, status_of(error), error.code, error.say, retry_after(error, request.app[DOORS].store.clock))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _told(request, error.status, *words_of(error.status), {})
    except web.RequestPayloadError:
        # A body that is not what its Content-Encoding says.
        return _told(request, 400, *words_of(400), {})
    except Exception as error:
        telemetry.log("web").error("request_failed", method=request.method, path=request.path, error=repr(error), exc_info=True)
        return _told(request, 500, BROKEN.code, BROKEN.say, {})


def _told(request: web.Request, status: int, code: str, message: str, headers: dict[str, str]) -> web.Response:
    if request.path.startswith(("/wecom/", "/shops/", "/pay/wechat/")):
        return web.Response(status=status)
    if request.path.startswith(("/api/", "/v1/")) or "json" in request.headers.get("Accept", ""):
        return as_json(status, code, message, headers)
    response = pages.render_open(request, "error.html", status=status, code=code, message=message, back=came_from(request))
    response.headers.update(headers)
    return response
