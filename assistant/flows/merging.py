"""Two members turn out to be one: their accounts are joined by postings, what is theirs carries one name, and all of it can be undone.

Strong evidence merges at once, weak evidence waits for a person. Rooms keep their own invariants (``points.joined``, ``membership.join``,
and ``part`` of each); which rows change their name is said in ``personal.TABLES``.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from assistant import access
from assistant.base.errors import Conflict, Invalid, Refused
from assistant.base.ids import derive
from assistant.domain import cashback, journeys, ledger, members, membership, orders, points, stored_value
from assistant.domain.members import Identity
from assistant.flows import moving
from assistant.store import Fact, View, Work, once

LATELY = timedelta(days=2)
"""How long after a merge rows are looked for that another unit wrote in the same moment."""

LOOKED_AT = 5000
"""Merges of these days that one run looks at."""

AT_ONCE = 50
"""Merges that one run makes or moves: it is one commit."""

PARTED = "以前合并过又撤销了"
EMPLOYEE = "其中一位是员工"
UNIONIDS = "两位的微信 unionid 不同，是两个微信号"
CONTACTS = "两位都有自己的企业微信好友，是两个微信号"
FOR_PEOPLE = (PARTED, EMPLOYEE, UNIONIDS, CONTACTS)
"""Why a person must look first; new evidence asks again."""

ROOMS = ("points", "cashback", "growth", *stored_value.ASSETS)
"""Assets whose rooms say what is whose; of others a member takes back what it brought, as far as it is still there."""


@dataclass(frozen=True, slots=True)
class Merge:
    """A person says that the two are one; each is named by our id, the shop's key or ``namespace:value``."""

    key: str
    one: str
    other: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    """Who is left, and who was merged into it."""

    merge_id: str
    kept: str
    absorbed: str


@dataclass(frozen=True, slots=True)
class Undo:
    """Takes a merge back."""

    key: str
    merge_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Undone:
    """The two again. ``points`` are what the absorbed member has available, ``made_good_fen`` what the brand paid of stored value that
    one had spent of the other's, ``owed_fen`` cashback of the absorbed member that paid the other's debt: a person must see to it."""

    merge_id: str
    kept: str
    absorbed: str
    points: int
    made_good_fen: int
    owed_fen: int


def merge(work: Work, requests: Sequence[Merge]) -> list[Merged]:
    """Merges members at a person's word. Conflict("merged_already")."""
    access.require(work.principal, access.Permission.MEMBER_MERGE)
    return once(work, "members.merge", requests, Merged, lambda work, fresh: [_by_hand(work, one) for one in fresh])


def undo(work: Work, requests: Sequence[Undo]) -> list[Undone]:
    """Gives each side back what is its own; what came later follows the identity that caused it.

    Where the kept member was merged into another since, that merge is undone first: Conflict("newer_first"). One that is undone already
    is Conflict("not_active"). Refused("reservation_open") while goods that points are set aside for wait to be sent.
    """
    access.require(work.principal, access.Permission.MEMBER_MERGE)
    return once(work, "members.undo_merge", requests, Undone, lambda work, fresh: [_undo(work, one) for one in fresh])


def merge_strong(work: Work, member_ids: Collection[str]) -> list[Merged]:
    """Merges what strong evidence about these members proves; where it must not be by itself, the proposal says why. Needs no key."""
    done = []
    for proposal in members.proposals_of(work, member_ids):
        if not any(reason.strong for reason in proposal.reasons):
            continue
        why = _hindrance(work, proposal)
        if why:
            members.hinder(work, proposal.one, proposal.other, why)
            continue
        current = members.find_all(work, [proposal.one, proposal.other])
        one, other = current[proposal.one], current[proposal.other]
        try:
            if one != other:
                done.append(_merge(work, derive("merge", one, other, proposal.at), one, other, proposal.reasons, ""))
            members.settle_proposal(work, proposal.one, proposal.other, "merged")
        except (Conflict, Refused) as refused:
            members.hinder(work, proposal.one, proposal.other, refused.say)
    return done


