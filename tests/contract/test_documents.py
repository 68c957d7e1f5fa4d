"""New rows of a set: what is there already stays, what is new comes back exactly as it was given, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.store import Store, inbox

ME = system("test")
SHANGHAI = timezone(timedelta(hours=8))
RAW = {"深": ["“引号”", "😀", "a\x00b", "\\u0000", 2**70, -1.5, None, True, {"": []}]}


def row(number: int, clock: ManualClock, **changes: Any) -> dict[str, Any]:
    plain = {"id": f"in_{number}", "source": "kf", "external_id": f"m{number}", "conversation": "kf:1:wm1", "state": "waiting", "turn": ""}
    return plain | {"received_at": clock.now(), "message": {}} | changes


def insert(store: Store, *rows: dict[str, Any]) -> set[str]:
    return store.do(lambda work, _: work.insert_new(inbox, rows), None, ME)  # type: ignore[no-any-return]


def stored(store: Store) -> list[Any]:
    return list(store.look(lambda view: view.all(sa.select(inbox).order_by(inbox.c.id))))


def test_only_the_rows_that_were_not_there_are_named_and_the_others_stay_as_they_are(store: Store, clock: ManualClock) -> None:
    assert insert(store, row(1, clock), row(2, clock)) == {"in_1", "in_2"}
    assert insert(store, row(2, clock, state="handled"), row(3, clock)) == {"in_3"}
    assert insert(store, row(3, clock)) == set()
    assert insert(store) == set()
    assert [(found.id, found.state) for found in stored(store)] == [("in_1", "waiting"), ("in_2", "waiting"), ("in_3", "waiting")]


def test_every_value_comes_back_as_it_was_given(store: Store, clock: ManualClock) -> None:
    at = datetime(2026, 11, 22, 7, 59, 59, 1, SHANGHAI)
    insert(store, row(1, clock, received_at=at, message=RAW, conversation="kf:1:'“😀”' %s :x ?"))
    assert [(found.received_at, found.message, found.conversation) for found in stored(store)] == [(at, RAW, "kf:1:'“😀”' %s :x ?")]


def test_an_instant_without_its_zone_is_refused_and_the_set_with_it(store: Store, clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="time zone"):
        insert(store, row(1, clock), row(2, clock, received_at=datetime(2026, 11, 22, 4)))  # noqa: DTZ001 - the mistake in question
    assert stored(store) == []


def test_a_text_that_does_not_fit_is_never_cut_off(store: Store, clock: ManualClock) -> None:
    long = "长" * 201
    try:
        insert(store, row(1, clock, external_id=long))
    except sa.exc.DataError:
        assert stored(store) == []
    else:
        assert [found.external_id for found in stored(store)] == [long]
