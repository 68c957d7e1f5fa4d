"""Which customer groups members are in, as segments read it; who sat where and how they came is another room's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from assistant.domain.members import store
from assistant.domain.members.tables import group, in_group
from assistant.store import Work, chunks


@dataclass(frozen=True, slots=True)
class Seating:
    """Members who came into a group and who went; an empty name or owner leaves what is known."""

    chatid: str
    name: str = ""
    owner: str = ""
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()


def sit(work: Work, seatings: Sequence[Seating]) -> None:
    """Follows the groups; needs no key, said again it changes nothing. The persona of a group stays."""
    blank = {"name": "", "owner": "", "persona": "", "updated_at": work.now}
    work.insert_missing(group, [{"chatid": one.chatid, **blank} for one in seatings])
    for one in seatings:
        named = {name: value for name, value in (("name", one.name[:100]), ("owner", one.owner)) if value}
        if named:
            work.execute(group.update().where(group.c.chatid == one.chatid).values(**named, updated_at=work.now))
        for part in chunks(sorted(set(one.went))):
            work.execute(in_group.delete().where(sa.and_(in_group.c.chatid == one.chatid, in_group.c.member_id.in_(part))))
    store.join_groups(work, ((one.chatid, number) for one in seatings for number in one.came if number))
