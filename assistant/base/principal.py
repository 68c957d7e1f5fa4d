"""Who is acting, as the verified envelope says it; never taken from text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["member", "operator", "staff", "system", "guest"]


@dataclass(frozen=True, slots=True)
class Principal:
    """``id`` is the member id, operator id, staff userid, or a word for system parts; ``roles`` come from access."""

    kind: Kind
    id: str
    roles: frozenset[str] = frozenset()
    via: str = ""

    @property
    def label(self) -> str:
        return f"{self.kind}:{self.id}"


def system(part: str) -> Principal:
    """The service itself, acting for the schedule or for an approved plan."""
    return Principal("system", part)
