"""What a person decides about a claim: to let the money go, to release a held one, or to refuse it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from assistant.access import Permission, require
from assistant.base.errors import Forbidden, Invalid, Refused
from assistant.domain.cashback import store
from assistant.domain.cashback.judging import judged
from assistant.domain.cashback.limits import limits_now
from assistant.domain.cashback.model import WAITING, RebateClaim
from assistant.domain.cashback.paying import carry, known
from assistant.domain.cashback.states import end, move, refreshed, said
from assistant.store import Work, once


@dataclass(frozen=True, slots=True)
class Approve:
    """An operator lets the money of a due claim go."""

    key: str
    claim_id: str


@dataclass(frozen=True, slots=True)
class Reject:
    """An operator refuses a claim that has not begun to be paid; ``reason`` is said to the member."""

    key: str
    claim_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Release:
    """An operator has looked at a held claim and lets it pass; ``reason`` is kept."""

    key: str
    claim_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decided:
    """The claim's state afterwards; ``needs_second`` while another person must approve too, ``held`` while somebody must release it."""

    claim_id: str
    state: str
    needs_second: bool = False
    held: bool = False


def approve(work: Work, requests: Sequence[Approve]) -> list[Decided]:
    """Approves due claims; above the limit a second operator must too, and a held one stays as it is until it is released.

    Forbidden without the right, Refused where nothing is due.
    """
    return once(work, "cashback.approve", requests, Decided, _approve)


def _approve(work: Work, requests: list[Approve]) -> list[Decided]:
    only_operators(work, Permission.PAYOUT_APPROVE)
    claims = refreshed(work, [request.claim_id for request in requests])
    decided = []
    for request in requests:
        one = _due(claims, request.claim_id)
        claims[one.id] = one = _approved(work, one)
        decided.append(Decided(one.id, one.state, one.state == "due" and not one.hold, bool(one.hold)))
    return decided


def _approved(work: Work, one: RebateClaim) -> RebateClaim:
    before, one = one, judged(work, one)
    if one.hold:
        if not before.hold:
            said(work, one, "held")
        return one
    me = work.principal.label
    if one.payable_fen > limits_now(work).second_person_fen:
        if one.first_approver == me:
            raise Refused("这笔金额较大，需要另一位同事再审核一次", code="second_person", claim=one.id)
        if not one.first_approver:
            store.change_claim(work, one.id, first_approver=me)
            one = replace(one, first_approver=me)
            said(work, one, "first_approved")
            return one
    carry(work, one, timedelta())
    return move(work, one, "approved", approver=me, reason="")


def reject(work: Work, requests: Sequence[Reject]) -> list[Decided]:
    """Refuses claims for good; what was set aside goes back. Refused where money is already on its way."""
    return once(work, "cashback.reject", requests, Decided, _reject)


def _reject(work: Work, requests: list[Reject]) -> list[Decided]:
    only_operators(work, Permission.CASHBACK_REVIEW)
    claims = refreshed(work, [request.claim_id for request in requests])
    decided = []
    for request in requests:
        one = claims.get(request.claim_id)
        if one is None or one.state not in WAITING:
            raise Refused("这笔返现现在不能拒绝", code="not_waiting", claim=request.claim_id)
        claims[one.id] = end(work, one, "rejected", request.reason.strip()[:200])
        decided.append(Decided(one.id, "rejected"))
    return decided


def release(work: Work, requests: Sequence[Release]) -> list[Decided]:
    """Lets held claims pass; they still wait for approval. Refused where nothing is held, Invalid without a reason."""
    return once(work, "cashback.release", requests, Decided, _release)


def _release(work: Work, requests: list[Release]) -> list[Decided]:
    only_operators(work, Permission.CASHBACK_REVIEW)
    claims = refreshed(work, [request.claim_id for request in requests])
    for request in requests:
        one = _due(claims, request.claim_id)
        if not one.hold:
            raise Refused("这笔返现没有被拦下，不用放行", code="not_held", claim=one.id)
        if not request.reason.strip():
            raise Invalid("放行要写理由，以后查得到", code="no_reason", claim=one.id)
        me = work.principal.label
        store.change_claim(work, one.id, hold="", released_by=me)
        claims[one.id] = replace(one, hold="", released_by=me)
        said(work, replace(claims[one.id], reason=request.reason.strip()[:200]), "released")
    return [Decided(request.claim_id, "due") for request in requests]


def only_operators(work: Work, needs: Permission) -> None:
    """Forbidden unless a person with this right asks."""
    if work.principal.kind != "operator":
        raise Forbidden("打款必须由有权限的人审核", code="not_operator", principal=work.principal.label)
    require(work.principal, needs)


def _due(claims: dict[str, RebateClaim], claim_id: str) -> RebateClaim:
    one = known(claims, claim_id)
    if one.state != "due":
        raise Refused("这笔返现现在不需要审核", code="not_due", claim=claim_id, state=one.state)
    return one
