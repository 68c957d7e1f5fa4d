"""Money on its way: an approved claim becomes a bill within the limits of the day, and what the payer says is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from assistant.base.errors import Invalid
from assistant.base.money import format_yuan
from assistant.domain import fraud, members, staff
from assistant.domain.cashback import book, store
from assistant.domain.cashback.halting import halt, halted_why
from assistant.domain.cashback.limits import over_today, until_tomorrow
from assistant.domain.cashback.model import IN_FLIGHT, RebateClaim, recovery
from assistant.domain.cashback.saying import again_in
from assistant.domain.cashback.states import move, refreshed, said
from assistant.store import Due, Work, once

PAYOUT = "payout"
"""The kind of due work that carries a claim to the payer."""

LATER = "今天的打款额度用完了，明天会自动打给您"
"""Said of an approved claim that a limit of the day keeps back."""

LONGEST_PACKAGE = 2000

WHILE_HALTED = timedelta(hours=1)
"""While payouts are halted each looks again after this, so that none is forgotten."""

NO_WALLET = "还差一步：请用微信打开我们的小程序登录一次，登录后就会自动打给您"
"""Said of an approved claim whose member has no wallet that we know of."""


@dataclass(frozen=True, slots=True)
class BeginPayout:
    """Begins or goes on with the payout of a claim. ``app``: whose openids the payer can pay; empty if it takes any WeChat identity."""

    key: str
    claim_id: str
    app: str = ""


@dataclass(frozen=True, slots=True)
class Begun:
    """The bill to pay; not ``in_flight`` means: nothing to do.

    ``fresh`` if it has never been shown to the payer, ``asked_at`` since when the payer may know of it, ``confirmable`` once we hold what
    opens the page on which the member confirms, ``halted`` while paying is halted.
    """

    claim_id: str
    state: str
    bill_no: str
    payee: str
    amount_fen: int
    fresh: bool
    asked_at: datetime | None = None
    confirmable: bool = False
    halted: bool = False

    @property
    def in_flight(self) -> bool:
        return self.state in IN_FLIGHT and not self.halted


@dataclass(frozen=True, slots=True)
class PayoutResult:
    """What the payer says of a bill: accepted, wait_user, paid, unknown, refused or closed (both final for this bill number), or

    not_taken: refused, and the payer has no record of the number, so that the same number is used again;
    person: nobody knows and asking again does not help, ``reason`` says what a person has to find out;
    halted: the payer cannot be used as we are set up, no bill goes out until a person has mended that.
    """

    key: str
    claim_id: str
    bill_no: str
    outcome: str
    reason: str = ""
    package_info: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The claim's state afterwards."""

    claim_id: str
    state: str


def begin_payout(work: Work, requests: Sequence[BeginPayout]) -> list[Begun]:
    """Takes what is owed from an approved claim and gives the rest its bill number; one in flight keeps its bill.

    An approved claim stays as it is while paying is halted, the limits of the day are used up, or its member has no wallet we can pay.
    """
    return once(work, "cashback.begin_payout", requests, Begun, _begin)


def _begin(work: Work, requests: list[BeginPayout]) -> list[Begun]:
    claims = refreshed(work, [request.claim_id for request in requests])
    halted = bool(halted_why(work))
    return [_begin_one(work, claims, request, halted) for request in requests]


def _begin_one(work: Work, claims: dict[str, RebateClaim], request: BeginPayout, halted: bool) -> Begun:
    one = known(claims, request.claim_id)
    fresh = one.asked_at is None
    if halted and (one.state == "approved" or one.state in IN_FLIGHT):
        carry(work, one, WHILE_HALTED)
    elif one.state == "approved":
        claims[one.id] = one = _bill(work, one, request.app)
    return Begun(one.id, one.state, one.bill_no, one.payee, one.payable_fen, fresh, one.asked_at, bool(one.package_info), halted)


def _bill(work: Work, one: RebateClaim, app: str) -> RebateClaim:
    taken = recovery(one.payable_fen, book.owed(work, one.member_id))
    if taken:
        book.recover(work, one, taken)
        one = replace(one, recovered_fen=one.recovered_fen + taken)
    if one.payable_fen == 0:
        return move(work, one, "paid", recovered_fen=one.recovered_fen, settled_at=work.now)
    payee = one.payee or _payee(work, one.member_id, app)
    if not payee:
        return _without_wallet(work, one, app)
    if over_today(work, one, payee):
        return _tomorrow(work, one)
    fraud.seen(work, [fraud.Evidence(one.bill_no, one.member_id, "payee", payee, "payout")])
    shown = {"billed_no": one.bill_no, "billed_at": work.now, "asked_at": one.asked_at or work.now, "attention": ""}
    return move(work, one, "paying", recovered_fen=one.recovered_fen, payee=payee, reason="", **shown)


