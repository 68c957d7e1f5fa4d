"""Taking in evidence."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.domain.fraud import store
from assistant.domain.fraud.model import Evidence, Noted
from assistant.store import Work, once


def note(work: Work, requests: Sequence[Evidence]) -> list[Noted]:
    """Keeps who was seen with what, as digests; Invalid for an unknown kind or an empty value."""
    return once(work, "fraud.note", requests, Noted, lambda work, fresh: [Noted(new) for new in store.add(work, fresh)])


def seen(work: Work, found: Sequence[Evidence]) -> None:
    """The same without a key, for commands that are keyed themselves."""
    store.add(work, found)
