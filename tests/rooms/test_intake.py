"""Messages that arrive together share a commit, and each is answered for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from assistant.channels import inbox
from assistant.channels.message import Address, InboundMessage
from assistant.flows.receive import Intake
from assistant.store import Store, due
from assistant.store import inbox as rows


def said(number: int, text: str = "在吗") -> InboundMessage:
    address = Address("app", "1", f"user{number % 7}")
    return InboundMessage("wecom.app", f"m{number}", address, "employee", "text", datetime(2026, 11, 22, 4, tzinfo=UTC), text)


def arrive(store: Store, together: Sequence[InboundMessage]) -> list[Any]:
    async def run() -> list[Any]:
        intake = Intake(store, inbox.NORMAL)
        return await asyncio.gather(*(intake.accept([message]) for message in together), return_exceptions=True)

    return asyncio.run(run())


def kept(store: Store) -> list[str]:
    return list(store.look(lambda view: [row.external_id for row in view.all(sa.select(rows).order_by(rows.c.received_at))]))


def test_what_arrives_together_is_stored_once_in_its_order_with_one_turn_a_conversation(store: Store) -> None:
    together = [said(number % 40) for number in range(90)]
    assert arrive(store, together) == [None] * 90
    assert arrive(store, together) == [None] * 90
    assert kept(store) == [f"m{number}" for number in range(40)]
    turns = store.look(lambda view: view.all(sa.select(due.c.generation).where(due.c.kind == "turn")))
    assert [row.generation for row in turns] == [1] * 7


def test_a_message_that_no_database_can_keep_fails_alone(store: Store) -> None:
    broken = said(2, "\ud800")
    answers = arrive(store, [said(0), said(1), broken, said(3)])
    assert [isinstance(answer, Exception) for answer in answers] == [False, False, True, False]
    assert sorted(kept(store)) == ["m0", "m1", "m3"]
