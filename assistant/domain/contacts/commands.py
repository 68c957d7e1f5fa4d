"""The writes about friendships: what callbacks say, what a look at WeCom shows, what we changed there ourselves."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from assistant.domain.contacts import store
from assistant.domain.contacts.model import Change, Heard, Relation, Seen, after_event, after_look
from assistant.store import Fact, Work


@dataclass(frozen=True, slots=True)
class Look:
    """Pairs as one answer of WeCom shows them; ``run`` is the reconciliation it belongs to, empty outside of one."""

    seen: Sequence[Seen]
    run: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """We have changed this pair in WeCom, which sends no event for it; None leaves a thing as it is."""

    staff: str
    external: str
    tags: tuple[str, ...] | None = None
    remark: str | None = None


def hear(work: Work, heard: Sequence[Heard]) -> list[Change]:
    """Applies callbacks in any order of arrival; said again they change nothing."""
    known = store.relations(work, [(one.staff, one.external) for one in heard], hold=True)
    changes = []
    for one in heard:
        change = after_event(known.get((one.staff, one.external)), one)
        known[one.staff, one.external] = change.relation
        changes.append(change)
    store.save_relations(work, [change.relation for change in changes])
    store.name_seats(work, {one.external: one.member_id for one in heard})
    return changes


def look(work: Work, request: Look) -> list[Change]:
    """Takes over what WeCom shows. What differs from what we knew is a fact; members are those of the request."""
    known = store.relations(work, [(one.staff, one.external) for one in request.seen], hold=True)
    changes = [after_look(known.get((one.staff, one.external)), one, work.now) for one in request.seen]
    store.save_relations(work, [change.relation for change in changes if change.kind != "same"], request.run or None)
    same = [(change.relation.staff, change.relation.external) for change in changes if change.kind == "same"]
    if request.run:
        store.mark_seen(work, same, request.run)
    store.name_seats(work, {one.external: one.member_id for one in request.seen})
    work.record(*(_differs(change, request.run) for change in changes if change.kind != "same"))
    return changes


def end(work: Work, pairs: Collection[tuple[str, str]], by: str) -> list[Relation]:
    """Ends open relations that are gone without a word, or passes on those whose staff left; returns which."""
    known = store.relations(work, pairs, hold=True).values()
    over = [one for one in known if one.open or (by == "transfer" and one.ended_by == "left")]
    ended = [replace(one, status="ended", ended_by=by, ended_at=work.now, changed_at=work.now) for one in over]
    store.save_relations(work, ended)
    work.record(*(_differs(Change("ended", one), "") for one in ended))
    return ended


def written(work: Work, changes: Sequence[Written]) -> None:
    """Keeps what we have changed in WeCom ourselves."""
    known = store.relations(work, [(one.staff, one.external) for one in changes], hold=True)
    rows, facts = [], []
    for one in changes:
        row = known.get((one.staff, one.external))
        if row is None:
            continue
        after = replace(row, tags=row.tags if one.tags is None else one.tags, remark=row.remark if one.remark is None else one.remark)
        on, off = sorted(set(after.tags) - set(row.tags)), sorted(set(row.tags) - set(after.tags))
        known[one.staff, one.external] = after
        rows.append(after)
        payload = {"staff": one.staff, "on": on, "off": off, "remark": one.remark is not None, "by": "us"}
        facts.append(Fact("contacts.written", f"member:{row.member_id}", payload, row.member_id))
    store.save_relations(work, rows)
    work.record(*facts)


def _differs(change: Change, run: str) -> Fact:
    one = change.relation
    payload = {
        "kind": change.kind,
        "staff": one.staff,
        "fields": list(change.fields),
        "on": list(change.tags_on),
        "off": list(change.tags_off),
        "by": one.ended_by,
        "run": run,
    }
    return Fact("contacts.differed", f"member:{one.member_id}", payload, one.member_id)
