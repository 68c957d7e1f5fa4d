"""The reads about stored value."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.domain.stored_value import store
from assistant.domain.stored_value.model import Balance, Line, Lot, Rules
from assistant.store import View


def balance(view: View, ids: Iterable[str]) -> dict[str, Balance]:
    """Principal and bonus of each member; zeros for members without stored value."""
    return store.balances(view, set(ids))


def history(view: View, member_id: str, limit: int) -> list[Line]:
    """A member's newest movements; all of them sum to the balance."""
    return store.history(view, member_id, limit)


def top_ups(view: View, member_id: str) -> list[Lot]:
    """A member's top-ups and what is left of each, the newest first."""
    return store.top_ups_of(view, member_id)


def rules(view: View) -> tuple[int, Rules]:
    """The rules in force and their version."""
    return store.rules_in_force(view)
