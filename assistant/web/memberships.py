"""Tiers, paid plans and stored value for pages and API alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from assistant.domain import membership, stored_value
from assistant.flows import gifts
from assistant.store import View, Work
from assistant.web import book
from assistant.web import shapes_membership as shapes
from assistant.web.doors import Call

GIFTS = 30
LINES = 100


def standing(view: View, ref: str) -> shapes.MembershipOut:
    """Where a member stands, what was bought and what was given."""
    member_id = book.find(view, ref)
    values = asdict(membership.standings(view, [member_id])[member_id])
    bought = [
        shapes.PurchaseOut(
            plan=one.plan,
            payment=one.payment,
            paid_fen=one.paid_fen,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            stage=one.stage,
            refund_fen=one.refund_fen,
        )
        for one in membership.purchases(view, member_id)
    ]
    given = [shapes.GiftOut(name=one.name, due_at=one.due_at, given_at=one.given_at) for one in membership.gifts_of(view, member_id, GIFTS)]
    return shapes.MembershipOut(member_id=member_id, purchases=bought, gifts=given, **values)


def stored(view: View, ref: str) -> shapes.StoredValueOut:
    """What a member has paid in, and what became of it."""
    member_id = book.find(view, ref)
    held = stored_value.balance(view, [member_id])[member_id]
    return shapes.StoredValueOut(
        member_id=member_id,
        principal_fen=held.principal_fen,
        bonus_fen=held.bonus_fen,
        top_ups=[
            shapes.TopUpOut(
                payment=lot.payment,
                at=lot.at,
                principal_fen=lot.principal,
                bonus_fen=lot.bonus,
                principal_left_fen=lot.principal_left,
                bonus_left_fen=lot.bonus_left,
                refunded_fen=lot.refunded,
            )
            for lot in stored_value.top_ups(view, member_id)
        ],
        lines=[shapes.StoredLineOut(**asdict(line)) for line in stored_value.history(view, member_id, LINES)],
    )


def membership_rules(view: View) -> shapes.VersionOut:
    """The rules of tiers and plans in force."""
    version, rules = membership.rules(view)
    return shapes.VersionOut(version=version, document=membership.rules_to(rules))


def stored_rules(view: View) -> shapes.VersionOut:
    """The rules of stored value in force."""
    version, rules = stored_value.rules(view)
    return shapes.VersionOut(version=version, document=stored_value.rules_to(rules))


async def set_membership(call: Call, seen: int, document: Any) -> None:
    """New rules of tiers and plans, their gifts read by who gives them."""
    await _do(call, gifts.set_rules, membership.SetRules(call.key, seen, document))


async def set_stored(call: Call, seen: int, document: Any) -> None:
    """New rules of stored value."""
    await _do(call, stored_value.set_rules, stored_value.SetRules(call.key, seen, document))


async def buy(call: Call, ref: str, plan: str, payment: str, paid_fen: int) -> membership.Bought:
    """Records that a member's time was paid for."""
    member_id = await call.store.read(book.find, ref)
    done: membership.Bought = await _do(call, membership.buy, membership.Buy(call.key, member_id, plan, payment.strip(), paid_fen))
    return done


async def refund_plan(call: Call, payment: str) -> membership.Refunded:
    """Ends paid time and says what to pay back."""
    done: membership.Refunded = await _do(call, membership.refund_paid, membership.RefundPaid(call.key, payment.strip()))
    return done


async def top_up(call: Call, ref: str, pay_fen: int, payment: str) -> shapes.MovedOut:
    """Takes in what a member has paid."""
    member_id = await call.store.read(book.find, ref)
    return _moved(await _do(call, stored_value.top_up, stored_value.TopUp(call.key, member_id, pay_fen, payment)))


async def spend(call: Call, ref: str, amount_fen: int, order: str) -> shapes.MovedOut:
    """Pays for an order."""
    member_id = await call.store.read(book.find, ref)
    return _moved(await _do(call, stored_value.spend, stored_value.Spend(call.key, member_id, amount_fen, order)))


async def give_back(call: Call, order: str, amount_fen: int) -> shapes.MovedOut:
    """Gives back what an order paid."""
    return _moved(await _do(call, stored_value.return_spend, stored_value.Return(call.key, order, amount_fen)))


async def refund_stored(call: Call, payment: str, amount_fen: int | None) -> shapes.MovedOut:
    """Pays principal back."""
    return _moved(await _do(call, stored_value.refund, stored_value.Refund(call.key, payment, amount_fen)))


async def _do(call: Call, verb: Callable[[Work, list[Any]], list[Any]], request: object) -> Any:
    return (await call.store.write(verb, [request], call.who, cause=call.who.via))[0]


def _moved(done: stored_value.Moved) -> shapes.MovedOut:
    return shapes.MovedOut(**asdict(done))
