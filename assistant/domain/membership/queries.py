"""The reads about growth value and tiers."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.domain.membership import store
from assistant.domain.membership.model import Standing
from assistant.store import View


def standings(view: View, ids: Iterable[str]) -> dict[str, Standing]:
    """Tier, growth value and the way to the next tier of each member asked for."""
    return store.standings_of(view, set(ids))
