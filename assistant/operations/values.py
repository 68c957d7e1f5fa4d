"""Requests to and answers of operations, and a plan as it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from assistant.operations.language import Plan

State = Literal["draft", "previewed", "awaiting_approval", "approved", "running", "paused", "done", "stopped", "rejected", "expired"]


@dataclass(frozen=True, slots=True)
class Draft:
    """An operator's goal in plain words."""

    key: str
    goal: str


@dataclass(frozen=True, slots=True)
class PlanDraft:
    """A plan proposed as JSON (by a model or by hand); checked by the same language."""

    key: str
    plan: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Revise:
    """A change to a plan in plain words (``预算改成3000``)."""

    key: str
    plan_id: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ReviseFields:
    """A change to a plan by fields of its own language; ``version`` is the one the writer has seen (0: whichever it is)."""

    key: str
    plan_id: str
    fields: dict[str, Any]
    version: int = 0


@dataclass(frozen=True, slots=True)
class Drafted:
    """A plan by its id and version."""

    plan_id: str
    version: int


@dataclass(frozen=True, slots=True)
class Submit:
    """Asks for approval of a previewed plan."""

    key: str
    plan_id: str


@dataclass(frozen=True, slots=True)
class Approve:
    """Approves exactly what was previewed: ``digest`` is the one the approver has seen."""

    key: str
    plan_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class Reject:
    """Sends a plan back for good, with the reason."""

    key: str
    plan_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Steer:
    """Pauses, resumes or stops a plan."""

    key: str
    plan_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """The state a plan is in after a command."""

    plan_id: str
    state: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen. Counts are people; ``worst_fen`` is the most that can be spent; ``digest`` is what an approval signs.

    ``quota``: per limit of a platform what is taken of what is left, and when the rest could go. ``moment``: the employees who are asked
    for one, how many customers could see it, its text.
    """

    people: int
    holdout: int
    reachable: int
    routes: dict[str, int]
    skipped: dict[str, int]
    deferred: dict[str, int]
    staff: int
    cost_each_fen: int
    expected_fen: int
    worst_fen: int
    budget_fen: int
    samples: list[dict[str, str]]
    warnings: list[str]
    second_person: bool
    rule: str
    digest: str
    quota: list[dict[str, Any]] = field(default_factory=list)
    moment: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stored:
    """A plan with everything that has become of it."""

    id: str
    state: State
    plan: Plan
    version: int
    maker: str
    decided_by: str
    reason: str
    snapshot_id: str
    progress: dict[str, Any] = field(repr=False)
    digest: str
    hold_id: str
    after: str
    chunk: int
    sent: int
    created_at: datetime
    expires_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def preview(self) -> Preview | None:
        """The finished preview of this version."""
        return Preview(**self.progress["done"]) if "done" in self.progress else None

    @property
    def cause(self) -> str:
        """The cause under which touches, benefits and facts of this plan are kept."""
        return self.id
