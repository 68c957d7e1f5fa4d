"""Codes to scan and customers passed on, against the simulated corp."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Forbidden, Invalid
from assistant.base.principal import Principal
from assistant.domain import audience, contacts, insights, members, orders, points
from assistant.flows import contact_sync, contact_transfer, contact_ways
from assistant.store import Work
from tests.flow.wecom.contact_house import House, house

OPERATOR = Principal("operator", "wang", frozenset({"operator"}))
APPROVER = Principal("operator", "song", frozenset({"approver"}))


@pytest.fixture
async def desk(database: str, clock: ManualClock) -> AsyncIterator[House]:
    async with house(database, clock) as opened:
        yield opened


async def _save(desk: House, **fields: object) -> contacts.Way:
    request = contacts.SaveWay(**({"key": str(fields), "kind": "person", "name": "直播间", "staff": ("lin",)} | fields))  # type: ignore[arg-type]
    saved = await desk.store.write(contact_ways.save_way, request, OPERATOR)
    await desk.run()
    return await _way(desk, saved.way_id)


async def _way(desk: House, way_id: str) -> contacts.Way:
    found = await desk.store.read(contacts.find_way, way_id)
    assert found is not None
    return found


async def test_who_scans_a_code_is_greeted_tagged_and_given_its_benefit_once_and_the_code_is_counted(desk: House) -> None:
    world, ways = desk.simulator, desk.simulator.customer_contact.ways
    benefit = {"kind": "points", "points": 20}
    way = await _save(desk, channel="抖音", greeting="{nickname}您好，我是{staff}", tags=("抖音来的",), benefit=benefit)
    assert (way.status, way.qr_code.startswith("http"), len(way.state) <= 30) == ("active", True, True)
    world.world.add_customer("wm1", "阿香", [])
    await ways.scans("wm1", way.config_id)
    await desk.later(3)
    member = await desk.member("wm1")
    tags = (await desk.store.read(audience.tags_of, [member.id]))[member.id]
    assert [bubble.text for bubble in world.phone("wm1")] == ["阿香您好，我是林晓"]
    assert ([tag.tag for tag in tags], (await desk.relation("wm1")).state) == (["抖音来的"], way.state)
    await world.friendship_ends("wm1", "lin")
    desk.clock.advance(timedelta(minutes=1))
    await ways.scans("wm1", way.config_id)
    await desk.later(3)
    assert (await desk.store.read(points.balance, [member.id]))[member.id].available == 20
    assert (await desk.store.read(insights.by_code, [way.state]))[way.state] == insights.CodeFigures(1, 0, 1, 0)
    # A making nobody answered is found by its state, not made again.
    world.faults.inject("externalcontact/add_contact_way", "lost_after")
    lost = await _save(desk, name="门店", staff=("lin", "chen"))
    assert (lost.status, len(ways.ways)) == ("active", 2)
    world.faults.inject("externalcontact/add_contact_way", "lost_before")
    never = await _save(desk, name="包裹卡")
    assert (never.status, len(ways.ways)) == ("unknown", 2)
    await desk.store.write(contact_ways.make_again, never.id, OPERATOR)
    await desk.run()
    assert ((await _way(desk, never.id)).status, len(ways.ways)) == ("active", 3)
    world.faults.inject("externalcontact/update_contact_way", errcode=41054)
    changed = await _save(desk, key="c", way_id=way.id, name="直播间二", staff=("lin", "chen"))
    assert (changed.status, "实名" in changed.trouble) == ("failed", True)
    await desk.store.write(contact_ways.delete_way, never.id, OPERATOR)
    await desk.run()
    assert ((await _way(desk, never.id)).status, len(ways.ways)) == ("deleted", 2)
    await desk.simulator.customer_contact.groups.creates("lin", "wr1", "老友群", [])
    joining = await _save(desk, kind="group", name="进群", groups=("wr1",), staff=())
    assert (joining.status, joining.qr_code.startswith("http")) == ("active", True)


async def test_a_code_of_groups_is_counted_by_who_joined_stayed_is_a_friend_and_bought(desk: House) -> None:
    world = desk.simulator
    groups, scan = world.customer_contact.groups, world.customer_contact.join_ways.scans
    await groups.creates("lin", "wr1", "老友群", [])
    one = await _save(desk, kind="group", name="门店海报", groups=("wr1",), staff=())
    other = await _save(desk, key="2", kind="group", name="包裹卡", groups=("wr1",), staff=())
    for number in range(4):
        world.world.add_customer(f"wm{number}", f"客{number}", [])
    await world.customer_adds("wm0", "lin")
    await desk.later(3)
    for number in range(3):
        await scan(f"wm{number}", one.config_id)
    await scan("wm3", other.config_id)
    await desk.later(3)
    await desk.later(12)
    await groups.leaves("wr1", ["wm1"])
    await desk.later(12)
    member = await desk.member("wm0")
    await desk.do(_bought, member.id)
    found = await desk.store.read(insights.by_code, [one.state, other.state])
    assert found == {one.state: insights.CodeFigures(3, 2, 1, 1), other.state: insights.CodeFigures(1, 1, 0, 0)}
    span = (desk.clock.now() - timedelta(days=1), desk.clock.now() + timedelta(days=1))
    lines = await desk.store.read(lambda view: insights.codes(view, *span))
    assert {line.state: (line.came, line.still) for line in lines} == {one.state: (3, 2), other.state: (1, 1)}
    assert (await desk.store.read(lambda view: insights.codes(view, span[1], span[1] + timedelta(days=1)))) == []


async def test_who_comes_into_a_group_by_a_code_is_tagged_and_given_its_benefit_once_and_old_guests_are_not(desk: House) -> None:
    world = desk.simulator
    groups, scan = world.customer_contact.groups, world.customer_contact.join_ways.scans
    for number in range(2):
        world.world.add_customer(f"wm{number}", f"客{number}", [])
        await world.customer_adds(f"wm{number}", "lin")
    await groups.creates("lin", "wr1", "老友群", ["wm1"])
    benefit = {"kind": "points", "points": 20}
    code = await _save(desk, kind="group", name="门店海报", groups=("wr1",), staff=(), tags=("门店来的",), benefit=benefit)
    for _ in range(2):
        await scan("wm0", code.config_id)
        await desk.later(12)
        await groups.leaves("wr1", ["wm0"])
        await desk.later(12)
    await desk.do(contact_sync.ask_all, None)
    await desk.run()
    came, old = await desk.member("wm0"), await desk.member("wm1")
    tags = await desk.store.read(audience.tags_of, [came.id, old.id])
    balances = await desk.store.read(points.balance, [came.id, old.id])
    assert {number: [one.tag for one in found] for number, found in tags.items() if found} == {came.id: ["门店来的"]}
    assert (balances[came.id].available, balances[old.id].available) == (20, 0)


def _bought(work: Work, member_id: str) -> None:
    at = work.now
    order = orders.OrderUpdate("o1", "taobao", "棉语旗舰店", "T1", at, "paid", 19900, 19900, member_id=member_id, paid_at=at)
    orders.intake(work, [order])


async def test_what_wecom_would_refuse_is_refused_before_with_a_sentence(desk: House) -> None:
    await _save(desk, state="taken")
    for wrong, code in (
        ({"state": "s" * 31}, "state_too_long"),
        ({"name": "名" * 31}, "bad_way_name"),
        ({"staff": tuple(f"s{n}" for n in range(101))}, "bad_way_staff"),
        ({"kind": "group", "staff": (), "groups": tuple(f"wr{n}" for n in range(6))}, "bad_way_groups"),
        ({"greeting": "全网最低价，欢迎"}, "bad_greeting"),
        ({"greeting": "{phone}"}, "bad_slot"),
        ({"greeting": "好" * 1400}, "greeting_too_long"),
        ({"benefit": {"kind": "gold"}}, "bad_benefit"),
        ({"link": {"title": "首页", "url": "javascript:1"}}, "bad_link"),
    ):
        with pytest.raises(Invalid) as refused:
            await _save(desk, **wrong)
        assert refused.value.code in (code, "bad_greeting"), wrong
    with pytest.raises(Conflict):
        await _save(desk, key="again", state="taken")


async def test_customers_are_passed_on_and_each_ends_with_an_outcome(desk: House) -> None:
    world = desk.simulator
    for number in range(12):
        world.world.add_customer(f"wm{number}", f"客{number}", ["lin"])
    await desk.do(contact_sync.ask_all, None)
    await desk.run()
    everybody = contacts.AskTransfer("t1", "lin", "chen", message="您好，以后由陈默为您服务")
    with pytest.raises(Forbidden):
        await desk.store.write(contact_transfer.ask, everybody, OPERATOR)
    await desk.store.write(contact_transfer.ask, everybody, APPROVER)
    with pytest.raises(Invalid):
        await desk.store.write(contact_transfer.ask, contacts.AskTransfer("t2", "lin", "chen"), APPROVER)
    await desk.run()
    assert [len(call.body["external_userid"]) for call in desk.calls("transfer_customer")] == [12]
    world.customer_contact.transfers.refuses("wm1", "chen")
    await desk.later(25 * 3600)
    await world.settle()
    await desk.later(4 * 3600)
    ends = {one.external: one.state for one in await desk.store.read(lambda view: contacts.transfers(view, 200))}
    assert (ends.pop("wm1"), set(ends.values())) == ("refused", {"done"})
    assert ((await desk.member("wm0")).owner_staff, (await desk.member("wm1")).owner_staff) == ("chen", "lin")
    assert ((await desk.relation("wm0")).ended_by, (await desk.relation("wm0", "chen")).status) == ("transfer", "full")
    # A resigned employee: what WeCom refuses is told per customer; what nobody knows is asked for, not sent again.
    world.customer_contact.transfers.leaves("lin")
    world.faults.inject("externalcontact/resigned/transfer_customer", "lost_after")
    await desk.store.write(contact_transfer.ask, contacts.AskTransfer("t3", "lin", "chen", ("wm1",), resigned=True), APPROVER)
    await desk.run()
    assert [one.state for one in await desk.store.read(contacts.under_way, "lin")] == ["unknown"]
    await desk.later(25 * 3600)
    await desk.later(4 * 3600)
    last = (await desk.store.read(contacts.transfers))[0]
    assert (last.state, len(desk.calls("resigned/transfer_customer"))) == ("done", 1)
    assert (await desk.member("wm1")).owner_staff == "chen"
    assert await desk.store.read(members.count) == 12
