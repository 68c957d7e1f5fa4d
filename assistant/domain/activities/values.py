"""Requests and outcomes of activities made from a description."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from assistant.domain.activities.language import Activity

State = Literal["draft", "published", "paused", "ended", "closed"]
STATES: dict[str, str] = {"draft": "草稿", "published": "进行中", "paused": "暂停", "ended": "已结束", "closed": "已结算"}
WAITING = ("placed", "pending", "joined")
"""States of entries that a person or a due moment still has to settle."""


@dataclass(frozen=True, slots=True)
class Describe:
    """A new activity as a draft, or the next version of one; ``body`` is its description."""

    key: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Described:
    """The version these words have."""

    name: str
    version: int


@dataclass(frozen=True, slots=True)
class Move:
    """Publishes, pauses, resumes or ends an activity."""

    key: str
    name: str
    to: Literal["published", "paused", "ended"]


@dataclass(frozen=True, slots=True)
class Moved:
    """The activity's state afterwards."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An activity as kept; ``seed`` is secret until the end, ``seed_digest`` (hex SHA-256 of it) public from the start."""

    name: str
    kind: str
    state: str
    version: int
    activity: Activity
    starts_at: datetime
    ends_at: datetime
    hold_id: str
    seed: str
    seed_digest: str
    published_at: datetime | None

    @property
    def cause(self) -> str:
        return f"activity:{self.name}:{self.version}"

    def on(self, now: datetime) -> bool:
        """Whether members can take part now."""
        return self.state == "published" and self.starts_at <= now < self.ends_at

    def over(self, now: datetime) -> bool:
        """Whether nobody can take part any more."""
        return self.state in ("ended", "closed") or (self.published_at is not None and now >= self.ends_at)


@dataclass(frozen=True, slots=True)
class Stock:
    """What there is of an item and how much of it is gone."""

    total: int
    taken: int

    @property
    def left(self) -> int:
        return self.total - self.taken


@dataclass(frozen=True, slots=True)
class Entry:
    """One taking part: a draw, an exchange, an answer, a wish, a reservation, a post. ``number`` counts the member's from 1.

    ``said`` are the member's own words, ``note`` those of whoever settled it.
    """

    id: str
    activity: str
    version: int
    kind: str
    member_id: str
    number: int
    day: date
    state: str
    at: datetime
    item: str = ""
    title: str = ""
    quantity: int = 1
    points: int = 0
    spend_id: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""
    note: str = ""
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Chances:
    """Draws a member has: free ones left today, won ones, and what one more costs in points (0: cannot be bought)."""

    free: int
    held: int
    points: int


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw; ``expected_points`` is what the member agreed to pay, 0 for a free or won chance."""

    key: str
    member_id: str
    activity: str
    expected_points: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """``hit`` is the prize the number names, ``prize`` the one given: the fallback where stock or budget was out (``why``)."""

    entry_id: str
    number: int
    hit: str
    prize: str
    title: str
    why: str = ""
    paid_with: str = "free"


@dataclass(frozen=True, slots=True)
class Buy:
    """Exchanges points for what an exchange or a flash sale offers; ``expected_points`` is the whole price agreed to."""

    key: str
    member_id: str
    activity: str
    quantity: int
    expected_points: int


@dataclass(frozen=True, slots=True)
class Join:
    """Takes part in an activity by words: a wish, a post (``text``), a live reservation."""

    key: str
    member_id: str
    activity: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A member's answers: question id → the texts chosen."""

    key: str
    member_id: str
    activity: str
    answers: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ClaimTasks:
    """Asks for the rewards of every task that is done and not rewarded yet."""

    key: str
    member_id: str
    activity: str


@dataclass(frozen=True, slots=True)
class Joined:
    """The entry and its state; ``rewards`` in words, empty where nothing was given (yet)."""

    entry_id: str
    title: str
    state: str
    points: int = 0
    rewards: tuple[str, ...] = ()
    already: bool = False


@dataclass(frozen=True, slots=True)
class Settle:
    """A person's word on an entry that waits: approve (reward), reject with a reason from the list, fulfil, cancel."""

    key: str
    entry_id: str
    to: Literal["approved", "rejected", "fulfilled", "cancelled"]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Settled:
    """The entry's state afterwards."""

    entry_id: str
    state: str


@dataclass(frozen=True, slots=True)
class Recognise:
    """Names a member whom the rule finds."""

    key: str
    activity: str
    member_id: str


@dataclass(frozen=True, slots=True)
class MyCode:
    """Asks for a member's invite code."""

    key: str
    member_id: str
    activity: str


@dataclass(frozen=True, slots=True)
class Invite:
    """The code to hand on."""

    code: str
    activity: str


@dataclass(frozen=True, slots=True)
class UseCode:
    """A new member says who invited them."""

    key: str
    member_id: str
    code: str


@dataclass(frozen=True, slots=True)
class MakeUp:
    """Makes up a missed check-in; ``expected_points`` is the price agreed to, 0 for a chance."""

    key: str
    member_id: str
    day: date
    expected_points: int
