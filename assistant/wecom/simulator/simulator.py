"""The simulator as one object: the people's verbs for tests, and two web applications for everybody else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Literal, Protocol

from aiohttp import web

from assistant.base.clock import Clock
from assistant.wecom.simulator.adversary import Adversary
from assistant.wecom.simulator.api import ApiFace, Call
from assistant.wecom.simulator.bot import Bot, BotTurn
from assistant.wecom.simulator.callbacks import Callbacks, Channel, Delivery
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.control import control_application, perform
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.customercontact import CustomerContact
from assistant.wecom.simulator.faults import Faults
from assistant.wecom.simulator.kf import Kf
from assistant.wecom.simulator.oddities import Oddities
from assistant.wecom.simulator.orders import Shops
from assistant.wecom.simulator.people import ContactPeople
from assistant.wecom.simulator.personas import Personas
from assistant.wecom.simulator.recent import Recent
from assistant.wecom.simulator.robots import Robots
from assistant.wecom.simulator.staffapp import StaffApp
from assistant.wecom.simulator.tokens import Tokens, apps_of
from assistant.wecom.simulator.world import PhoneMessage, SimulatorError, World

TICK_SECONDS = 0.2


class Family(Protocol):
    """A module that answers API paths."""

    def routes(self) -> Routes: ...


class Simulator(ContactPeople):
    """Human verbs answer once the service has been told (after the last retry); impossible wishes raise SimulatorError."""

    def __init__(self, config: SimulatorConfig, clock: Clock) -> None:
        self.config = config
        self.world = World(clock, config.seed)
        self.faults = Faults(self.world.chance)
        self.callbacks = Callbacks(config, self.world)
        self.kf = Kf(config, self.world, self.callbacks)
        self.staff_app = StaffApp(config, self.world, self.callbacks)
        self.bot = Bot(config, self.world, self.callbacks, self.faults)
        self.robots = Robots(self.world)
        self.customer_contact = CustomerContact(config, self.world, self.callbacks)
        self.contacts, self.mass = self.customer_contact.contacts, self.customer_contact.mass
        self.shops = Shops(config.shops, self.world, self.callbacks)
        self.adversary = Adversary(config, self.world, self.callbacks)
        self.oddities = Oddities(config, self.world, self.callbacks)
        self.personas = Personas(self)
        app = config.app
        faces = [("app", app.agentid, app.secret), ("kf", app.agentid + 1, config.kf.secret)]
        faces += [("archive", app.agentid + 3, config.archive_secret)] if config.archive_secret else []
        self.world.apps = apps_of([*faces, ("contact", app.agentid + 2, config.contact_secret)])
        self.tokens = Tokens(self.world, config.corp_id)
        self._api = ApiFace(self)
        self._ticker: asyncio.Task[None] | None = None

    def families(self) -> list[Family]:
        """Everybody who answers API paths; a new family is added here."""
        return [self.tokens, self.kf, self.staff_app, self.bot, self.robots, *self.customer_contact.families()]

    @property
    def calls(self) -> Recent[Call]:
        """The latest API calls received, in order, without secrets; as many as the knob ``keep_calls`` says."""
        return self._api.calls

    @property
    def complaints(self) -> list[str]:
        """What the service did against the protocol, one Chinese sentence each."""
        return self.world.complaints

    def api_app(self) -> web.Application:
        """The API face; give its base URL to the service under test."""
        return self._api.application()

    async def perform(self, method: str, place: str, body: Mapping[str, Any]) -> Any:
        """One verb of the control face without HTTP."""
        return await perform(self, method, place, body)

    def control_app(self) -> web.Application:
        """The control face; on a port of its own, for people and tests only."""
        return control_application(self)

    def point(self, *, callback_base: str = "", api_base: str = "") -> None:
        """Sets the URLs that are known only once ports are bound."""
        if callback_base:
            self.callbacks.base = callback_base.rstrip("/")
        if api_base:
            self.bot.api_base = api_base.rstrip("/")

    async def start(self) -> None:
        await self.callbacks.start()
        self._ticker = asyncio.get_running_loop().create_task(self._tick())

    async def close(self) -> None:
        await self.personas.stop()
        if self._ticker is not None:
            self._ticker.cancel()
            await asyncio.gather(self._ticker, return_exceptions=True)
            self._ticker = None
        await self.callbacks.close()

    async def settle(self) -> None:
        """Waits until no background delivery or stream is left."""
        await self.callbacks.settle()

    def advance(self, seconds: float) -> None:
        """Steps the virtual clock and does what falls due (staff who confirm late)."""
        move = getattr(self.world.clock, "advance", None)
        if move is None or seconds < 0:
            raise SimulatorError("这个时钟不能拨动，或者秒数是负的")
        move(timedelta(seconds=seconds))
        self.world.run_due()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.world.run_due()

    # What people do.

    async def customer_says(
        self,
        external_userid: str,
        text: str,
        *,
        kind: str = "text",
        menu_id: str = "",
        account: str = "",
        body: dict[str, Any] | None = None,
    ) -> list[Delivery]:
        """A customer writes to the KF account (``menu_id``: clicks a menu item; ``body``: the part of ``kind`` as it will be pulled)."""
        return await self.kf.customer_says(external_userid, text, kind=kind, menu_id=menu_id, account=account, body=body)

    async def customer_enters(
        self, external_userid: str, scene: str = "", scene_param: str = "", *, url: str = "", account: str = ""
    ) -> list[Delivery]:
        return await self.kf.customer_enters(external_userid, scene, scene_param, url=url, account=account)

    async def customer_recalls(self, external_userid: str, msgid: str) -> list[Delivery]:
        return await self.kf.customer_recalls(external_userid, msgid)

    async def customer_adds(self, external_userid: str, userid: str, state: str = "") -> list[Delivery]:
        """A customer becomes an employee's friend (event with WelcomeCode)."""
        return await self.contacts.adds(external_userid, userid, state)

    async def friendship_ends(self, external_userid: str, userid: str, by: str = "customer") -> list[Delivery]:
        return await self.contacts.deletes(external_userid, userid, by)

    async def staff_says(self, userid: str, text: str) -> list[Delivery]:
        """An employee writes to the self-built app."""
        return await self.staff_app.says(userid, text)

    async def bot_says(self, userid: str, text: str, chatid: str = "", *, wait: bool = True) -> BotTurn:
        """An employee asks the AI bot, alone or in a group; ``wait`` follows the stream to its end."""
        return await self.bot.says(userid, text, chatid, wait=wait)

    async def bot_shows(self, userid: str, kind: Literal["image", "file", "video"], data: bytes, *, wait: bool = True) -> BotTurn:
        """An employee sends the bot a picture, file or video."""
        return await self.bot.shows(userid, kind, data, wait=wait)

    async def bot_enters(self, userid: str, *, wait: bool = True) -> BotTurn | None:
        """An employee opens the single chat with the bot; None when the event of today has been sent."""
        return await self.bot.enters(userid, wait=wait)

    async def presses(
        self, userid: str, msgid: str, key: str, selected: dict[str, list[str]] | None = None, *, wait: bool = True
    ) -> list[Delivery]:
        """An employee clicks a card on his phone, of the app or of the bot (also in a group)."""
        if any(bubble.msgid == msgid and bubble.via == "app" for bubble in self.staff_phone(userid)):
            return await self.staff_app.presses(userid, msgid, key, selected)
        return (await self.bot.presses(userid, msgid, key, selected, wait=wait)).deliveries

    async def rates(
        self, userid: str, msgid: str, rating: Literal["accurate", "inaccurate", "cancelled"], words: str = ""
    ) -> BotTurn | None:
        """Thumbs under an answer of the bot; None where it carried no feedback.id."""
        return await self.bot.rates(userid, msgid, rating, words)

    async def servicer_says(self, userid: str, external_userid: str, text: str) -> list[Delivery]:
        """A human answers the customer in the staff client: session state 3."""
        return await self.kf.servicer_says(userid, external_userid, text)

    async def servicer_ends(self, userid: str, external_userid: str) -> list[Delivery]:
        return await self.kf.servicer_ends(userid, external_userid)

    async def confirm(self, msgid: str, userid: str) -> dict[str, int]:
        """The employee presses send on a mass message: counts of sent, strangers, over_allowance."""
        return self.mass.confirm(msgid, userid)

    async def redeliver(self, number: int = -1) -> list[Delivery]:
        """Posts event ``number`` of ``callbacks.history`` (the latest, by the knob ``keep_events``) once more."""
        return await self.callbacks.redeliver(number)

    async def verify(self, channel: Channel) -> bool:
        """The URL verification GET of one endpoint."""
        return await self.callbacks.verify(channel)

    async def post_raw(self, path: str, query: Mapping[str, str], body: bytes, headers: Mapping[str, str]) -> int:
        """The adversary posts anything; answers the HTTP status, 0 when the connection broke."""
        return await self.callbacks.post_raw(path, query, body, headers)

    # What people see.

    def phone(self, external_userid: str) -> list[PhoneMessage]:
        """Exactly what the customer saw, own messages too, in order."""
        return self.world.the_customer(external_userid).phone

    def staff_phone(self, userid: str) -> list[PhoneMessage]:
        return self.world.the_staff(userid).phone

    def group_phone(self, chatid: str) -> list[PhoneMessage]:
        return self.world.the_group(chatid).phone
