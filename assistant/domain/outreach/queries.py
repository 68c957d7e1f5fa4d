"""The gate itself, and what it has seen: touches, skips with reasons, funnel figures, features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.channels import quota, session
from assistant.domain import contacts, members
from assistant.domain.outreach import store, tables
from assistant.domain.outreach.model import DEFAULT, Candidate, Decision, Rules, Standing, decide_all
from assistant.domain.outreach.values import Skipped, Touch
from assistant.store import Feature, View

ADDRESS = "wecom_external"


def decide(view: View, candidates: Sequence[Candidate], rules: Rules = DEFAULT) -> list[Decision]:
    """Send, Defer or Skip for each candidate, in order; nothing is written. Earlier candidates of a member count for later ones."""
    return decide_all(candidates, standings(view, [candidate.member_id for candidate in candidates], rules), rules, view.now)


def standings(view: View, member_ids: Sequence[str], rules: Rules = DEFAULT) -> dict[str, Standing]:
    """What the rules know of each member now; unknown members are missing."""
    wanted = sorted(set(member_ids))
    people = members.profiles(view, wanted)
    found = members.identities(view, wanted)
    peers = {number: next((one.value for one in found.get(number, ()) if one.namespace == ADDRESS), "") for number in wanted}
    sessions = session.latest(view, filter(None, peers.values()))
    windows = store.last_inbound(view, wanted, view.now - rules.kf_window)
    windows |= {number: max(at, windows.get(number, at)) for number in wanted if (at := _said(sessions.get(peers[number])))}
    used = store.kf_used(view, windows)
    friends = contacts.friends(view, wanted)
    past = store.recent(view, wanted, view.now - store.MONTH)
    negative = store.negative(view, wanted, view.now - rules.rest_after_feedback)
    room = quota.rooms(view, quota.MASS, [peer for peer in peers.values() if peer])
    return {
        member_id: Standing(
            joined_at=person.joined_at,
            peer=peers[member_id],
            staff=_friend(person.owner_staff, friends.get(member_id)),
            unfriended=member_id in friends and not friends[member_id].staff,
            opted_out=person.opted_out,
            topic_opt_outs=person.opted_out_topics,
            blocked=person.blocked,
            employee=person.is_employee,
            merged=bool(person.merged_into),
            open_complaint=person.open_complaint,
            negative_at=negative.get(member_id),
            birthday=_birthday(person.birthday),
            last_inbound=windows.get(member_id),
            kf_used=_used(sessions.get(peers[member_id]), used.get(member_id, 0), rules),
            touches=tuple(past.get(member_id, ())),
            mass_free_at=room[peers[member_id]].free_at if peers[member_id] else None,
        )
        for member_id, person in people.items()
    }


def _friend(owner: str, friends: contacts.Friends | None) -> str:
    """Through whom a mass message can reach the member: the one who looks after them, or else their oldest friend that is left."""
    if friends is None or owner in friends.staff:
        return owner
    return next(iter(friends.staff), "")


def _said(current: session.Session | None) -> datetime | None:
    return current.last_said if current is not None else None


def _used(current: session.Session | None, counted: int, rules: Rules) -> int:
    """What the session itself knows counts: parts of messages, what the channel answered, and that a person has the word."""
    if current is None:
        return counted
    return rules.kf_messages if current.held or current.closed_by_channel else max(counted, current.used)


def _birthday(text: str) -> date | None:
    """The day of birth where its year is known."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def touches_to_deliver(view: View, group: str, limit: int = 500) -> list[Touch]:
    """Queued touches of one group, without taking them."""
    return store.touches(view, tables.touch.c.group == group, tables.touch.c.state == "queued", limit=limit)


def tasks_since(view: View, cause: str, since: datetime) -> dict[str, int]:
    """How many mass tasks each staff member has been given for one cause since then."""
    table = tables.touch
    mine = (table.c.cause == cause, table.c.route == "mass", table.c.queued_at >= since)
    counted = sa.select(table.c.staff, sa.func.count(table.c.group.distinct()).label("n")).where(*mine).group_by(table.c.staff)
    return {row.staff: row.n for row in view.all(counted)}


def touch(view: View, touch_id: str) -> Touch | None:
    """One touch, or None."""
    return next(iter(store.touches(view, tables.touch.c.id == touch_id)), None)


