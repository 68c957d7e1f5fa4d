"""Error codes of customer contact that a person has to see: each ends in words of its own on the page of customer contact."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from assistant.base.clock import ManualClock
from assistant.base.principal import Principal
from assistant.domain import contacts
from assistant.flows import contact_sync, contact_transfer
from assistant.web.contacts import overview
from tests.flow.wecom.contact_house import House, house

OWNER = Principal("operator", "test", frozenset({"owner"}))
DAY = 24 * 3600


@pytest.fixture
async def desk(database: str, clock: ManualClock) -> AsyncIterator[House]:
    async with house(database, clock) as opened:
        yield opened


async def befriended(desk: House, external: str) -> None:
    desk.simulator.world.add_customer(external, "阿香", [])
    await desk.simulator.customer_adds(external, "lin")
    await desk.run()


async def reconciled(desk: House) -> dict[str, tuple[str, str]]:
    """Kind → (status, trouble) of the latest run, as the page shows them."""
    await desk.do(contact_sync.ask_all, None)
    await desk.later(60)
    return {run.kind: (run.status, run.trouble) for run in desk.store.look(overview).runs}


async def test_a_customer_who_has_not_agreed_to_the_archive_is_welcomed_once_they_have(desk: House) -> None:
    desk.simulator.faults.inject("externalcontact/send_welcome_msg", errcode=41053)
    await befriended(desk, "wm1")
    (refused,) = desk.store.look(overview).welcomes
    assert (refused.outcome, refused.say) == ("refused", "企业微信不接受")
    assert "客户还没有同意会话存档" in refused.reason
    await desk.simulator.customer_contact.contacts.agrees("wm1", "lin")
    await desk.run()
    assert sorted(one.outcome for one in desk.store.look(overview).welcomes) == ["refused", "sent"]
    assert len([bubble for bubble in desk.simulator.phone("wm1") if bubble.via == "welcome"]) == 1


@pytest.mark.parametrize("whole", [False, True])
async def test_a_customer_passed_on_twice_in_ninety_days_stays_and_the_page_says_why(desk: House, whole: bool) -> None:
    await befriended(desk, "wm1")
    if whole:
        desk.simulator.faults.inject("externalcontact/transfer_customer", errcode=40128)
        await desk.do(lambda work, _: contact_transfer.ask(work, contacts.AskTransfer("t1", "lin", "chen")), None)
    else:
        for number, (giver, taker) in enumerate((("lin", "chen"), ("chen", "lin"), ("lin", "chen"))):
            # That the customer is with them by now is told by a callback, which comes by itself.
            while not await desk.friends("wm1", giver):
                await asyncio.sleep(0.01)
                await desk.run()
            await desk.store.write(contact_transfer.ask, contacts.AskTransfer(f"t{number}", giver, taker), OWNER)
            await desk.later(60)
            for _ in range(4):
                await desk.later(DAY / 2 + 3600)
    await desk.run()
    last = desk.store.look(overview).transfers[0]
    assert (last.state, last.reason) == ("failed", "这位客户 90 天内已转接过两次，暂时不能再转")
    assert (await desk.relation("wm1", "lin")).open


async def test_groups_that_wecom_lists_only_by_staff_are_listed_so(desk: House) -> None:
    await befriended(desk, "wm1")
    desk.simulator.world.add_group("wrA", "姐妹群", ["lin", "wm1"], "lin")
    desk.simulator.faults.inject("externalcontact/groupchat/list", errcode=81017)
    assert (await reconciled(desk))["groups"] == ("done", "")
    assert [group.chatid for group in desk.store.look(overview).groups] == ["wrA"]
    asked = [bool(call.body.get("owner_filter")) for call in desk.calls("groupchat/list")]
    assert asked == [False, True]


async def test_groups_that_wecom_does_not_list_at_all_stop_with_words_on_the_page(desk: House) -> None:
    desk.simulator.faults.inject("externalcontact/groupchat/list", errcode=81017, times=None)
    status, trouble = (await reconciled(desk))["groups"]
    assert (status, "请缩小应用的可见范围" in trouble) == ("running", True)


async def test_staff_without_customers_are_an_empty_listing_and_no_error(desk: House) -> None:
    desk.simulator.faults.inject("externalcontact/batch/get_by_user", errcode=84061)
    assert (await reconciled(desk))["contacts"] == ("done", "")
    desk.simulator.world.knobs.callback_silent_loss = 1.0
    await befriended(desk, "wm1")
    assert (await reconciled(desk))["contacts"] == ("done", "")
    assert (await desk.relation("wm1")).open
    await desk.simulator.friendship_ends("wm1", "lin", "staff")
    desk.simulator.advance(30)
    assert (await reconciled(desk))["contacts"] == ("done", "")
    assert (await desk.relation("wm1")).ended_by == "missing"
