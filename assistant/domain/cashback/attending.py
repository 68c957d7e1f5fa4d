"""Payouts a person looks after: those nobody knows of, those without a wallet; ask again, note that they were paid by hand, go on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from assistant.access import Permission
from assistant.base.errors import Invalid, Refused
from assistant.domain.cashback import book, store
from assistant.domain.cashback.halting import Halted, halted_why, may_go_on
from assistant.domain.cashback.limits import limits_now
from assistant.domain.cashback.model import IN_FLIGHT, RebateClaim
from assistant.domain.cashback.paying import carry, known
from assistant.domain.cashback.reviewing import Decided, only_operators
from assistant.domain.cashback.states import move, refreshed, said
from assistant.store import View, Work, once

AT_ONCE = 500
"""Payouts that go on with the commit that lets them."""

STANDS_STILL = timedelta(minutes=15)
"""A bill that was begun longer ago and neither waits for the member nor is settled."""


@dataclass(frozen=True, slots=True)
class AskAgain:
    """An operator wants the payer asked now."""

    key: str
    claim_id: str


@dataclass(frozen=True, slots=True)
class PaidByHand:
    """An operator has seen that the member has the money; ``reference`` is the voucher by which others can see it too."""

    key: str
    claim_id: str
    reference: str


@dataclass(frozen=True, slots=True)
class GoOn:
    """What had halted the payouts is mended."""

    key: str


def ask_again(work: Work, requests: Sequence[AskAgain]) -> list[Decided]:
    """Makes the next step of these payouts due now; Refused where nothing is on its way, Forbidden without the right."""
    return once(work, "cashback.ask_again", requests, Decided, _ask_again)


def _ask_again(work: Work, requests: list[AskAgain]) -> list[Decided]:
    only_operators(work, Permission.PAYOUT_APPROVE)
    claims = refreshed(work, [request.claim_id for request in requests])
    decided = []
    for request in requests:
        one = known(claims, request.claim_id)
        if one.state not in (*IN_FLIGHT, "approved"):
            raise Refused("这笔返现没有在打款，不用查询", code="not_in_flight", claim=one.id, state=one.state)
        if halted_why(work):
            raise Refused("打款已暂停，请处理好之后先点“继续打款”", code="halted", claim=one.id)
        carry(work, one, timedelta())
        decided.append(Decided(one.id, one.state))
    return decided


def paid_by_hand(work: Work, requests: Sequence[PaidByHand]) -> list[Decided]:
    """Ends payouts that a person has seen paid; above the limit a second operator must write the same voucher.

    Refused where no person has to look, Invalid without a voucher, Forbidden without the right.
    """
    return once(work, "cashback.paid_by_hand", requests, Decided, _paid_by_hand)


def _paid_by_hand(work: Work, requests: list[PaidByHand]) -> list[Decided]:
    only_operators(work, Permission.PAYOUT_APPROVE)
    claims = refreshed(work, [request.claim_id for request in requests])
    decided = []
    for request in requests:
        one = known(claims, request.claim_id)
        if not _stuck(work, one, bool(halted_why(work))):
            raise Refused("这笔返现不需要人工打款", code="not_for_a_person", claim=one.id, state=one.state)
        reference = request.reference.strip()
        if not 4 <= len(reference) <= 64:
            raise Invalid("请填写凭证号（4–64 个字），例如微信转账单号或付款回单号", code="no_reference", claim=one.id)
        claims[one.id] = one = _by_hand(work, one, reference)
        decided.append(Decided(one.id, one.state, one.state not in ("paid", "clawed_back")))
    return decided


def _by_hand(work: Work, one: RebateClaim, reference: str) -> RebateClaim:
    me = work.principal.label
    if one.payable_fen > limits_now(work).second_person_fen and not _second(one, me, reference):
        store.change_claim(work, one.id, hand_reference=reference, hand_by=me)
        one = replace(one, hand_reference=reference, hand_by=me)
        said(work, replace(one, reason=f"人工打款待复核，凭证号 {reference}"), "hand_noted")
        return one
    book.pay(work, one)
    hand = {"hand_reference": reference, "hand_by": one.hand_by or me, "attention": ""}
    move(work, one, "paid", paid_fen=one.payable_fen, settled_at=work.now, reason=f"人工打款，凭证号 {reference}", **hand)
    return refreshed(work, [one.id])[one.id]


def _second(one: RebateClaim, me: str, reference: str) -> bool:
    """Whether another person has written the same voucher before."""
    if not one.hand_by or (one.hand_by == me and one.hand_reference != reference):
        return False
    if one.hand_by == me:
        raise Refused("这笔金额较大，需要另一位同事填写同样的凭证号", code="second_person", claim=one.id)
    if one.hand_reference != reference:
        raise Refused("凭证号和同事填写的不一样，请一起核对", code="other_reference", claim=one.id)
    return True


def go_on(work: Work, requests: Sequence[GoOn]) -> list[Halted]:
    """Lets payouts go out again, the oldest at once and all others within the hour; Forbidden without the right."""
    return once(work, "cashback.go_on", requests, Halted, _go_on)


def _go_on(work: Work, requests: list[GoOn]) -> list[Halted]:
    may_go_on(work)
    for one in store.claims(work, store.in_states(["approved", *IN_FLIGHT]), limit=AT_ONCE):
        if one.state == "approved" or not one.attention:
            carry(work, one, timedelta())
    return [Halted("") for _ in requests]


def carry_waiting(work: Work, member_ids: Iterable[str]) -> int:
    """Approved claims of members who may have a wallet by now are tried again; returns how many."""
    waiting = [one for number in set(member_ids) for one in store.claims(work, store.of_member(number)) if one.state == "approved"]
    for one in waiting:
        if one.attention:
            carry(work, one, timedelta())
    return len(waiting)


def told_of(work: Work, bill_no: str) -> bool:
    """Somebody says that a bill has moved: the payer is asked now. Told again, or of a bill that is none of ours, nothing changes."""
    one = by_bill_no(work, bill_no)
    if one is None or one.state not in IN_FLIGHT:
        return False
    carry(work, one, timedelta())
    return True


def needs_person(view: View, limit: int = 200) -> list[RebateClaim]:
    """Payouts of which nobody knows or that stand still, and approved ones that cannot go out, oldest first."""
    return store.claims(view, store.stuck(view.now - STANDS_STILL, bool(halted_why(view))), limit=limit)


def _stuck(view: View, one: RebateClaim, halted: bool) -> bool:
    if one.state == "paying":
        return one.billed_at is not None and one.billed_at < view.now - STANDS_STILL
    return one.state == "unknown" or (one.state == "approved" and (halted or bool(one.attention)))


def by_bill_no(view: View, bill_no: str) -> RebateClaim | None:
    """The claim whose present bill has this number."""
    found = store.claims(view, store.billed_as(bill_no), limit=1)
    return found[0] if found else None
