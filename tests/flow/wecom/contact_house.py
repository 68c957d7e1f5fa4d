"""The simulated corp, our webhook and the jobs of customer contact in one process, on a clock that only moves when told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import aiohttp
import sqlalchemy as sa
from aiohttp import web

from assistant import simulation
from assistant.base.clock import ManualClock
from assistant.channels.inbox import Debounce
from assistant.channels.waiting import Waiters
from assistant.domain import contacts, members, staff
from assistant.flows.contact_jobs import handlers
from assistant.flows.contact_look import ME
from assistant.flows.contact_welcome import Greeter
from assistant.flows.receive import Intake
from assistant.jobs import EmbeddedRunner, Handler
from assistant.store import Store, View, fact
from assistant.triggers import REACTIONS, react
from assistant.web import webhook
from assistant.wecom import Envelope, WeComClient
from assistant.wecom.simulator import Simulator, SimulatorConfig

CREW = {"lin": "林晓", "chen": "陈默"}


@dataclass
class House:
    """``run`` does everything that is due now; ``later`` lets time pass first."""

    store: Store
    clock: ManualClock
    simulator: Simulator
    client: WeComClient
    api: str
    stages: list[str] = field(default_factory=list)
    stage: Callable[[str], None] | None = None

    def _stage(self, name: str) -> None:
        self.stages.append(name)
        if self.stage is not None:
            self.stage(name)

    def handlers(self) -> dict[str, Handler]:
        """What runs here."""

        async def pause(seconds: float) -> None:
            self.clock.advance(timedelta(seconds=seconds))

        table: dict[str, Handler] = handlers(self.store, self.client, self._stage)
        table |= Greeter(self.store, self.client, self._stage, pause).handlers()
        table["reaction"] = react(self.store, self._stage)
        return table

    async def run(self) -> int:
        return await EmbeddedRunner(self.store, self.handlers()).run_until_idle(5000)

    async def later(self, seconds: float) -> int:
        self.simulator.advance(seconds)
        return await self.run()

    async def do(self, verb: Any, request: Any) -> Any:
        return await self.store.write(verb, request, ME)

    async def relation(self, external: str, userid: str = "lin") -> contacts.Relation:
        return (await self.store.read(contacts.of_pairs, [(userid, external)]))[userid, external]

    async def friends(self, external: str, userid: str) -> bool:
        """Whether they are friends as far as we have heard."""
        known = (await self.store.read(contacts.of_pairs, [(userid, external)])).get((userid, external))
        return known is not None and known.open

    async def member(self, external: str) -> members.Member:
        number = await self.store.read(members.find, f"wecom_external:{external}") or ""
        return (await self.store.read(members.profiles, [number]))[number]

    async def facts(self, name: str) -> list[Mapping[str, Any]]:
        return [row.payload for row in await self.store.read(_facts, name)]

    async def inside(self, chatid: str) -> set[str]:
        return {each.person for each in await self.store.read(contacts.groups.seats, chatid) if each.left_at is None}

    def calls(self, path: str) -> list[Any]:
        return [call for call in self.simulator.calls if call.path == f"externalcontact/{path}"]


def _facts(view: View, name: str) -> Any:
    return view.all(sa.select(fact).where(fact.c.name == name).order_by(fact.c.id))


async def _serve(app: web.Application, stack: AsyncExitStack) -> str:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return f"http://127.0.0.1:{runner.addresses[0][1]}"


@asynccontextmanager
async def house(database: str, clock: ManualClock) -> AsyncIterator[House]:
    """Two people of the brand, no customers yet."""
    async with AsyncExitStack() as stack:
        store = Store(database, clock, REACTIONS)
        stack.callback(store.close)
        corp = (simulation.APP, simulation.KF, simulation.BOT, simulation.CONTACT_SECRET)
        simulator = Simulator(
            SimulatorConfig(simulation.CORP, "", *corp, contact=simulation.CONTACT, archive_secret=simulation.ARCHIVE_SECRET), clock
        )
        for userid, name in CREW.items():
            simulator.world.add_staff(userid, name)
        await store.write(staff.register, [staff.Register(userid, userid, name) for userid, name in CREW.items()], ME)
        api = await _serve(simulator.api_app(), stack)
        settings = simulation.credentials(api)
        envelopes = {name: Envelope(*found) for name, found in settings.endpoints().items()}
        app = web.Application()
        app.add_routes(webhook.routes(webhook.Edge(envelopes, store, Waiters(), Intake(store, Debounce()))))
        simulator.point(callback_base=await _serve(app, stack), api_base=api)
        await simulator.start()
        stack.push_async_callback(simulator.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield House(store, clock, simulator, WeComClient(session, api, settings.corp_id, settings.secrets(), clock), api)


def play(database: str, clock: ManualClock, story: Callable[[House], Any]) -> None:
    """Tells one story in a house of its own."""

    async def told() -> None:
        async with house(database, clock) as opened:
            await story(opened)

    asyncio.run(told())
