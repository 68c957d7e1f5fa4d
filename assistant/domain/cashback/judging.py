"""Looking at a claim before money is let go: what is known about it as signs, a score over them, and a hold above the limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from assistant.domain import fraud, members, orders
from assistant.domain.cashback import store
from assistant.domain.cashback.limits import Limits, limits_now
from assistant.domain.cashback.model import RebateClaim
from assistant.domain.cashback.tables import claim
from assistant.domain.orders import Order
from assistant.store import View, Work, chunks

AT_ONCE = timedelta(minutes=1)
NEW_ACCOUNT = timedelta(days=3)
WEEK = timedelta(days=7)
ORDERS_SINCE = timedelta(days=180)
ORDERS_LOOKED_AT = 50
FEWEST_ORDERS = 3
"""Below so many orders a share of refunded ones says nothing."""

HOUSEHOLD = 4
"""So many others who share a device or wallet and all live at one address look like a family."""

MOST_OF_A_CIRCLE = 60
"""So many people of a circle are looked at for their claims and refunds."""


def judged(work: Work, one: RebateClaim) -> RebateClaim:
    """The claim with its score and reasons; held from the limit on unless a person has released it."""
    limits = limits_now(work)
    found = fraud.score(signs(work, one, limits))
    held = found.points >= limits.hold_score and not one.released_by
    hold = f"风险分 {found.points}：{'；'.join(found.reasons)}"[:300] if held else ""
    if (found.points, found.reasons, hold) != (one.score, one.signs, one.hold):
        store.change_claim(work, one.id, score=found.points, signs=list(found.reasons), hold=hold)
    return replace(one, score=found.points, signs=found.reasons, hold=hold)


def signs(view: View, one: RebateClaim, limits: Limits) -> fraud.Signs:
    """What is known about the claim as of now; since it is looked at when it is due, what came after it counts too."""
    circle = fraud.circle(view, one.member_id)
    people = members.profiles(view, {one.member_id} | circle.close)
    me = people.get(one.member_id)
    order = orders.many(view, [one.order_id])[one.order_id]
    paid_at = order.paid_at or one.created_at
    ring = sorted(circle.close | circle.ring)[:MOST_OF_A_CIRCLE]
    mine, theirs = _claims_around(view, one, [one.member_id]), _claims_around(view, one, ring)
    own = orders.of_member(view, one.member_id, ORDERS_LOOKED_AT)
    return fraud.Signs(
        employee=int(me is not None and me.is_employee),
        employee_close=int(any(people[mate].is_employee for mate in circle.close if mate in people)),
        referrer_close=int(bool(circle.referrers)),
        payee_mates=len(circle.payee),
        device_mates=len(circle.device),
        address_mates=len(circle.address),
        ring_size=len(circle.close | circle.ring),
        ring_claims=mine + theirs if ring else 0,
        claims_around=mine,
        refunded_percent=_refunded(view, own),
        ring_refunded_percent=_refunded(view, [*own, *_orders(view, ring)]) if ring else 0,
        claimed_at_once=int(one.how == "member" and one.created_at - paid_at < AT_ONCE),
        new_account=int(me is not None and timedelta() <= paid_at - me.joined_at < NEW_ACCOUNT),
        just_below_limit=_just_below(view, one, [one.member_id, *ring], limits),
        household=int(bool(ring) and len(ring) <= HOUSEHOLD and circle.address.issuperset(ring)),
    )


def _claims_around(view: View, one: RebateClaim, member_ids: Iterable[str], *more: sa.ColumnElement[bool]) -> int:
    """Claims of these members made in the week before and after the claim."""
    total = 0
    for part in chunks(member_ids):
        statement = sa.select(sa.func.count()).select_from(claim).where(claim.c.member_id.in_(part), *more)
        total += int(view.scalar(statement.where(claim.c.created_at.between(one.created_at - WEEK, one.created_at + WEEK))) or 0)
    return total


def _just_below(view: View, one: RebateClaim, member_ids: Iterable[str], limits: Limits) -> int:
    """How many amounts stay just below what two people look at; none unless this one does."""
    least, most = limits.second_person_fen * 9 // 10, limits.second_person_fen
    if not least < one.amount_fen <= most:
        return 0
    return _claims_around(view, one, member_ids, claim.c.amount_fen > least, claim.c.amount_fen <= most)


def _orders(view: View, member_ids: Iterable[str]) -> list[Order]:
    return [order for member in member_ids for order in orders.of_member(view, member, ORDERS_LOOKED_AT)]


def _refunded(view: View, found: list[Order]) -> int:
    """The share of paid orders of late that were refunded in part or whole, in percent."""
    late = [order for order in found if order.paid_at is not None and order.paid_at > view.now - ORDERS_SINCE]
    if len(late) < FEWEST_ORDERS:
        return 0
    return 100 * sum(order.refund_fen > 0 for order in late) // len(late)
