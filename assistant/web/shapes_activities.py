"""What the API takes and gives about activities. Instants are UTC, money is fen, odds are parts of a million."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from assistant.web.shapes import In, Out


class ActivityIn(In):
    """The description of an activity; ``docs/activities.md`` says what belongs in it."""

    definition: dict[str, Any]


class MoveIn(In):
    """Where the activity goes."""

    to: Literal["published", "paused", "ended"]


class SettleIn(In):
    """What is done with an entry; ``note`` is the parcel number, the code, or the reason of a rejection (one of the listed)."""

    to: Literal["approved", "rejected", "fulfilled", "cancelled"]
    note: str = Field(default="", max_length=500)


class RecogniseIn(In):
    """Members to be named, by our id, shop key or identity."""

    members: list[str] = Field(min_length=1, max_length=200)


class StockOut(Out):
    """What there is of something limited; ``budget`` is in fen."""

    item: str
    title: str
    total: int
    taken: int


class ActivityOut(Out):
    """An activity with what has come of it; ``seed_sha256`` commits a lottery to its draws."""

    name: str
    kind: str
    kind_name: str
    title: str
    words: str
    state: str
    state_name: str
    version: int
    starts_at: datetime
    ends_at: datetime
    budget_fen: int
    stock: list[StockOut]
    entries: dict[str, int]
    waiting: int
    seed_sha256: str
    definition: dict[str, Any]


class ActivitiesOut(Out):
    """All activities, the newest first."""

    activities: list[ActivityOut]


class EntryOut(Out):
    """One taking part; ``said`` are the member's own words."""

    id: str
    activity: str
    kind: str
    member_id: str
    number: int
    state: str
    state_name: str
    title: str
    item: str
    quantity: int
    points: int
    said: str
    note: str
    at: datetime


class EntriesOut(Out):
    """Entries, the oldest first."""

    entries: list[EntryOut]


class SettledOut(Out):
    """The entry's state afterwards."""

    entry_id: str
    state: str


class ReferralOut(Out):
    """One who came by a member's code."""

    invitee_id: str
    inviter_id: str
    state: str
    state_name: str
    reason: str
    at: datetime


class ReferralsOut(Out):
    """The newest first."""

    referrals: list[ReferralOut]


class DrawsOut(Out):
    """What verifies a lottery: odds and commitment always, ``seed`` and ``draws`` once it is over (see docs/verify_draws.py)."""

    activity: str
    seed_sha256: str
    prizes: list[dict[str, Any]]
    fallback: str
    seed: str = ""
    draws: list[dict[str, Any]] = Field(default_factory=list)


class NamedOut(Out):
    """How many members were newly named."""

    named: int
