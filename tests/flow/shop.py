"""A small shop for flow tests: our simulator in this process, the service as a process of its own that may be killed anywhere."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from aiohttp import web
from pydantic import SecretStr

from assistant import access, simulation
from assistant.base.principal import Principal
from assistant.dialogue import conversation as talk
from assistant.domain import activities, members, points
from assistant.flows.importing import import_lines
from assistant.store import Store, View, Work, due, migrate
from assistant.wecom.simulator import Simulator, SimulatorConfig
from tests.support import service_child
from tests.support.shared_clock import SharedClock

OWNER = Principal("operator", "test", frozenset({"owner"}))
XIAOMAN, AQING, YUNDUO = "wm_xiaoman", "wm_aqing", "wm_yunduo"
PATIENCE = 25.0
KINDS = ("turn", "deliver", "kf.pull", "kf.handover", "kf.end", "reaction", "touch.deliver", "plan.chunk")
TOUCHES = "SELECT member_id, route, state, task, reason, queued_at FROM outreach_touch ORDER BY queued_at DESC LIMIT 20"
BUSY = f"SELECT count(*) FROM due WHERE kind IN {KINDS} AND NOT held"


def _wecom_identity(external: str) -> dict[str, str]:
    return {"namespace": "wecom_external", "value": external}


BRAND: list[dict[str, Any]] = [
    {"kind": "staff", "userid": "lin", "name": "林晓", "role": "guide"},
    {"kind": "staff", "userid": "he", "name": "何运营", "role": "operator"},
    *(
        {"kind": "member", "key": key, "nickname": name, "city": "上海", "owner_staff": "lin", "identities": [_wecom_identity(external)]}
        for key, name, external in (("M1", "林小满", XIAOMAN), ("M2", "阿青", AQING), ("M3", "云朵", YUNDUO))
    ),
    {"kind": "opening_balance", "key": "open_M1", "member": "M1", "points": 1200},
    {"kind": "opening_balance", "key": "open_M2", "member": "M2", "points": 50},
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Shop:
    """``async with Shop(url, folder)``: seeded, simulator running; ``start`` runs the service, ``kill`` ends it as kill -9 does."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.port = free_port()
        self.extra: dict[str, str] = {}
        self._life: dict[str, Path] = {}
        self._stack = AsyncExitStack()
        self._starts = 0
        self.clock = SharedClock(folder / "clock")
        corp = (simulation.APP, simulation.KF, simulation.BOT, simulation.CONTACT_SECRET)
        config = SimulatorConfig(simulation.CORP, f"http://127.0.0.1:{self.port}", *corp)
        self.simulator = Simulator(config, self.clock)
        self.simulator.world.knobs.callback_timeout_seconds = 5.0
        self.book = Store(url, self.clock)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._seed)
        runner = web.AppRunner(self.simulator.api_app(), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.api = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._stack.push_async_callback(runner.cleanup)
        self.simulator.point(callback_base=f"http://127.0.0.1:{self.port}", api_base=self.api)
        world = self.simulator.world
        for userid, name in (("lin", "林晓"), ("he", "何运营")):
            world.add_staff(userid, name)
        for external, name in ((XIAOMAN, "林小满"), (AQING, "阿青"), (YUNDUO, "云朵")):
            world.add_customer(external, name, ["lin"])
        world.add_group("wr_test", "测试群", ["lin", XIAOMAN, AQING])
        await self.simulator.start()
        self._stack.push_async_callback(self.simulator.close)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.stop()
        await self._stack.aclose()
        self.book.close()

    def _seed(self) -> None:
        migrate.adopt(self.url)
        lines = [json.dumps(line, ensure_ascii=False).encode() for line in BRAND]
        report = import_lines(self.book, "brand", lines, OWNER)
        assert report.bad == []
        self.book.do(_furnish, None, OWNER)

    async def start(self, die_at: str = "", nth: int = 1) -> None:
        """Starts the service and waits until it listens (or has died on the way)."""
        self._starts += 1
        environment = {
            "LAOYOU_HOME": self.folder / "home",
            "LAOYOU_DATABASE_URL": self.url,
            "LAOYOU_PORT": self.port,
            "LAOYOU_DEBOUNCE_SHORTEST": "0.2",
            "LAOYOU_DEBOUNCE_LONGEST": "1",
            "LAOYOU_LEASE_SECONDS": "1",
            **_wecom(self.api),
            **self.extra,
        }
        told = {key: str(value) for key, value in environment.items()}
        self._life = {name: self.folder / f"{name}{self._starts}" for name in ("pid", "ready", "ended", "log")}
        files = {name: str(path) for name, path in self._life.items()} | {"clock": str(self.folder / "clock")}
        service_child.born({"environment": told, "die_at": die_at, "nth": nth, **files})
        await self.until(lambda: self._life["ready"].exists() or self.dead, "the service to listen")

    @property
    def pid(self) -> int:
        """The process of the service that runs now."""
        return int(self._life["pid"].read_text())

    @property
    def dead(self) -> bool:
        return not self._life or self._life["ended"].exists()

    async def died(self) -> bool:
        """Waits for the planned death; False if the stage was never reached within PATIENCE."""
        try:
            await self.until(lambda: self.dead, "the service to die")
        except AssertionError:
            return False
        return self._life["ended"].read_text() == str(-signal.SIGKILL)

    async def stop(self) -> None:
        """Ends the service as kill -9 does."""
        if not self.dead:
            await self.until(self._life["pid"].exists, "the service to be born")
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self._life["pid"].read_text()), signal.SIGKILL)
            await self.until(lambda: self.dead, "the service to end")

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Polls for an outcome, for at most PATIENCE seconds."""
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                logs = "\n".join(path.read_text()[-3000:] for path in sorted(self.folder.glob("log*")))
                raise AssertionError(f"waited in vain for {what}\n{self._standing()}\n{logs}")
            await asyncio.sleep(0.05)

    def _standing(self) -> str:
        """What waits to be done and what stands at each touch, for whoever reads why a test waited in vain."""
        columns = (due.c.kind, due.c.key, due.c.due_at, due.c.attempts, due.c.held, due.c.lease_until, due.c.last_error)
        rows = self.book.look(lambda view: [tuple(row) for row in view.all(sa.select(*columns).order_by(due.c.due_at).limit(40))])
        touches = self.book.look(lambda view: [tuple(row) for row in view.all(sa.text(TOUCHES))])
        return "\n".join(map(str, [f"now {self.clock.now()}, dead {self.dead}", *rows, *touches]))

    def heard(self, external: str) -> list[str]:
        """What the assistant has said on this customer's phone."""
        return [message.text for message in self.simulator.phone(external) if message.sender != external]

    def staff_heard(self, userid: str) -> list[str]:
        """What the app has said on this staff member's phone."""
        return [message.text for message in self.simulator.staff_phone(userid) if message.sender != userid]

    async def ask(self, external: str, text: str) -> str:
        """Says something and waits for the next answer."""
        before = len(self.heard(external))
        await self.simulator.customer_says(external, text)
        await self.until(lambda: len(self.heard(external)) > before, f"an answer to {text}")
        return self.heard(external)[-1]

    async def quiet(self) -> None:
        """Waits until no turn, delivery, pull, reaction or touch is left to do."""
        await self.until(lambda: not self.scalar(BUSY), "the service to have nothing left to do")

    async def points_of(self, key: str) -> int:
        found = await asyncio.to_thread(self.book.look, members.find, key)
        balance = await asyncio.to_thread(self.book.look, points.balance, [found])
        return int(balance[found].available)

    def hold(self, external: str, holder: str) -> None:
        """Takes over (or releases) the customer's conversation as the console does."""
        conversation = f"kf:{simulation.KF.open_kfid}:{external}"
        self.book.do(talk.hold, [talk.Take(f"{external}:{holder}:{time.monotonic()}", conversation, holder)], OWNER)

    def scalar(self, sql: str, **values: Any) -> Any:
        return self.book.look(lambda view: _scalar(view, sql, values))


def _wecom(api: str) -> dict[str, Any]:
    """The simulated corp as environment variables, as a brand sets its real one."""
    values = simulation.credentials(api)
    names = {name: getattr(values, name) for name in values.__slots__}
    plain = {name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in names.items()}
    return {f"LAOYOU_WECOM_{name.upper()}": value for name, value in plain.items()}


def _scalar(view: View, sql: str, values: dict[str, Any]) -> Any:
    return view.scalar(sa.text(sql), values)


def _furnish(work: Work, _nothing: None) -> None:
    activities.stock_mall(work, [activities.StockItem("item", "sock", "纯棉袜一双", 300, 5, 5)])
    access.add_operators(work, [access.AddOperator("he", ("owner",), "secret-password", userid="he")])
