"""What the API takes and gives about moments, daily statistics and words that employees may not say. Instants are UTC."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from assistant.web.shapes import In, Out
from assistant.web.shapes_contacts import CodeLineOut


class PublicationOut(Out):
    """One employee's part of a moment."""

    staff: str
    name: str
    published: bool
    customers: int
    comments: int
    likes: int


class MomentOut(Out):
    """One moment; ``say`` is its state in words, ``plan`` the id of the plan that asked for it and ``title`` its goal, empty for none."""

    id: str
    plan: str
    title: str
    text: str
    state: str
    say: str
    reason: str
    queued_at: datetime
    asked: int
    published: int
    customers: int
    comments: int
    likes: int
    staff: list[PublicationOut]


class MomentsOut(Out):
    """The newest first."""

    moments: list[MomentOut]


class LinkIn(In):
    """A link under a moment."""

    title: str = Field(min_length=1, max_length=60)
    url: str = Field(pattern=r"^https?://\S+$", max_length=1000)
    media: str = Field(default="", max_length=100)


class MomentIn(In):
    """A moment for these employees (nobody named: all whom the app sees); ``images`` and ``video`` are keys of our media."""

    text: str = Field(default="", max_length=2000)
    staff: list[str] = Field(default=[], max_length=1000)
    tags: list[str] = Field(default=[], max_length=100)
    images: list[str] = Field(default=[], max_length=9)
    video: str = Field(default="", max_length=100)
    link: LinkIn | None = None


class StaffFiguresOut(Out):
    """One employee over the span; minutes and percent are means weighted by chats, null without a chat."""

    staff: str
    name: str
    chats: int
    messages: int
    first_reply_minutes: float | None
    replied_percent: float | None
    negative: int
    contacts: int


class GroupFiguresOut(Out):
    """One owner's customer groups over the span."""

    owner: str
    name: str
    groups: int
    members: int
    active_groups: int
    speaking_percent: float | None
    messages: int
    new_members: int
    left: int
    leave_percent: float | None


class StatisticsOut(Out):
    """WeCom's daily counts, summed, and who came by which code; ``queries`` are the very queries that gave them."""

    first: date
    last: date
    staff: list[StaffFiguresOut]
    groups: list[GroupFiguresOut]
    codes: list[CodeLineOut]
    queries: dict[str, str]


class WordRuleOut(Out):
    """One rule; ``say`` is its state in words, ``drifts`` how often somebody had changed it in WeCom."""

    id: str
    name: str
    words: list[str]
    semantics: list[int]
    kind: str
    staff: list[str]
    state: str
    say: str
    trouble: str
    drifts: int
    checked_at: datetime | None


class WordRulesOut(Out):
    """All rules, and the words that the content checks forbid, to begin with."""

    rules: list[WordRuleOut]
    suggested: list[str]


class WordRuleIn(In):
    """A rule; the same name changes it. ``semantics``: 1 phone numbers, 2 e-mail addresses, 3 red packets."""

    name: str = Field(min_length=1, max_length=20)
    words: list[str] = Field(default=[], max_length=300)
    semantics: list[int] = Field(default=[], max_length=3)
    kind: Literal["block", "warn"] = "warn"
    staff: list[str] = Field(min_length=1, max_length=1000)