def touches(view: View, cause: str, state: str | None = None, after: str = "", limit: int = 500) -> list[Touch]:
    """Touches of one cause (a plan, a journey) by id, a page after ``after``; all states, or one."""
    conditions = [tables.touch.c.cause == cause]
    if state is not None:
        conditions.append(tables.touch.c.state == state)
    return store.touches(view, *conditions, limit=limit, after=after)


def unknown_in_tasks(view: View, limit: int = 100) -> list[Touch]:
    """Touches by mass task of which nobody knows whether their task exists, the latest first."""
    table = tables.touch
    statement = sa.select(table).where(table.c.state == "unknown", table.c.route == "mass").order_by(table.c.queued_at.desc(), table.c.id)
    return [store.as_touch(row) for row in view.all(statement.limit(limit))]


def of_member(view: View, member_id: str, limit: int = 50) -> list[Touch]:
    """What was sent to one member, the latest first."""
    table = tables.touch
    statement = sa.select(table).where(table.c.member_id == member_id).order_by(table.c.queued_at.desc(), table.c.id).limit(limit)
    return [store.as_touch(row) for row in view.all(statement)]


def skips(view: View, cause: str, after: str = "", limit: int = 500) -> list[Skipped]:
    """Who was not written to for one cause, and why, by member id."""
    table = tables.skip
    statement = sa.select(table).where(table.c.cause == cause, table.c.member_id > after).order_by(table.c.member_id).limit(limit)
    return [Skipped(row.cause, row.member_id, row.code, row.reason, row.at) for row in view.all(statement)]


def skips_of_member(view: View, member_id: str, limit: int = 50) -> list[Skipped]:
    """When one member was not written to, for what and why, the latest first."""
    table = tables.skip
    statement = sa.select(table).where(table.c.member_id == member_id).order_by(table.c.at.desc(), table.c.cause).limit(limit)
    return [Skipped(row.cause, row.member_id, row.code, row.reason, row.at) for row in view.all(statement)]


def skip_counts(view: View, cause: str) -> dict[str, int]:
    """How many were skipped for one cause, by reason."""
    table = tables.skip
    rows = view.all(sa.select(table.c.reason, sa.func.count().label("n")).where(table.c.cause == cause).group_by(table.c.reason))
    return {row.reason: row.n for row in rows}


def state_counts(view: View, cause: str) -> dict[str, int]:
    """How many touches of one cause are in each state."""
    table = tables.touch
    rows = view.all(sa.select(table.c.state, sa.func.count().label("n")).where(table.c.cause == cause).group_by(table.c.state))
    return {row.state: row.n for row in rows}


def delivered_since(view: View, since: datetime) -> int:
    """How many touches are known to have arrived since then."""
    table = tables.touch
    counted = sa.select(sa.func.count()).where(table.c.state == "delivered", table.c.route != "import", table.c.settled_at >= since)
    return int(view.scalar(counted))


def replied(view: View, cause: str) -> int:
    """How many members wrote after a delivered touch of this cause, within three days."""
    one, said = tables.touch, tables.inbound
    within = sa.select(one.c.member_id, one.c.settled_at).where(one.c.cause == cause, one.c.state == "delivered").subquery()
    pairs = sa.select(within.c.member_id, within.c.settled_at, said.c.at).join_from(within, said, said.c.member_id == within.c.member_id)
    rows = view.all(pairs.where(said.c.at > within.c.settled_at))
    return len({row.member_id for row in rows if row.at <= row.settled_at + timedelta(days=3)})


def _last_inbound(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    table = tables.inbound
    return sa.select(table.c.member_id, sa.func.max(table.c.at).label("value")).group_by(table.c.member_id)


def _last_touch(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    table = tables.touch
    counted = sa.select(table.c.member_id, sa.func.max(table.c.queued_at).label("value")).where(table.c.state.in_(store.COUNTED))
    return counted.group_by(table.c.member_id)


def _touches(now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
    table = tables.touch
    counted = sa.select(table.c.member_id, sa.func.count().label("value")).where(table.c.state.in_(store.COUNTED))
    days = arguments.get("within_days")
    if days:
        counted = counted.where(table.c.queued_at > now - timedelta(days=int(days)))
    return counted.group_by(table.c.member_id)


FEATURES = (
    Feature("last_inbound_at", "最近一次来访时间", "instant", _last_inbound),
    Feature("last_touch_at", "最近一次触达时间", "instant", _last_touch),
    Feature("touches", "触达次数", "number", _touches, missing=0, arguments=("within_days",), unit="次"),
)
