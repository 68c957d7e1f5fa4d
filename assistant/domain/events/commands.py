"""The writes about behaviour: sources are opened and closed, events are kept once and find their member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from assistant import access
from assistant.base.errors import Invalid
from assistant.domain import members
from assistant.domain.events import store, tables
from assistant.domain.events.model import (
    AHEAD,
    LOOKS_BACK,
    AddSource,
    CloseSource,
    Event,
    Incoming,
    Source,
    Taken,
    Told,
    checked,
    digest,
    event_id,
    person,
)
from assistant.store import Due, Fact, Work, once

HEAR = "events.hear"
"""The due kind that lets the rules listen to what has come."""


@dataclass(frozen=True, slots=True)
class Changed:
    """The source's name."""

    name: str


def add_sources(work: Work, requests: Sequence[AddSource]) -> list[Changed]:
    """Opens sources; a name or write key that is taken raises Invalid."""
    access.require(work.principal, access.Permission.SETTINGS_EDIT)
    return once(work, "events.add_source", requests, Changed, _add_sources)


def close_sources(work: Work, requests: Sequence[CloseSource]) -> list[Changed]:
    """Refuses the write keys of these sources from now on."""
    access.require(work.principal, access.Permission.SETTINGS_EDIT)
    return once(work, "events.close_source", requests, Changed, _close_sources)


def take(work: Work, told: Told) -> Taken:
    """Keeps what a source tells: late, out of order and repeated are all fine, the message id makes each event one.

    An event belongs to the member its user id names, else to the owner of its device; whoever is not known yet is found when the
    identity appears.
    """
    events = _new(work, told)
    refs = {one.message_id: person(told.source.namespace, one.user_id) for one in events}
    found = members.find_all(work, sorted(set(refs.values()) - {""}))
    anonymous = {number for one in events for number in (one.anonymous_id, one.previous_id) if number}
    devices = store.owners_of_devices(work, told.source.name, anonymous)
    _learn_devices(work, told.source, events, refs, found, devices)
    rows = []
    for one in events:
        ref = refs[one.message_id]
        owner = found.get(ref, "") if ref else devices.get(one.anonymous_id, "")
        rows.append(
            {
                "id": event_id(one.source, one.message_id),
                "source": one.source,
                "kind": one.kind,
                "name": one.name,
                "member_id": owner,
                "person": ref,
                "anonymous_id": one.anonymous_id,
                "trusted": told.source.trusted,
                "heard": told.history or one.kind != "track",
                "occurred_at": one.occurred_at if one.occurred_at <= work.now + AHEAD else work.now,
                "received_at": work.now,
                "properties": dict(one.properties),
            }
        )
    work.insert(tables.event, rows)
    work.insert_missing(tables.name, [{"name": name, "first_at": work.now} for name in sorted({one.name for one in events})])
    if any(row["member_id"] and not row["heard"] for row in rows):
        listen(work)
    return Taken(len(rows), sum(1 for row in rows if row["member_id"]))


def match(work: Work, member_ids: Sequence[str]) -> int:
    """Gives these members what was told of them before they were known; returns how many references found their member. Needs no key."""
    owners = {
        ref: owner
        for owner, identities in members.identities(work, member_ids).items()
        for one in identities
        for ref in (f"{one.namespace}:{one.value}", *([one.value] if one.namespace == "shop" else []))
    }
    waiting = store.told_of(work, owners)
    for ref in waiting:
        _claim_devices(work, store.give_person(work, ref, owners[ref]), owners[ref])
    if waiting:
        listen(work)
    return len(waiting)


def unheard(work: Work, limit: int) -> list[Event]:
    """Events of members that the rules have not listened to yet, held until the commit."""
    return store.unheard(work, limit)


def heard(work: Work, found: Sequence[Event]) -> None:
    """The rules have listened to these."""
    store.set_heard(work, [one.id for one in found])


def listen(work: Work) -> None:
    """Lets the rules listen soon; many commits make one round."""
    work.due(Due(HEAR, "all", work.now, order_key=HEAR))


def refused(work: Work, source: str, reasons: Sequence[str], count: int) -> None:
    """Notes events that could not be kept, so that a person finds them: ``count`` in all, the first reasons in words."""
    work.record(Fact("events.refused", f"event_source:{source}", {"source": source, "count": count, "reasons": list(reasons)}))


def _add_sources(work: Work, requests: Sequence[AddSource]) -> list[Changed]:
    done = []
    for request in requests:
        good = checked(request)
        source = tables.source
        taken = sa.or_(source.c.name == good.name, source.c.write_key == digest(good.write_key))
        if work.one(sa.select(source.c.name).where(taken)) is not None:
            raise Invalid(f"来源“{good.name}”已经存在，请换一个名字", code="source_exists")
        row = {"name": good.name, "title": good.title.strip(), "write_key": digest(good.write_key), "namespace": good.namespace}
        work.insert(source, [row | {"trusted": good.trusted, "open": True, "added_at": work.now}])
        work.record(Fact("events.source_added", f"event_source:{good.name}", {"name": good.name, "trusted": good.trusted}))
        done.append(Changed(good.name))
    return done


def _close_sources(work: Work, requests: Sequence[CloseSource]) -> list[Changed]:
    for request in requests:
        changed = work.execute(tables.source.update().where(tables.source.c.name == request.name).values(open=False))
        if not changed.rowcount:
            raise Invalid(f"没有“{request.name}”这个来源", code="no_source")
        work.record(Fact("events.source_closed", f"event_source:{request.name}", {"name": request.name}))
    return [Changed(request.name) for request in requests]


def _new(work: Work, told: Told) -> list[Incoming]:
    """The events not kept yet, each once."""
    wanted = {event_id(one.source, one.message_id): one for one in reversed(told.events)}
    kept = store.known(work, list(wanted))
    return [one for number, one in reversed(wanted.items()) if number not in kept]


def _learn_devices(
    work: Work, source: Source, events: Sequence[Incoming], refs: dict[str, str], found: dict[str, str], devices: dict[str, str]
) -> None:
    """Who is named on a device for the first time owns it, and what it did unnamed lately is his."""
    learned: dict[str, str] = {}
    for one in events:
        owner = found.get(refs[one.message_id], "")
        for number in (one.anonymous_id, one.previous_id):
            if owner and number and number not in devices:
                learned[number] = devices[number] = owner
    store.add_devices(work, source.name, learned)
    given = [store.give_device(work, source.name, number, owner, work.now - LOOKS_BACK) for number, owner in learned.items()]
    if any(given):
        listen(work)


def _claim_devices(work: Work, devices: Sequence[tuple[str, str]], owner: str) -> None:
    for source, number in devices:
        if number and not store.owners_of_devices(work, source, [number]):
            store.add_devices(work, source, {number: owner})
            store.give_device(work, source, number, owner, work.now - LOOKS_BACK)
