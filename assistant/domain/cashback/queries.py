"""The reads of cashback."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from assistant.base.errors import Invalid
from assistant.domain.cashback import book, store
from assistant.domain.cashback.model import IN_FLIGHT, RebateClaim
from assistant.domain.cashback.terms import Card, Template
from assistant.store import View


def cards_of(view: View, member_id: str, usable: bool = False) -> list[Card]:
    """A member's cards, those that end first first; all of them, or those that can still be used."""
    return [card for card in store.cards_of(view, member_id) if not usable or card.usable(view.now)]


def count_cards(view: View) -> int:
    """How many cards members were given, used and ended ones too."""
    return store.count_cards(view)


def claims_of(view: View, member_id: str) -> list[RebateClaim]:
    """A member's claims, oldest first."""
    return store.claims(view, store.of_member(member_id))


def claims_by_id(view: View, claim_ids: Iterable[str]) -> dict[str, RebateClaim]:
    """Claims by id; unknown ids are left out."""
    return {one.id: one for one in store.claims(view, store.with_ids(set(claim_ids)))}


def waiting_approval(view: View, limit: int = 200) -> list[RebateClaim]:
    """Claims that wait for a person to let the money go, oldest first."""
    return store.claims(view, store.in_states(["due"]), limit=limit)


def in_flight(view: View, limit: int = 200) -> list[RebateClaim]:
    """Claims whose money is on its way or of which nobody knows, oldest first."""
    return store.claims(view, store.in_states(IN_FLIGHT), limit=limit)


def templates(view: View) -> list[Template]:
    """All templates by name."""
    return list(store.templates(view).values())


def template(view: View, template_id: str) -> Template | None:
    """One template, or None."""
    return store.templates(view, [template_id]).get(template_id)


def budgets(view: View, template_ids: Iterable[str]) -> dict[str, tuple[int, int]]:
    """(free, kept for cards) of each template's budget, fen; what is neither has been promised to orders or paid."""
    return book.budget(view, template_ids)


def card_id(view: View, shop_key: str) -> str:
    """The id of the card with the shop's own number; Invalid if there is none."""
    found = store.card_by_shop_key(view, shop_key)
    if found is None:
        raise Invalid(f"找不到卡号 {shop_key} 的返现卡", code="no_card")
    return found


def owed(view: View, member_id: str) -> int:
    """What the member's later rebates pay back first, fen."""
    return book.owed(view, member_id)


def of_orders(view: View, order_ids: Iterable[str]) -> dict[str, RebateClaim]:
    """The claim of each order that has one."""
    numbers = store.claim_ids_of_orders(view, order_ids)
    found = claims_by_id(view, numbers.values())
    return {order: found[number] for order, number in numbers.items() if number in found}


def paid_since(view: View, since: datetime, limit: int = 1000) -> list[RebateClaim]:
    """Claims whose money went out since then, oldest first."""
    return store.claims(view, store.paid_since(since), limit=limit)
