"""What the doors of the house are handed by ``app``: the store, the parts that had to be configured, and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from assistant.base.principal import Principal
from assistant.channels.media import Folder
from assistant.flows.bot_line import LineState
from assistant.payments import Notices
from assistant.store import Store
from assistant.web.webhook import Edge
from assistant.wecom.simulator import Simulator

Health = Callable[[], Awaitable[Mapping[str, str]]]
"""Names the parts that must work for the service to be ready; the value is ``ok`` or a word on what is wrong."""


@dataclass(frozen=True, slots=True)
class Doors:
    """``simulator`` only in simulate mode; ``brand`` is shown in the console; ``settings`` is shown read-only, never with secrets in it.

    ``bot_line`` tells how the bot's long connection stands, where it is used. ``shops``: shop → (id of our app there, its secret).
    ``received``: where what people sent us lies. ``notices`` and ``appid`` of the merchant account that pays, where one is set up.
    """

    store: Store
    edge: Edge | None
    health: Health
    simulator: Simulator | None = None
    knowledge: Any = None
    language: str = "zh"
    brand: str = "老友"
    secure_cookies: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    notices: Notices | None = None
    appid: str = ""
    received: Folder | None = None
    shops: Mapping[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    bot_line: Callable[[], Awaitable[LineState]] | None = None


DOORS: web.AppKey[Doors] = web.AppKey("doors", Doors)


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way to a handler, the caller known and allowed.

    ``name`` is what pages call them, ``key`` names the write, ``body`` is the checked input.
    """

    request: web.Request
    doors: Doors
    who: Principal
    name: str = ""
    key: str = ""
    body: Any = None
    csrf: str = ""
    language: str = "zh"

    @property
    def store(self) -> Store:
        return self.doors.store

    def part(self, name: str) -> str:
        """A named part of the path."""
        return self.request.match_info[name]

    def query(self, name: str, default: str = "") -> str:
        """A query parameter."""
        return self.request.query.get(name, default)

    def field(self, name: str, default: str = "") -> str:
        """A field of a posted form."""
        value = self.body.get(name, default)
        return value.strip() if isinstance(value, str) else default
