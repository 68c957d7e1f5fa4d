"""The store's promises, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Refused
from assistant.base.principal import system
from assistant.store import Due, Fact, Store, View, Work, cursor, due, engine, fact, is_sqlite, once
from tests.conftest import NOON

ME = system("test")


@dataclass(frozen=True)
class Note:
    key: str
    text: str


@dataclass(frozen=True)
class Noted:
    number: int


def take_note(work: Work, notes: list[Note]) -> list[Noted]:
    def run(work: Work, fresh: list[Note]) -> list[Noted]:
        work.record(*(Fact("note.taken", f"note:{note.key}", {"text": note.text}) for note in fresh))
        return [Noted(len(note.text)) for note in fresh]

    return once(work, "note.take", notes, Noted, run)


def refuse(work: Work, text: str) -> None:
    work.record(Fact("note.taken", "note:refused", {"text": text}))
    raise Refused(text)


def texts(view: View) -> list[str]:
    return [row.payload["text"] for row in view.all(sa.select(fact).order_by(fact.c.id))]


def test_a_command_repeated_returns_its_first_outcome_and_changes_nothing(store: Store) -> None:
    first = store.do(take_note, [Note("a", "你好")], ME)
    again = store.do(take_note, [Note("a", "你好"), Note("b", "再见吧")], ME)
    assert first == [Noted(2)]
    assert again == [Noted(2), Noted(3)]
    assert store.look(texts) == ["你好", "再见吧"]


def test_one_key_with_other_input_is_a_conflict_and_changes_nothing(store: Store) -> None:
    store.do(take_note, [Note("a", "你好")], ME)
    with pytest.raises(Conflict):
        store.do(take_note, [Note("c", "新的"), Note("a", "别的")], ME)
    assert store.look(texts) == ["你好"]


def test_what_raises_is_undone_whole_and_others_of_the_group_stay(store: Store) -> None:
    async def together() -> list[object]:
        writes = [store.write(take_note, [Note(str(n), f"第{n}")], ME) for n in range(20)]
        return await asyncio.gather(*writes, store.write(refuse, "不行", ME), return_exceptions=True)

    results = asyncio.run(together())
    assert isinstance(results[-1], Refused)
    assert sorted(store.look(texts)) == sorted(f"第{n}" for n in range(20))


def test_the_same_key_at_once_takes_effect_once(store: Store) -> None:
    async def together() -> list[list[Noted]]:
        return await asyncio.gather(*(store.write(take_note, [Note("same", "一次")], ME) for _ in range(16)))

    assert asyncio.run(together()) == [[Noted(2)]] * 16
    assert store.look(texts) == ["一次"]


def test_a_caller_who_gives_up_does_not_stop_the_writer(store: Store) -> None:
    async def give_up() -> None:
        writes = [asyncio.create_task(store.write(take_note, [Note(f"gone{n}", "走了")], ME)) for n in range(50)]
        await asyncio.sleep(0)
        for write in writes:
            write.cancel()
        await asyncio.gather(*writes, return_exceptions=True)

    asyncio.run(give_up())
    assert store.do(take_note, [Note("after", "还在")], ME) == [Noted(2)]


def test_a_preview_answers_like_the_deed_and_leaves_nothing(store: Store) -> None:
    assert store.try_out(take_note, [Note("a", "试一下")], ME) == [Noted(3)]
    assert store.look(texts) == []
    assert store.do(take_note, [Note("a", "真的")], ME) == [Noted(2)]


def test_asking_again_for_due_work_moves_it_and_raises_its_generation(store: Store, clock: ManualClock) -> None:
    def ask(work: Work, seconds: int) -> None:
        work.due(Due("turn", "c1", work.now + timedelta(seconds=seconds), {"n": seconds}))

    store.do(ask, 5, ME)
    store.do(ask, 9, ME)
    rows = store.look(lambda view: view.all(sa.select(due)))
    assert [(row.generation, row.payload, row.due_at) for row in rows] == [(2, {"n": 9}, clock.now() + timedelta(seconds=9))]


def test_a_fact_with_a_reaction_makes_it_due_in_the_same_commit(database: str, clock: ManualClock) -> None:
    store = Store(database, clock, {"note.taken": ["thank"]})
    store.do(take_note, [Note("a", "你好")], ME)
    rows = store.look(lambda view: view.all(sa.select(due)))
    store.close()
    assert [(row.kind, row.payload["reaction"], row.order_key) for row in rows] == [("reaction", "thank", "note:a")]


def test_a_view_cannot_write(store: Store) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        store.look(lambda view: view.all(fact.delete().returning(fact.c.id)))


def test_the_database_can_be_told_what_its_tables_hold(store: Store) -> None:
    rows = [{"name": f"c{number}", "value": number, "at": NOON} for number in range(40)]
    store.do(lambda work, _: work.insert(cursor, rows), None, ME)
    store.do(lambda work, _: work.refresh_statistics(), None, ME)
    if not is_sqlite(store.url):
        known = store.look(lambda view: view.scalar(sa.text("SELECT reltuples FROM pg_class WHERE relname = 'cursor'")))
        assert known == 40


def test_a_connection_that_was_lost_while_it_rested_is_replaced(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.do(take_note, [Note("a", "before")], ME)
    if not is_sqlite(store.url):
        monkeypatch.setattr(engine, "RESTED", 0.0)
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        with psycopg.connect(store.url, autocommit=True) as connection:
            connection.execute(others)
    store.do(take_note, [Note("b", "after")], ME)
    assert store.look(texts) == ["before", "after"]
