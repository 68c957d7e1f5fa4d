"""Customer contact in one place: its parts joined, and what customers and employees do with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from assistant.wecom.simulator.albums import Albums
from assistant.wecom.simulator.archive import Archive
from assistant.wecom.simulator.callbacks import Callbacks
from assistant.wecom.simulator.config import SimulatorConfig
from assistant.wecom.simulator.contacts import Contacts
from assistant.wecom.simulator.corp import Routes
from assistant.wecom.simulator.directory import Directory
from assistant.wecom.simulator.figures import Figures
from assistant.wecom.simulator.groups import Groups
from assistant.wecom.simulator.intercepts import Intercepts
from assistant.wecom.simulator.joinways import JoinWays
from assistant.wecom.simulator.mass import Mass
from assistant.wecom.simulator.media import MediaFace
from assistant.wecom.simulator.moments import Moments
from assistant.wecom.simulator.sysevents import SysEvents
from assistant.wecom.simulator.tags import Tags
from assistant.wecom.simulator.transfer import Transfers
from assistant.wecom.simulator.ways import Ways
from assistant.wecom.simulator.welcome import Welcomes
from assistant.wecom.simulator.world import PhoneMessage, SimulatorError, World


class _Family(Protocol):
    def routes(self) -> Routes: ...


class CustomerContact:
    """The parts are public: ``groups.joins`` and so on are what people do; the verbs here touch several parts."""

    def __init__(self, config: SimulatorConfig, world: World, callbacks: Callbacks) -> None:
        self._world = world
        events = SysEvents(config, world, callbacks)
        self.welcomes = Welcomes(world)
        self.contacts = Contacts(world, events, self.welcomes)
        self.tags = Tags(world, events, self.contacts)
        self.groups = Groups(world, events)
        self.ways = Ways(world, self.contacts)
        self.join_ways = JoinWays(world, self.groups)
        self.transfers = Transfers(world, events, self.contacts, self.groups)
        self.mass = Mass(world)
        self.moments = Moments(world)
        self.figures = Figures(world, self.groups)
        self.intercepts = Intercepts(world)

    def families(self) -> Sequence[_Family]:
        first: list[_Family] = [self.contacts, self.welcomes, self.tags, self.groups, self.ways, self.join_ways, self.transfers]
        rest: list[_Family] = [self.mass, self.moments, self.figures, self.intercepts]
        return [*first, *rest, Archive(self._world, self.groups), Directory(self._world), MediaFace(self._world), Albums(self._world)]

    def staff_chats(self, userid: str, external_userid: str, text: str) -> str:
        """An employee writes to a customer in private: sent, warned (sent all the same), or stopped by a rule of sensitive words."""
        self.contacts.chatted(external_userid, userid)
        struck = self.intercepts.struck(userid, text)
        if struck == 1:
            return "stopped"
        self.figures.chat(userid, external_userid)
        self._world.the_customer(external_userid).phone.append(PhoneMessage(self._world.now(), userid, text, "chat"))
        return "warned" if struck else "sent"

    def customer_chats(self, external_userid: str, userid: str, text: str) -> None:
        """A customer writes to an employee in private: the words are on the employee's phone, and no API tells them."""
        self.contacts.chatted(external_userid, userid)
        self._world.the_staff(userid).phone.append(PhoneMessage(self._world.now(), external_userid, text, "chat"))

    def group_says(self, chatid: str, who: str, text: str) -> None:
        """Somebody speaks in a customer group: everybody there reads it, and no callback tells it."""
        group = self._world.the_group(chatid)
        if who not in group.members:
            raise SimulatorError(f"{who} 不在群 {chatid} 里")
        group.phone.append(PhoneMessage(self._world.now(), who, text, "chat"))
        self.figures.group_chat(chatid, who)
