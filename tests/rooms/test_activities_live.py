"""The reminder of a live broadcast: only who reserved, once, through the gate, and not when it was called off."""

from __future__ import annotations

from datetime import timedelta

from assistant.base.clock import ManualClock
from assistant.domain import activities, outreach
from assistant.domain.activities import Join, Move
from assistant.flows import live
from assistant.store import Store
from assistant.triggers import journey_steps
from tests.rooms.test_operations_world import people, ready
from tests.support.fair import ME, body, launch, person

LIVE = body("live", title="小满直播间", live_at="2026-11-23T20:00:00+08:00", ends_at="2026-11-23T20:00:00+08:00")
PAYLOAD = {"activity": "my_live"}


def reserve(store: Store, ids: list[str]) -> None:
    for one in ids:
        store.do(activities.join, [Join(f"j:{one}", one, "my_live")], ME)


def test_who_reserved_is_reminded_once_shortly_before(store: Store, clock: ManualClock) -> None:
    ids = [*people(store, 2), person(store, "nobody_to_write_for")]
    launch(store, LIVE)
    reserve(store, ids)
    assert store.look(ready, activities.REMIND) == []
    clock.advance(timedelta(days=1, hours=7, minutes=30))
    assert [payload["activity"] for _, payload in store.look(ready, activities.REMIND)] == ["my_live"]
    assert store.do(live.remind, PAYLOAD, ME) == 2
    assert store.do(live.remind, PAYLOAD, ME) == 0
    found = store.look(outreach.touches, "live:my_live")
    assert sorted((one.member_id, one.kind, one.text) for one in found) == sorted(
        (one, "service", "您预约的「小满直播间」马上开始啦，来看看吧～") for one in ids[:2]
    )
    assert [one.member_id for one in store.look(outreach.skips, "live:my_live")] == [ids[2]]


def test_nobody_is_reminded_too_late_or_of_what_was_called_off(store: Store, clock: ManualClock) -> None:
    ids = people(store, 2)
    launch(store, LIVE)
    reserve(store, ids)
    store.do(activities.move, [Move("off", "my_live", "ended")], ME)
    clock.advance(timedelta(days=1, hours=7, minutes=30))
    assert store.do(live.remind, PAYLOAD, ME) == 0
    clock.advance(timedelta(minutes=46))
    assert store.do(live.remind, PAYLOAD, ME) == 0


def test_the_reminder_has_a_handler(store: Store) -> None:
    assert activities.REMIND in journey_steps(store, lambda _stage: None)