def catch_up(work: Work) -> int:
    """Tries again what could not be merged yet, and moves what was written to a merged member in the moment of its merge; so many at
    a time. Returns how many were moved."""
    waiting = members.provable(work, AT_ONCE, leaving_out=FOR_PEOPLE)
    merge_strong(work, {one.one for one in waiting})
    late = [one for one in members.merges(work, limit=LOOKED_AT) if one.at > work.now - LATELY]
    behind = moving.left_behind(work, [one.absorbed for one in late])
    # The older ones first: who was absorbed twice over moves all the way.
    moved = [one for one in reversed(late) if one.absorbed in behind][:AT_ONCE]
    for one in moved:
        _move(work, one)
    return len(moved)


def _hindrance(view: View, proposal: members.Proposal) -> str:
    """Why a person must look first; empty where nothing speaks against it."""
    if members.was_undone(view, proposal.one, proposal.other):
        return PARTED
    both = members.profiles(view, [proposal.one, proposal.other])
    one, other = both[proposal.one], both[proposal.other]
    if one.is_employee != other.is_employee:
        return EMPLOYEE
    known = members.identities(view, [proposal.one, proposal.other])
    held = [_values(known.get(number, ()), "unionid") for number in (proposal.one, proposal.other)]
    if all(held) and not held[0] & held[1]:
        return UNIONIDS
    if any(reason.kind == "unionid" for reason in proposal.reasons):
        return ""
    if all(_values(known.get(number, ()), "wecom_external") for number in (proposal.one, proposal.other)):
        return CONTACTS
    return ""


def _values(identities: Iterable[Identity], namespace: str) -> set[str]:
    return {one.value for one in identities if one.namespace == namespace}


def _by_hand(work: Work, request: Merge) -> Merged:
    found = members.find_all(work, [request.one, request.other])
    for ref in (request.one, request.other):
        if ref not in found:
            raise Invalid(f"找不到会员 {ref}", code="no_member", ref=ref)
    if found[request.one] == found[request.other]:
        raise Conflict("这已经是同一位会员了", code="same_member")
    one, other = found[request.one], found[request.other]
    about = [proposal for proposal in members.proposals_of(work, [one]) if other in (proposal.one, proposal.other)]
    done = _merge(work, derive("merge", request.key), one, other, [reason for found in about for reason in found.reasons], request.note)
    members.settle_proposal(work, one, other, "merged")
    return done


def _merge(work: Work, merge_id: str, one: str, other: str, why: Sequence[members.Reason], note: str) -> Merged:
    kept, absorbed = _order(work, one, other)
    _still(work, kept, absorbed)
    reasons = tuple(dict.fromkeys(reason.say for reason in why))
    made = members.Merge(merge_id, kept, absorbed, "active", reasons, {}, note, work.principal.label, work.now)
    members.mark_merged(work, made)
    memory: dict[str, Any] = {"wishes": members.wishes(work, kept), "profile": members.take_over(work, kept, absorbed)}
    journeys.leave(work, absorbed, "已合并到另一位会员名下")
    rows = _move(work, made)
    memory["after"] = ledger.newest(work, _owner(kept))
    memory["membership"] = membership.join(work, kept, absorbed, [json.loads(key)[0] for key in rows.get("membership_paid", ())])
    members.remember(work, merge_id, memory)
    payload = {"merge": merge_id, "kept": kept, "absorbed": absorbed, "reasons": list(made.reasons)}
    work.record(Fact("members.merged", _owner(kept), payload, kept))
    return Merged(merge_id, kept, absorbed)


def _order(view: View, one: str, other: str) -> tuple[str, str]:
    """Who is kept: who can be written to, then who joined first."""
    both = members.profiles(view, [one, other])
    known = members.identities(view, [one, other])
    ranked = sorted((one, other), key=lambda n: (not _values(known.get(n, ()), "wecom_external"), both[n].joined_at, n))
    return ranked[0], ranked[1]


def _still(work: Work, *ids: str, apart: bool = False) -> None:
    """Nobody else decides on the two until the commit, and nothing about them is overdue."""
    points.still(work, ids, apart=apart)
    stored_value.still(work, ids)
    membership.still(work, ids)


def _owner(member_id: str) -> str:
    return f"member:{member_id}"


