"""Customer groups as segments and plans read them: a copy of what WeCom tells, or, before it has told, what an import said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from assistant.domain.members.tables import group, in_group
from assistant.store import Work, chunks


@dataclass(frozen=True, slots=True)
class Seating:
    """Who sits in a group, all of them; an empty name or owner leaves what is known. ``gone``: the group was dismissed."""

    chatid: str
    name: str = ""
    owner: str = ""
    members: tuple[str, ...] = ()
    gone: bool = False


def seat(work: Work, seatings: Sequence[Seating]) -> None:
    """Makes the copy equal to what is told; from then on imports say nothing of these groups but their persona, which stays.

    Only the room that hears WeCom calls this, in the commit in which it writes down what it heard.
    """
    blank = {"name": "", "owner": "", "persona": "", "followed": True, "gone": False, "updated_at": work.now}
    work.insert_missing(group, [{"chatid": one.chatid, **blank} for one in seatings])
    for one in seatings:
        named = {name: value for name, value in (("name", one.name[:100]), ("owner", one.owner)) if value}
        told = {"followed": True, "gone": one.gone, "updated_at": work.now}
        work.execute(group.update().where(group.c.chatid == one.chatid).values(**named, **told))
        _put(work, one)


def _put(work: Work, one: Seating) -> None:
    here = {row.member_id for row in work.all(sa.select(in_group.c.member_id).where(in_group.c.chatid == one.chatid))}
    told = set(filter(None, one.members))
    for part in chunks(sorted(here - told)):
        work.execute(in_group.delete().where(in_group.c.chatid == one.chatid, in_group.c.member_id.in_(part)))
    work.insert_missing(in_group, [{"chatid": one.chatid, "member_id": number} for number in sorted(told - here)])
