"""What this room says has happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.store import Fact


def registered(member_id: str, identities: int) -> Fact:
    return Fact("members.registered", f"member:{member_id}", {"identities": identities}, member_id)


def bound(member_id: str, namespace: str) -> Fact:
    """The value of an identity is personal and stays out of the log."""
    return Fact("members.bound", f"member:{member_id}", {"namespace": namespace}, member_id)


def updated(member_id: str, names: list[str]) -> Fact:
    return Fact("members.updated", f"member:{member_id}", {"fields": names}, member_id)


def chose(member_id: str, out: bool, topic: str) -> Fact:
    payload: Mapping[str, Any] = {"topic": topic}
    return Fact("members.opted_out" if out else "members.opted_in", f"member:{member_id}", payload, member_id)
