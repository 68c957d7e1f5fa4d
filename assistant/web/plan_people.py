"""Everybody a plan is about, page by page: who is written to, who is not and why, who is held out; before it runs and after."""

from __future__ import annotations

from assistant import operations
from assistant.base.clock import parse_instant
from assistant.domain import audience, experiments, members, outreach
from assistant.operations import Stored
from assistant.store import View
from assistant.web.shapes_plans import PeopleOut, PersonOut

PAGES = 10
"""Pages of the whole list that one filtered page may look through."""

INCLUDED = ("in", "sent")


def people(view: View, plan_id: str, after: str, limit: int, only: str = "") -> PeopleOut:
    """A page of the frozen people; ``only`` is ``in``, ``out`` or empty. Empty before the first preview."""
    stored = operations.plan(view, plan_id)
    if stored.plan.only_moment:
        return PeopleOut(people=[], next_after="")
    if stored.plan.to_groups:
        return PeopleOut(people=[] if after else _groups(view, stored, only), next_after="")
    if not stored.snapshot_id:
        return PeopleOut(people=[], next_after="")
    found: list[PersonOut] = []
    for _ in range(PAGES):
        here = audience.page(view, stored.snapshot_id, after, limit)
        found += [one for one in _shown(view, stored, here, after) if not only or one.included == (only == "in")]
        after = here[-1] if len(here) == limit else ""
        if not after or found:
            break
    return PeopleOut(people=found, next_after=after)


def _groups(view: View, stored: Stored, only: str) -> list[PersonOut]:
    """Customer groups in the place of people: what became of each, or what the gate would say."""
    done = {one.chatid: (one.state != "skipped", one.state, one.reason) for one in outreach.group_touches(view, stored.cause)}
    found = []
    for group, reason in operations.foreseen_groups(view, stored.plan):
        included, state, why = done.get(group.chatid, (not reason, "out" if reason else "in", reason))
        state = "sent" if included and state != "in" else state
        found.append(PersonOut(member_id="", name=group.name or group.chatid, included=included, state=state, reason=why))
    return [one for one in found if not only or one.included == (only == "in")]


def _shown(view: View, stored: Stored, here: list[str], before: str) -> list[PersonOut]:
    names = {member_id: one.nickname for member_id, one in members.profiles(view, here).items()}
    known = _happened(view, stored, here, before) | _foreseen(view, stored, [one for one in here if one > stored.after])
    return [
        PersonOut(
            member_id=member_id,
            name=names.get(member_id, ""),
            included=known[member_id][0] in INCLUDED,
            state=known[member_id][0],
            reason=known[member_id][1],
        )
        for member_id in here
    ]


def _happened(view: View, stored: Stored, here: list[str], before: str) -> dict[str, tuple[str, str]]:
    """Those the run has passed already."""
    passed = [member_id for member_id in here if member_id <= stored.after]
    if not passed:
        return {}
    skips = {skip.member_id: skip.reason for skip in outreach.skips(view, stored.cause, before, len(here))}
    found: dict[str, tuple[str, str]] = {}
    for member_id in passed:
        if _held_out(stored, member_id):
            found[member_id] = ("holdout", "")
        else:
            found[member_id] = ("skipped", skips[member_id]) if member_id in skips else ("sent", "")
    return found


def _foreseen(view: View, stored: Stored, here: list[str]) -> dict[str, tuple[str, str]]:
    """What the gate would say at the time of sending."""
    found = {member_id: ("holdout", "") for member_id in here if _held_out(stored, member_id)}
    asked = [member_id for member_id in here if member_id not in found]
    plan = stored.plan
    wishes = operations.candidates(stored, asked)
    send_at = parse_instant(plan.schedule.send_at) if plan.schedule.send_at else view.now
    at = outreach.quiet_ends(max(send_at, view.now))
    for decision in outreach.decide_all(wishes, outreach.standings(view, asked), outreach.DEFAULT, at):
        member_id = decision.candidate.member_id
        if isinstance(decision, outreach.Send):
            found[member_id] = ("in", "")
        else:
            found[member_id] = ("later" if isinstance(decision, outreach.Defer) else "out", decision.reason)
    return found


def _held_out(stored: Stored, member_id: str) -> bool:
    design = experiments.Design(stored.plan.holdout_percent * 100)
    return experiments.choose(stored.id, member_id, design) == experiments.HOLDOUT
