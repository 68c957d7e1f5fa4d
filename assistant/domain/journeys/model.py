"""Journeys as data: a closed language for what SOPs do, and the values of this room."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError, model_validator

from assistant.base.clock import SHANGHAI
from assistant.base.errors import Invalid
from assistant.domain import audience

LIBRARY = Path(__file__).parent / "library"
Name = Annotated[StrictStr, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class Closed(BaseModel):
    """A value that refuses every field it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Wait(Closed):
    """Nothing for a while."""

    kind: Literal["wait"]
    days: Annotated[StrictInt, Field(ge=0, le=365)] = 0
    hours: Annotated[StrictInt, Field(ge=0, le=23)] = 0

    @property
    def span(self) -> timedelta:
        return timedelta(days=self.days, hours=self.hours)


class Message(Closed):
    """One message, if the gate lets it through; slots are ``{nickname}`` and those of ``slots.SLOTS``.

    ``mass`` is one text for everybody, sent in its place where a staff member would have to confirm too many personal ones in a day.
    """

    kind: Literal["message"]
    template: Annotated[StrictStr, Field(min_length=1, max_length=600)]
    mass: Annotated[StrictStr, Field(max_length=600)] = ""


class Gift(Closed):
    """One benefit from the hold that the version was published with."""

    kind: Literal["benefit"]
    benefit: dict[str, Any]


Step = Annotated[Wait | Message | Gift, Field(discriminator="kind")]


class Entrance(Closed):
    """The fact that begins a journey: what is told of it must be equal (``where``) and no less than asked (``at_least``)."""

    fact: Literal["points.expiring", "cashback.wait_user_confirm"]
    where: dict[StrictStr, StrictInt | StrictStr] = {}
    at_least: dict[StrictStr, StrictInt] = {}

    def fits(self, told: Mapping[str, Any]) -> bool:
        """Whether this happening is meant."""
        same = all(told.get(name) == value for name, value in self.where.items())
        return same and all(int(told.get(name, 0)) >= value for name, value in self.at_least.items())


class GroupScope(Closed):
    """Which customer groups: all, or those that fit each list that is given; ``names`` are parts of names.

    ``newcomers``: only where at least so many customers have come since the group was last in this journey, seven days back at most.
    """

    chats: Annotated[tuple[StrictStr, ...], Field(max_length=500)] = ()
    owners: Annotated[tuple[StrictStr, ...], Field(max_length=100)] = ()
    names: Annotated[tuple[StrictStr, ...], Field(max_length=20)] = ()
    personas: Annotated[tuple[StrictStr, ...], Field(max_length=20)] = ()
    newcomers: Annotated[StrictInt, Field(ge=0, le=500)] = 0


class Journey(Closed):
    """Who enters every day at ``at_hour`` (Shanghai), or on one ``weekday`` (1 Monday … 7 Sunday), what happens, and which facts end it.

    ``{today}`` in the segment is MM-DD. With ``enter_on`` nobody enters by the day: who the fact happens to does, if the segment holds for
    them. With ``groups`` customer groups enter in the place of members: their steps are waits and messages without slots, which each
    group's owner sends; the segment says nothing.
    """

    name: Name
    title: Annotated[StrictStr, Field(min_length=1, max_length=60)]
    kind: Literal["marketing", "care"]
    topic: Annotated[StrictStr, Field(max_length=60)] = ""
    at_hour: Annotated[StrictInt, Field(ge=9, le=20)] = 10
    reenter_days: Annotated[StrictInt, Field(ge=1, le=3660)] = 90
    patience_days: Annotated[StrictInt, Field(ge=1, le=60)] = 7
    weekday: Annotated[StrictInt, Field(ge=1, le=7)] | None = None
    segment: dict[str, Any] = {"kind": "all", "rules": []}
    groups: GroupScope | None = None
    enter_on: Entrance | None = None
    exit_on: tuple[StrictStr, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _of_groups(self) -> Journey:
        if self.groups is None:
            return self
        if self.enter_on is not None or self.exit_on or any(isinstance(step, Gift) for step in self.steps):
            raise ValueError("groups have no facts and no benefits")
        if any("{" in step.template or step.mass for step in self.steps if isinstance(step, Message)):
            raise ValueError("messages to groups have no slots")
        return self

    def rule(self, now: datetime) -> audience.Rule:
        """The segment of one day, checked against the features; raises Invalid."""
        today = now.astimezone(SHANGHAI).strftime("%m-%d")
        text = json.dumps(self.segment, ensure_ascii=False).replace("{today}", today)
        return audience.catalogue().parse(json.loads(text))


def journey_from(value: Any) -> Journey:
    """A journey from JSON; raises Invalid naming the place."""
    try:
        return Journey.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"旅程的“{place or '整体'}”写得不对（{first['type']}）", code="bad_journey", field=place) from error


def shipped() -> list[Journey]:
    """The journeys that come with the house."""
    return [journey_from(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(LIBRARY.glob("*.json"))]


@dataclass(frozen=True, slots=True)
class Publish:
    """A new version of a journey; versions never change. ``hold_id`` is the ledger hold its benefits spend."""

    key: str
    body: dict[str, Any]
    hold_id: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """The version that now holds for newcomers."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class Switch:
    """Turns a journey on or off for newcomers; who is inside goes on unless it is off."""

    key: str
    name: str
    on: bool


@dataclass(frozen=True, slots=True)
class Switched:
    """Whether the journey is on."""

    name: str
    on: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One version as stored."""

    name: str
    version: int
    journey: Journey
    hold_id: str

    @property
    def cause(self) -> str:
        return f"journey:{self.name}:{self.version}"


@dataclass(frozen=True, slots=True)
class GroupEnrolment:
    """One customer group inside one version; ``step`` is the next to do at ``next_at``."""

    id: str
    name: str
    version: int
    chatid: str
    step: int
    state: str
    next_at: datetime
    enrolled_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One member inside one version; ``step`` is the next to do at ``next_at``."""

    id: str
    name: str
    version: int
    member_id: str
    step: int
    state: str
    next_at: datetime
    enrolled_at: datetime
    reason: str
