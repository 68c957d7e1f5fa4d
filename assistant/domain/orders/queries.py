"""The reads about orders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from assistant.domain.orders import store
from assistant.domain.orders.model import Order, Waiting, order_id
from assistant.store import View


def get(view: View, source: str, order_no: str) -> Order | None:
    """The order of this platform with this number."""
    number = order_id(source, order_no)
    return store.by_id(view, [number]).get(number)


def by_number(view: View, order_no: str) -> list[Order]:
    """The orders of all platforms with this number; nearly always none or one."""
    return store.by_number(view, order_no, "")


def many(view: View, ids: Iterable[str], held: Mapping[str, Order] | None = None) -> dict[str, Order]:
    """Orders by our id; unknown ids are left out. Those in ``held`` are in the caller's hands until the commit and not read again."""
    wanted = set(ids)
    found = {number: held[number] for number in wanted & held.keys()} if held else {}
    return found | store.by_id(view, wanted - found.keys())


def of_member(view: View, member_id: str, limit: int) -> list[Order]:
    """A member's orders, newest first."""
    return store.of_member(view, member_id, limit)


def counts(view: View, member_ids: Iterable[str]) -> dict[str, int]:
    """How many orders each has; members without any are left out."""
    return store.counts_of(view, set(member_ids))


def first_paid(view: View, member_ids: Iterable[str]) -> dict[str, datetime]:
    """When each paid for the first time; members without a paid order are left out."""
    return store.first_paid(view, set(member_ids))


def paid_between(view: View, since: datetime, until: datetime, at_once: int) -> Iterator[list[Order]]:
    """The orders paid from one instant to before another, oldest first, in lists of at most ``at_once``."""
    return store.paid_between(view, since, until, at_once)


def sums(view: View) -> dict[str, tuple[int, int, int]]:
    """Source → (orders, paid fen, refunded fen), orders that nobody owns too."""
    return store.sums(view)


def waiting(view: View, source: str = "", after: str = "", limit: int = 50) -> list[Order]:
    """Orders that nobody owns yet, of one source or all, the latest heard first; ``after`` is the id of the last one seen."""
    return store.waiting_page(view, source, after, limit)


def waiting_by_source(view: View) -> list[Waiting]:
    """How many orders wait for an owner, by source."""
    return store.waiting_by_source(view)
