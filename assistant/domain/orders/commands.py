"""The writes about orders, on sets: keep what was said, fold it, find the owner, say what has happened."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from assistant.base.errors import Refused
from assistant.domain import members
from assistant.domain.orders import facts, store
from assistant.domain.orders.model import Claim, Order, OrderUpdate, Refund, Taken, body_of, check_refund, check_update, fold, order_id
from assistant.store import Work, once

SWEEP = timedelta(days=2)


def intake(work: Work, updates: Sequence[OrderUpdate]) -> list[Taken]:
    """Takes in what shops say, in any order and any number of times; orders whose buyer is unknown wait for the identity."""
    return once(work, "orders.intake", updates, Taken, _intake)


def intake_held(work: Work, updates: Sequence[OrderUpdate]) -> tuple[list[Taken], dict[str, Order]]:
    """The same, with the orders as they stand now by our id, held until the commit."""
    held: dict[str, Order] = {}
    taken = once(work, "orders.intake", updates, Taken, lambda work, new: _intake(work, new, held))
    told_before = {one.order_id for one in taken} - held.keys()
    held.update(store.hold(work, told_before))
    return taken, {number: one for number, one in held.items() if one.status}


def refund(work: Work, refunds: Sequence[Refund]) -> list[Taken]:
    """Takes in refunds; one that comes before its order is kept and counts when the order appears."""
    return once(work, "orders.refund", refunds, Taken, _refund)


def match(work: Work, member_ids: Sequence[str]) -> list[str]:
    """Gives waiting orders to the members whose identities their buyers are; returns the ids of the orders matched. Needs no key."""
    known = members.identities(work, member_ids)
    owners = {identity: owner for owner, found in known.items() for identity in found}
    return _give(work, store.waiting_for(work, owners.keys()))


def match_waiting(work: Work, limit: int = 500) -> list[str]:
    """Looks again at orders that began to wait lately, for a buyer who was bound in the same moment. Needs no key."""
    return _give(work, store.waiting_since(work, work.now - SWEEP, limit))


def claim(work: Work, claims: Sequence[Claim]) -> list[Taken]:
    """Gives an order to the member who names its number, once; Refused where it is unknown or somebody else's."""
    return once(work, "orders.claim", claims, Taken, _claim)


def _intake(work: Work, updates: Sequence[OrderUpdate], held: dict[str, Order] | None = None) -> list[Taken]:
    for update in updates:
        check_update(update)
    return _hear(work, [(update.source, update.order_no, body_of(update)) for update in updates], held)


def _refund(work: Work, refunds: Sequence[Refund]) -> list[Taken]:
    for one in refunds:
        check_refund(one)
    return _hear(work, [(one.source, one.order_no, body_of(one)) for one in refunds])


def _hear(work: Work, said: Sequence[tuple[str, str, Mapping[str, Any]]], held: dict[str, Order] | None = None) -> list[Taken]:
    ids = [order_id(source, order_no) for source, order_no, _body in said]
    blank = {number: Order(number, source, order_no) for number, (source, order_no, _body) in zip(ids, said, strict=True)}
    before, begun = store.begin(work, list(blank.values()))
    words = store.add_words(work, [(number, body) for number, (_source, _no, body) in zip(ids, said, strict=True)])
    words |= store.words_of(work, before.keys() - begun)
    after = {number: fold(before[number], words[number]) for number in before}
    after = _owned(work, after)
    _save(work, before, after, begun)
    if held is not None:
        held.update(after)
    return [Taken(number if after[number].status else "", after[number].member_id) for number in ids]


def _owned(work: Work, found: dict[str, Order]) -> dict[str, Order]:
    """The orders with their owners, where the buyer is a member by now."""
    buyers = {one.buyer for one in found.values() if one.buyer and not one.member_id}
    owners = members.resolve(work, buyers) if buyers else {}
    return {
        number: replace(one, member_id=owners[one.buyer]) if one.buyer in owners and not one.member_id else one
        for number, one in found.items()
    }


def _give(work: Work, ids: Sequence[str]) -> list[str]:
    if not ids:
        return []
    before = store.hold(work, ids)
    after = _owned(work, before)
    return _save(work, before, after)


def _claim(work: Work, claims: Sequence[Claim]) -> list[Taken]:
    done = []
    current = members.find_all(work, [one.member_id for one in claims])
    for asked in claims:
        one = replace(asked, member_id=current.get(asked.member_id, asked.member_id))
        found = store.by_number(work, one.order_no.strip(), one.source)
        before = store.hold(work, [order.id for order in found])
        # An order that waits to be matched with its buyer in the next moment is that buyer's already.
        seen = _owned(work, before)
        free = [order for order in seen.values() if order.member_id in ("", one.member_id)]
        # One answer for a number that does not exist, is somebody else's or is not unique: it must say nothing about whose it is.
        if len(found) != 1 or not free:
            _suspect(work, one, seen)
            raise Refused("没有找到可以登记的这个订单，请核对订单号和店铺", code="no_order", order_no=one.order_no)
        order = free[0]
        _save(work, before, {order.id: replace(order, member_id=one.member_id)})
        if order.buyer and one.member_id in current.values():
            members.bind(work, [members.Bind(f"claimed:{one.key}", one.member_id, order.buyer, "claimed_order")])
        done.append(Taken(order.id, one.member_id))
    return done


def _suspect(work: Work, one: Claim, found: Mapping[str, Order]) -> None:
    """Who names another's order may be that other: a proposal for people, since a number can be read off a parcel."""
    if len(found) == 1 and one.member_id:
        owner = next(iter(found.values())).member_id
        if owner not in ("", one.member_id):
            members.note(work, [members.Evidence(one.member_id, owner, "claimed_order", one.order_no.strip(), "claimed_order", False)])


def _save(work: Work, before: Mapping[str, Order], after: Mapping[str, Order], begun: Collection[str] = ()) -> list[str]:
    changed = [(before[number], after[number]) for number in sorted(after) if number in begun or before[number] != after[number]]
    store.save(work, changed)
    for old, new in changed:
        work.record(*facts.between(old, new))
    return [new.id for _old, new in changed]
