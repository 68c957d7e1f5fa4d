"""Cashback that waits for a person, for the page and the API alike."""

from __future__ import annotations

from assistant.domain import cashback
from assistant.store import View
from assistant.web.doors import Call
from assistant.web.shapes_members import DueClaimOut


def due(view: View) -> list[DueClaimOut]:
    """Claims to be looked at, oldest first."""
    return [
        DueClaimOut(
            id=one.id,
            member_id=one.member_id,
            order_no=one.order_no,
            amount_fen=one.payable_fen,
            state=one.state,
            say=one.hold or ("再等一位同事审核" if one.first_approver else "等审核"),
        )
        for one in cashback.waiting_approval(view)
    ]


async def approve(call: Call, claim_id: str) -> cashback.Decided:
    """Lets the money go, or says that a second person is needed."""
    done: list[cashback.Decided] = await call.store.write(cashback.approve, [cashback.Approve(call.key, claim_id)], call.who, cause="web")
    return done[0]


async def reject(call: Call, claim_id: str, reason: str) -> cashback.Decided:
    """Refuses for good; the member is told the reason."""
    done: list[cashback.Decided] = await call.store.write(
        cashback.reject, [cashback.Reject(call.key, claim_id, reason)], call.who, cause="web"
    )
    return done[0]
