"""How a claim moves: only along the allowed ways, each step a fact, and back when its order is refunded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from assistant.base.errors import Broken
from assistant.base.money import format_yuan
from assistant.domain import orders
from assistant.domain.cashback import book, store
from assistant.domain.cashback.judging import judged
from assistant.domain.cashback.model import ALLOWED, ENDED, GIVES_UP_AFTER, IN_FLIGHT, RebateClaim, standing
from assistant.domain.cashback.terms import LEAST_FEN, base_fen, rebate
from assistant.domain.orders import Order
from assistant.store import Fact, Work

AT_ONCE = 100
"""Claims that one run of the clock moves."""


def ripen(work: Work) -> int:
    """Lets claims become due whose return window has ended, and ends those whose orders were never received. Returns how many."""
    ripe = store.ripe(work, AT_ONCE)
    refreshed(work, ripe)
    forgotten = refreshed(work, store.forgotten(work, work.now - GIVES_UP_AFTER, AT_ONCE))
    for one in forgotten.values():
        if one.state == "waiting_receipt":
            end(work, one, "expired", "订单一直没有确认收货")
    return len(ripe) + len(forgotten)


def refreshed(work: Work, claim_ids: Sequence[str]) -> dict[str, RebateClaim]:
    """The claims, locked, brought up to their orders."""
    claims = store.lock_claims(work, claim_ids)
    found = orders.many(work, [one.order_id for one in claims.values()])
    return {number: _refresh(work, one, found[one.order_id]) for number, one in claims.items()}


def _refresh(work: Work, one: RebateClaim, order: Order) -> RebateClaim:
    if one.state in ENDED or one.state in IN_FLIGHT:
        return one
    entitled = min(one.amount_fen - one.clawed_fen, rebate(one.rule, one.scope, order))
    if one.settled_at is not None:
        return _claw(work, one, entitled)
    if entitled == 0:
        return end(work, one, *_why_nothing(one, order))
    if entitled < one.amount_fen:
        one = _lower(work, one, entitled)
    return _by_time(work, one, order)


def _why_nothing(one: RebateClaim, order: Order) -> tuple[str, str]:
    """The end of a claim that earns nothing any more, and the reason: too small to be paid is an end by rule, not by refund alone."""
    base = base_fen(one.scope, order)
    if base <= 0:
        return "void", "订单已退款或关闭"
    if base < one.rule.floor_fen:
        return "void", f"退款之后不满 {format_yuan(one.rule.floor_fen)} 元的使用门槛"
    return "expired", f"退款之后可返的金额不到 {format_yuan(LEAST_FEN)} 元，微信转不了这么小的金额"


def _lower(work: Work, one: RebateClaim, entitled: int) -> RebateClaim:
    lower = one.amount_fen - entitled
    _unuse(work, one, 0, lower)
    book.take_back(work, one, entitled)
    recovered = min(one.recovered_fen, entitled)
    store.change_claim(work, one.id, amount_fen=entitled, recovered_fen=recovered)
    one = replace(one, amount_fen=entitled, recovered_fen=recovered)
    said(work, one, "lowered")
    return one


def _by_time(work: Work, one: RebateClaim, order: Order) -> RebateClaim:
    if one.state not in ("waiting_receipt", "waiting_window"):
        return one
    state, ripe_at = standing(order, one.window_days, work.now)
    if state == "due" and one.state == "waiting_receipt":
        one = move(work, one, "waiting_window", ripe_at=ripe_at)
    if state == "due":
        return _come_due(work, one, ripe_at)
    if state not in (one.state, "waiting_receipt"):
        return move(work, one, state, ripe_at=ripe_at)
    if ripe_at != one.ripe_at and ripe_at is not None:
        store.change_claim(work, one.id, ripe_at=ripe_at)
        return replace(one, ripe_at=ripe_at)
    return one


def _come_due(work: Work, one: RebateClaim, ripe_at: datetime | None) -> RebateClaim:
    one = judged(work, move(work, one, "due", ripe_at=ripe_at))
    if one.hold:
        said(work, one, "held")
    return one


def _claw(work: Work, one: RebateClaim, entitled: int) -> RebateClaim:
    lower = one.amount_fen - one.clawed_fen - entitled
    if lower <= 0:
        return one
    store.uncommit(work, one.template_id, lower)
    book.take_back(work, one, entitled)
    clawed = one.clawed_fen + lower
    if one.state == "paid":
        return move(work, one, "clawed_back", clawed_fen=clawed)
    store.change_claim(work, one.id, clawed_fen=clawed)
    one = replace(one, clawed_fen=clawed)
    said(work, one, "clawed_back")
    return one


def end(work: Work, one: RebateClaim, state: str, reason: str) -> RebateClaim:
    """Ends a claim that was not paid: what was set aside goes back, a debt it had paid comes back, the card may be used again."""
    _unuse(work, one, 1, one.amount_fen)
    book.take_back(work, one, 0)
    return move(work, one, state, reason=reason)


def _unuse(work: Work, one: RebateClaim, uses: int, amount_fen: int) -> None:
    """Gives the card back what a claim does not take; rows before accounts, so that no two units wait for each other."""
    store.use_card(work, one.card_id, uses, -amount_fen)
    if one.card_closed:
        store.uncommit(work, one.template_id, amount_fen)


def move(work: Work, one: RebateClaim, state: str, **values: Any) -> RebateClaim:
    """The claim in its next state; raises Broken for a way that is not allowed."""
    if state not in ALLOWED[one.state]:
        raise Broken(f"返现申请不能从 {one.state} 变成 {state}", code="bad_transition", claim=one.id)
    store.change_claim(work, one.id, state=state, **values)
    one = replace(one, state=state, **values)
    said(work, one, state)
    return one


def said(work: Work, one: RebateClaim, what: str) -> None:
    """Records the fact ``cashback.<what>``."""
    payload = {
        "claim": one.id,
        "order_id": one.order_id,
        "order_no": one.order_no,
        "card": one.card_id,
        "amount_fen": one.amount_fen,
        "paid_fen": one.paid_fen,
        "clawed_fen": one.clawed_fen,
        "reason": one.reason,
        "score": one.score,
        "signs": list(one.signs),
    }
    work.record(Fact(f"cashback.{what}", f"claim:{one.id}", payload, one.member_id))
