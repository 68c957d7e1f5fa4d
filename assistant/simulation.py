"""The simulated WeCom and WeChat Pay beside the service: configuration, people taken from the book, ports."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiohttp import web
from pydantic import SecretStr

from assistant.base.clock import Clock
from assistant.base.errors import Invalid
from assistant.domain import members, outreach, staff
from assistant.flows.demo import APPID
from assistant.payments import SimulatedPayout
from assistant.payments.simulator import Account, PaySimulator
from assistant.settings import Settings, WeComSettings
from assistant.store import Store, View
from assistant.wecom.simulator import (
    AppSettings,
    BotSettings,
    ContactSettings,
    KfSettings,
    ShopKeys,
    Simulator,
    SimulatorConfig,
    SimulatorError,
)
from assistant.wecom.simulator.mass import Row, Task
from assistant.wecom.simulator.personas import SCRIPTS

CORP = "ww0000000000demo00"
APP = AppSettings(1000002, "demo-app-secret", "demoAppToken", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
KF = KfSettings("wkdemo0000000001", "demo-kf-secret", "demoKfToken", "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG")
BOT = BotSettings("aibdemo00000001", "demoBotToken", "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba")
CONTACT = ContactSettings("demoContactToken", "zyxwvutsrqponmlkjihgfedcba9876543210ABCDEFG")
ARCHIVE_SECRET = "demo-archive-secret"  # noqa: S105 - known to both sides of the simulation only
CONTACT_SECRET = "demo-contact-secret"  # noqa: S105 - known to both sides of the simulation only
SHOPS = {
    "youzan": ShopKeys("demo-client", "demo-youzan-secret", "/shops/youzan"),
    "doudian": ShopKeys("demo-app-key", "demo-doudian-secret", "/shops/doudian"),
    "douyin_life": ShopKeys("demo-client-key", "demo-life-secret", "/shops/douyin_life"),
}
ROBOTS = (("值班", SecretStr("demo-robot-key-0001")),)
DUTY = "wr_duty"
"""The internal group of all staff, where the group robots say what our people must see."""
CONFIRM_AFTER = {"lin": 20.0}
"""Seconds after which a staff persona confirms a 群发 task by itself; the others wait for the player."""
DISPATCH_SECONDS = 2.0
"""How long WeCom still hands a new 群发 task to the staff; its results are not there before."""


def credentials(api_base: str) -> WeComSettings:
    """The same values as a brand would set for its real corp."""
    return WeComSettings(
        api_base=api_base,
        corp_id=CORP,
        agent_id=APP.agentid,
        app_secret=SecretStr(APP.secret),
        app_token=SecretStr(APP.token),
        app_aes_key=SecretStr(APP.aes_key),
        contact_secret=SecretStr(CONTACT_SECRET),
        archive_secret=SecretStr(ARCHIVE_SECRET),
        contact_token=SecretStr(CONTACT.token),
        contact_aes_key=SecretStr(CONTACT.aes_key),
        kf_account=KF.open_kfid,
        kf_secret=SecretStr(KF.secret),
        kf_token=SecretStr(KF.token),
        kf_aes_key=SecretStr(KF.aes_key),
        bot_id=BOT.aibotid,
        bot_token=SecretStr(BOT.token),
        bot_aes_key=SecretStr(BOT.aes_key),
    )


def shop_keys() -> dict[str, tuple[str, str]]:
    """The same keys as a brand would set for its shops."""
    return {shop: (keys.app_id, keys.secret) for shop, keys in SHOPS.items()}


@dataclass(slots=True)
class Simulation:
    """A running simulator: ``api_base`` is what the client is pointed at."""

    simulator: Simulator
    api_base: str
    runners: list[web.AppRunner]
    pay: PaySimulator
    pay_base: str

    def bring_in(self, names: str) -> None:
        """``all``, or names of personas with commas between: one of each lives from now on. Invalid for an unknown one."""
        try:
            for name in SCRIPTS if names == "all" else names.split(","):
                self.simulator.personas.cast(name.strip())
        except SimulatorError as error:
            raise Invalid(str(error), code="no_persona") from error
        self.simulator.personas.start()

    async def close(self) -> None:
        await self.simulator.close()
        await self.pay.close()
        for runner in self.runners:
            await runner.cleanup()


def with_robots(settings: Settings) -> Settings:
    """The settings of a simulated service: one group robot where none is set."""
    return settings if settings.robots else replace(settings, robots=ROBOTS)


async def start(
    store: Store, clock: Clock, callback_base: str, host: str, control_port: int, robots: Sequence[tuple[str, SecretStr]] = ()
) -> Simulation:
    """Starts the simulator with the customers, staff and groups of the book on loopback ports, and the robots in the staff's group."""
    simulator = Simulator(
        SimulatorConfig(CORP, callback_base, APP, KF, BOT, CONTACT_SECRET, contact=CONTACT, shops=SHOPS, archive_secret=ARCHIVE_SECRET),
        clock,
    )
    populate(simulator, await store.read(_people), await store.read(staff.people), await store.read(members.groups), robots)
    simulator.world.knobs.mass_dispatch_seconds = DISPATCH_SECONDS
    for task in await store.read(waiting_tasks):
        simulator.customer_contact.mass.bring_back(task)
    runners: list[web.AppRunner] = []
    api = await _serve(simulator.api_app(), host, 0, runners)
    pay = PaySimulator(SimulatedPayout(store), await asyncio.to_thread(Account, appid=APPID))
    pay_base = f"http://{host}:{await _serve(pay.app(), host, 0, runners)}"
    control = simulator.control_app()
    control.add_subapp("/pay/", pay.control())
    await _serve(control, host, control_port, runners)
    api_base = f"http://{host}:{api}"
    simulator.point(callback_base=callback_base, api_base=api_base)
    await simulator.start()
    return Simulation(simulator, api_base, runners, pay, pay_base)


