"""A small house for tests of the web: a store, operators of each role, a simulator without a service behind it, an open port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientResponse, ClientSession, CookieJar, web

from assistant import access
from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.store import Store, Work
from assistant.web.server import Doors, make_app
from assistant.wecom.simulator import AppSettings, BotSettings, KfSettings, Simulator, SimulatorConfig

PASSWORD = "laoyou-demo"
HOSTILE = "<script>alert(1)</script>'\"><img src=x onerror=alert(1)>"
OPERATORS = (("he", "operator"), ("song", "owner"), ("lan", "viewer"), ("ping", "approver"), ("wu", "staff"))
LOGINS = ("he", "song", "lan")
CONFIG = SimulatorConfig(
    "ww0000000000demo00",
    "http://127.0.0.1:1",
    AppSettings(1000002, "demo-app-secret", "demoAppToken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"),
    KfSettings("wkdemo0000000001", "demo-kf-secret", "demoKfToken", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"),
    BotSettings("aibdemo00000001", "demoBotToken", "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"),
    "demo-contact-secret",
)


def add_operators(work: Work, _nothing: None) -> None:
    """One operator per role; the token is the name and ``-token``; three have a password, since hashing one takes its time."""
    entries = [access.AddOperator(name, (role,), PASSWORD if name in LOGINS else "", f"{name}-token", name) for name, role in OPERATORS]
    access.add_operators(work, entries)


def simulator(clock: ManualClock) -> Simulator:
    made = Simulator(CONFIG, clock)
    made.world.knobs.callback_timeout_seconds = 0.3
    made.world.knobs.callback_retries = 0
    made.world.add_staff("lin", "林晓")
    made.world.add_customer("wm_m00001", "林小满", ["lin"])
    made.world.add_customer("wm_hostile", HOSTILE, ["lin"])
    made.world.add_group("wr_office", "棉语·上班族姐妹群", ["lin", "wm_m00001"], "lin")
    return made


async def healthy() -> dict[str, str]:
    return {"database": "ok"}


@dataclass(slots=True)
class House:
    """An open house: ``base`` is its address."""

    base: str
    app: web.Application
    store: Store
    clock: ManualClock
    simulator: Simulator | None
    session: ClientSession

    async def get(self, path: str, **options: object) -> ClientResponse:
        return await self.session.get(self.base + path, allow_redirects=False, **options)  # type: ignore[arg-type]

    async def post(self, path: str, data: dict[str, str] | None = None, **options: object) -> ClientResponse:
        return await self.session.post(self.base + path, data=data, allow_redirects=False, **options)  # type: ignore[arg-type]

    async def api(self, method: str, path: str, who: str = "song", **options: object) -> ClientResponse:
        headers = {"Authorization": f"Bearer {who}-token", **options.pop("headers", {})}  # type: ignore[dict-item]
        return await self.session.request(method, f"{self.base}/api/v1{path}", headers=headers, **options)  # type: ignore[arg-type]

    async def csrf(self, path: str) -> str:
        """The token in the forms of a page."""
        text = await (await self.get(path)).text()
        return text.split('name="csrf" value="', 1)[1].split('"', 1)[0]

    async def login(self, name: str, password: str = PASSWORD) -> ClientResponse:
        return await self.post("/login", {"csrf": await self.csrf("/login"), "name": name, "password": password, "next": "/"})


@asynccontextmanager
async def open_house(store: Store, clock: ManualClock, *, simulate: bool = True, secure: bool = False) -> AsyncIterator[House]:
    await store.write(add_operators, None, system("test"))
    world = simulator(clock) if simulate else None
    app = make_app(Doors(store=store, edge=None, health=healthy, simulator=world, secure_cookies=secure))
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    if world is not None:
        await world.start()
    host, port = runner.addresses[0][:2]
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield House(f"http://{host}:{port}", app, store, clock, world, session)
    if world is not None:
        await world.close()
    await runner.cleanup()
