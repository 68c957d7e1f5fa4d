"""The segment language: a closed tree of comparisons over features, and frozen values of this room."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

Op = Literal["eq", "ne", "in", "gt", "gte", "lt", "lte", "between", "within_days", "contains"]
Scalar = StrictBool | Annotated[StrictInt, Field(ge=-(10**15), le=10**15)] | Annotated[StrictStr, Field(max_length=100)]

MOST_RULES = 64
MOST_DEPTH = 8


class Closed(BaseModel):
    """A value that refuses every field it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Compare(Closed):
    """One feature against a value; ``arguments`` narrow the feature (``within_days``, ``shop`` …). Instants are ISO 8601 texts."""

    kind: Literal["compare"] = "compare"
    feature: Annotated[StrictStr, Field(min_length=1, max_length=60)]
    op: Op
    value: Scalar | Annotated[tuple[Scalar, ...], Field(min_length=1, max_length=200)]
    arguments: dict[Annotated[str, Field(max_length=40)], Scalar] = Field(default_factory=dict)


class All(Closed):
    """Every part holds; without parts everybody."""

    kind: Literal["all"] = "all"
    rules: Annotated[tuple[Rule, ...], Field(max_length=MOST_RULES)] = ()


class AnyOf(Closed):
    """At least one part holds."""

    kind: Literal["any"] = "any"
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=MOST_RULES)]


class Not(Closed):
    """The part does not hold."""

    kind: Literal["not"] = "not"
    rule: Rule


Rule = Annotated[Compare | All | AnyOf | Not, Field(discriminator="kind")]

All.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()

EVERYBODY = All()


def compare(feature: str, op: Op, value: Any, **arguments: Any) -> Compare:
    """A comparison, written short."""
    return Compare(feature=feature, op=op, value=value, arguments=arguments)


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag on one member. ``source`` is import, order, chat, rule or a person; ``confidence`` 0–100; ``at`` defaults to now."""

    key: str
    member_id: str
    tag: str
    source: str = "staff"
    confidence: int = 100
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Freeze:
    """Asks for the members of a rule as they are now; ``rule`` is the JSON of the segment. The same key continues what was begun."""

    key: str
    rule: dict[str, Any]
    limit: int = 2000


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A frozen audience. ``digest`` (hex SHA-256 chained over the sorted ids) and ``count`` are final when ``frozen``."""

    id: str
    rule: dict[str, Any]
    as_of: datetime
    count: int
    digest: str
    frozen: bool
