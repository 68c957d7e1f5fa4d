"""People and tickets, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid, Refused
from assistant.base.principal import system
from assistant.domain import staff
from assistant.domain.staff import Done, OpenTicket, Person, Register, Take
from assistant.store import Store

ME = system("test")


def opened(store: Store, key: str, **fields: str) -> str:
    return str(store.do(staff.open_ticket, [OpenTicket(key, **({"kind": "task"} | fields))], ME)[0].ticket_id)


def test_a_person_registered_again_is_renamed(store: Store) -> None:
    store.do(staff.register, [Register("1", "lin", "林晓"), Register("2", "wu", "吴桐", "service")], ME)
    store.do(staff.register, [Register("3", "lin", "林晓晓", "manager")], ME)
    assert store.look(staff.people) == [Person("lin", "林晓晓", "manager"), Person("wu", "吴桐", "service")]
    assert store.look(staff.person, "nobody") is None
    with pytest.raises(Invalid):
        store.do(staff.register, [Register("4", "x", "谁", "king")], ME)


def test_a_complaint_promises_twelve_hours_and_shows_when_they_have_passed(store: Store, clock: ManualClock) -> None:
    ticket_id = opened(store, "1", kind="complaint", member_id="m1", title="漏发")
    found = store.look(staff.ticket, ticket_id)
    assert found is not None
    assert found.due_at == clock.now() + timedelta(hours=12)
    assert store.look(staff.overdue) == []
    clock.advance(timedelta(hours=12, seconds=1))
    assert [ticket.id for ticket in store.look(staff.overdue)] == [ticket_id]
    store.do(staff.done, [Done("d", ticket_id, "lin", "补发了")], ME)
    assert store.look(staff.overdue) == []


def test_the_list_is_mine_and_nobodys_with_the_most_urgent_first(store: Store) -> None:
    free = opened(store, "1")
    mine = opened(store, "2", staff="lin")
    opened(store, "3", staff="wu")
    urgent = opened(store, "4", kind="complaint")
    assert [ticket.id for ticket in store.look(staff.open_tickets, "lin")] == [urgent, *sorted([free, mine])]
    assert len(store.look(staff.open_tickets)) == 4


def test_a_second_handover_of_a_conversation_joins_the_open_one(store: Store) -> None:
    first = opened(store, "1", kind="handover", conversation="c1", summary="要退货")
    second = opened(store, "2", kind="handover", conversation="c1", summary="很着急")
    found = store.look(staff.ticket, first)
    assert first == second
    assert found is not None
    assert found.summary == "要退货\n很着急"
    store.do(staff.done, [Done("d", first, "lin")], ME)
    assert opened(store, "3", kind="handover", conversation="c1") != first


def test_sixteen_people_take_one_ticket_and_one_has_it(store: Store) -> None:
    ticket_id = opened(store, "1")

    async def together() -> list[object]:
        takes = [store.write(staff.take, [Take(f"t{n}", ticket_id, f"staff{n}")], ME) for n in range(16)]
        return await asyncio.gather(*takes, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, Refused) for result in results) == 15
    assert sum(isinstance(result, list) for result in results) == 1


def test_a_finished_ticket_cannot_be_taken_or_finished_again(store: Store) -> None:
    ticket_id = opened(store, "1", member_id="m1")
    store.do(staff.take, [Take("t", ticket_id, "lin")], ME)
    store.do(staff.done, [Done("d", ticket_id, "lin", "好了")], ME)
    for verb, request in ((staff.take, Take("t2", ticket_id, "wu")), (staff.done, Done("d2", ticket_id, "wu"))):
        with pytest.raises(Refused) as refused:
            store.do(verb, [request], ME)
        assert refused.value.code == "done"
    assert [(one.state, one.staff, one.note) for one in store.look(staff.tickets_of, "m1")] == [("done", "lin", "好了")]
    with pytest.raises(Invalid):
        store.do(staff.take, [Take("t3", "nothing", "wu")], ME)


def test_sixteen_handovers_at_once_are_one_ticket(store: Store) -> None:
    async def together() -> list[list[staff.Opened]]:
        opening = (
            store.write(staff.open_ticket, [OpenTicket(f"h{n}", "handover", conversation="c9", summary=str(n))], ME) for n in range(16)
        )
        return await asyncio.gather(*opening)

    results = asyncio.run(together())
    assert len({result[0].ticket_id for result in results}) == 1
    assert sorted(store.look(staff.open_tickets)[0].summary.split("\n"), key=int) == [str(n) for n in range(16)]
