"""What the API takes and gives about goals, plans and their reports. Money is fen, instants are UTC, shares are between 0 and 1."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from assistant.web.shapes import In, Out
from assistant.web.shapes_reach import PublicationOut


class GoalIn(In):
    """A goal in plain words."""

    text: str = Field(min_length=1, max_length=2000)


class ReviseIn(In):
    """A change to a plan: a further sentence, or fields of its language. One of both.

    With ``version`` the fields are refused (409) if somebody changed the plan since.
    """

    text: str = Field(default="", max_length=2000)
    fields: dict[str, Any] = Field(default_factory=dict)
    version: int = Field(default=0, ge=0, le=1_000_000)


class ApproveIn(In):
    """Approves exactly the plan with this digest."""

    digest: str = Field(min_length=1, max_length=128)


class ReasonIn(In):
    """Why."""

    reason: str = Field(min_length=1, max_length=500)


class FigureOut(Out):
    """A number with the word for it."""

    name: str
    label: str
    value: int


class StepOut(Out):
    """One step of a plan, readable."""

    kind: str
    say: str
    text: str = ""


class SampleOut(Out):
    """A text as one member would get it."""

    member_id: str
    name: str
    text: str


class AllowanceOut(Out):
    """What a plan takes of one limit of a platform: ``takes`` now of ``left``, ``later`` by Shanghai day; ``say`` tells it in words."""

    limit: str
    takes: int
    left: int
    later: dict[str, int]
    never: int
    say: str


class MomentPreviewOut(Out):
    """The moment of a plan: who is asked to publish it, and how many customers could see it."""

    staff: list[str]
    customers: int
    text: str


class PreviewOut(Out):
    """What would happen. Counts are people; ``worst_fen`` is the most that can be spent; ``digest`` is what an approval signs."""

    people: int
    holdout: int
    reachable: int
    staff: int
    routes: list[FigureOut]
    exclusions: list[FigureOut]
    later: list[FigureOut]
    expected_fen: int
    worst_fen: int
    budget_fen: int
    samples: list[SampleOut]
    warnings: list[str]
    second_person: bool
    digest: str
    quota: list[AllowanceOut] = Field(default_factory=list)
    moment: MomentPreviewOut | None = None


class PlanBriefOut(Out):
    """A plan in a list."""

    id: str
    goal: str
    state: str
    created_at: datetime
    created_by: str


class PlanOut(PlanBriefOut):
    """A plan as people read it, and as the closed language has it (``content``)."""

    segment: str
    assumptions: list[str]
    questions: list[str]
    exclusions: list[str]
    steps: list[StepOut]
    limits: dict[str, str]
    content: dict[str, Any]
    version: int
    digest: str
    approved_by: str
    reason: str
    preview: PreviewOut | None
    previewing: bool
    progress: list[FigureOut]


class PlansOut(Out):
    """The latest first."""

    plans: list[PlanBriefOut]


class PersonOut(Out):
    """One member of a plan's frozen people; ``reason`` says why somebody is left out."""

    member_id: str
    name: str
    included: bool
    state: str
    reason: str


class PeopleOut(Out):
    """A page of people; ``next_after`` asks for the next one."""

    people: list[PersonOut]
    next_after: str


class LiftOut(Out):
    """What the touched did more than the holdout: difference of two shares, with its 90 % interval."""

    touched: int
    touched_share: float | None
    holdout: int
    holdout_share: float | None
    lift: float | None
    low: float | None
    high: float | None
    say: str


class MomentReportOut(Out):
    """What became of a plan's moment; ``customers`` can see it."""

    state: str
    say: str
    reason: str
    asked: int
    published: int
    customers: int
    comments: int
    likes: int
    staff: list[PublicationOut]


class ReportOut(Out):
    """What came of a plan."""

    plan_id: str
    funnel: list[FigureOut]
    skipped: list[FigureOut]
    spent_fen: int
    budget_fen: int
    net_paid_fen: int
    lift: LiftOut
    notes: list[str]
    moment: MomentReportOut | None = None
