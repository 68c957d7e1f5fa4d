"""The reads about points; exact at any instant, whether or not the sweeps have run."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.domain.points import store
from assistant.domain.points.model import Expiring, HistoryEntry, Lot, PointsBalance
from assistant.domain.points.rulebook import Rulebook, households
from assistant.domain.points.rules import Rules
from assistant.store import View


def balance(view: View, ids: Iterable[str]) -> dict[str, PointsBalance]:
    """Pending and available points of each member; zeros for members without points."""
    return store.balance_of(view, set(ids))


def lots(view: View, member_id: str) -> list[Lot]:
    """A member's lots in spending order, spent and expired ones included."""
    return store.lots_of(view, member_id)


def history(view: View, member_id: str, limit: int) -> list[HistoryEntry]:
    """A member's newest changes with their reasons in words; all changes sum to pending plus available."""
    return store.history_of(view, member_id, limit)


def expiring(view: View, ids: Iterable[str], within_days: int) -> dict[str, Expiring]:
    """What members will lose within so many days; members who lose nothing are left out."""
    return store.expiring_of(view, set(ids), within_days)


def earned_by_order(view: View, order_ids: Iterable[str]) -> dict[str, int]:
    """What each order has earned after refunds; orders that never earned are left out."""
    return store.earned(view, set(order_ids))


def live_lots(view: View) -> int:
    """How many lots have something left, pending ones too."""
    return store.count_live(view)


def household_of(view: View, member_id: str) -> str:
    """The household the member belongs to; empty for none."""
    return households(view, [member_id]).get(member_id, "")


def spend_state(view: View, spend_id: str) -> str:
    """``held``, ``spent``, ``released`` or ``returned``, as last booked; empty for an unknown id."""
    return store.state_of_spend(view, spend_id)


def drift(view: View) -> dict[str, tuple[int, int]]:
    """Members whose book and lots disagree, as (book, lots) of available points, else of pending ones: always empty.

    Below zero the book alone tells what a refund has taken back beyond the lots.
    """
    found: dict[str, tuple[int, int]] = {}
    for pocket in ("pending", "available"):
        found = store.drift_of(view, pocket) | found
    return found


def rules(view: View) -> Rules:
    """The rules in force."""
    return Rulebook(view).now


def live_version(view: View) -> int:
    """The number of the version in force; 0 is the built-in one."""
    return Rulebook(view).live
