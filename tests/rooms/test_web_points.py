"""The rules of points over the API and in the console: a draft, its trial, the step to live, and a mistake that is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from assistant.base.clock import ManualClock
from assistant.store import Store
from assistant.web import pages
from assistant.web.points_rules import all_rules
from tests.browser.web_house import HOSTILE, House, open_house
from tests.rooms.points_help import propose
from tests.rooms.test_points import said, tell
from tests.support import databases


@pytest.fixture
def database(tmp_path: Path) -> str:
    """SQLite only: the room's own suites run on both databases."""
    return databases.sqlite(tmp_path)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


async def test_a_draft_is_tried_out_and_set_live_by_somebody_with_the_right(house: House) -> None:
    body = {"document": {"per_hundred": 300}, "note": "周年庆"}
    for _time in range(2):
        made = await house.api("POST", "/points/rules", "he", json=body, headers={"Idempotency-Key": "k1"})
        assert made.status == 200
    draft = await made.json()
    assert (draft["version"], draft["state"], draft["note"], draft["ready"]) == (1, "draft", "周年庆", True)
    assert draft["simulation"]["orders"] == 0
    assert (await house.api("POST", "/points/rules/1/live", "he", json={})).status == 403
    assert (await (await house.api("POST", "/points/rules/1/live", "ping", json={})).json())["state"] == "live"
    found = await (await house.api("GET", "/points/rules", "lan")).json()
    assert (found["live"]["version"], found["live"]["words"][0]) == (1, "每消费 1 元得 3 积分")
    assert (await house.api("POST", "/points/rules/x/live", "song", json={})).status == 400
    assert (await house.api("POST", "/points/rules/9/simulate", "song", json={})).status == 400


async def test_a_mistake_names_its_place_and_keeps_nothing(house: House) -> None:
    answer = await house.api("POST", "/points/rules", json={"document": {"caps": [{"id": "c", "title": "上限"}]}})
    assert answer.status == 400
    assert (await answer.json())["error"] == {"code": "bad_rules", "message": "积分规则“上限的第 1 项的积分”没有填（caps.0.points）"}
    assert (await (await house.api("GET", "/points/rules")).json())["versions"] == []


async def test_the_console_takes_a_draft_and_shows_a_mistake_above_the_text(house: House) -> None:
    await house.login("song")
    csrf = await house.csrf("/points")
    wrong = await house.post("/points", {"csrf": csrf, "document": '{"per_yuan": 1}', "note": HOSTILE})
    text = await wrong.text()
    assert wrong.status == 422
    assert "不认识这一项" in text
    assert "per_yuan" in text
    assert (await house.post("/points", {"csrf": csrf, "document": '{"per_hundred": 150}', "note": HOSTILE})).status == 303
    assert (await house.post("/points/1/live", {"csrf": csrf})).status == 303
    shown = await (await house.get("/points")).text()
    assert "每消费 100 元得 150 积分" in shown
    assert HOSTILE not in shown


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_a_stranger_wrote_into_rules_is_shown_as_text(store: Store, language: str) -> None:
    tell(store, said("paid", 10000))
    propose(store, {"title": HOSTILE[:40], "campaigns": [{"id": "a", "title": HOSTILE[:40], "times_percent": 200}]})
    page = pages.Page(language, "/points", HOSTILE, "c", HOSTILE, False)
    values = {
        "groups": [],
        "text": HOSTILE,
        "document": HOSTILE,
        "note": HOSTILE,
        "problem": HOSTILE,
        "may": {"edit": True, "live": True},
        "states": {},
        "names": {},
    }
    template = pages._environment().get_template("points.html")
    text = template.render(page=page, t=partial(pages.say, language), rules=store.look(all_rules), **values)
    assert "<script>alert" not in text
    assert "<img src=x" not in text
