"""A house of 群发 in one process: the real handlers, the simulator's API over loopback, deaths at stages, time that runs fast."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa
from aiohttp.test_utils import TestServer

from assistant import simulation
from assistant.base.clock import ManualClock
from assistant.channels.media import Folder
from assistant.domain import outreach
from assistant.flows import deliver, mass, moments, statistics, words
from assistant.jobs import EmbeddedRunner
from assistant.operations import handlers as plan_handlers
from assistant.store import Store, Work, fact
from assistant.wecom import WeComClient
from assistant.wecom.media import MediaDesk
from assistant.wecom.simulator import Simulator, SimulatorConfig
from assistant.wecom.simulator.mass import Task
from tests.rooms.test_operations_world import ME, people

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LEASE = 30.0


class Killed(BaseException):
    """The process is gone."""


class MassHouse:
    """``die_at`` (stage, nth) kills the run once; ``run`` does what is due until nothing is."""

    def __init__(self, store: Store, clock: ManualClock, simulator: Simulator, client: WeComClient) -> None:
        self.store, self.clock, self.simulator, self.client = store, clock, simulator, client
        self.die_at: tuple[str, int] = ("", 0)
        self.died: list[str] = []
        rules = outreach.MassRules()
        desk = MediaDesk(store, client, Folder(Path(tempfile.gettempdir()) / "laoyou-mass"))
        self.handlers: dict[str, Any] = {
            **plan_handlers(store, self.stage),
            **deliver.handlers(store, client, "wk", self.stage, desk),
            **mass.handlers(store, client, self.stage, rules),
            **moments.handlers(store, client, desk, self.stage),
            **statistics.handlers(store, client, self.stage),
            **words.handlers(store, client, self.stage),
        }

    def stage(self, name: str) -> None:
        wanted, nth = self.die_at
        if name == wanted:
            self.die_at = (wanted, nth - 1)
            if nth == 1:
                self.died.append(name)
                raise Killed

    async def run(self) -> None:
        """Everything that is due; after a death another process takes over when the lease has run out."""
        while True:
            try:
                await EmbeddedRunner(self.store, self.handlers, lease_seconds=LEASE).run_until_idle()
                return
            except Killed:
                self.clock.advance(timedelta(seconds=LEASE + 1))

    async def wait(self, span: timedelta, step: timedelta = timedelta(minutes=20)) -> None:
        """Lets time pass in steps and does what falls due."""
        end = self.clock.now() + span
        while self.clock.now() < end:
            self.clock.advance(min(step, end - self.clock.now()))
            self.simulator.world.run_due()
            await self.run()

    @property
    def tasks(self) -> list[Task]:
        """The tasks that WeCom has, in the order of their creation."""
        return list(self.simulator.mass.tasks.values())

    def phones(self) -> dict[str, int]:
        """How many 群发 each customer has got."""
        found = {name: len(one.phone) for name, one in self.simulator.world.customers.items()}
        return {name: count for name, count in found.items() if count}

    def states(self, cause: str = "p") -> dict[str, tuple[str, str]]:
        """Customer → the employee whose task it is, and its state."""
        return {one.peer: (one.staff, one.state) for one in self.store.look(outreach.touches, cause)}

    def calls(self, name: str) -> int:
        """How often the API was asked for this."""
        return sum(call.path.endswith(name) for call in self.simulator.calls)


@asynccontextmanager
async def mass_house(store: Store, clock: ManualClock, customers: dict[str, list[str]], **staff: Any) -> AsyncIterator[MassHouse]:
    """``customers``: their employees in WeCom, the first of whom looks after them; ``staff`` says when each confirms."""
    corp = (simulation.APP, simulation.KF, simulation.BOT, simulation.CONTACT_SECRET)
    simulator = Simulator(SimulatorConfig(simulation.CORP, "http://127.0.0.1:9", *corp), clock)
    for userid in sorted({one for friends in customers.values() for one in friends} | set(staff)):
        simulator.world.add_staff(userid, userid, staff.get(userid, "never"))
    for name, friends in customers.items():
        simulator.world.add_customer(name, name, friends)
    async with TestServer(simulator.api_app()) as server, aiohttp.ClientSession() as session:
        secrets = {"contact": simulation.CONTACT_SECRET, "app": simulation.APP.secret}
        client = WeComClient(session, str(server.make_url("/")), simulation.CORP, secrets, clock)
        yield MassHouse(store, clock, simulator, client)


def queue(store: Store, members: dict[str, str], cause: str = "p", text: str = "新品到了", staff: str = "lin") -> None:
    """Queues one touch for each customer (member id by customer), as a plan does after the gate."""

    def write(work: Work, _nothing: None) -> None:
        sends = [
            outreach.Send(outreach.Candidate(member_id, "marketing"), "mass", peer, staff, "")
            for peer, member_id in sorted(members.items())
        ]
        outreach.queue(work, [outreach.Queue(f"{cause}:{one.peer}", one, cause, text) for one in sends])

    store.do(write, None, ME)


def registered(store: Store, count: int) -> dict[str, str]:
    """Members wm0 … by their external ids."""
    return {f"wm{number}": member_id for number, member_id in enumerate(people(store, count))}


def facts(store: Store, name: str) -> list[dict[str, Any]]:
    """The payloads of all facts of a name, in order."""
    told = sa.select(fact.c.payload).where(fact.c.name == name).order_by(fact.c.id)
    return [row.payload for row in store.look(lambda view: view.all(told))]
