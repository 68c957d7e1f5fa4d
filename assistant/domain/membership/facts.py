"""What this room says has happened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assistant.domain.membership.model import DueGift, Paid, Place
from assistant.store import Fact


def moved(up: bool, place: Place, before: str, growth: int, why: str, at: datetime) -> Fact:
    """``membership.upgraded`` or ``membership.lowered``; ``why`` is growth, rules, plan, review or refund."""
    payload = {"tier": place.tier, "before": before, "growth": growth, "why": why}
    name = "membership.upgraded" if up else "membership.lowered"
    return Fact(name, f"member:{place.member_id}", payload, place.member_id, occurred_at=at)


def kept(member_id: str, tier: str, at: datetime) -> Fact:
    """A review has left the tier as it was for another window."""
    return Fact("membership.kept", f"member:{member_id}", {"tier": tier}, member_id, occurred_at=at)


def plan(name: str, one: Paid, at: datetime | None, **more: Any) -> Fact:
    """``membership.plan_bought``, ``_started``, ``_expiring``, ``_ended``, ``_refunded``."""
    payload = {"paid_id": one.id, "plan": one.plan, "ends_at": one.ends_at.isoformat(), **more}
    return Fact(f"membership.plan_{name}", f"member:{one.member_id}", payload, one.member_id, occurred_at=at)


def gift_due(one: DueGift) -> Fact:
    """A gift is to be given; the room of benefits gives it."""
    return Fact("membership.gift_due", f"member:{one.member_id}", {"gift_id": one.id, "name": one.name}, one.member_id)
