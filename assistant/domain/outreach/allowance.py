"""What the results of 群发 say about how much customers and groups may still get of WeCom."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assistant.channels import quota
from assistant.store import View, Work

SENT, FULL = 1, 3


def limit_of(chat: str) -> str:
    """The quota of a task to customers, or to customer groups."""
    return quota.MASS if chat == "single" else quota.MASS_GROUP


def note_results(work: Work, chat: str, status: int, peers: Sequence[str], at: datetime | None) -> None:
    """What was sent counts, by hands or tasks alike; who already got too much gets nothing until his window is over.

    A group has been counted when its message was queued.
    """
    if status == SENT and chat == "single":
        quota.spend(work, [quota.Charge(limit_of(chat), peer) for peer in peers], at or work.now)
    elif status == FULL:
        quota.full(work, limit_of(chat), peers)


def with_room(view: View, chat: str, peers: Sequence[str]) -> tuple[list[str], list[str]]:
    """Those whom WeCom would let get one more now, and those who are full: for them the employee's tap would be in vain.

    Groups hold their place since they were queued.
    """
    if chat == "group":
        return list(peers), []
    rooms = quota.rooms(view, limit_of(chat), peers)
    return [peer for peer in peers if rooms[peer].left], [peer for peer in peers if not rooms[peer].left]
