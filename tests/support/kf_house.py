"""微信客服 end to end in one process: the simulator, our flows and the book, by a clock that tests step; only thinking is played."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import sqlalchemy as sa
from aiohttp import web

from assistant import simulation, triggers
from assistant.base.clock import ManualClock
from assistant.base.principal import Principal
from assistant.channels import accounts, inbox, outbox, session
from assistant.channels.delivery import Deliverer
from assistant.channels.message import Address, OutboundMessage
from assistant.dialogue import conversation
from assistant.dialogue.closing import Close, close_turn
from assistant.dialogue.opening import Opened, open_turn
from assistant.domain import members, staff
from assistant.flows import deliver, kf_handover, kf_people, kf_sending
from assistant.flows.kf_pull import KfPull
from assistant.jobs import EmbeddedRunner, Job
from assistant.store import Due, Store, View
from assistant.wecom import WeComClient, WeComSender
from assistant.wecom.attachments import NoMedia
from assistant.wecom.simulator import Simulator, SimulatorConfig

OWNER = Principal("operator", "test", frozenset({"owner"}))
NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)
KF = simulation.KF.open_kfid
XIANG, LAN = "wm_xiang", "wm_lan"
Answer = Callable[[Opened], Close]


class House:
    """``say`` is a customer's word up to the last thing that follows from it; ``answer`` is how the assistant closes its turns."""

    def __init__(self, store: Store, simulator: Simulator, client: WeComClient) -> None:
        self.store = store
        self.clock: ManualClock = store.clock  # type: ignore[assignment]
        self.simulator = simulator
        self.client = client
        self.answer: Answer = lambda opened: Close(opened, f"答：{'；'.join(opened.said)}")
        self.opened: list[Opened] = []
        self.stages: list[str] = []
        self._runner = EmbeddedRunner(store, self._handlers())

    def _handlers(self) -> dict[str, Any]:
        store, client, stage = self.store, self.client, self.stages.append
        sender = WeComSender(client)
        senders = {"kf": kf_sending.KfSender(store, client, sender), "app": sender}
        return {
            "turn": self._turn,
            "deliver": Deliverer(store, senders, conversation.hold_back, room=kf_sending.room, stage=stage),
            "kf.pull": KfPull(store, client, inbox.Debounce()),
            "reaction": triggers.react(store, stage),
            "kf.sweep": triggers.run_clock(store, stage),
            **deliver.handlers(store, client, KF, stage, NoMedia()),
            **kf_people.handlers(store, client, (KF,), True),
            **kf_handover.handlers(store, client, str(simulation.APP.agentid), conversation.follow, stage),
        }

    async def _turn(self, job: Job) -> None:
        opened = await self.store.write(open_turn, job.key, OWNER)
        if opened is not None:
            self.opened.append(opened)
            await self.store.write(close_turn, self.answer(opened), OWNER, cause=opened.turn)

    async def settle(self, account: str = KF) -> None:
        """Pulls and does all that follows, over the debounce and the short waits after it."""
        await self.do("kf.pull", account, {"token": ""})
        for seconds in (0, 2, 3, 6):
            self.simulator.advance(seconds)
            await self._runner.run_until_idle()

    async def do(self, kind: str, key: str = "x", payload: dict[str, Any] | None = None) -> None:
        """Makes a job due and runs until nothing is."""
        await self.store.write(lambda work, _: work.due(Due(kind, key, work.now, payload or {})), None, OWNER)
        await self._runner.run_until_idle()

    async def say(self, text: str, who: str = XIANG, **more: Any) -> list[str]:
        """What the customer reads after saying this."""
        before = len(self.heard(who))
        self.step(seconds=1)
        await self.simulator.customer_says(who, text, **more)
        await self.settle()
        return self.heard(who)[before:]

    def heard(self, who: str = XIANG) -> list[str]:
        return [bubble.text for bubble in self.simulator.phone(who) if bubble.sender != who]

    def step(self, **span: float) -> None:
        """Lets time pass."""
        seconds = span.get("hours", 0) * 3600 + span.get("minutes", 0) * 60 + span.get("seconds", 0)
        self.simulator.advance(seconds)

    async def send(self, key: str, text: str = "提醒", who: str = XIANG, **more: Any) -> outbox.Sent:
        """Queues a message as the product does and returns its row once nothing is left to do."""
        address = Address("kf", KF, who)
        more = {"cause": "test"} | more
        row = (await self.store.write(outbox.queue, [OutboundMessage(key, address, text, **more)], OWNER))[0]
        await self._runner.run_until_idle()
        return self.row(row)

    def row(self, row_id: str) -> outbox.Sent:
        found = self.store.look(outbox.get, row_id)
        assert found is not None
        return found

    def session(self, who: str = XIANG) -> session.Session:
        found = self.store.look(session.get, self.place(who))
        assert found is not None
        return found

    def place(self, who: str = XIANG) -> str:
        return Address("kf", KF, who).conversation

    def talk(self, who: str = XIANG) -> conversation.Conversation:
        return self.store.look(conversation.get, self.place(who))

    def member(self, who: str = XIANG) -> str:
        identity = members.Identity("wecom_external", who)
        return str(self.store.look(members.resolve, [identity])[identity])

    def facts(self, name: str) -> list[dict[str, Any]]:
        return [dict(row.payload) for row in self.store.look(_facts, name)]

    def tickets(self, kind: str) -> list[staff.Ticket]:
        return [one for one in self.store.look(staff.open_tickets) if one.kind == kind]

    def receives(self, *userids: str) -> None:
        """These receive customers at the account, as the service has heard it."""
        found = [accounts.Receives(KF, userid, True) for userid in userids]
        self.store.do(lambda work, _: accounts.set_receiving(work, KF, found), None, OWNER)


def _facts(view: View, name: str) -> Any:
    fact = sa.table("fact", sa.column("id"), sa.column("name"), sa.column("payload", sa.JSON))
    return view.all(sa.select(fact.c.payload).where(fact.c.name == name).order_by(fact.c.id))


@asynccontextmanager
async def house(url: str) -> AsyncIterator[House]:
    """Two customers, two colleagues; wake-ups are lost, ``settle`` pulls instead."""
    clock = ManualClock(NOON)
    corp = (simulation.APP, simulation.KF, simulation.BOT, simulation.CONTACT_SECRET)
    simulator = Simulator(SimulatorConfig(simulation.CORP, "http://127.0.0.1:9", *corp), clock)
    simulator.world.knobs.callback_silent_loss = 1.0
    simulator.world.knobs.kf_tokenless_per_minute = 1000
    for userid, name in (("lin", "林晓"), ("he", "何运营")):
        simulator.world.add_staff(userid, name)
    for external, name in ((XIANG, "阿香"), (LAN, "小兰")):
        simulator.world.add_customer(external, name, ["lin"])
    runner = web.AppRunner(simulator.api_app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await simulator.start()
    store = Store(url, clock, triggers.REACTIONS)
    try:
        async with aiohttp.ClientSession() as http:
            secrets = simulation.credentials("http://x").secrets()
            client = WeComClient(http, f"http://127.0.0.1:{runner.addresses[0][1]}", simulation.CORP, secrets, clock)
            store.do(_hire, None, OWNER)
            yield House(store, simulator, client)
    finally:
        await simulator.close()
        await runner.cleanup()
        store.close()


def _hire(work: Any, _nothing: None) -> None:
    staff.register(work, [staff.Register(userid, userid, name) for userid, name in (("lin", "林晓"), ("he", "何运营"))])
