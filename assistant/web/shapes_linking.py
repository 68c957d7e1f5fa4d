"""What the API takes and gives about members who may be one person. Instants are UTC."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from assistant.web.shapes import In, Out


class SideOut(Out):
    """One of the two: who it is, by which kinds of identity it is known, what it holds."""

    id: str
    nickname: str
    phone: str
    joined_at: datetime | None
    known_by: list[str]
    points: int
    orders: int


class ReasonOut(Out):
    """A piece of evidence; strong ones merge by themselves where nothing speaks against it."""

    say: str
    strong: bool
    source: str
    at: datetime


class ProposalOut(Out):
    """Two members who may be one. ``hindrance`` is why the house waits for a person in spite of strong evidence."""

    one: SideOut
    other: SideOut
    reasons: list[ReasonOut]
    hindrance: str
    at: datetime


class MergeOut(Out):
    """``absorbed`` was merged into ``kept``; ``state`` is active or undone."""

    id: str
    kept: SideOut
    absorbed: SideOut
    state: str
    reasons: list[str]
    note: str
    by: str
    at: datetime


class LinkRateOut(Out):
    """Buyers of a channel in the last 365 days, how many are members, how many of those the brand can write to; whole percent."""

    source: str
    buyers: int
    members: int
    linked: int
    nameless: int
    percent: int


class LinkingOut(Out):
    """Link rates by channel, open proposals and the newest merges that hold."""

    rates: list[LinkRateOut]
    proposals: list[ProposalOut]
    merges: list[MergeOut]


class MergeIn(In):
    """Two members, each by our id, the shop's key or ``namespace:value``."""

    one: str = Field(min_length=1, max_length=120)
    other: str = Field(min_length=1, max_length=120)
    note: str = Field(default="", max_length=200)


class PairIn(In):
    """The two of a proposal, by our ids."""

    one: str = Field(min_length=1, max_length=64)
    other: str = Field(min_length=1, max_length=64)


class UndoIn(In):
    """Why a merge is taken back."""

    reason: str = Field(default="", max_length=200)


class MergedOut(Out):
    """Who is left, and who was merged into it."""

    merge_id: str
    kept: str
    absorbed: str


class UndoneOut(Out):
    """The two again: points of the absorbed member, fen that the brand made good, fen that a person must see to."""

    merge_id: str
    kept: str
    absorbed: str
    points: int
    made_good_fen: int
    owed_fen: int
