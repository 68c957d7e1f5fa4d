"""A person's own rights over what the book holds: a copy of it, and its erasure. For the page and the API alike."""

from __future__ import annotations

from assistant.base import ids
from assistant.domain import points
from assistant.flows import erasing, exporting
from assistant.web import book
from assistant.web.doors import Call


async def copy(call: Call, ref: str) -> exporting.Copy:
    """Everything about the member; who took it is kept."""
    found = await call.store.read(exporting.copy_of, ref, call.who)
    await call.store.write(exporting.note, found.member_id, call.who)
    return found


async def set_household(call: Call, ref: str, household: str) -> None:
    """Says whom the member lives with, for caps that a household shares."""
    member_id = await call.store.read(book.find, ref)
    request = points.SetHousehold(call.key, member_id, household.strip()[:64])
    await call.store.write(points.set_households, [request], call.who, cause="web")


async def erase(call: Call, ref: str, reason: str) -> erasing.Erased:
    """Erases the member for good."""
    request = erasing.Erase(call.key, ref, ids.fresh(erasing.GONE), reason.strip()[:200])
    erased: list[erasing.Erased] = await call.store.write(erasing.erase, [request], call.who)
    return erased[0]
