"""The reads of fraud: a member's circle, and all rings."""

from __future__ import annotations

from assistant.domain.fraud import store
from assistant.domain.fraud.model import RING_KINDS, Circle, digest, rings
from assistant.store import View

MOST_OF_A_RING = 500
"""A ring is followed no further than this; it is far beyond any honest household by then."""


def circle(view: View, member_id: str) -> Circle:
    """Whom a member shares devices, wallets and addresses with, and everybody reached over devices and wallets."""
    mine = store.of_members(view, [member_id])
    shared = store.with_digests(view, {value for _member, kind, value in mine if kind != "referrer"})
    mates = {
        kind: frozenset(member for member, of, _value in shared if of == kind) - {member_id} for kind in ("device", "payee", "address")
    }
    close = mates["device"] | mates["payee"]
    ring = _ring(view, member_id) if close else frozenset()
    brought = {value for _member, kind, value in mine if kind == "referrer"}
    referrers = frozenset(one for one in close | ring if digest("referrer", one) in brought)
    return Circle(mates["device"], mates["payee"], mates["address"], ring, referrers)


def _ring(view: View, member_id: str) -> frozenset[str]:
    known, frontier, seen = {member_id}, {member_id}, set[str]()
    while frontier and len(known) < MOST_OF_A_RING:
        values = {value for _member, kind, value in store.of_members(view, frontier) if kind in RING_KINDS} - seen
        seen |= values
        frontier = {member for member, _kind, _value in store.with_digests(view, values)} - known
        known |= frontier
    return frozenset(known - {member_id})


def all_rings(view: View, least: int = 3) -> list[frozenset[str]]:
    """Every ring of at least so many members over shared devices and wallets, the largest first."""
    pairs = [(member, value) for member, _kind, value in store.of_kinds(view, RING_KINDS)]
    return [ring for ring in rings(pairs) if len(ring) >= least]
