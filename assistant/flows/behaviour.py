"""What follows from behaviour: the rules that listen hear each event of a member once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.domain import events, points
from assistant.flows.sightings import note_sightings
from assistant.store import Work

AT_ONCE = 200
Listener = Callable[[Work, Sequence[events.Event]], object]


def earn(work: Work, found: Sequence[events.Event]) -> None:
    """Behaviour earns points where a live rule says so, by when it happened; a clock that runs a little ahead counts as now."""
    points.earn_behaviour(
        work,
        [points.Behaviour(f"event:{one.id}", one.member_id, one.name, min(one.occurred_at, work.now), one.properties) for one in found],
    )


LISTENERS: tuple[Listener, ...] = (earn, note_sightings)
"""Who hears what members do. A listener is told of an event in the commit that marks it heard, so its effect is once."""


def hear(work: Work, listeners: Sequence[Listener] = LISTENERS) -> int:
    """Lets the rules listen to the next events; a full set makes the next round due. Only what a trusted source told is heard by value.

    What came with a key that anybody can read in a web page is marked heard and earns nothing.
    """
    found = events.unheard(work, AT_ONCE)
    events.heard(work, found)
    trusted = [one for one in found if one.trusted]
    for listener in listeners:
        listener(work, trusted)
    if len(found) == AT_ONCE:
        events.listen(work)
    return len(found)
