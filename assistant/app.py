"""The only place where real parts are joined, opened and closed in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from assistant import agent, paying, simulation, telemetry, triggers
from assistant.base import ids
from assistant.base.chance import SeededChance
from assistant.base.clock import Clock
from assistant.base.principal import system
from assistant.base.protocols import Embedder
from assistant.channels import inbox, quota, streams
from assistant.channels.delivery import Deliverer, Sender
from assistant.channels.media import Folder
from assistant.channels.metered import Metered
from assistant.channels.waiting import StreamSender, Waiters
from assistant.dialogue import conversation, desk
from assistant.dialogue.opening import Opened
from assistant.dialogue.turn import Parts, TurnHandler
from assistant.domain import (
    archive,
    audience,
    cashback,
    contacts,
    events,
    journeys,
    members,
    membership,
    orders,
    outreach,
    points,
    stored_value,
)
from assistant.flows import (
    app_cards,
    archive_consent,
    bot_media,
    cleaning,
    contact_jobs,
    deliver,
    kf_handover,
    kf_people,
    kf_sending,
    mass,
    moments,
    payout,
    robots,
    statistics,
    words,
)
from assistant.flows.bot_line import BotLine, Line, Waits, line_state
from assistant.flows.kf_pull import KfPull
from assistant.flows.receive import Intake
from assistant.flows.reconciling import Reconciler
from assistant.jobs import EmbeddedRunner, Handler, Ticker
from assistant.operations import handlers as plan_handlers
from assistant.settings import Settings, WeComSettings
from assistant.store import Store, is_sqlite, migrate
from assistant.web.doors import Doors
from assistant.web.server import make_app
from assistant.web.webhook import Edge
from assistant.wecom import Envelope, WeComClient, WeComSender
from assistant.wecom.bot_media import MediaFetcher
from assistant.wecom.bot_upload import BotShelf
from assistant.wecom.media import MediaDesk
from assistant.wecom.pace import Pace
from assistant.wecom.send import app_charges
from assistant.wecom.token_shelf import TokenShelf
from assistant.wecom.tokens import Secret
from knowledge import Knowledge, NgramEmbedder, default_embedder
from tools import ToolContext, toolbox_for

ROOT = Path(__file__).parent.parent
RECEIVED = "received"
"""Folder of what people sent us, under the home."""

TOO_MANY = frozenset({"wecom_rate"})
FEATURES = (
    *members.FEATURES,
    *orders.FEATURES,
    *audience.FEATURES,
    *contacts.FEATURES,
    *events.FEATURES,
    *membership.FEATURES,
    *points.FEATURES,
    *stored_value.FEATURES,
    *cashback.FEATURES,
    *outreach.FEATURES,
)
Stage = Callable[[str], None]


def know_features() -> None:
    """Hands the segment language what the rooms offer to select by."""
    audience.use(FEATURES)


def quiet(_stage: str) -> None:
    """No fault test is listening."""


@dataclass(slots=True)
class Service:
    """Everything that runs, for the command line, the simulation and the tests."""

    settings: Settings
    store: Store
    runner: Any
    simulation: simulation.Simulation | None
    knowledge: Brain
    waiters: Waiters
    address: str
    client: WeComClient
    web_app: web.Application


class Brain:
    """The knowledge base and the models, opened on first use and in the background, so that the port is open at once."""

    def __init__(self, settings: Settings, bundled: bool = True) -> None:
        self._settings = settings
        self._bundled = bundled
        self._embedder: Embedder | None = None
        self._knowledge: Knowledge | None = None
        self._models: list[Any] = []
        self._opening: asyncio.Task[None] | None = None

    async def warm(self) -> None:
        """Opens everything; several callers wait for one opening."""
        if self._opening is None:
            self._opening = asyncio.create_task(asyncio.to_thread(self._open), name="brain")
        await asyncio.shield(self._opening)

    def _open(self) -> None:
        settings = self._settings
        self._embedder = default_embedder() if self._bundled else NgramEmbedder()
        self._knowledge = Knowledge.open(settings.home / "knowledge", self._embedder)
        self._knowledge.ingest(sorted((ROOT / "knowledge" / "library").iterdir()))
        models = [agent.open_planner(self._embedder, self._knowledge.questions(), ready=self._bundled)]
        if settings.openai_api_key:
            models.insert(0, agent.open_model(settings.openai_api_key.get_secret_value(), settings.openai_base_url, settings.openai_model))
        self._models = models

    async def models(self) -> list[Any]:
        await self.warm()
        return self._models

    async def search(self, query: str, top: int = 3) -> list[Any]:
        """The one retrieval function of product and console."""
        await self.warm()
        return await self._knowledge.search(query, top) if self._knowledge else []

    async def close(self) -> None:
        """Stops an opening under way and lets everything go."""
        if self._knowledge is not None:
            await asyncio.to_thread(self._knowledge.close)
        if self._opening is not None:
            # What stopped it is of no interest any more; what failed was told to those who waited.
            await asyncio.gather(self._opening, return_exceptions=True)
        for model in self._models:
            await agent.close_model(model)


@contextlib.asynccontextmanager
async def opened(settings: Settings, clock: Clock, *, simulate: bool = False, stage: Stage = quiet, bundled: bool = True) -> Any:
    """The service, listening; closed in the opposite order when the context ends. ``bundled`` uses the bundled embedding model."""
    settings = simulation.with_robots(settings) if simulate else settings
    telemetry.configure(settings.log_level)
    telemetry.register_secret(*settings.secret_values())
    settings.home.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(migrate.upgrade, settings.database_url)
    async with AsyncExitStack() as stack:
        store = Store(settings.database_url, clock, triggers.REACTIONS)
        stack.callback(store.close)
        know_features()
        await store.write(journeys.install, None, system("start"))
        await store.write(archive.keep_for, settings.archive_days, system("start"))
        await store.write(archive.turn, simulate or bool(settings.wecom.secrets().get("archive")), system("start"))
        await store.write(quota.set_limits, quota.brand_limits(settings.accounts, settings.mass_limit), system("start"))
        brain = Brain(settings, bundled)
        stack.push_async_callback(brain.close)
        simulated = None
        if simulate:
            simulated = await simulation.start(
                store, clock, f"http://{settings.host}:{settings.port}", settings.host, settings.control_port, settings.robots
            )
            stack.push_async_callback(simulated.close)
        service = await _join(settings, store, brain, simulated, stack, stage)
        await _listen(service, stack)
        yield service


async def _join(
    settings: Settings, store: Store, brain: Brain, simulated: simulation.Simulation | None, stack: AsyncExitStack, stage: Stage
) -> Service:
    session = await stack.enter_async_context(aiohttp.ClientSession())
    wecom = simulation.credentials(simulated.api_base) if simulated else settings.wecom
    client = wecom_client(settings, wecom, session, store)
    waiters = Waiters()
    debounce = inbox.Debounce(settings.debounce_shortest, settings.debounce_longest)
    fetcher = MediaFetcher(wecom.api_base, wecom.bot_aes_key.get_secret_value())
    stack.push_async_callback(fetcher.close)
    payer = _payer(settings, session, simulated, store.clock)
    handlers = _handlers(settings, store, brain, client, waiters, debounce, stage, wecom, payer.pages, fetcher)
    intake = Intake(store, debounce)
    if wecom.bot_mode == "socket":
        # What the bot says can leave only through the one process that holds its connection.
        handlers.pop("deliver.bot")
        await _hold_line(settings, wecom, store, session, intake, stage, stack)
    handlers |= {"payout": payout.handler(store, payer.port, stage, paying.UNSET), "book.reconcile": Reconciler(store, payer.port)}
    runner = _runner(settings, store, handlers)
    envelopes = {name: Envelope(token, key, receiver) for name, (token, key, receiver) in wecom.endpoints().items()}
    edge = Edge(envelopes, store, waiters, intake, settings.bot_name, Folder(settings.home / "media"))
    address = f"http://{settings.host}:{settings.port}"
    health = telemetry.Health(store, settings.home, lambda: runner.alive)
    doors = Doors(
        store=store,
        edge=edge,
        simulator=simulated.simulator if simulated else None,
        health=health,
        knowledge=brain,
        language=settings.language,
        secure_cookies=settings.secure_cookies,
        notices=payer.notices,
        appid=payer.appid,
        received=Folder(settings.home / RECEIVED),
        shops=simulation.shop_keys() if simulated else settings.shops.keys(),
        bot_line=partial(store.read, line_state, wecom.bot_id) if wecom.bot_mode == "socket" else None,
    )
    return Service(settings, store, runner, simulated, brain, waiters, address, client, make_app(doors))


def wecom_client(settings: Settings, wecom: WeComSettings, session: aiohttp.ClientSession, store: Store) -> WeComClient:
    """The corp's API at its pace, its tokens shared with every process on this book."""
    shelf, pace = TokenShelf(store), Pace(settings.processes)
    return WeComClient(session, wecom.api_base, wecom.corp_id, wecom.secrets(), store.clock, shelf=shelf, pace=pace)


