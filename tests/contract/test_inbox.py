"""The inbox's promises, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.channels import inbox
from assistant.channels.inbox import Accepted, Debounce
from assistant.channels.message import Address, InboundMessage
from assistant.store import Store, Work, due

ME = system("test")
HERE = Address("kf", "kf1", "wm1")


def said(number: int | str, text: str = "在吗", address: Address = HERE) -> InboundMessage:
    return InboundMessage("kf", f"m{number}", address, "customer", "text", datetime(2026, 11, 22, 4, tzinfo=UTC), text, raw={"深": [1]})


def accept(store: Store, *messages: InboundMessage, **options: Any) -> list[Accepted]:
    def verb(work: Work, batch: Sequence[InboundMessage]) -> list[Accepted]:
        return inbox.accept(work, batch, **options)

    return store.do(verb, messages, ME)  # type: ignore[no-any-return]


def turns(store: Store) -> list[Any]:
    return list(store.look(lambda view: view.all(sa.select(due).where(due.c.kind == "turn").order_by(due.c.key))))


def test_a_message_that_comes_again_is_stored_once_and_wakes_nobody(store: Store, clock: ManualClock) -> None:
    first = accept(store, said(1), said(1), said(2))
    clock.advance(timedelta(seconds=1))
    again = accept(store, said(2), said(1))
    assert [outcome.fresh for outcome in first] == [True, False, True]
    assert [outcome.fresh for outcome in again] == [False, False]
    assert first[0].id == first[1].id == again[1].id
    assert [row.generation for row in turns(store)] == [1]


def test_the_same_id_of_another_source_is_another_message(store: Store) -> None:
    first, other = said(1), replace(said(1), source="app")
    assert [outcome.fresh for outcome in accept(store, first, other)] == [True, True]
    assert [outcome.fresh for outcome in accept(store, other, first)] == [False, False]
    found = store.look(inbox.row_ids, [("kf", "m1"), ("app", "m1"), ("app", "m2")])
    assert set(found) == {("kf", "m1"), ("app", "m1")}


def test_a_set_of_several_conversations_makes_one_turn_each(store: Store) -> None:
    others = [said(n, address=Address("kf", "kf1", f"wm{n % 3}")) for n in range(1200)]
    accept(store, *others)
    assert [(row.key, row.order_key) for row in turns(store)] == [(f"kf:kf1:wm{n}", f"kf:kf1:wm{n}") for n in range(3)]


def test_a_burst_extends_the_wait_but_never_beyond_the_longest(store: Store, clock: ManualClock) -> None:
    start = clock.now()
    waits = []
    for number in range(8):
        accept(store, said(number))
        waits.append((turns(store)[0].due_at - start).total_seconds())
        clock.advance(timedelta(seconds=1))
    assert waits == [1.5, 2.5, 3.5, 4.5, 5.5, 6, 6, 7]


def test_a_caller_may_choose_the_wait_and_that_some_events_need_no_answer(store: Store, clock: ManualClock) -> None:
    accept(store, said(1), wants_turn=lambda message: message.kind != "text")
    assert turns(store) == []
    assert store.look(inbox.open_messages, HERE.conversation) == []
    accept(store, said(2), debounce=Debounce(timedelta(), timedelta()))
    assert [row.due_at for row in turns(store)] == [clock.now()]


def test_open_messages_are_the_unhandled_ones_in_order_and_as_they_came(store: Store, clock: ManualClock) -> None:
    ids = [outcome.id for outcome in accept(store, said(1), said(2, "你好"), said(3))]
    clock.advance(timedelta(seconds=1))
    ids += [outcome.id for outcome in accept(store, said(0, "😀 最后"))]
    store.do(lambda work, _: inbox.mark(work, ids[:1], "handled", "turn_1"), None, ME)
    opened = store.look(inbox.open_messages, HERE.conversation)
    assert [item.id for item in opened] == ids[1:]
    assert [item.message for item in opened] == [said(2, "你好"), said(3), said(0, "😀 最后")]


def test_the_longest_wait_counts_from_the_first_unhandled_message(store: Store, clock: ManualClock) -> None:
    ids = [outcome.id for outcome in accept(store, said(1))]
    store.do(lambda work, _: inbox.mark(work, ids, "handled", "turn_1"), None, ME)
    clock.advance(timedelta(minutes=5))
    accept(store, said(2))
    assert turns(store)[0].due_at == clock.now() + timedelta(seconds=1.5)


@pytest.mark.parametrize("group", ["", "g1"])
def test_a_message_survives_its_json(group: str) -> None:
    message = said(1, "“引号”", Address("bot", "b1", "u1", group))
    assert inbox.from_json(inbox.to_json(message)) == message
