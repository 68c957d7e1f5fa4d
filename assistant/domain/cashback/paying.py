"""Money on its way: an approved claim becomes a bill within the limits of the day, and what the payer says is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from assistant.base.errors import Invalid, Refused
from assistant.domain import fraud, members
from assistant.domain.cashback import book, store
from assistant.domain.cashback.limits import over_today, until_tomorrow
from assistant.domain.cashback.model import IN_FLIGHT, RebateClaim, recovery
from assistant.domain.cashback.saying import again_in
from assistant.domain.cashback.states import move, refreshed, said
from assistant.store import Due, Work, once

PAYOUT = "payout"
"""The kind of due work that carries a claim to the payer."""

LATER = "今天的打款额度用完了，明天会自动打给您"
"""Said of an approved claim that a limit of the day keeps back."""


@dataclass(frozen=True, slots=True)
class BeginPayout:
    """Begins or goes on with the payout of a claim."""

    key: str
    claim_id: str


@dataclass(frozen=True, slots=True)
class Begun:
    """The bill to pay. ``fresh`` if it has never been shown to the payer; a state that is not in flight means: nothing to do."""

    claim_id: str
    state: str
    bill_no: str
    payee: str
    amount_fen: int
    fresh: bool

    @property
    def in_flight(self) -> bool:
        return self.state in IN_FLIGHT


@dataclass(frozen=True, slots=True)
class PayoutResult:
    """What the payer says of a bill: accepted, wait_user, paid, unknown, refused or closed (both final for this bill number), or

    not_taken: refused, and the payer has no record of the number, so that the same number is used again.
    """

    key: str
    claim_id: str
    bill_no: str
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The claim's state afterwards."""

    claim_id: str
    state: str


def begin_payout(work: Work, requests: Sequence[BeginPayout]) -> list[Begun]:
    """Takes what is owed from an approved claim and gives the rest its bill number; one in flight keeps its bill.

    Refused(code="no_payee") while the member has no WeChat identity that can be paid.
    """
    return once(work, "cashback.begin_payout", requests, Begun, _begin)


def _begin(work: Work, requests: list[BeginPayout]) -> list[Begun]:
    claims = refreshed(work, [request.claim_id for request in requests])
    return [_begin_one(work, claims, request.claim_id) for request in requests]


def _begin_one(work: Work, claims: dict[str, RebateClaim], claim_id: str) -> Begun:
    one = known(claims, claim_id)
    fresh = one.state == "approved"
    if fresh:
        claims[one.id] = one = _bill(work, one)
    return Begun(one.id, one.state, one.bill_no, one.payee, one.payable_fen, fresh)


def _bill(work: Work, one: RebateClaim) -> RebateClaim:
    taken = recovery(one.payable_fen, book.owed(work, one.member_id))
    if taken:
        book.recover(work, one, taken)
        one = replace(one, recovered_fen=one.recovered_fen + taken)
    if one.payable_fen == 0:
        return move(work, one, "paid", recovered_fen=one.recovered_fen, settled_at=work.now)
    payee = one.payee or _payee(work, one.member_id)
    if not payee:
        raise Refused("会员还没有可以收款的微信身份，绑定之后再打款", code="no_payee", member=one.member_id)
    if over_today(work, one, payee):
        return _tomorrow(work, one)
    fraud.seen(work, [fraud.Evidence(one.bill_no, one.member_id, "payee", payee, "payout")])
    return move(work, one, "paying", recovered_fen=one.recovered_fen, payee=payee, billed_at=work.now, reason="")


def _tomorrow(work: Work, one: RebateClaim) -> RebateClaim:
    """Stays approved and comes again when the limits of the day are fresh."""
    one = replace(one, reason=LATER)
    store.change_claim(work, one.id, recovered_fen=one.recovered_fen, reason=LATER)
    said(work, one, "postponed")
    carry(work, one, until_tomorrow(work))
    return one


def _payee(work: Work, member_id: str) -> str:
    """An openid, else the WeCom id, which the payer's adapter turns into an openid."""
    identities = sorted(members.identities(work, [member_id]).get(member_id, []), key=lambda one: (one.namespace, one.value))
    for wanted in ("openid", "wecom_external"):
        for identity in identities:
            if identity.namespace.split(":")[0] == wanted:
                return identity.value
    return ""


def record_payout(work: Work, requests: Sequence[PayoutResult]) -> list[Recorded]:
    """Writes down what the payer says. A word about another bill, or about a claim no longer in flight, changes nothing."""
    return once(work, "cashback.record_payout", requests, Recorded, _record)


def _record(work: Work, requests: list[PayoutResult]) -> list[Recorded]:
    recorded = []
    for request in requests:
        one = known(store.lock_claims(work, [request.claim_id]), request.claim_id)
        if one.state in IN_FLIGHT and one.bill_no == request.bill_no:
            one = _heard(work, one, request)
        recorded.append(Recorded(one.id, one.state))
    return recorded


def _heard(work: Work, one: RebateClaim, request: PayoutResult) -> RebateClaim:
    match request.outcome:
        case "paid":
            book.pay(work, one)
            move(work, one, "paid", paid_fen=one.payable_fen, settled_at=work.now, reason="")
            return refreshed(work, [one.id])[one.id]
        case "refused" | "closed":
            # The payer holds this number as final, so the next attempt has the next number and needs a new approval.
            again = {"attempt": one.attempt + 1, "first_approver": "", "approver": "", "payee": "", "billed_at": None}
            move(work, one, "due", reason=request.reason[:200], **again)
            return refreshed(work, [one.id])[one.id]
        case "not_taken":
            move(work, one, "due", reason=request.reason[:200], first_approver="", approver="", billed_at=None)
            return refreshed(work, [one.id])[one.id]
        case "wait_user":
            carry(work, one, again_in("wait_user"))
            return one if one.state == "wait_user_confirm" else move(work, one, "wait_user_confirm")
        case "accepted":
            carry(work, one, again_in("accepted"))
            return move(work, one, "paying") if one.state == "unknown" else one
        case "unknown":
            carry(work, one, again_in("unknown"))
            return move(work, one, "unknown") if one.state == "paying" else one
    raise Invalid(f"不认识的打款结果“{request.outcome}”", code="bad_outcome")


def carry(work: Work, one: RebateClaim, after: timedelta) -> None:
    """Makes the next step of a payout due."""
    work.due(Due(PAYOUT, one.id, work.now + after, {"claim": one.id}, order_key=f"claim:{one.id}"))


def known(claims: dict[str, RebateClaim], claim_id: str) -> RebateClaim:
    """The claim; Invalid if there is none."""
    if claim_id not in claims:
        raise Invalid("这笔返现申请不存在", code="no_claim", claim=claim_id)
    return claims[claim_id]