def _people(view: View) -> list[tuple[str, str, list[str]]]:
    """(external_userid, nickname, owner staff) of every member that has a WeCom identity."""
    return [
        (value, nickname or "微信客户", [owner] if owner else [])
        for value, nickname, owner in members.with_identity(view, "wecom_external")
    ]


def waiting_tasks(view: View) -> list[Task]:
    """群发 tasks that the book still waits for: WeCom does not forget them when we start anew."""
    return [
        Task(
            one.msgid,
            one.chat,
            one.created_at,
            one.text,
            one.attachments,
            {one.staff: [Row(peer) for peer in outreach.peers(view, one.id)]},
        )
        for one in outreach.open_tasks(view)
        if one.msgid and one.created_at
    ]


def populate(
    simulator: Simulator,
    people: Sequence[tuple[str, str, list[str]]],
    crew: Sequence[staff.Person],
    groups: Sequence[members.CustomerGroup],
    robots: Sequence[tuple[str, SecretStr]],
) -> None:
    """Brings in the customers, staff and groups of the book, a group of the staff, and its robots."""
    world = simulator.world
    for person in crew:
        world.add_staff(person.userid, person.name, CONFIRM_AFTER.get(person.userid, "never"))
    known = {person.userid for person in crew}
    world.add_customers((external, name, [userid for userid in owners if userid in known]) for external, name, owners in people)
    inside = {external for external, _name, _owners in people}
    for group in groups:
        listed = [external for external in group.externals if external in inside]
        world.add_group(
            group.chatid,
            group.name,
            [*([group.owner] if group.owner in known else []), *listed],
            group.owner if group.owner in known else "",
        )
    if known:
        world.add_group(DUTY, "值班群", sorted(known))
        for name, key in robots:
            simulator.robots.add(DUTY, name, key.get_secret_value())


async def _serve(app: web.Application, host: str, port: int, runners: list[web.AppRunner]) -> int:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, host, port)
    await site.start()
    runners.append(runner)
    address = runner.addresses[0]
    return int(address[1])
