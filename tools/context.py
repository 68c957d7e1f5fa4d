"""What a tool is bound to: the caller, the conversation and the turn. Nothing here is ever an argument the model fills in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from assistant.agent import Call, Effect, Tool, ToolResult
from assistant.base.clock import SHANGHAI
from assistant.base.principal import Principal
from assistant.channels.confirm import Pending
from assistant.store import Store


class Passage(Protocol):
    """A passage of the knowledge base as a tool hands it on."""

    @property
    def text(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def source(self) -> str: ...


class Searcher(Protocol):
    """The one retrieval function; an empty list means that there is no evidence."""

    async def search(self, query: str, top: int = 3) -> Sequence[Passage]: ...


@dataclass(frozen=True, slots=True)
class ToolContext:
    """``said`` are the texts of this turn's inbox rows; ``pending`` the question still open in this conversation.

    ``pages`` is where pages for members are reachable from outside, empty where nothing is.
    """

    store: Store
    principal: Principal
    member_id: str
    conversation: str
    turn: str
    said: tuple[str, ...]
    pending: Pending | None
    knowledge: Searcher | None
    pages: str = ""


class Arguments(BaseModel):
    """Base of all tool arguments: strict types, no unknown names."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Nothing(Arguments):
    """A tool that needs no arguments."""


A = TypeVar("A", bound=Arguments)
Body = Callable[[ToolContext, A, str], Awaitable[ToolResult]]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A tool before it is bound to a caller. ``body`` gets the context, the checked arguments and the call's key."""

    name: str
    effect: Effect
    description: str
    arguments: type[Arguments]
    body: Callable[[ToolContext, Any, str], Awaitable[ToolResult]]

    def bind(self, context: ToolContext) -> Tool:
        async def run(call: Call) -> ToolResult:
            return await self.body(context, call.arguments, call.key)

        return Tool(self.name, self.effect, self.description, self.arguments, run)


def day(value: datetime | date | None) -> str:
    """A date as people here write it; empty for none."""
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).date()
    return value.isoformat() if value else ""
