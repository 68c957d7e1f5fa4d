"""What the API takes and gives about customer contact. Instants are UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from assistant.web.shapes import In, Out


class CodeLineOut(Out):
    """People who came by a code in a time, and how many of them are still there."""

    name: str
    state: str
    kind: str
    came: int
    still: int


class StaffOut(Out):
    """Somebody of the brand; ``customers`` are friends now, ``left_behind`` customers that wait to be passed on because they left."""

    userid: str
    name: str
    customers: int
    left_behind: int


class RunOut(Out):
    """A reconciliation; ``total`` is what was known before, 0 where nothing was. ``counts`` are differences by kind."""

    kind: str
    status: str
    looked: int
    total: int
    differences: int
    counts: dict[str, int]
    trouble: str
    started_at: datetime
    ended_at: datetime | None


class WayOut(Out):
    """A code to scan. ``added`` people came by it; ``inside`` of them still sit in a group, ``friends`` are friends of an employee now;
    ``first_orders`` are first orders within thirty days after they came. ``points`` 0 where the benefit is none or another.
    """

    id: str
    kind: str
    state: str
    name: str
    channel: str
    staff: list[str]
    staff_ids: list[str]
    groups: list[str]
    group_ids: list[str]
    greeting: str
    link: dict[str, str]
    tags: list[str]
    points: int
    benefit: str
    skip_verify: bool
    status: str
    say: str
    trouble: str
    qr_code: str
    added: int
    inside: int
    friends: int
    first_orders: int


class GroupOut(Out):
    """A customer group; ``status`` open, inheriting (its owner left), dismissed."""

    chatid: str
    name: str
    owner: str
    status: str
    inside: int
    created_at: datetime | None


class TagOut(Out):
    """A tag of the corp and the tag of ours that it stands for."""

    id: str
    name: str
    group_name: str
    ours: str


class TransferOut(Out):
    """A customer on the way from one staff member to another."""

    handover: str
    takeover: str
    member_id: str
    nickname: str
    resigned: bool
    state: str
    say: str
    reason: str
    by: str
    at: datetime


class WelcomeOut(Out):
    """A welcome and what became of it."""

    staff: str
    member_id: str
    nickname: str
    outcome: str
    say: str
    reason: str
    heard_at: datetime


class NotUnderstoodOut(Out):
    """A callback with something nobody knows; ``raw`` is the whole of it."""

    at: datetime
    event: str
    source: str
    elements: list[str]
    missing: list[str]
    raw: dict[str, Any]


class ContactsOut(Out):
    """Customer contact on one page."""

    staff: list[StaffOut]
    runs: list[RunOut]
    ways: list[WayOut]
    groups: list[GroupOut]
    tags: list[TagOut]
    transfers: list[TransferOut]
    welcomes: list[WelcomeOut]
    not_understood: list[NotUnderstoodOut]


class FriendOut(Out):
    """A friendship of a member; ``say`` tells how it stands."""

    staff: str
    name: str
    status: str
    say: str
    since: datetime | None
    came_by: str
    state: str
    remark: str
    tags: list[str]
    ended_at: datetime | None


class SeatOut(Out):
    """A customer group a member sits or sat in."""

    chatid: str
    name: str
    joined_at: datetime
    left_at: datetime | None


class FriendsOut(Out):
    """A member's friendships and groups."""

    friends: list[FriendOut]
    groups: list[SeatOut]


class WayIn(In):
    """A code: ``person`` with staff, or ``group`` with groups. ``benefit`` as ``{"kind": "points", "points": 20}``."""

    kind: Literal["person", "group"] = "person"
    name: str = Field(max_length=100)
    channel: str = Field(default="", max_length=100)
    staff: list[str] = Field(default=[], max_length=200)
    groups: list[str] = Field(default=[], max_length=20)
    greeting: str = Field(default="", max_length=5000)
    link: dict[str, str] = Field(default={})
    tags: list[str] = Field(default=[], max_length=20)
    benefit: dict[str, Any] = Field(default={})
    skip_verify: bool = True
    state: str = Field(default="", max_length=100)


class WayMadeOut(Out):
    """The code; WeCom is told in a moment."""

    way_id: str


class TransferIn(In):
    """Without ``members`` all customers of ``handover``; members by our id or any reference."""

    handover: str = Field(min_length=1, max_length=64)
    takeover: str = Field(min_length=1, max_length=64)
    members: list[str] = Field(default=[], max_length=1000)
    resigned: bool = False
    message: str = Field(default="", max_length=500)


class TransferAskedOut(Out):
    """How many customers were put on their way."""

    count: int


class TagIn(In):
    """The tag of ours that a corp tag stands for; empty for none."""

    ours: str = Field(default="", max_length=60)


class RemarkIn(In):
    """The name under which a staff member sees a member in WeCom."""

    staff: str = Field(min_length=1, max_length=64)
    text: str = Field(min_length=1, max_length=100)
