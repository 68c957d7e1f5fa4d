"""Shapes of the message archive."""

from __future__ import annotations

from datetime import datetime

from assistant.domain.insights import GroupLife
from assistant.web.shapes import Out


class ArchiveOut(Out):
    """What became of the lines. ``silent``: the customer did not agree; ``elsewhere``: not in a customer group."""

    kept: int
    known: int
    silent: int
    elsewhere: int
    recalled: int
    agreements: int
    bad: list[str]


class GroupLifeOut(Out):
    """One group. ``rate_percent``: of its known members so many spoke; ``median_answer_seconds``: until an employee spoke."""

    chatid: str
    name: str
    owner: str
    members: int
    speakers: int
    rate_percent: int | None
    customer_messages: int
    staff_messages: int
    answered: int
    unanswered: int
    median_answer_seconds: int | None

    @staticmethod
    def of(one: GroupLife) -> GroupLifeOut:
        wait = one.median_answer
        return GroupLifeOut(
            chatid=one.chatid,
            name=one.name,
            owner=one.owner,
            members=one.members,
            speakers=one.speakers,
            rate_percent=one.rate_percent,
            customer_messages=one.customer_messages,
            staff_messages=one.staff_messages,
            answered=one.answered,
            unanswered=one.unanswered,
            median_answer_seconds=None if wait is None else round(wait.total_seconds()),
        )


class GroupsOut(Out):
    """The groups in which something was said, the liveliest first."""

    groups: list[GroupLifeOut]


class ConsentOut(Out):
    """One customer's word; ``member_id`` is empty where nobody knows him."""

    member_id: str
    nickname: str
    at: datetime


class RoundOut(Out):
    """How far asking WeCom is: employees who are archived, pairs and groups asked, words that were new."""

    staff: list[str]
    stage: str
    asked: int
    fresh: int
    started_at: datetime
    ended_at: datetime | None
    trouble: str


class ArchivePageOut(Out):
    """The archive: customers who agreed and who did not (the latest hundred by name) of ``friends``, groups in 30 days, what is kept."""

    on: bool
    agreed: int
    refused: int
    friends: int
    round: RoundOut | None
    said_yes: list[ConsentOut]
    said_no: list[ConsentOut]
    groups: list[GroupLifeOut]
    days: int
    messages: int
    since: datetime | None


class LineOut(Out):
    """One message. ``staff`` is empty where a customer speaks, ``member_id`` where nobody knows him."""

    at: datetime
    staff: str
    member_id: str
    by_staff: bool
    kind: str
    text: str
    recalled: bool


class SaidOut(Out):
    """The last messages of a group, the newest first."""

    messages: list[LineOut]
