"""Activities over the API and on the pages: written by one, published by another, reviewed, and verified by anybody."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.domain import activities
from assistant.domain.activities import Draw, Join
from assistant.store import Store
from tests.browser.web_house import HOSTILE, House, open_house
from tests.support import databases
from tests.support.fair import ME, body, lottery, person, put_on

SOCK = {"id": "sock", "title": "纯棉袜", "odds": 1_000_000, "stock": 2, "goods": True}


@pytest.fixture
def database(tmp_path: Path) -> str:
    """SQLite only: the room's own tests run on both."""
    return databases.sqlite(tmp_path)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


async def asked(house: House, method: str, path: str, who: str = "song", **options: Any) -> tuple[int, Any]:
    answer = await house.api(method, path, who, **options)
    return answer.status, await answer.json()


async def test_an_activity_is_written_by_one_published_by_another_and_its_draws_are_public_at_the_end(house: House) -> None:
    status, draft = await asked(house, "POST", "/activities", "he", json={"definition": lottery(SOCK)})
    assert (status, draft["state"], draft["kind_name"]) == (201, "draft", "抽奖")
    assert (await asked(house, "POST", "/activities/my_lottery/move", "he", json={"to": "published"}))[0] == 403
    assert (await asked(house, "POST", "/activities", "lan", json={"definition": lottery(SOCK)}))[0] == 403
    for _ in range(2):
        told = await asked(
            house, "POST", "/activities/my_lottery/move", "ping", json={"to": "published"}, headers={"Idempotency-Key": "publish"}
        )
        assert (told[0], told[1]["state"]) == (200, "published")
    promised = told[1]["seed_sha256"]
    await house.store.write(activities.draw, [Draw("d", "m1", "my_lottery")], ME)
    shown = (await asked(house, "GET", "/activities/my_lottery/draws"))[1]
    assert (shown["seed"], shown["draws"], shown["seed_sha256"]) == ("", [], promised)
    waiting = (await asked(house, "GET", "/activities/my_lottery/entries?waiting=1"))[1]["entries"]
    assert [(one["title"], one["state_name"]) for one in waiting] == [("纯棉袜", "等发货")]
    path = f"/entries/{waiting[0]['id']}/settle"
    assert (await asked(house, "POST", path, "he", json={"to": "fulfilled", "note": "SF1"}))[1]["state"] == "fulfilled"
    await asked(house, "POST", "/activities/my_lottery/move", json={"to": "ended"})
    shown = (await asked(house, "GET", "/activities/my_lottery/draws"))[1]
    assert (activities.commitment(shown["seed"]), len(shown["draws"])) == (promised, 1)


async def test_what_is_wrong_is_told_and_nothing_is_kept(house: House) -> None:
    status, told = await asked(house, "POST", "/activities", json={"definition": body("wish", points="5")})
    assert (status, told["error"]["message"]) == (400, "活动描述的“points”写得不对：要写整数")
    assert (await asked(house, "PUT", "/activities/other", json={"definition": body("wish")}))[0] == 400
    assert (await asked(house, "GET", "/activities"))[1]["activities"] == []
    assert (await asked(house, "GET", "/activities/nothing"))[0] == 400


async def test_the_pages_show_draw_review_and_name_hostile_words_as_text(house: House) -> None:
    member = person(house.store, "m1", nickname=HOSTILE)
    await house.store.write(put_on, body("post", title="晒晒你的家居时光", review=True), ME)
    await house.store.write(activities.join, [Join("j", member, "my_post", HOSTILE)], ME)
    await house.store.write(put_on, body("referral"), ME)
    await house.login("song")
    listing = await (await house.get("/activities")).text()
    assert "晒晒你的家居时光" in listing
    page = await (await house.get("/activities/my_post")).text()
    assert "等审核" in page
    assert HOSTILE not in page
    assert (await house.get("/activities/my_referral")).status == 200
    entry = house.store.look(activities.to_settle, "my_post")[0]
    form = {"csrf": await house.csrf("/activities"), "to": "approved", "activity": "my_post"}
    assert (await house.post(f"/entries/{entry.id}/settle", form)).status == 303
    assert house.store.look(activities.entry_counts, "my_post") == {"approved": 1}
    written = {"csrf": form["csrf"], "definition": json.dumps(body("wish", title="心愿墙"))}
    assert (await house.post("/activities", written)).status == 303
    assert (await house.post("/activities/my_wish/move", {"csrf": form["csrf"], "to": "published"})).status == 303
    assert [one.name for one in house.store.look(activities.open_to)] == ["my_post", "my_referral", "my_wish"]
    assert (await house.post("/activities", {"csrf": form["csrf"], "definition": "{"})).status == 400


async def test_a_viewer_sees_and_may_do_nothing(house: House) -> None:
    await house.store.write(put_on, body("wish"), ME)
    await house.login("lan")
    page = await (await house.get("/activities/my_wish")).text()
    assert "<button" in page
    assert "/move" not in page
    assert (await house.post("/activities/my_wish/move", {"csrf": await house.csrf("/activities"), "to": "ended"})).status == 403
