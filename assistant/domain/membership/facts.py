"""What this room says has happened."""

from __future__ import annotations

from assistant.store import Fact


def tier_entered(member_id: str, tier: str, before: str, growth: int) -> Fact:
    return Fact("membership.tier_entered", f"member:{member_id}", {"tier": tier, "before": before, "growth": growth}, member_id)
