"""Who is one person: evidence as it comes, proposals for people to decide, and the record of merges."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from assistant.base.errors import Conflict, Invalid
from assistant.base.ids import digest_of
from assistant.domain.members import facts, store
from assistant.domain.members.links import Decline, Evidence, Merge, Proposal, Reason, pair, say
from assistant.domain.members.model import Done
from assistant.domain.members.tables import evidence, member, merge, merged_row, proposal
from assistant.store import Fact, View, Work, chunks, once

NOTED = "members.evidence"
TEXTS = ("nickname", "phone", "city", "birthday", "owner_staff")
FLAGS = ("opted_out", "blocked", "open_complaint")


def note(work: Work, found: Iterable[Evidence]) -> None:
    """Keeps evidence once, opens a proposal for the pair, and tells of what is new. Members merged by now are one already."""
    told = list(found)
    current = store.standing_for(work, {number for one in told for number in (one.one, one.other)})
    for one in told:
        if current.get(one.one, one.one) == current.get(one.other, one.other):
            continue
        first, second = pair(current.get(one.one, one.one), current.get(one.other, one.other))
        ref = digest_of([one.kind, one.ref])
        same = (evidence.c.one == first, evidence.c.other == second, evidence.c.kind == one.kind, evidence.c.ref == ref)
        if work.one(sa.select(evidence.c.one).where(*same)):
            continue
        row = {"one": first, "other": second, "kind": one.kind, "ref": ref, "strong": one.strong, "source": one.source, "at": work.now}
        work.insert_missing(evidence, [row])
        _ask(work, first, second)
        work.record(Fact(NOTED, f"member:{first}", {"one": first, "other": second, "kind": one.kind, "strong": one.strong}, first))


def _ask(work: Work, one: str, other: str) -> None:
    new = {"one": one, "other": other, "state": "open", "hindrance": "", "at": work.now, "decided_by": "", "decided_at": None}
    work.insert_missing(proposal, [new])
    again = (proposal.c.one == one, proposal.c.other == other, proposal.c.state != "open")
    work.execute(proposal.update().where(*again).values(state="open", at=work.now, decided_by="", decided_at=None))


def decline(work: Work, requests: Sequence[Decline]) -> list[Done]:
    """Closes proposals; Conflict where there is none open."""
    return once(work, "members.decline", requests, Done, _decline)


def _decline(work: Work, requests: Sequence[Decline]) -> list[Done]:
    for request in requests:
        one, other = pair(request.one, request.other)
        if settle_proposal(work, one, other, "declined") == 0:
            raise Conflict("这条合并建议已经处理过了", code="not_open", one=one, other=other)
        work.record(Fact("members.declined", f"member:{one}", {"one": one, "other": other}, one))
    return [Done(request.one, True) for request in requests]


def settle_proposal(work: Work, one: str, other: str, state: str) -> int:
    """An open proposal enters its end; returns how many did."""
    first, second = pair(one, other)
    here = (proposal.c.one == first, proposal.c.other == second, proposal.c.state == "open")
    return work.execute(proposal.update().where(*here).values(state=state, decided_by=work.principal.label, decided_at=work.now)).rowcount


def hinder(work: Work, one: str, other: str, why: str) -> None:
    """Says with the proposal why the house does not merge the two by itself."""
    first, second = pair(one, other)
    work.execute(proposal.update().where(proposal.c.one == first, proposal.c.other == second).values(hindrance=why[:200]))


def proposals(view: View, state: str = "open", limit: int = 100) -> list[Proposal]:
    """The newest first, with their reasons."""
    order = (proposal.c.at.desc(), proposal.c.one, proposal.c.other)
    return _with_reasons(view, view.all(sa.select(proposal).where(proposal.c.state == state).order_by(*order).limit(limit)))


def provable(view: View, limit: int, leaving_out: Collection[str]) -> list[Proposal]:
    """Open proposals with strong evidence, the oldest first; without those that the house will not merge for one of these reasons."""
    here = (evidence.c.one == proposal.c.one, evidence.c.other == proposal.c.other, evidence.c.strong)
    wanted = (proposal.c.state == "open", proposal.c.hindrance.not_in(leaving_out), sa.exists().where(*here))
    return _with_reasons(view, view.all(sa.select(proposal).where(*wanted).order_by(proposal.c.at, proposal.c.one).limit(limit)))


def proposals_of(view: View, member_ids: Collection[str], state: str = "open") -> list[Proposal]:
    """The proposals about these members."""
    found: dict[tuple[str, str], Any] = {}
    for part in chunks(sorted(set(member_ids))):
        about = sa.or_(proposal.c.one.in_(part), proposal.c.other.in_(part))
        found.update({(row.one, row.other): row for row in view.all(sa.select(proposal).where(proposal.c.state == state, about))})
    return _with_reasons(view, [found[key] for key in sorted(found)])


def _with_reasons(view: View, rows: Sequence[Any]) -> list[Proposal]:
    wanted = {(row.one, row.other) for row in rows}
    reasons: dict[tuple[str, str], list[Reason]] = {}
    for part in chunks(sorted({row.one for row in rows})):
        for row in view.all(sa.select(evidence).where(evidence.c.one.in_(part)).order_by(evidence.c.at, evidence.c.kind)):
            if (row.one, row.other) in wanted:
                reasons.setdefault((row.one, row.other), []).append(Reason(row.kind, say(row.kind), row.strong, row.source, row.at))
    return [
        Proposal(row.one, row.other, row.state, row.hindrance, tuple(reasons.get((row.one, row.other), ())), row.at, row.decided_by)
        for row in rows
    ]


def mark_merged(work: Work, one: Merge) -> None:
    """Keeps that ``absorbed`` is ``kept`` from now on; Conflict where it is somebody already or ``kept`` is not a person of its own."""
    rows = store.locked_rows(work, {one.kept, one.absorbed})
    for number in (one.kept, one.absorbed):
        if number not in rows:
            raise Invalid("找不到这位会员", code="no_member", member=number)
        if rows[number]["merged_into"]:
            raise Conflict("这位会员刚刚已经合并到另一位名下了", code="merged_already", member=number)
    work.execute(member.update().where(member.c.id == one.absorbed).values(merged_into=one.kept))
    # Who was merged into the absorbed one before is found at once, not by a chain.
    work.execute(member.update().where(*_led_to(one.absorbed)).values(merged_into=one.kept))
    work.insert(merge, [_merge_row(one)])


def _merge_row(one: Merge) -> dict[str, Any]:
    return {
        "id": one.id,
        "kept": one.kept,
        "absorbed": one.absorbed,
        "state": one.state,
        "reasons": list(one.reasons),
        "memory": dict(one.memory),
        "note": one.note[:200],
        "by": one.by,
        "at": one.at,
        "undone_by": "",
        "undone_at": None,
    }


def remember(work: Work, merge_id: str, memory: Mapping[str, Any]) -> None:
    """Keeps what the rooms need to give back."""
    work.execute(merge.update().where(merge.c.id == merge_id).values(memory=dict(memory)))


def mark_undone(work: Work, one: Merge) -> None:
    """The absorbed member is a person of its own again, and those merged into it before are its own again."""
    done = merge.update().where(merge.c.id == one.id, merge.c.state == "active")
    if work.execute(done.values(state="undone", undone_by=work.principal.label, undone_at=work.now)).rowcount == 0:
        raise Conflict("这次合并已经撤销过了", code="not_active", merge=one.id)
    work.execute(member.update().where(member.c.id == one.absorbed).values(merged_into=""))
    for earlier in merges_of(work, [one.absorbed], state="active"):
        if earlier.kept == one.absorbed:
            below = store.standing_below(work, earlier.absorbed)
            work.execute(member.update().where(member.c.id.in_(below)).values(merged_into=one.absorbed))


def merges(view: View, state: str = "active", limit: int = 100) -> list[Merge]:
    """The newest first."""
    rows = view.all(sa.select(merge).where(merge.c.state == state).order_by(merge.c.at.desc(), merge.c.id).limit(limit))
    return [_merge(row) for row in rows]


def merge_by_id(view: View, merge_id: str) -> Merge | None:
    """A merge, held until the commit where a unit asks."""
    row = view.one(view.locked(sa.select(merge).where(merge.c.id == merge_id)))
    return _merge(row) if row else None


def merges_of(view: View, member_ids: Collection[str], state: str = "active") -> list[Merge]:
    """Merges on either side of which these members stand, the oldest first."""
    about = sa.or_(merge.c.kept.in_(sorted(member_ids)), merge.c.absorbed.in_(sorted(member_ids)))
    rows = view.all(sa.select(merge).where(merge.c.state == state, about).order_by(merge.c.at, merge.c.id))
    return [_merge(row) for row in rows]


def _merge(row: Any) -> Merge:
    return Merge(
        row.id,
        row.kept,
        row.absorbed,
        row.state,
        tuple(row.reasons),
        row.memory,
        row.note,
        row.by,
        row.at,
        row.undone_by,
        row.undone_at,
    )


def keep_rows(work: Work, merge_id: str, rows: Iterable[tuple[str, str]]) -> None:
    """Keeps which rows, as (table, key), a merge has moved."""
    work.insert_missing(merged_row, [{"merge_id": merge_id, "table_name": name, "row_key": key} for name, key in rows])


def kept_rows(view: View, merge_id: str) -> dict[str, list[str]]:
    """Table → keys of the rows that a merge has moved."""
    found: dict[str, list[str]] = {}
    for row in view.all(sa.select(merged_row).where(merged_row.c.merge_id == merge_id).order_by(merged_row.c.table_name)):
        found.setdefault(row.table_name, []).append(row.row_key)
    return found


def was_undone(view: View, one: str, other: str) -> bool:
    """Whether a person has parted these two before."""
    first, second = pair(one, other)
    both = sa.or_(sa.and_(merge.c.kept == first, merge.c.absorbed == second), sa.and_(merge.c.kept == second, merge.c.absorbed == first))
    return view.one(sa.select(merge.c.id).where(both, merge.c.state == "undone").limit(1)) is not None


def _led_to(member_id: str) -> tuple[sa.ColumnElement[bool], sa.TextClause]:
    """Whom the small index of merged members finds; without the second condition a database would read all members."""
    return member.c.merged_into == member_id, sa.text("member.merged_into <> ''")


def absorbed_by(view: View, member_id: str) -> list[str]:
    """All who turned out to be this member, near and far."""
    rows = view.all(sa.select(member.c.id).where(*_led_to(member_id)).order_by(member.c.id))
    return [row.id for row in rows]


def take_over(work: Work, kept: str, absorbed: str) -> dict[str, Any]:
    """What only one of the two is known for is known of both, and the more careful wish holds. Returns what the kept member was before."""
    rows = store.locked_rows(work, {kept, absorbed})
    one, other = rows[kept], rows[absorbed]
    changes = {name: other[name] for name in TEXTS if other[name] and not one[name]}
    changes |= {name: True for name in FLAGS if other[name] and not one[name]}
    if one["gender"] == "unknown" != other["gender"]:
        changes["gender"] = other["gender"]
    before = {name: one[name] for name in changes}
    _change(work, one, changes)
    return before


def give_up(work: Work, kept: str, absorbed: str, before: Mapping[str, Any]) -> None:
    """What the kept member took over from the other goes, where nobody has changed it since. An opt-out stays: that he has said it
    again since cannot be seen."""
    rows = store.locked_rows(work, {kept, absorbed})
    back = {name: was for name, was in before.items() if name != "opted_out" and rows[kept][name] == rows[absorbed][name]}
    _change(work, rows[kept], back)


def wishes(view: View, member_id: str) -> dict[str, Any]:
    """What keeps a member from being written to."""
    one = store.members_of(view, [member_id])[member_id]
    return {"opted_out": one.opted_out, "blocked": one.blocked, "topics": sorted(one.opted_out_topics)}


def carry_wishes(work: Work, kept: str, absorbed: str, before: Mapping[str, Any]) -> None:
    """What was wished since the two were merged holds for both: it cannot be told which of them meant it."""
    now = wishes(work, kept)
    row = store.locked_rows(work, {absorbed})[absorbed]
    _change(work, row, {name: True for name in ("opted_out", "blocked") if now[name] and not before[name] and not row[name]})
    store.add_topics(work, ((absorbed, topic) for topic in set(now["topics"]) - set(before["topics"])))


def _change(work: Work, row: dict[str, Any], changes: Mapping[str, Any]) -> None:
    if changes:
        row.update(changes)
        store.save_rows(work, [row])
        work.record(facts.updated(row["id"], sorted(changes)))
