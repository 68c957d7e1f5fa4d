"""Pages speak as people do: platforms, SOPs and authors by their names, and who answers in a conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistant.base.clock import ManualClock
from assistant.domain import journeys, points
from assistant.store import Store, Work
from assistant.web import book, pages
from tests.browser.web_house import House, open_house
from tests.rooms.merging_help import ME, buy, join
from tests.rooms.test_web_api import PATH, begin
from tests.support import databases
from tools import service


def install(work: Work, _nothing: None) -> None:
    journeys.install(work)


@pytest.fixture
def database(tmp_path: Path) -> str:
    """SQLite only: the rooms' own suites run on both databases."""
    return databases.sqlite(tmp_path)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        await opened.login("song")
        yield opened


async def test_platforms_are_called_by_their_names(house: House, store: Store) -> None:
    buy(store, "T1", join(store, "a", shop_key="S1"))
    text = await (await house.get("/linking")).text()
    assert "<td>淘宝</td>" in text
    assert pages.shop("my_own_shop") == "my_own_shop"


def test_what_an_sop_caused_is_called_by_the_name_of_the_sop(store: Store) -> None:
    store.do(install, None, ME)
    assert store.look(book.causes, {"journey:birthday:1", "import"}) == {"journey:birthday:1": "生日祝福"}


async def test_who_looks_on_is_told_who_answers(house: House, store: Store) -> None:
    store.do(begin, "林小满", ME)
    page = "/inbox" + PATH.removeprefix("/conversations")
    assert "接待之后助手会立刻安静" in await (await house.get(page)).text()
    await house.api("POST", f"{PATH}/take", "he", json={})
    text = await (await house.get(page)).text()
    assert "he 正在接待，助手是安静的" in text
    assert "接待之后助手会立刻安静" not in text


@pytest.mark.parametrize(("reason", "sorry"), [("投诉，衣服破了", True), ("转人工", False)])
async def test_who_is_unhappy_hears_an_apology_and_by_when(reason: str, sorry: bool) -> None:
    hand_over = next(one for one in service.RECIPES if one.name == "hand_over")
    said = (await hand_over.body(None, service.Reason(reason=reason), "k")).data["say"]  # type: ignore[arg-type]
    assert ("对不起" in said, "12 小时" in said) == (sorry, sorry)


async def test_who_wrote_rules_is_told_by_name(house: House) -> None:
    form = {"csrf": await house.csrf("/points"), "document": "{}", "note": "试"}
    await house.post("/points", form)
    assert len(house.store.look(points.rule_versions)) == 1
    assert ">song ·" in await (await house.get("/points")).text()