def _without_wallet(work: Work, one: RebateClaim, app: str) -> RebateClaim:
    """Stays approved until the member is known by a wallet; the member reads what to do, operators find it in their queue."""
    attention = f"会员还没有{f'小程序或公众号 {app} 的' if app else ''} openid，绑定后会自动打款"
    before, one = one.attention, replace(one, reason=NO_WALLET, attention=attention)
    store.change_claim(work, one.id, recovered_fen=one.recovered_fen, reason=NO_WALLET, attention=attention)
    if before != attention:
        said(work, one, "no_wallet")
    return one


def _tomorrow(work: Work, one: RebateClaim) -> RebateClaim:
    """Stays approved and comes again when the limits of the day are fresh."""
    one = replace(one, reason=LATER)
    store.change_claim(work, one.id, recovered_fen=one.recovered_fen, reason=LATER)
    said(work, one, "postponed")
    carry(work, one, until_tomorrow(work))
    return one


def _payee(work: Work, member_id: str, app: str) -> str:
    """The openid of that app; of any, else the WeCom id, for a payer that takes what it is given."""
    identities = sorted(members.identities(work, [member_id]).get(member_id, []), key=lambda one: (one.namespace, one.value))
    if app:
        return next((identity.value for identity in identities if identity.namespace == f"openid:{app}"), "")
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
    if one.attention and request.outcome not in ("unknown", "person", "halted"):
        store.change_claim(work, one.id, attention="")
        one = replace(one, attention="")
    match request.outcome:
        case "paid":
            book.pay(work, one)
            move(work, one, "paid", paid_fen=one.payable_fen, settled_at=work.now, reason="")
            return refreshed(work, [one.id])[one.id]
        case "refused" | "closed":
            # The payer holds this number as final, so the next attempt has the next number and needs a new approval.
            again = {"attempt": one.attempt + 1, "first_approver": "", "approver": "", "payee": "", "billed_at": None}
            again |= {"billed_no": "", "asked_at": None, "package_info": ""}
            move(work, one, "due", reason=request.reason[:200], **again)
            return refreshed(work, [one.id])[one.id]
        case "not_taken":
            move(work, one, "due", reason=request.reason[:200], first_approver="", approver="", billed_at=None)
            return refreshed(work, [one.id])[one.id]
        case "wait_user":
            carry(work, one, again_in("wait_user"))
            if request.package_info != one.package_info and 0 < len(request.package_info) <= LONGEST_PACKAGE:
                store.change_claim(work, one.id, package_info=request.package_info)
            return one if one.state == "wait_user_confirm" else move(work, one, "wait_user_confirm")
        case "accepted":
            carry(work, one, again_in("accepted"))
            return move(work, one, "paying") if one.state == "unknown" else one
        case "unknown":
            carry(work, one, again_in("unknown"))
            return move(work, one, "unknown") if one.state == "paying" else one
        case "person":
            return _for_a_person(work, one, request)
        case "halted":
            halt(work, request.reason)
            return move(work, one, "unknown") if one.state == "paying" else one
    raise Invalid(f"不认识的打款结果“{request.outcome}”", code="bad_outcome")


def _for_a_person(work: Work, one: RebateClaim, request: PayoutResult) -> RebateClaim:
    """Not asked about again by itself; one task says what has to be found out."""
    attention = request.reason[:300]
    if attention != one.attention:
        store.change_claim(work, one.id, attention=attention)
        what = f"返现 {one.order_no}，{format_yuan(one.payable_fen)} 元，付款单号 {one.bill_no}：{attention}"
        title = f"返现打款要人工核对：{one.order_no}"[:100]
        staff.open_ticket(work, [staff.OpenTicket(f"payout:{request.key}", "task", one.member_id, title=title, summary=what)])
        one = replace(one, attention=attention)
    return one if one.state == "unknown" else move(work, one, "unknown")


def carry(work: Work, one: RebateClaim, after: timedelta) -> None:
    """Makes the next step of a payout due."""
    work.due(Due(PAYOUT, one.id, work.now + after, {"claim": one.id}, order_key=f"claim:{one.id}"))


def known(claims: dict[str, RebateClaim], claim_id: str) -> RebateClaim:
    """The claim; Invalid if there is none."""
    if claim_id not in claims:
        raise Invalid("这笔返现申请不存在", code="no_claim", claim=claim_id)
    return claims[claim_id]
