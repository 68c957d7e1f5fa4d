"""A corp that answers customer-contact calls from plain tables, callbacks as WeCom writes them, and the jobs run to the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import LaoyouError
from assistant.channels.inbox import Debounce
from assistant.domain import contacts, members, staff
from assistant.flows.contact_jobs import handlers
from assistant.flows.contact_look import ME
from assistant.flows.contact_welcome import Greeter
from assistant.flows.receive import RECEIVER, Arrival, arrive
from assistant.jobs import EmbeddedRunner
from assistant.store import Store, View, fact
from assistant.triggers import REACTIONS, react
from assistant.wecom import from_xml
from assistant.wecom.errors import error_of

Answer = Callable[[dict[str, Any]], dict[str, Any]]


class Corp:
    """Stands in for ``WeComClient``: ``answers`` by path, ``refuse`` raises an errcode for the next calls of a path."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.answers: dict[str, Answer] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.faults: dict[str, list[LaoyouError]] = {}

    def now(self) -> datetime:
        return self.clock.now()

    def refuse(self, path: str, *codes: int | LaoyouError) -> None:
        found = [code if isinstance(code, LaoyouError) else error_of(code, path, self.now()) for code in codes]
        self.faults.setdefault(path, []).extend(found)

    def made(self, path: str) -> list[dict[str, Any]]:
        """What was asked at a path."""
        return [body for called, body in self.calls if called == path]

    async def call(self, _app: str, path: str, json: Mapping[str, Any] | None = None, **_options: object) -> dict[str, Any]:
        route, _, query = path.partition("?")
        body = dict(json or {}) | dict(pair.split("=", 1) for pair in query.split("&") if pair)
        route = route.removeprefix("externalcontact/")
        self.calls.append((route, body))
        if self.faults.get(route):
            raise self.faults[route].pop(0)
        return self.answers.get(route, lambda _body: {})(body)


class Desk:
    """The book, the corp, and what runs between them."""

    def __init__(self, database: str, clock: ManualClock) -> None:
        self.store, self.clock, self.corp = Store(database, clock, REACTIONS), clock, Corp(clock)
        self.client: Any = self.corp
        self.stages: list[str] = []
        self.pauses: list[float] = []

    def event(self, fields: str, at: datetime | None = None, agent: str = "") -> None:
        """A callback arrives."""
        stamp = int((at or self.clock.now()).timestamp())
        head = f"<ToUserName>ww1</ToUserName><FromUserName>sys</FromUserName><CreateTime>{stamp}</CreateTime><MsgType>event</MsgType>"
        found = from_xml(f"<xml>{head}{agent}{fields}</xml>".encode(), self.clock.now(), "ww1")
        assert isinstance(found, list)
        self.store.do(arrive, Arrival(found, Debounce()), RECEIVER)

    def contact(self, change: str, customer: str = "wm1", staff: str = "lin", more: str = "", at: datetime | None = None) -> None:
        ids = f"<UserID>{staff}</UserID><ExternalUserID>{customer}</ExternalUserID>"
        self.event(f"<Event>change_external_contact</Event><ChangeType>{change}</ChangeType>{ids}{more}", at)

    def group(self, change: str, more: str = "", chatid: str = "wr1", at: datetime | None = None) -> None:
        self.event(f"<Event>change_external_chat</Event><ChangeType>{change}</ChangeType><ChatId>{chatid}</ChatId>{more}", at)

    def run(self, most: int = 200) -> int:
        """Everything that is due, in due order; time does not pass."""

        async def pause(seconds: float) -> None:
            self.pauses.append(seconds)
            self.clock.advance(timedelta(seconds=seconds))

        table = handlers(self.store, self.client, self.stages.append)
        table |= Greeter(self.store, self.client, self.stages.append, pause).handlers()
        table["reaction"] = react(self.store, self.stages.append)
        runner = EmbeddedRunner(self.store, table)
        return asyncio.run(runner.run_until_idle(most))

    def later(self, seconds: float) -> int:
        """Time passes, then everything that is due runs."""
        self.clock.advance(timedelta(seconds=seconds))
        return self.run()

    def facts(self, name: str) -> list[Mapping[str, Any]]:
        return [row.payload for row in self.store.look(_facts, name)]

    def names(self) -> set[str]:
        return {row.name for row in self.store.look(lambda view: view.all(sa.select(fact.c.name).distinct()))}

    def relation(self, staff: str = "lin", external: str = "wm1") -> contacts.Relation | None:
        return self.store.look(contacts.of_pairs, [(staff, external)]).get((staff, external))

    def member(self, external: str = "wm1") -> members.Member:
        number = self.store.look(members.find, f"wecom_external:{external}")
        assert number
        return self.store.look(members.profiles, [number])[number]


@contextmanager
def desk_on(database: str, clock: ManualClock) -> Iterator[Desk]:
    """A desk with two people of the brand."""
    desk = Desk(database, clock)
    people = [staff.Register(userid, userid, name) for userid, name in (("lin", "林晓"), ("chen", "陈默"))]
    desk.store.do(staff.register, people, ME)
    yield desk
    desk.store.close()


def _facts(view: View, name: str) -> Any:
    return view.all(sa.select(fact).where(fact.c.name == name).order_by(fact.c.id))


def customer(external: str, name: str, follows: Mapping[str, dict[str, Any]], **card: Any) -> dict[str, Any]:
    """The answer of externalcontact/get: staff → what they know."""
    rows = [{"userid": staff, "createtime": 1795319900} | more for staff, more in follows.items()]
    return {"external_contact": {"external_userid": external, "name": name, "type": 1} | card, "follow_user": rows}
