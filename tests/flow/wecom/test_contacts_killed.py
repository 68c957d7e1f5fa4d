"""Customer contact cut off at every stage: what was asked of WeCom is asked once, or found, or unknown; nothing stays half done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from assistant.base.clock import ManualClock
from assistant.base.principal import Principal
from assistant.domain import audience, contacts
from assistant.flows import contact_sync, contact_transfer, contact_ways
from assistant.store import Work
from tests.flow.stages import CONTACT
from tests.flow.wecom.contact_house import House, house

OWNER = Principal("operator", "song", frozenset({"owner"}))
HOUR = 3600


@pytest.fixture
async def desk(database: str, clock: ManualClock) -> AsyncIterator[House]:
    async with house(database, clock) as opened:
        yield opened


class _Killed(Exception):
    pass


async def cut_off(desk: House, stage: str) -> None:
    """Runs what is due; the process ends the first time it comes to the stage."""
    left = [stage]

    def die(name: str) -> None:
        if name in left:
            left.remove(name)
            raise _Killed

    desk.stage = die
    await desk.run()
    desk.stage = None
    assert not left, f"{stage} was never reached"


async def befriended(desk: House, external: str = "wm1") -> None:
    desk.simulator.world.add_customer(external, "阿香", [])
    await desk.simulator.customer_adds(external, "lin")


async def welcomed(desk: House, stage: str) -> None:
    """Nobody knows whether the greeting was heard, so it is not said again."""
    await befriended(desk)
    await cut_off(desk, stage)
    await desk.later(10)
    shown = [bubble for bubble in desk.simulator.phone("wm1") if bubble.via == "welcome"]
    assert [told["outcome"] for told in await desk.facts("wecom.welcomed")] == ["unknown"]
    assert len(shown) == len(desk.calls("send_welcome_msg")) == int(stage == "welcome.sent")


async def looked_at(desk: House, stage: str) -> None:
    await befriended(desk)
    await desk.later(5)
    await desk.simulator.customer_contact.contacts.edits("lin", "wm1", remark="香姐")
    desk.simulator.advance(5)
    await cut_off(desk, stage)
    await desk.later(60)
    assert (await desk.relation("wm1")).remark == "香姐"


async def tagged(desk: House, stage: str) -> None:
    await desk.simulator.customer_contact.tags.admin_makes("关怀", ["宝妈"])
    await befriended(desk)
    await desk.later(5)
    member = await desk.member("wm1")
    await desk.do(_tag, member.id)
    await cut_off(desk, stage)
    await desk.later(60)
    (known,) = await desk.store.read(contacts.library)
    assert desk.simulator.world.customers["wm1"].relations["lin"].tags == {known.id}
    assert (await desk.relation("wm1")).tags == (known.id,)


def _tag(work: Work, member_id: str) -> None:
    audience.tag(work, [audience.Tag("", member_id, "宝妈")])


async def way_made(desk: House, stage: str) -> None:
    request = contacts.SaveWay(key="w", kind="person", name="直播间", staff=("lin",))
    saved = await desk.store.write(contact_ways.save_way, request, OWNER)
    await cut_off(desk, stage)
    await desk.later(60)
    found = await desk.store.read(contacts.find_way, saved.way_id)
    assert found is not None
    assert (found.status, list(desk.simulator.customer_contact.ways.ways)) == ("active", [found.config_id])


async def passed_on(desk: House, stage: str) -> None:
    await befriended(desk)
    await desk.later(5)
    await desk.store.write(contact_transfer.ask, contacts.AskTransfer("t1", "lin", "chen"), OWNER)
    await cut_off(desk, stage)
    await desk.later(60)
    await desk.later(25 * HOUR)
    await desk.later(4 * HOUR)
    assert [one.state for one in await desk.store.read(contacts.transfers)] == ["done"]
    assert len(desk.calls("transfer_customer")) == 1
    assert (await desk.member("wm1")).owner_staff == "chen"


async def missed(desk: House, stage: str) -> None:
    await befriended(desk)
    await desk.later(5)
    desk.simulator.world.knobs.callback_silent_loss = 1.0
    await desk.simulator.friendship_ends("wm1", "lin", "staff")
    desk.simulator.advance(30)
    await desk.do(contact_sync.ask_all, None)
    await cut_off(desk, stage)
    await desk.later(60)
    assert (await desk.relation("wm1")).ended_by == "missing"
    assert {run.status for run in await desk.store.read(contacts.latest)} == {"done"}


STORIES: dict[str, Callable[[House, str], Awaitable[None]]] = {
    "welcome": welcomed,
    "contact": looked_at,
    "tags": tagged,
    "way": way_made,
    "transfer": passed_on,
    "sync": missed,
}


@pytest.mark.parametrize("stage", [stage for stage, _nth in CONTACT])
async def test_customer_contact_cut_off_at_any_stage_ends_as_if_it_had_not_been(desk: House, stage: str) -> None:
    await STORIES[stage.split(".", maxsplit=1)[0]](desk, stage)
