"""The values a turn of the agent works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from assistant.agent.toolbox import Confirmation, ToolCallRecord

Outcome = Literal["answer", "fallback", "handover"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one turn may use. All models but the last share ``turn_seconds``; the last, the built-in planner, has its own ``last_seconds``.

    With the defaults a turn ends within 57 s: 45 for models, 4 to let a tool that has begun finish, 8 for the planner. ``tokens`` are those
    of one model in one turn, ``hosts`` the only ones to which an answer may link.
    """

    calls: int = 8
    turn_seconds: float = 45.0
    model_seconds: float = 25.0
    last_seconds: float = 8.0
    tokens: int = 30_000
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Brief:
    """What the model is told. ``history`` are (user | assistant, text); ``pending`` is the question still open; ``turn`` keys the calls.

    ``who`` is the label of the principal whose daily budget pays for the thinking; ``quoted`` was written by others: context only.
    """

    system: str
    text: str
    channel: Literal["single", "group"]
    now: datetime
    turn: str
    history: Sequence[tuple[str, str]] = ()
    card: Mapping[str, Any] = field(default_factory=dict)
    pending: str = ""
    who: str = ""
    quoted: str = ""


@dataclass(frozen=True, slots=True)
class Thought:
    """What came of thinking: the reply, choices, and whether a person is needed and why.

    ``outcome``: the preferred model answered, a later one did, or none could. ``faults``: ``model: reason`` of each that failed.
    """

    text: str
    options: tuple[str, ...] = ()
    confirmation: Confirmation | None = None
    handover: bool = False
    handover_reason: str = ""
    calls: tuple[ToolCallRecord, ...] = ()
    model: str = ""
    tokens: int = 0
    outcome: Outcome = "answer"
    faults: tuple[str, ...] = ()


class Transcript(Protocol):
    """Where each step is written before the next begins; ``events`` are those of an interrupted run."""

    def events(self) -> list[dict[str, Any]]: ...

    async def record(self, event: dict[str, Any]) -> None: ...


class Spoiled(Exception):
    """A model's turn that cannot be used; ``reason`` is a slug for the metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
