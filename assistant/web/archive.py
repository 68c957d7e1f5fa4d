"""The message archive for the page and the API alike: on or off, who agreed, how lively groups are, how long words are kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from assistant.base.clock import parse_instant
from assistant.domain import archive, contacts, insights, members, staff
from assistant.flows import archive_consent
from assistant.store import View
from assistant.web.doors import Call
from assistant.web.shapes_archive import ArchivePageOut, ConsentOut, GroupLifeOut, RoundOut

DAYS = 30
SHOWN = 100


def overview(view: View) -> ArchivePageOut:
    """All of it, over the last thirty days."""
    agreed, refused = archive.agreed(view)
    keeping, known = archive.kept(view), {one.userid: one.name for one in staff.people(view)}
    life = insights.group_life(view, view.now - timedelta(days=DAYS), view.now)
    return ArchivePageOut(
        on=archive.is_on(view),
        agreed=agreed,
        refused=refused,
        friends=contacts.count_members(view),
        round=_round(archive.last_round(view), known),
        said_yes=_words(view, agreed=True),
        said_no=_words(view, agreed=False),
        groups=[GroupLifeOut.of(replace(one, owner=known.get(one.owner, one.owner))) for one in life],
        days=keeping.days,
        messages=keeping.messages,
        since=keeping.since,
    )


def _round(found: archive.Round | None, known: dict[str, str]) -> RoundOut | None:
    if found is None:
        return None
    return RoundOut(
        staff=[known.get(one, one) for one in found.staff],
        stage=found.stage,
        asked=found.asked,
        fresh=found.fresh,
        started_at=parse_instant(found.started),
        ended_at=parse_instant(found.ended) if found.ended else None,
        trouble=found.trouble,
    )


def _words(view: View, *, agreed: bool) -> list[ConsentOut]:
    rows = archive.words(view, agreed=agreed, limit=SHOWN)
    named = members.profiles(view, [one.member_id for one in rows if one.member_id])
    return [
        ConsentOut(
            member_id=one.member_id,
            nickname=(named[one.member_id].nickname or "会员") if one.member_id in named else "还不认识的客户",
            at=one.at,
        )
        for one in rows
    ]


async def show(call: Call) -> ArchivePageOut:
    """All of it."""
    return await call.store.read(overview)


async def ask(call: Call) -> None:
    """Asks WeCom now."""
    await call.store.write(archive_consent.ask_now, None, call.who, cause="web")
