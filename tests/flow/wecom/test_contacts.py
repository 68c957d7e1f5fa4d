"""Customer contact against the simulated corp: welcome, tags and remarks, groups, reconciliation, staff who leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import cycle
from pathlib import Path

import pytest
import sqlalchemy as sa

from assistant import simulation, terminal
from assistant.base.clock import ManualClock
from assistant.base.principal import Principal
from assistant.domain import audience, contacts, members, points, staff
from assistant.flows import contact_sync, contact_tags
from assistant.jobs import ClaimRequest, claim
from assistant.jobs.port import ready
from assistant.settings import Settings
from assistant.store import Due, Work, due, migrate
from tests.flow.wecom.contact_house import House, house

OWNER = Principal("operator", "test", frozenset({"owner"}))


@pytest.fixture
async def desk(database: str, clock: ManualClock) -> AsyncIterator[House]:
    async with house(database, clock) as opened:
        yield opened


def _many(work: Work, count: int) -> None:
    work.due(*(Due("deliver", f"d{number}", work.now - timedelta(minutes=5)) for number in range(count)))


def _claimed(work: Work, token: str) -> list[str]:
    return [job.kind for job in claim(work, ClaimRequest(3, 30.0, token, ("deliver", "contact.welcome")))]


async def test_a_new_friend_is_welcomed_once_before_everything_else_and_every_outcome_is_kept(desk: House) -> None:
    world, number = desk.simulator, cycle(range(100))

    async def added(state: str = "") -> str:
        external = f"wm{next(number)}"
        world.world.add_customer(external, "阿香", [])
        await world.customer_adds(external, "lin", state)
        return external

    async def outcome() -> str:
        return str((await desk.facts("wecom.welcomed"))[-1]["outcome"])

    async def texts(external: str) -> list[str]:
        return [bubble.text for bubble in world.phone(external) if bubble.via == "welcome"]

    first = await added()
    await desk.do(_many, 500)
    assert ((await desk.store.read(ready, 5))[0][2], (await desk.do(_claimed, "one"))[0]) == (1, "contact.welcome")
    await desk.do(_freed, None)
    await desk.run()
    assert (await texts(first), await outcome()) == (["您好，我是林晓，很高兴认识您～\n想了解商品、订单或积分，随时跟我说就好。"], "sent")
    await desk.do(_old_friend, "o7")
    desk.clock.advance(timedelta(minutes=5))
    world.world.add_customer("wmold", "云朵儿", [], unionid="o7")
    await world.customer_adds("wmold", "lin")
    desk.clock.advance(timedelta(seconds=3))
    await desk.run()
    assert "云朵，欢迎回来！您是我们的普通会员，现在有 66 积分。" in (await texts("wmold"))[0]
    late = await added()
    await desk.later(25)
    assert (await texts(late), await outcome()) == ([], "late")
    chatting = await added()
    desk.simulator.contacts.chatted(chatting, "lin")
    await desk.run()
    assert await outcome() == "already"
    busy = await added()
    world.faults.inject("externalcontact/send_welcome_msg", errcode=41096, times=3)
    await desk.run()
    assert (len(await texts(busy)), await outcome()) == (1, "sent")
    for mode in ("lost_after", "lost_before"):
        nobody_knows = await added()
        world.faults.inject("externalcontact/send_welcome_msg", mode)  # type: ignore[arg-type]
        await desk.run()
        assert (len(await texts(nobody_knows)), await outcome()) == (int(mode == "lost_after"), "unknown")
    killed, sent = await added(), len(desk.calls("send_welcome_msg"))
    desk.stage = _dies_at("welcome.sent")
    await desk.run()
    desk.stage = None
    await desk.later(10)
    assert (len(desk.calls("send_welcome_msg")) - sent, await outcome(), len(await texts(killed))) == (1, "unknown", 1)


def _old_friend(work: Work, unionid: str) -> None:
    """Somebody whose unionid a member holds is an old friend with a balance."""
    known = members.Register("shop", "S1", (members.Identity("unionid", unionid),), members.Profile(nickname="云朵"))
    number = members.register(work, [known])[0].member_id
    points.grant(work, [points.Grant("g", number, 66, "补发")])


def _freed(work: Work, _nothing: None) -> None:
    work.execute(due.delete().where(due.c.kind == "deliver"))
    work.execute(due.update().values(lease_until=None, lease_token="", attempts=0))


class _Killed(Exception):
    pass


def _dies_at(stage: str):  # type: ignore[no-untyped-def]
    def die(name: str) -> None:
        if name == stage:
            raise _Killed

    return die


async def test_tags_and_remarks_go_both_ways_and_nothing_echoes(desk: House) -> None:
    world, contact = desk.simulator, desk.simulator.customer_contact
    world.world.add_customer("wm1", "阿香", [])
    await world.customer_adds("wm1", "lin")
    await contact.tags.admin_makes("关怀", ["宝妈", "怕冷"])
    await desk.later(5)
    ids = {one.ours: one.id for one in await desk.store.read(contacts.library)}
    assert set(ids) == {"宝妈", "怕冷"}
    member = await desk.member("wm1")

    async def ours() -> set[str]:
        return {tag.tag for tag in (await desk.store.read(audience.tags_of, [member.id]))[member.id]}

    def theirs() -> set[str]:
        return world.world.customers["wm1"].relations["lin"].tags

    await desk.do(_tag, (member.id, ["宝妈", "只在我们这里"]))
    await desk.run()
    assert (theirs(), (await desk.relation("wm1")).tags) == ({ids["宝妈"]}, (ids["宝妈"],))
    await world.customer_adds("wm1", "chen")
    # The employee takes ours off and puts another on: that is the later word.
    await contact.contacts.edits(
        "lin", "wm1", add_tags=[ids["怕冷"]], remove_tags=[ids["宝妈"]], remark="香姐", remark_mobiles=["13800000001"]
    )
    await desk.later(5)
    assert await ours() == {"怕冷", "只在我们这里"}
    assert (theirs(), (await desk.relation("wm1")).remark) == ({ids["怕冷"]}, "香姐")
    assert world.world.customers["wm1"].relations["chen"].tags == frozenset()
    made = len(desk.calls("mark_tag"))
    # A conflict of writing is waited for; what is already so is not written again.
    world.faults.inject("externalcontact/mark_tag", errcode=45035, times=1)
    await desk.do(_tag, (member.id, ["宝妈"]))
    await desk.run()
    await desk.later(10)
    assert (theirs(), len(desk.calls("mark_tag")) - made) == ({ids["宝妈"], ids["怕冷"]}, 3)
    await desk.do(_tag, (member.id, ["宝妈"]))
    await desk.run()
    assert len(desk.calls("mark_tag")) - made == 3
    await desk.do(contact_tags.ask_remark, contact_tags.Remark(member.id, "lin", "老朋友香香"))
    await desk.run()
    assert world.world.customers["wm1"].relations["lin"].remark == "老朋友香香"
    for userid in ("lin", "chen"):
        await world.friendship_ends("wm1", userid, "customer")
    await desk.do(_tag, (member.id, ["怕冷", "新的"]))
    await desk.run()
    assert len(desk.calls("mark_tag")) - made == 3


def _tag(work: Work, request: tuple[str, Sequence[str]]) -> None:
    audience.tag(work, [audience.Tag("", request[0], tag) for tag in request[1]])


async def test_groups_end_in_the_true_state_whatever_is_lost_late_or_out_of_order(desk: House) -> None:
    world, groups = desk.simulator, desk.simulator.customer_contact.groups
    people = [f"wm{number}" for number in range(8)]
    for external in people:
        world.world.add_customer(external, external, [], unionid=external.replace("wm", "o"))
    await world.customer_adds("wm0", "lin")
    await groups.creates("lin", "wr1", "老友群", ["chen", "wm0"])
    await desk.later(5)
    assert await desk.inside("wr1") == {"lin", "chen", "wm0"}
    asked = len(desk.calls("groupchat/get"))
    await groups.joins("wr1", ["wm1", "wm2"], scene=3)
    await desk.run()
    # A delta that chains needs no look.
    assert (await desk.inside("wr1"), len(desk.calls("groupchat/get"))) == ({"lin", "chen", "wm0", "wm1", "wm2"}, asked)
    assert {each.scene for each in await desk.store.read(contacts.groups.seats, "wr1") if each.person in ("wm1", "wm2")} == {"qr"}
    world.world.knobs.callback_silent_loss = 1.0
    await groups.joins("wr1", ["wm3"])
    world.world.knobs.callback_silent_loss = 0.0
    await groups.leaves("wr1", ["wm0"], removed=True)
    await desk.later(20)
    assert await desk.inside("wr1") == {"lin", "chen", "wm1", "wm2", "wm3"}
    await groups.renames("wr1", "老友一家")
    await world.redeliver(-2)
    await desk.later(1)
    await desk.do(_old_friend, "o3")
    await desk.later(30)
    assert (await desk.member("wm3")).nickname == "云朵"
    shown = await desk.store.read(contacts.groups.one_group, "wr1")
    assert shown is not None
    assert (await desk.inside("wr1"), shown.name, shown.version) == (
        set(world.world.groups["wr1"].members),
        "老友一家",
        world.world.groups["wr1"].version,
    )
    assert (await desk.member("wm0")).groups == ()
    assert [each.person for each in await desk.store.read(contacts.groups.seats, "wr1") if each.left_at is not None] == ["wm0"]
    world.world.knobs.callback_reorder = 5
    for external in people[4:]:
        await groups.joins("wr1", [external])
    await groups.leaves("wr1", ["wm5"])
    await desk.later(4)
    await world.settle()
    await desk.later(30)
    assert await desk.inside("wr1") == set(world.world.groups["wr1"].members)
    world.world.knobs.callback_reorder = 1
    await groups.dismisses("wr1")
    await world.settle()
    await desk.later(30)
    ended = await desk.store.read(lambda view: contacts.groups.listed(view, ended=True))
    assert (await desk.inside("wr1"), [one.status for one in ended]) == (set(), ["dismissed"])


async def test_what_callbacks_lost_is_found_by_reconciliation_page_by_page_and_goes_on_after_a_stop(desk: House) -> None:
    world = desk.simulator
    world.world.knobs.callback_silent_loss = 1.0
    for number in range(130):
        world.world.add_customer(f"wm{number}", f"客{number}", ["lin" if number % 3 else "chen"], unionid=f"o{number}")
    world.world.add_staff("nobody", "没有客户")
    await world.customer_contact.groups.creates("lin", "wr1", "老友群", ["wm1", "wm2"])
    await world.customer_contact.tags.admin_makes("关怀", ["宝妈"])
    world.faults.inject("externalcontact/batch/get_by_user", errcode=45009, times=1)
    await desk.do(contact_sync.ask_all, None)
    await desk.run()
    waiting = {run.kind: run for run in await desk.store.read(contacts.latest)}
    assert (waiting["contacts"].status, "上限" in waiting["contacts"].trouble) == ("running", True)
    # WeCom said how long to wait; the second page is cut off, the third loses its cursor.
    desk.stage = _dies_at("sync.contacts")
    await desk.later(61)
    desk.stage = None
    world.faults.inject("externalcontact/batch/get_by_user", errcode=50100, times=1)
    await desk.later(200)
    runs = {run.kind: run for run in await desk.store.read(contacts.latest)}
    assert [runs[kind].status for kind in contacts.KINDS] == ["done"] * 3
    assert await desk.store.read(contacts.counts) == {"chen": 44, "lin": 86}
    assert (runs["contacts"].counts["new"], await desk.inside("wr1")) == (130, {"lin", "wm1", "wm2"})
    assert {fact["kind"] for fact in await desk.facts("wecom.reconciled")} == set(contacts.KINDS)
    # Deleted in silence, and an employee gone: the next run ends both, and the tasks of who left are anybody's.
    for number in (1, 2):
        await world.friendship_ends(f"wm{number}", "lin", "staff")
    await desk.do(staff.open_ticket, [staff.OpenTicket("t", "task", title="回访", staff="chen")])
    world.customer_contact.transfers.leaves("chen")
    await desk.do(contact_sync.ask_all, None)
    desk.clock.advance(timedelta(seconds=20))
    await desk.run()
    assert await desk.store.read(contacts.counts) == {"lin": 84}
    assert ((await desk.relation("wm1")).ended_by, (await desk.relation("wm0", "chen")).ended_by) == ("missing", "left")
    assert {ticket.staff for ticket in await desk.store.read(staff.open_tickets, "lin")} == {""}
    last = {run.kind: run for run in await desk.store.read(contacts.latest)}["contacts"]
    assert (last.counts, last.looked) == ({"ended": 46}, 84)
    assert await desk.store.read(lambda view: view.scalar(sa.select(sa.func.count()).where(due.c.held))) == 0


async def test_friends_of_staff_who_cannot_be_asked_stay_until_somebody_knows(desk: House) -> None:
    world = desk.simulator
    world.world.add_customer("wm1", "小夏", ["chen"])
    world.world.add_customer("wm2", "阿香", ["lin"])
    await desk.do(contact_sync.ask_all, None)
    await desk.run()
    # The listing of both is refused since one of them is out of sight, and so is the one who is asked first.
    world.faults.inject("externalcontact/batch/get_by_user", errcode=60111, times=2)
    desk.clock.advance(timedelta(hours=1))
    await desk.do(contact_sync.ask_all, None)
    await desk.run()
    last = {run.kind: run for run in await desk.store.read(contacts.latest)}["contacts"]
    assert (last.status, last.counts) == ("done", {"staff_passed_over": 1})
    assert await desk.store.read(contacts.counts) == {"chen": 1, "lin": 1}


async def test_the_command_line_holds_everything_against_wecom(desk: House, tmp_path: Path) -> None:
    desk.simulator.world.knobs.callback_silent_loss = 1.0
    for number in range(3):
        desk.simulator.world.add_customer(f"wm{number}", f"客{number}", ["lin"])
    await asyncio.to_thread(migrate.adopt, desk.store.url)
    corp = {"API_BASE": desk.api, "CORP_ID": simulation.CORP, "CONTACT_SECRET": simulation.CONTACT_SECRET}
    environ = {f"LAOYOU_WECOM_{name}": value for name, value in corp.items()}
    settings = Settings.load(environ | {"LAOYOU_HOME": str(tmp_path / "home"), "LAOYOU_DATABASE_URL": desk.store.url})
    seen: dict[str, int] = {}
    told = await terminal.reconcile(settings, desk.clock, OWNER, lambda kind, looked, _total, _trouble: seen.update({kind: looked}))
    assert (told.failed, len(told.done), seen["好友"], await desk.store.read(contacts.counts)) == ([], 3, 3, {"lin": 3})
