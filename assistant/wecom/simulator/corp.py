"""The apps of the simulated corp: their secrets, rights, visible range and trusted addresses, and who is calling now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class App:
    """``rights`` are the families it may call: app (messages), kf, contact. ``visible`` and ``trusted_ips`` None: everybody, anywhere."""

    name: str
    agentid: int
    secret: str
    rights: set[str]
    visible: set[str] | None = None
    trusted_ips: frozenset[str] | None = None

    def sees(self, userid: str) -> bool:
        return self.visible is None or userid in self.visible


NOBODY = App("", 0, "", set())


@dataclass
class Asked:
    """The request that is being answered: who asks, the query string, and the caller's address."""

    app: App = field(default_factory=lambda: NOBODY)
    query: Mapping[str, str] = field(default_factory=dict)
    remote: str = ""


@dataclass
class Upload:
    """A file on its way in (the body of an ``UPLOAD`` path) or out (the answer of media/get)."""

    name: str
    content: bytes
    kind: str = "application/octet-stream"


Verb = Callable[[dict[str, Any]], "dict[str, Any] | Upload"]
Routes = Mapping[str, tuple[str, Verb]]
"""What a family offers the API face: ``kf/send_msg`` (POST), ``GET externalcontact/list`` or ``UPLOAD media/upload`` → (right, verb).

The right is app, kf, contact, ``any`` for every live token, or empty for paths without a token. A verb gets a copy of the JSON body, of
the query (GET), or the query with the ``Upload`` under ``file`` (UPLOAD); it raises ApiError; ``world.asked`` says who calls.
"""
