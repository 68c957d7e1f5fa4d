"""Payouts a person looks after, for the page and the API alike: unknown ones, those that cannot go out, those that wait for the member."""

from __future__ import annotations

from assistant.domain import cashback, members
from assistant.store import View
from assistant.web.doors import Call
from assistant.web.shapes_cashback import PayoutsOut, StuckOut

WORDS = {
    "approved": "已批准，还没有发起",
    "paying": "发起后没有下文",
    "unknown": "不知道付没付",
    "wait_user_confirm": "等会员确认收款",
}


def stuck(view: View, most: int = 200) -> PayoutsOut:
    """All of them, oldest first, and why nothing goes out where payouts are halted."""
    waiting = [one for one in cashback.in_flight(view, most) if one.state == "wait_user_confirm"]
    found = [*cashback.needs_person(view, most), *waiting]
    people = members.profiles(view, {one.member_id for one in found})
    return PayoutsOut(halted=cashback.halted_why(view), payouts=[_stuck(one, people.get(one.member_id)) for one in found])


def _stuck(one: cashback.RebateClaim, who: members.Member | None) -> StuckOut:
    return StuckOut(
        id=one.id,
        member_id=one.member_id,
        nickname=who.nickname if who else "",
        order_no=one.order_no,
        amount_fen=one.payable_fen,
        state=one.state,
        word=WORDS[one.state],
        attention=one.attention,
        bill_no=one.billed_no,
        asked_at=one.asked_at,
        hand_reference=one.hand_reference,
        hand_by=one.hand_by,
        page=cashback.page_of(one),
    )


async def ask_again(call: Call, claim_id: str) -> cashback.Decided:
    """The payer is asked now."""
    done: list[cashback.Decided] = await call.store.write(
        cashback.ask_again, [cashback.AskAgain(call.key, claim_id)], call.who, cause="web"
    )
    return done[0]


async def paid_by_hand(call: Call, claim_id: str, reference: str) -> cashback.Decided:
    """A person has seen it paid; a large one needs a second person with the same voucher."""
    request = cashback.PaidByHand(call.key, claim_id, reference)
    done: list[cashback.Decided] = await call.store.write(cashback.paid_by_hand, [request], call.who, cause="web")
    return done[0]


async def go_on(call: Call) -> None:
    """What had halted the payouts is mended."""
    await call.store.write(cashback.go_on, [cashback.GoOn(call.key)], call.who, cause="web")
