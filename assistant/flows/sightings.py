"""Behaviour as evidence: with which device and for which address a member was seen, as trusted events tell it."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.domain import events, fraud
from assistant.store import Work

PROPERTIES = {"device_id": "device", "address": "address", "payee_openid": "payee"}
"""Property of an event → kind of evidence."""


def note_sightings(work: Work, heard: Sequence[events.Event]) -> None:
    """Keeps what these events say of devices, addresses and wallets; told again it changes nothing."""
    found = [
        fraud.Evidence(f"{one.id}:{kind}", one.member_id, kind, value.strip()[:500], "event")
        for one in heard
        for name, kind in PROPERTIES.items()
        if one.member_id and isinstance(value := one.properties.get(name), str) and any(map(str.isalnum, value))
    ]
    fraud.seen(work, found)