async def _hold_line(
    settings: Settings,
    wecom: WeComSettings,
    store: Store,
    session: aiohttp.ClientSession,
    intake: Intake,
    stage: Stage,
    stack: AsyncExitStack,
) -> None:
    """Waits for the bot's long connection, holds it when it is free, and says through it what the bot has to say."""
    to = Line(wecom.bot_url, wecom.bot_id, wecom.bot_secret.get_secret_value(), settings.bot_name)
    waits = Waits(lease=min(Waits().lease, settings.lease_seconds))
    shelf = BotShelf(store, Folder(settings.home / "media"))
    me = f"{platform.node()}/{os.getpid()}"
    line = BotLine(store, session, to, intake, SeededChance(ids.fresh("line")), waits=waits, shelf=shelf, by=me)
    deliverer = Deliverer(
        store, {"bot": line.voice}, conversation.hold_back, stage=stage, watcher=telemetry.delivered, again=streams.safe_again
    )
    await line.start({"deliver.bot": deliverer}, settings.lease_seconds, telemetry.job_watcher)
    stack.push_async_callback(line.stop)


def _payer(settings: Settings, session: aiohttp.ClientSession, simulated: simulation.Simulation | None, clock: Clock) -> paying.Paying:
    if simulated is None:
        return paying.of_settings(session, settings.pay, clock)
    notify_url = f"http://{settings.host}:{settings.port}/pay/wechat/notify"
    return paying.of_simulation(session, simulated.pay_base, simulated.pay.account, notify_url, clock)


