"""Behaviour for the page and the API alike."""

from __future__ import annotations

from datetime import timedelta

from assistant.base import ids
from assistant.domain import events
from assistant.store import View
from assistant.web import book
from assistant.web import shapes_events as shapes
from assistant.web.doors import Call

SHOWN = timedelta(days=30)


def overview(view: View) -> shapes.BehaviourOut:
    """Where events come from and what came lately."""
    return shapes.BehaviourOut(
        sources=[
            shapes.SourceOut(
                name=one.name, title=one.title, namespace=one.namespace, trusted=one.trusted, open=one.open, added_at=one.added_at
            )
            for one in events.sources(view)
        ],
        names=[
            shapes.NameOut(name=one.name, first_at=one.first_at, count=one.count, members=one.members)
            for one in events.names(view, view.now - SHOWN)
        ],
        refused=[
            shapes.RefusedOut(at=one.at, source=one.source, count=one.count, reasons=list(one.reasons)) for one in events.refusals(view)
        ],
        waiting=events.waiting(view),
    )


def of_member(view: View, ref: str) -> shapes.EventsOut:
    """What a member did."""
    found = events.of_member(view, book.find(view, ref))
    return shapes.EventsOut(
        events=[shapes.EventOut(at=one.occurred_at, source=one.source, name=one.name, properties=dict(one.properties)) for one in found]
    )


async def add(call: Call, name: str, title: str, namespace: str, trusted: bool) -> str:
    """Opens a source with a fresh write key and returns the key."""
    secret = ids.fresh("wk")
    await call.store.write(events.add_sources, [events.AddSource(call.key, name, title, secret, namespace, trusted)], call.who)
    return secret


async def close(call: Call, name: str) -> None:
    """Refuses the source's key from now on."""
    await call.store.write(events.close_sources, [events.CloseSource(call.key, name)], call.who)
