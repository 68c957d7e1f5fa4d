"""Moments: made once whatever is lost, followed until told, taken back from who has not published, within the platform's limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid, Refused
from assistant.domain import outreach
from assistant.store import Store
from tests.browser.web_house import open_house
from tests.flow.stages import REACH
from tests.rooms.mass_help import HOUR, MassHouse, facts, mass_house
from tests.rooms.test_operations_world import ME

TEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FRIENDS = {"wm0": ["lin"], "wm1": ["lin", "he"]}


def post(store: Store, text: str = "新品到店啦", key: str = "m", **more: object) -> str:
    request = outreach.PostMoment(key, text, **more)  # type: ignore[arg-type]
    return store.do(outreach.post_moments, [request], ME)[0].moment_id  # type: ignore[no-any-return]


def publish(house: MassHouse, userid: str) -> None:
    (moment,) = house.simulator.customer_contact.moments.moments.values()
    house.simulator.customer_contact.moments.publishes(userid, moment.moment_id)


@pytest.mark.parametrize("death", ["", *(stage for stage, _ in REACH if stage.startswith("moment."))])
async def test_a_moment_is_made_once_and_followed_whatever_dies(store: Store, clock: ManualClock, death: str) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, FRIENDS) as house:
        house.die_at = (death, 1)
        moment_id = post(store)
        await house.run()
        await house.wait(timedelta(minutes=5), timedelta(seconds=20))
        lost = death == "moment.claimed"
        if not lost:
            publish(house, "lin")
        await house.wait(3 * HOUR, HOUR)
        assert house.died == ([death] if death else [])
        assert len(house.simulator.customer_contact.moments.moments) == (0 if lost else 1)
        found = store.look(outreach.moment, moment_id)
        assert found.state == ("unknown" if lost else "open")
        seen = {one.staff: (one.published, one.customers) for one in store.look(outreach.publications_of, moment_id)}
        assert seen == ({} if lost else {"he": (False, 0), "lin": (True, 2)})
        assert len(facts(store, "moment.published")) == (0 if lost else 1)


async def test_a_lost_answer_is_looked_up_and_of_two_alike_none_is_taken(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, FRIENDS) as house:
        house.simulator.faults.inject("externalcontact/add_moment_task", "lost_after", times=3)
        one = post(store)
        await house.wait(timedelta(minutes=10), timedelta(seconds=30))
        two, three = post(store, "一样的话", "two"), post(store, "一样的话", "three")
        await house.wait(timedelta(minutes=10), timedelta(seconds=30))
        assert [store.look(outreach.moment, moment_id).state for moment_id in (one, two, three)] == ["open", "unknown", "unknown"]
        assert len(house.simulator.customer_contact.moments.moments) == 3


async def test_the_eleventh_in_a_minute_waits_and_what_is_taken_back_is_not_published(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, FRIENDS) as house:
        made = [post(store, f"第 {number} 条", str(number)) for number in range(11)]
        await house.run()
        assert len(house.simulator.customer_contact.moments.moments) == 10
        await house.wait(timedelta(minutes=3), timedelta(seconds=30))
        assert len(house.simulator.customer_contact.moments.moments) == 11
        store.do(outreach.cancel_moment, made[0], ME)
        await house.wait(timedelta(minutes=1), timedelta(seconds=30))
        assert sum(moment.cancelled for moment in house.simulator.customer_contact.moments.moments.values()) == 1
        with pytest.raises(Refused):
            store.do(outreach.cancel_moment, made[0], ME)
        for wrong in ({"text": " "}, {"text": "长" * 2001}, {"text": "x", "attachments": ({"kind": "file"},)}):
            with pytest.raises(Invalid):
                post(store, key="wrong", **{"text": "x", **wrong})  # type: ignore[arg-type]


async def test_a_moment_is_written_over_the_api_and_seen_on_the_page(store: Store, clock: ManualClock) -> None:
    async with open_house(store, clock, simulate=False) as house:
        link = {"title": "看新品", "url": "https://shop.example/new"}
        answer = await house.api("POST", "/moments", json={"text": "新品到店啦", "staff": ["lin"], "link": link})
        (made,) = (await answer.json())["moments"]
        assert (answer.status, made["say"], made["asked"]) == (201, "等着创建", 1)
        assert (await house.api("POST", "/moments", json={"text": "全网最低价的顶级睡衣"})).status == 400
        await house.login("song")
        assert "新品到店啦" in await (await house.session.get(f"{house.base}/moments")).text()
        assert (await (await house.api("POST", f"/moments/{made['id']}/cancel", json={})).json())["moments"][0]["say"] == "已撤回"
        assert (await house.api("GET", "/mass/mine")).status == 200
        assert "等员工点发送" in await (await house.session.get(f"{house.base}/mass")).text()
