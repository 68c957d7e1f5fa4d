"""A newly mapped tag reaches everybody concerned on both sides: in sets, in order per customer, resumed after a death, slower when told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Forbidden
from assistant.base.principal import Principal
from assistant.domain import audience, contacts
from assistant.flows import contact_marking
from assistant.flows.contact_people import members_of
from assistant.store import Work
from assistant.wecom.calls_contact import Card
from assistant.wecom.simulator.world import Customer
from tests.flow.stages import MARKS
from tests.flow.wecom.contact_house import House, house

OPERATOR = Principal("operator", "wang", frozenset({"operator"}))
PEOPLE = 55


class Died(BaseException):
    """The process is gone."""


@pytest.fixture
async def desk(database: str, clock: ManualClock) -> AsyncIterator[House]:
    async with house(database, clock) as opened:
        yield opened


async def _crowd(desk: House) -> str:
    """Customers of lin, the first ten also of chen; every second carries our tag, three carry WeCom's; returns the id of WeCom's."""
    world = desk.simulator
    tag_id = world.customer_contact.tags.add({"group_name": "客户", "tag": [{"name": "老客"}]})["tag_group"]["tag"][0]["id"]
    for number in range(PEOPLE):
        world.world.add_customer(f"wm{number}", f"客{number}", ["lin", "chen"] if number < 10 else ["lin"])
    for number in (1, 3, 50):
        world.world.customers[f"wm{number}"].relations["lin"].tags |= {tag_id}
    await desk.do(_known, (tag_id, world.world.customers))
    await desk.run()
    return tag_id


def _known(work: Work, told: tuple[str, Mapping[str, Customer]]) -> None:
    """The book as after a reconciliation."""
    tag_id, customers = told
    ids = members_of(work, [Card(external, one.name, 0, "") for external, one in customers.items()])
    seen = [
        contacts.Seen(staff, external, ids[external], work.now, tags=tuple(relation.tags))
        for external, one in customers.items()
        for staff, relation in one.relations.items()
    ]
    contacts.look_tags(work, contacts.Library([contacts.CorpTag(tag_id, "老客")]))
    contacts.map_tag(work, contacts.MapTag(tag_id, ""))
    contacts.look(work, contacts.Look(seen))
    wanted = [ids[f"wm{number}"] for number in range(0, PEOPLE, 2)]
    audience.tag(work, [audience.Tag("", number, "老友会员", "hand") for number in wanted])


def _carrying(desk: House, tag_id: str) -> set[tuple[str, str]]:
    """Pairs that carry the tag in WeCom."""
    rows = desk.simulator.world.customers.values()
    return {(one.external_userid, staff) for one in rows for staff, relation in one.relations.items() if tag_id in relation.tags}


def _wanted() -> set[tuple[str, str]]:
    numbers = {*range(0, PEOPLE, 2), 1, 3}
    return {(f"wm{number}", staff) for number in numbers for staff in (("lin", "chen") if number < 10 else ("lin",))}


async def _map(desk: House, tag_id: str) -> None:
    await desk.store.write(contact_marking.map_tag, contacts.MapTag(tag_id, "老友会员"), OPERATOR)


async def _run(desk: House) -> contacts.Run:
    return next(one for one in await desk.store.read(contacts.latest) if one.kind == contacts.MARKS)


async def _finish(desk: House) -> contacts.Run:
    for _ in range(60):
        desk.clock.advance(timedelta(seconds=6))
        await desk.run()
        found = await _run(desk)
        if found.status == "done":
            return found
    raise AssertionError(found)


async def test_a_new_mapping_reaches_everybody_on_both_sides_and_is_seen_to_move(desk: House) -> None:
    tag_id = await _crowd(desk)
    assert len(_carrying(desk, tag_id)) == 3
    await _map(desk, tag_id)
    begun = await _run(desk)
    assert (begun.status, begun.looked, begun.total) == ("running", 0, PEOPLE)
    done = await _finish(desk)
    assert _carrying(desk, tag_id) == _wanted()
    ours = await desk.store.read(contacts.count_members)
    assert (done.looked, ours, done.counts["adopted"]) == (PEOPLE, PEOPLE, 3 - 1)
    assert (done.counts["queued"], done.counts["written"], done.trouble) == (len(_wanted()) - 3, len(_wanted()) - 3, "")
    tagged = await desk.store.read(audience.tag_names)
    assert dict(tagged)["老友会员"] == (PEOPLE + 1) // 2 + 2
    calls = len(desk.calls("mark_tag"))
    await _map(desk, tag_id)
    desk.clock.advance(timedelta(minutes=1))
    await desk.run()
    assert len(desk.calls("mark_tag")) == calls


@pytest.mark.parametrize(("stage", "nth"), MARKS)
async def test_a_run_that_was_cut_off_goes_on_and_writes_nobody_wrong(desk: House, stage: str, nth: int) -> None:
    tag_id = await _crowd(desk)
    left = [nth]

    def die(name: str) -> None:
        left[0] -= name == stage
        if name == stage and left[0] == 0:
            raise Died

    desk.stage = die
    await _map(desk, tag_id)
    with pytest.raises(BaseException):  # noqa: B017, PT011 - the group that carries our own death
        await _finish(desk)
    desk.stage = None
    desk.clock.advance(timedelta(minutes=2))
    await _finish(desk)
    assert _carrying(desk, tag_id) == _wanted()


async def test_a_rate_limit_is_waited_out_and_a_customer_who_is_gone_stops_nobody(desk: House) -> None:
    tag_id = await _crowd(desk)
    desk.simulator.faults.inject("externalcontact/mark_tag", errcode=45033, times=4)
    desk.simulator.world.customers["wm2"].relations["lin"].gone = "by_customer"
    desk.simulator.world.customers["wm4"].relations.clear()
    await _map(desk, tag_id)
    await _finish(desk)
    missing = _wanted() - _carrying(desk, tag_id)
    assert {external for external, _staff in missing} <= {"wm2", "wm4"}


async def test_parting_a_tag_changes_nobody_and_needs_the_right(desk: House) -> None:
    tag_id = await _crowd(desk)
    await _map(desk, tag_id)
    await _finish(desk)
    calls = len(desk.calls("mark_tag"))
    nobody = Principal("operator", "lan", frozenset({"viewer"}))
    with pytest.raises(Forbidden):
        await desk.store.write(contact_marking.map_tag, contacts.MapTag(tag_id, ""), nobody)
    await desk.store.write(contact_marking.map_tag, contacts.MapTag(tag_id, ""), OPERATOR)
    desk.clock.advance(timedelta(minutes=1))
    await desk.run()
    assert (len(desk.calls("mark_tag")), _carrying(desk, tag_id)) == (calls, _wanted())
