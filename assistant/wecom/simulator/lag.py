"""Reads that lag behind events: for a moment the API still tells the old state of what a person has just changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Generic, TypeVar

from assistant.wecom.simulator.world import World

State = TypeVar("State")


class Lag(Generic[State]):
    """``note`` the state before each change by a person; ``seen`` is what the API tells now. Changes by the API show at once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._old: dict[str, list[tuple[datetime, State]]] = {}

    def note(self, key: str, before: State) -> None:
        if self._world.knobs.read_lag_seconds > 0:
            self._old.setdefault(key, []).append((self._world.now(), before))

    def seen(self, key: str, now: State) -> State:
        """The state as it was ``read_lag_seconds`` ago, ``now`` if nothing has changed since."""
        oldest = self._world.now() - timedelta(seconds=self._world.knobs.read_lag_seconds)
        kept = [(at, state) for at, state in self._old.get(key, []) if at > oldest]
        self._old[key] = kept
        if not kept:
            del self._old[key]
            return now
        return kept[0][1]
