"""One table of routes for pages and API: every route names the permission it needs, and one guard keeps the rule."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel

from assistant.web.doors import Call

Handler = Callable[[Call], Awaitable[web.StreamResponse]]
Answer = Callable[[Call], Awaitable[BaseModel]]

PUBLIC = "public"
"""Nobody needs to be known: login, health, the WeCom endpoints (which check signatures of their own), files of ours."""

SIGNED_IN = "signed_in"
"""Any operator."""


@dataclass(frozen=True, slots=True)
class Route:
    """A page of the console. ``needs`` is a permission of ``access``, PUBLIC or SIGNED_IN."""

    method: str
    path: str
    needs: str
    handler: Handler


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """An endpoint of the API: ``body`` is what it takes, ``answer`` what it gives, ``query`` the query parameters it reads."""

    method: str
    path: str
    needs: str
    handler: Answer
    summary: str
    answer: type[BaseModel]
    body: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    raw: bool = False
    status: int = 200


RULES: web.AppKey[dict[tuple[str, str], str]] = web.AppKey("rules", dict)
"""(method, path) → permission, for every route of the application."""


def add(app: web.Application, method: str, path: str, needs: str, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
    """Adds a route together with its rule; the only way a route gets in."""
    app.router.add_route(method, path, handler)
    app[RULES][(method, path)] = needs
