"""Sets of rows: what is there already stays or is replaced as asked, what is new comes back exactly as it was given, on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.store import Store, inbox, upsert
from assistant.store.bulk import MANY

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


def test_however_many_rows_a_set_has_their_values_come_back_as_they_were_given(store: Store, clock: ManualClock) -> None:
    at = datetime(2026, 11, 22, 7, 59, 59, 1, SHANGHAI)
    for count in (1, MANY - 1, MANY, MANY + 1):
        rows = [row(100 * count + n, clock, received_at=at, message=RAW, conversation="'“😀”' %s :x ?") for n in range(count)]
        store.do(lambda work, many: work.insert(inbox, many), rows, ME)
    found = stored(store)
    assert len(found) == 3 * MANY + 1
    assert {(one.received_at, repr(one.message), one.conversation) for one in found} == {(at, repr(RAW), "'“😀”' %s :x ?")}


@pytest.mark.parametrize("count", [1, MANY * 2])
def test_a_taken_key_is_refused_passed_over_or_replaced_as_asked(store: Store, clock: ManualClock, count: int) -> None:
    first = [row(n, clock) for n in range(count)]
    later = [row(n, clock, state="handled", turn="t") for n in range(count)]
    store.do(lambda work, many: work.insert(inbox, many), first, ME)
    with pytest.raises(sa.exc.IntegrityError):
        store.do(lambda work, many: work.insert(inbox, many), later, ME)
    store.do(lambda work, many: work.insert_missing(inbox, many), later, ME)
    assert {(one.state, one.turn) for one in stored(store)} == {("waiting", "")}
    store.do(lambda work, many: upsert(work, inbox, many, ["id"], ["state"]), later, ME)
    assert {(one.state, one.turn) for one in stored(store)} == {("handled", "")}


def test_of_a_row_that_stands_twice_in_a_set_the_last_one_holds(store: Store, clock: ManualClock) -> None:
    twice = [row(n % MANY, clock, state=f"s{n}") for n in range(2 * MANY)]
    store.do(lambda work, many: upsert(work, inbox, many, ["id"], ["state"]), twice, ME)
    assert [one.state for one in stored(store)] == [f"s{MANY + n}" for n in range(MANY)]
