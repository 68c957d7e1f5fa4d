"""The control face: JSON over HTTP for people, the console's phones page and end-to-end tests; see docs/simulator.md."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from assistant.wecom.simulator import control_channels, control_contacts, control_orders, control_personas, control_trouble, control_world
from assistant.wecom.simulator.asked import Asked, Routes, Verb
from assistant.wecom.simulator.world import SimulatorError

if TYPE_CHECKING:
    from assistant.wecom.simulator.simulator import Simulator

FAMILIES: tuple[Callable[[], Routes], ...] = (
    control_channels.routes,
    control_contacts.routes,
    control_orders.routes,
    control_personas.routes,
    control_trouble.routes,
    control_world.routes,
)
"""A new family of verbs: a module ``control_….py`` with ``routes()``, and its line here."""


async def perform(simulator: Simulator, method: str, place: str, body: Mapping[str, Any]) -> Any:
    """One verb without HTTP, as the console's page asks for it; SimulatorError when there is none at that place."""
    for family in FAMILIES:
        verb = family().get((method, place))
        if verb is not None:
            return await verb(simulator, Asked(body, {}))
    raise SimulatorError(f"控制面没有 {method} {place}")


def control_application(simulator: Simulator) -> web.Application:
    """Bad input answers 400 with ``{"error": one Chinese sentence}``; two families with one route raise ValueError."""
    app = web.Application(middlewares=[_refusals], client_max_size=64 * 2**20)
    taken: set[tuple[str, str]] = set()
    for family in FAMILIES:
        for place, verb in family().items():
            if place in taken:
                raise ValueError(f"two verbs for {place[0]} {place[1]}")
            taken.add(place)
            app.router.add_route(*place, _handler(simulator, verb))
    return app


def _handler(simulator: Simulator, verb: Verb) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return web.json_response(await verb(simulator, await Asked.of(request)))

    return handle


@web.middleware
async def _refusals(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    try:
        return await handler(request)
    except SimulatorError as error:
        return web.json_response({"error": str(error)}, status=400)