def _move(work: Work, one: members.Merge) -> dict[str, list[str]]:
    """Rows and balances of the absorbed member become the kept one's; told again it moves what has come since."""
    rows = moving.move(work, one.absorbed, one.kept)
    members.keep_rows(work, one.id, ((name, key) for name, keys in rows.items() for key in keys))
    source, target = _owner(one.absorbed), _owner(one.kept)
    moved = ledger.join(work, f"{_prefix(one)}{ledger.newest(work, source)}", source, target, "会员合并")
    if moved:
        points.joined(work, one.kept)
    if rows or moved:
        orders.match(work, [one.kept])
        cashback.carry_waiting(work, [one.kept])
    return rows


def _prefix(one: members.Merge) -> str:
    """What the keys of the postings that joined the two begin with."""
    return f"merge:{one.id}:"


def _undo(work: Work, request: Undo) -> Undone:
    one = members.merge_by_id(work, request.merge_id)
    if one is None:
        raise Invalid("没有这次合并", code="no_merge", merge=request.merge_id)
    newer = [other for other in members.merges_of(work, [one.kept]) if other.absorbed == one.kept]
    if newer:
        raise Conflict("这位会员后来又合并到了别人名下，请先撤销那一次", code="newer_first", merge=newer[-1].id)
    _still(work, one.kept, one.absorbed, apart=True)
    members.remember(work, one.id, dict(one.memory) | {"until": ledger.newest(work, _owner(one.kept))})
    members.mark_undone(work, one)
    # What the absorbed member wished not to get stays with both.
    moved = {name: keys for name, keys in members.kept_rows(work, one.id).items() if name != "member_topic_opt_out"}
    moving.give_back(work, moved, one.kept, one.absorbed)
    _follow(work, one)
    done = _part(work, one)
    members.carry_wishes(work, one.kept, one.absorbed, one.memory["wishes"])
    members.give_up(work, one.kept, one.absorbed, one.memory["profile"])
    figures = {"points": done.points, "made_good_fen": done.made_good_fen, "owed_fen": done.owed_fen}
    payload = {"merge": one.id, "kept": one.kept, "absorbed": one.absorbed, "reason": request.reason, **figures}
    work.record(Fact("members.parted", _owner(one.kept), payload, one.kept))
    return done


def _follow(work: Work, one: members.Merge) -> None:
    """What came after the merge by an identity of the absorbed member is its own."""
    own = members.identities(work, [one.absorbed]).get(one.absorbed, [])
    moving.follow(work, one.kept, one.absorbed, own)


def _part(work: Work, one: members.Merge) -> Undone:
    key, spans = f"part:{one.id}", _spans(work, one)
    moved = ledger.joined(work, _owner(one.kept), _prefix(one))
    sides = (one.kept, one.absorbed)
    left = points.part(work, f"{key}:points", *sides, moved.get("points/available", 0), spans)
    paid_in = {asset: moved.get(f"{asset}/main", 0) for asset in stored_value.ASSETS}
    good = stored_value.part(work, f"{key}:stored", *sides, paid_in, spans)
    owed = cashback.part(work, f"{key}:cashback", *sides, moved.get("cashback/debt", 0), spans)
    membership.part(work, f"{key}:growth", *sides, one.memory["membership"], moved.get("growth/main", 0), spans)
    _others(work, key, one, moved)
    return Undone(one.id, one.kept, one.absorbed, left, good, owed)


def _spans(view: View, one: members.Merge) -> list[ledger.Span]:
    """Where what the absorbed member did since stands in the book: with the kept one, and with those the kept one was merged into
    meanwhile."""
    found = [ledger.Span(_owner(one.kept), one.memory["after"], one.memory.get("until"))]
    for outer in members.merges_of(view, [one.kept], state="undone"):
        if outer.absorbed == one.kept and outer.at >= one.at:
            found += _spans(view, outer)
    return found


def _others(work: Work, key: str, one: members.Merge, moved: Mapping[str, int]) -> None:
    postings = []
    for name, amount in sorted(moved.items()):
        asset, pocket = name.rsplit("/", 1)
        if asset in ROOMS or amount <= 0:
            continue
        mine = ledger.Account(_owner(one.kept), asset, pocket)
        back = min(amount, max(ledger.balances(work, [mine])[mine], 0))
        if back:
            theirs = ledger.Account(_owner(one.absorbed), asset, pocket)
            postings.append(ledger.Posting(f"{key}:{name}", mine, theirs, back, "撤销会员合并"))
    ledger.post(work, postings)
