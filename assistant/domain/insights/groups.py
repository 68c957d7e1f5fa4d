"""How lively customer groups are, from the archive: who speaks of how many, and how soon our people answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from assistant.domain import archive, members
from assistant.store import View


@dataclass(frozen=True, slots=True)
class GroupLife:
    """``rate_percent``: of the group's known members so many spoke; None where we do not know its members."""

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
    median_answer: timedelta | None


def group_life(view: View, since: datetime, until: datetime) -> list[GroupLife]:
    """The groups in which something was said within a time, the liveliest first."""
    known = {group.chatid: group for group in members.groups(view)}
    found = []
    for talk in archive.group_talk(view, since, until):
        group = known.get(talk.room)
        size = len(group.members) if group else 0
        rate = min(100, 100 * talk.speakers // size) if size else None
        name, owner = (group.name, group.owner) if group else (talk.room, "")
        said = (talk.customer_messages, talk.staff_messages, talk.answered, talk.unanswered, talk.median_answer)
        found.append(GroupLife(talk.room, name, owner, size, talk.speakers, rate, *said))
    return found