def _handlers(
    settings: Settings,
    store: Store,
    brain: Brain,
    client: WeComClient,
    waiters: Waiters,
    debounce: inbox.Debounce,
    stage: Stage,
    wecom: WeComSettings,
    pages: str,
    fetcher: MediaFetcher,
) -> dict[str, Handler]:
    folder, inward = Folder(settings.home / "media"), Folder(settings.home / RECEIVED)
    media_desk = MediaDesk(store, client, folder)
    sender = WeComSender(client, media_desk)
    senders: dict[str, Sender] = {
        "kf": kf_sending.KfSender(store, client, sender),
        "app": Metered(store, app_cards.AppSender(store, client, sender), app_charges, TOO_MANY),
        "bot": StreamSender(store, waiters, sender),
    }
    gates: dict[str, Any] = {"gate": conversation.hold_back, "room": kf_sending.room, "again": streams.safe_again}
    deliverer = Deliverer(store, senders, stage=stage, watcher=telemetry.delivered, **gates)
    prompts = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "prompts").glob("*.md")}
    limits = agent.Limits(hosts=(urlsplit(pages).netloc,) if pages else ())
    tools = _toolboxes(store, brain, pages)
    parts = Parts(store, brain.models, tools, desk.Desk(store), prompts, limits, agent.Meter(), stage, waiters.wake)
    handlers: dict[str, Handler] = {
        "turn": TurnHandler(parts),
        "deliver": deliverer,
        "deliver.bot": deliverer,
        **_kf(store, client, debounce, stage, wecom),
        **app_cards.handlers(store, client),
        robots.SEND: robots.handler(store, client, {name: Secret(key.get_secret_value()) for name, key in settings.robots}, stage),
        bot_media.FETCH: bot_media.fetching(store, fetcher, inward),
        bot_media.CLEAN: bot_media.cleaning(store, inward),
        "media.clean": cleaning.media_handler(store, folder),
        "reaction": triggers.react(store, stage),
        **contact_jobs.handlers(store, client, stage),
        **deliver.handlers(store, client, (wecom.kf_accounts() or ("",))[0], stage, media_desk),
        **mass.handlers(store, client, stage, outreach.MassRules(fall_back_after=settings.mass_fallback)),
        **moments.handlers(store, client, media_desk, stage),
        **statistics.handlers(store, client, stage),
        **words.handlers(store, client, stage),
        **archive_consent.handlers(store, client, stage, "archive" in wecom.secrets()),
        **plan_handlers(store, stage),
        **triggers.journey_steps(store, stage),
    }
    return handlers | {name: triggers.run_clock(store, stage) for name in triggers.ON_CLOCK}


def _kf(store: Store, client: WeComClient, debounce: inbox.Debounce, stage: Stage, wecom: WeComSettings) -> dict[str, Handler]:
    return {
        "kf.pull": KfPull(store, client, debounce),
        **kf_people.handlers(store, client, wecom.kf_accounts(), "kf" in wecom.secrets()),
        **kf_handover.handlers(store, client, str(wecom.agent_id or ""), conversation.follow, stage),
    }


def _toolboxes(store: Store, brain: Brain, pages: str) -> Callable[[Opened], agent.Toolbox]:
    def make(opened: Opened) -> agent.Toolbox:
        speaker = opened.speaker
        context = ToolContext(
            store, speaker.principal, speaker.member_id, opened.conversation.id, opened.turn, opened.said, opened.pending, brain, pages
        )
        return toolbox_for(context, group=speaker.group)

    return make


def _runner(settings: Settings, store: Store, handlers: dict[str, Handler]) -> Any:
    """Embedded where one process does all; PgQueuer carries the rows across processes on PostgreSQL."""
    if is_sqlite(settings.database_url) or settings.processes == 1:
        return EmbeddedRunner(store, handlers, lease_seconds=settings.lease_seconds, watcher=telemetry.job_watcher)
    from assistant.jobs.pgqueuer_engine import PgQueuerRunner  # noqa: PLC0415 - only where several processes share the work

    return PgQueuerRunner(store, handlers, lease_seconds=settings.lease_seconds, watcher=telemetry.job_watcher)


async def _listen(service: Service, stack: AsyncExitStack) -> None:
    runner = web.AppRunner(service.web_app, access_log=None)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, service.settings.host, service.settings.port).start()
    await service.runner.start()
    stack.push_async_callback(service.runner.stop)
    ticker = Ticker(service.store, triggers.SCHEDULES)
    await ticker.start()
    stack.push_async_callback(ticker.stop)
