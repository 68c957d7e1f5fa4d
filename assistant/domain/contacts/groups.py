"""Customer groups: deltas where their versions chain, otherwise a look at WeCom; who sits where, and who sat."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from assistant.domain.contacts import store
from assistant.domain.contacts.model import Group, GroupChange, GroupHeard, GroupSeen, Seat
from assistant.domain.contacts.tables import group, seat
from assistant.store import Fact, View, Work, chunks

LAG = timedelta(seconds=10)
"""For so long after an event WeCom may still show the group as it was before."""

RECENT = timedelta(days=3)
"""Who sat in a group longer than this before we heard by which code is no newcomer."""


def hear(work: Work, heard: Sequence[GroupHeard]) -> list[GroupChange]:
    """Applies what callbacks say. A delta counts only on the version it starts from; everything else asks for a look."""
    known = store.groups(work, {one.chatid for one in heard}, hold=True)
    inside = store.seats(work, known)
    changes = []
    for one in heard:
        row = known.get(one.chatid) or _blank(one.chatid, one.at if one.change == "created" else None)
        row, change, seats = _after_event(row, one, inside.setdefault(one.chatid, {}))
        known[one.chatid] = row
        inside[one.chatid].update({each.person: each for each in seats})
        store.save_seats(work, seats)
        changes.append(change)
    store.save_groups(work, [known[chatid] for chatid in dict.fromkeys(one.chatid for one in heard)])
    store.copy_groups(work, {one.chatid for one in heard})
    work.record(*_moves(changes, ""))
    return changes


def _after_event(row: Group, one: GroupHeard, inside: dict[str, Seat]) -> tuple[Group, GroupChange, list[Seat]]:
    if one.change == "dismissed":
        gone = [replace(each, left_at=one.at, left_how="dismissed") for each in inside.values() if each.left_at is None]
        ended = replace(row, status="dismissed", ended_at=row.ended_at or one.at)
        return ended, GroupChange(one.chatid, "dismissed", went=tuple(gone)), gone
    if row.status == "dismissed":
        return row, GroupChange(one.chatid, "late"), []
    told = row if row.told_at is not None and one.at < row.told_at else replace(row, told_at=one.at, told_version=one.version)
    chained = bool(one.last_version) and one.last_version == row.version and (one.came or one.went)
    if not chained:
        # Said again, a delta that is already applied asks for nothing.
        known = bool(one.version) and one.version == row.version and not one.ask
        return told, GroupChange(one.chatid, "late" if known else "stale", fetch=not known), []
    came = [_seated(each, inside.get(each.person)) for each in one.came if _absent(inside.get(each.person))]
    went = [
        replace(inside[person], left_at=one.at, left_how=one.how)
        for person in one.went
        if person in inside and inside[person].left_at is None
    ]
    moved = replace(told, version=one.version, told_version=told.told_version or one.version)
    # Events do not name the code somebody came in by; the group does.
    behind = moved.told_version != moved.version or any(each.scene == "qr" and not each.state for each in came)
    return moved, GroupChange(one.chatid, "moved", behind, tuple(came), tuple(went)), [*came, *went]


def look(work: Work, shown: GroupSeen, *, last_try: bool = False, run: str = "") -> GroupChange:
    """Takes over a group as WeCom shows it. Kind ``early`` with ``fetch``: it may still be the state before the newest event; ask again."""
    row = store.groups(work, [shown.chatid], hold=True).get(shown.chatid) or _blank(shown.chatid, shown.created_at)
    fresh = row.told_at is not None and work.now - row.told_at < LAG
    if fresh and row.told_version and shown.version != row.told_version and not last_try:
        return GroupChange(shown.chatid, "early", fetch=True)
    before = store.seats(work, [shown.chatid]).get(shown.chatid, {})
    now_inside = {each.person for each in shown.seats}
    came = [_seated(each, before.get(each.person)) for each in shown.seats if _absent(before.get(each.person))]
    went = [
        replace(each, left_at=work.now, left_how="missing")
        for person, each in before.items()
        if each.left_at is None and person not in now_inside
    ]
    named = [_named(each, before[each.person]) for each in shown.seats if not _absent(before.get(each.person))]
    after = replace(
        row,
        name=shown.name[:100],
        owner=shown.owner,
        notice=shown.notice,
        status=shown.status,
        version=shown.version,
        told_version=shown.version,
        created_at=shown.created_at or row.created_at,
        ended_at=None,
    )
    fields = tuple(name for name in ("name", "owner", "notice", "status") if getattr(after, name) != getattr(row, name))
    store.save_groups(work, [after], run or None)
    changed = [each for each in named if each != before[each.person]]
    store.save_seats(work, [*came, *went, *changed])
    store.copy_groups(work, {shown.chatid})
    kind = "changed" if came or went or fields else "same"
    change = GroupChange(shown.chatid, kind, False, tuple(came), tuple(went), fields)
    work.record(*_moves([change], run), *_by_codes(work, [*came, *changed], before))
    return change


def dismiss(work: Work, chatids: Collection[str]) -> list[GroupChange]:
    """Ends groups that are gone without a word."""
    return hear(work, [GroupHeard(chatid, "dismissed", work.now) for chatid in sorted(chatids)])


def listed(view: View, *, ended: bool = False, limit: int = 200) -> list[Group]:
    """Customer groups, open ones or ended ones, by name."""
    wanted = group.c.status == "dismissed" if ended else group.c.status != "dismissed"
    rows = view.all(sa.select(group).where(wanted).order_by(group.c.name, group.c.chatid).limit(limit))
    inside = store.inside(view, [row.chatid for row in rows])
    return [store.as_group(row, inside.get(row.chatid, 0)) for row in rows]


def one_group(view: View, chatid: str) -> Group | None:
    """One group, or None."""
    found = store.groups(view, [chatid]).get(chatid)
    return found and replace(found, inside=store.inside(view, [chatid]).get(chatid, 0))


def seats(view: View, chatid: str) -> list[Seat]:
    """Everybody who sits or sat in a group, those inside first."""
    found = store.seats(view, [chatid]).get(chatid, {}).values()
    return sorted(found, key=lambda each: (each.left_at is not None, each.joined_at, each.person))


def seats_of(view: View, member_id: str) -> list[Seat]:
    """Where a member sits or sat."""
    return [store.as_seat(row) for row in view.all(sa.select(seat).where(seat.c.member_id == member_id).order_by(seat.c.joined_at))]


def seats_by_state(view: View, states: Collection[str]) -> dict[str, list[Seat]]:
    """State of a join code → the seats of the customers who came in by it, now or before."""
    found: dict[str, list[Seat]] = {}
    for part in chunks(sorted({state for state in states if state})):
        for row in view.all(sa.select(seat).where(seat.c.state.in_(part), seat.c.kind == "customer")):
            found.setdefault(row.state, []).append(store.as_seat(row))
    return found


def with_staff(view: View, staff: Collection[str], after: str = "", limit: int = 100) -> list[str]:
    """Open groups in which one of these employees sits or whose owner one is, by id, a page after ``after``."""
    sits = sa.select(seat.c.chatid).where(view.among(seat.c.person, sorted(set(staff))), seat.c.left_at.is_(None))
    mine = sa.or_(group.c.chatid.in_(sits), view.among(group.c.owner, sorted(set(staff))))
    rows = view.all(
        sa.select(group.c.chatid).where(mine, group.c.status != "dismissed", group.c.chatid > after).order_by(group.c.chatid).limit(limit)
    )
    return [row.chatid for row in rows]


def came_since(view: View, since: Mapping[str, datetime]) -> dict[str, int]:
    """How many customers who sit in each group have come into it after its instant."""
    found = dict.fromkeys(since, 0)
    for part in chunks(sorted(since)):
        inside = (seat.c.chatid.in_(part), seat.c.kind == "customer", seat.c.left_at.is_(None), seat.c.joined_at > min(since.values()))
        for row in view.all(sa.select(seat.c.chatid, seat.c.joined_at).where(*inside)):
            found[row.chatid] += row.joined_at > since[row.chatid]
    return found


def unseen_groups(view: View, run: str, started: datetime) -> list[str]:
    """Open groups that were there before a run and that it has not seen."""
    old = sa.and_(group.c.status != "dismissed", group.c.seen != run, sa.or_(group.c.told_at.is_(None), group.c.told_at < started))
    return [row.chatid for row in view.all(sa.select(group.c.chatid).where(old).order_by(group.c.chatid))]


def _blank(chatid: str, created_at: datetime | None) -> Group:
    return Group(chatid, "", "", "", "open", "", "", None, created_at, None)


def _absent(before: Seat | None) -> bool:
    return before is None or before.left_at is not None


def _seated(each: Seat, before: Seat | None) -> Seat:
    if before is None:
        return each
    member_id = each.member_id or before.member_id
    if before.left_at is None:
        return replace(before, member_id=member_id)
    return replace(each, member_id=member_id, returns=before.returns + 1)


def _named(each: Seat, before: Seat) -> Seat:
    """What WeCom's list tells better than the event did: who it is, the scene, the inviter, the exact time."""
    return replace(
        before,
        member_id=each.member_id or before.member_id,
        joined_at=each.joined_at,
        scene=each.scene or before.scene,
        invited_by=each.invited_by or before.invited_by,
        state=each.state or before.state,
    )


def _by_codes(work: Work, told: Sequence[Seat], before: Mapping[str, Seat]) -> list[Fact]:
    """Customers who came lately and of whom it is known now by which code: what the code promises is for them, not for its old guests."""
    facts = []
    for each in told:
        known = before.get(each.person)
        news = each.state and (known is None or each.state != known.state or known.left_at is not None)
        if news and each.kind == "customer" and each.member_id and each.joined_at > work.now - RECENT:
            payload = {"group": each.chatid, "state": each.state}
            facts.append(Fact("contacts.came_by_code", f"group:{each.chatid}", payload, each.member_id))
    return facts


def _moves(changes: Sequence[GroupChange], run: str) -> list[Fact]:
    facts = []
    for change in changes:
        for name, seats in (("contacts.group_joined", change.came), ("contacts.group_left", change.went)):
            for each in seats:
                if each.kind != "customer":
                    continue
                payload = {"group": change.chatid, "scene": each.scene, "how": each.left_how, "run": run}
                facts.append(Fact(name, f"group:{change.chatid}", payload, each.member_id))
    return facts
