"""WeCom's daily counts: pulled once a day back to 180 days, resumed where it was cut off, each employee alone, shown with their query."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import aiohttp
import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.domain import insights
from assistant.flows import statistics
from assistant.jobs import EmbeddedRunner
from assistant.store import Due, Store, Work, due, metadata
from assistant.wecom import WeComClient
from tests.browser.web_house import House, open_house
from tests.rooms.mass_help import DAY, MassHouse, mass_house
from tests.rooms.test_operations_world import ME

TEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
YESTERDAY = date(2026, 11, 24)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


def left_the_group(store: Store, clock: ManualClock, chat: str, owner: str) -> None:
    """A customer left yesterday, as the events of groups have told."""
    at = clock.now() - DAY / 2
    group = dict.fromkeys(("name", "notice", "version", "told_version", "seen"), "") | {"chatid": chat, "owner": owner, "status": "open"}
    group |= dict.fromkeys(("told_at", "created_at", "ended_at"))
    seat = {"chatid": chat, "person": "wm9", "member_id": "", "kind": "customer", "joined_at": at, "scene": "", "invited_by": ""}
    seat |= {"left_at": at, "left_how": "left", "returns": 0}

    def write(work: Work, _nothing: None) -> None:
        work.insert(metadata.tables["contact_group"], [group])
        work.insert(metadata.tables["contact_group_seat"], [seat])

    store.do(write, None, ME)


async def pull(store: Store, desk: MassHouse, key: str) -> None:
    store.do(lambda work, _: work.due(Due("insights.pull", key, work.now)), None, ME)
    await desk.run()


async def test_a_brand_without_customer_contact_has_no_pull_that_waits_for_a_person(store: Store, clock: ManualClock) -> None:
    async with aiohttp.ClientSession() as session:
        client = WeComClient(session, "http://127.0.0.1:9", "ww1", {}, clock)
        runner = EmbeddedRunner(store, statistics.handlers(store, client, lambda _stage: None))
        store.do(lambda work, _: work.due(Due(statistics.PULL, "night", work.now)), None, ME)
        await runner.run_until_idle()
    assert store.look(lambda view: view.all(sa.select(due.c.last_error))) == []


def test_a_day_on_which_nobody_was_answered_counts_in_the_share_and_not_in_the_minutes(store: Store) -> None:
    blank = dict.fromkeys(insights.STAFF_COLUMNS, 0) | {"staff": "lin", "chats": 10}
    days = [
        blank | {"day": "2026-11-20", "replied": 10_000, "first_reply_minutes": 4},
        blank | {"day": "2026-11-21", "replied": 0, "first_reply_minutes": None},
    ]
    store.do(insights.keep_staff_days, insights.Pulled(days, "insights.staff:lin", YESTERDAY), ME)
    (line,) = store.look(insights.staff_figures, date(2026, 11, 20), date(2026, 11, 21))
    assert (line.chats, line.replied_percent, line.first_reply_minutes) == (20, 50.0, 4.0)


async def test_a_pull_goes_back_half_a_year_resumes_where_it_died_and_counts_nobody_twice(
    store: Store, clock: ManualClock, house: House
) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin"], "wm1": ["lin", "he"]}) as desk:
        world = desk.simulator.world
        world.add_group("wr1", "老友群", ["lin", "wm0", "wm1"], "lin")
        figures = desk.simulator.customer_contact.figures
        for customer in ("wm0", "wm0", "wm1"):
            figures.chat("lin", customer)
        figures.chat("he", "wm1")
        figures.group_chat("wr1", "wm0")
        world.customers["wm1"].relations["he"].gone = "by_customer"
        clock.advance(DAY)
        desk.die_at = ("insights.span_kept", 3)
        await pull(store, desk, "first")
        calls = desk.calls("get_user_behavior_data")
        assert (desk.died, calls) == (["insights.span_kept"], 13)
        lin, he = store.look(insights.staff_figures, YESTERDAY, YESTERDAY)
        assert (lin.staff, lin.chats, lin.messages, lin.first_reply_minutes, lin.replied_percent) == ("lin", 2, 3, 1.0, 100.0)
        assert (he.staff, he.chats, he.messages) == ("he", 1, 1)
        (group,) = store.look(insights.group_figures, YESTERDAY, YESTERDAY)
        assert (group.owner, group.groups, group.members, group.active_groups, group.messages) == ("lin", 1, 2, 1, 1)
        assert (group.speaking_percent, group.leave_percent) == (50.0, 0.0)
        left_the_group(store, clock, "wr1", "lin")
        (group,) = store.look(insights.group_figures, YESTERDAY, YESTERDAY)
        assert (group.left, group.leave_percent) == (1, 33.3)
        desk.die_at = ("insights.day_kept", 1)
        await pull(store, desk, "second")
        assert store.look(insights.staff_figures, YESTERDAY, YESTERDAY) == [lin, he]
        assert desk.calls("get_user_behavior_data") == calls + 2
        shown = await (await house.api("GET", "/statistics?days=7")).json()
        assert [line["chats"] for line in shown["staff"]] == [2, 1]
        by_hand = store.look(lambda view: view.all(sa.text(shown["queries"]["staff"])))
        assert [row[:2] for row in by_hand] == [("lin", 2), ("he", 1)]
        assert [tuple(row) for row in store.look(lambda view: view.all(sa.text(shown["queries"]["left"])))] == [("lin", 1)]
        assert (await house.api("GET", "/statistics?days=8")).status == 400
        await house.login("song")
        assert "老友" in await (await house.session.get(f"{house.base}/statistics")).text()


async def test_who_is_not_visible_is_left_out_and_the_others_are_read(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin"], "wm1": ["he"]}) as desk:
        clock.advance(DAY + timedelta(hours=1))
        desk.simulator.faults.inject("externalcontact/get_user_behavior_data", "errcode", errcode=60030)
        await pull(store, desk, "first")
        assert [one.staff for one in store.look(insights.staff_figures, YESTERDAY, YESTERDAY)] == ["lin"]
