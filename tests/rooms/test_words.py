"""Words that employees may not say: brought to WeCom, changed, taken back, put right when somebody changed them there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.domain import content
from assistant.store import Due, Store
from tests.browser.web_house import House, open_house
from tests.flow.stages import REACH
from tests.rooms.mass_help import MassHouse, mass_house
from tests.rooms.test_operations_world import ME

TEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


def save(store: Store, key: str = "k", **changes: object) -> str:
    plain = {"name": "广告法", "words": ("国家级", "顶级"), "kind": "block", "staff": ("lin",)}
    request = content.SaveWords(key, **(plain | changes))  # type: ignore[arg-type]
    return store.do(content.save_words, [request], ME)[0].rule_id  # type: ignore[no-any-return]


def state(store: Store, rule_id: str) -> str:
    return store.look(content.word_of, rule_id).state  # type: ignore[no-any-return, union-attr]


async def check(store: Store, desk: MassHouse, key: str) -> None:
    store.do(lambda work, _: work.due(Due("words.check", key, work.now)), None, ME)
    await desk.run()


@pytest.mark.parametrize("death", ["", *(stage for stage, _ in REACH if stage.startswith("words."))])
async def test_a_rule_is_made_once_changed_held_to_and_taken_back_whatever_dies(store: Store, clock: ManualClock, death: str) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin", "he"]}) as desk:
        rules = desk.simulator.customer_contact.intercepts.rules
        desk.die_at = (death, 1)
        rule_id = save(store)
        await desk.run()
        assert (len(rules), state(store, rule_id)) == (1, "active")
        assert [desk.simulator.customer_contact.intercepts.struck("lin", text) for text in ("国家级品质", "棉的")] == [1, 0]
        save(store, "k2", words=("顶级", "极品"), kind="warn", staff=("he",), semantics=(1,))
        await desk.run()
        (rule,) = rules.values()
        assert (rule.words, rule.kind, rule.users, rule.semantics) == (["顶级", "极品"], 2, ["he"], [1])
        rule.words = ["极品"]
        await check(store, desk, "one")
        found = store.look(content.word_of, rule_id)
        assert (found.state, found.drifts, rule.words) == ("active", 1, ["顶级", "极品"])
        rules.clear()
        await check(store, desk, "two")
        assert (len(rules), state(store, rule_id)) == (1, "active")
        store.do(content.drop_words, rule_id, ME)
        await desk.run()
        assert (rules, store.look(content.word_rules)) == ({}, [])
        assert desk.died == ([death] if death else [])


async def test_a_rule_whose_answer_was_lost_is_found_by_its_name(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin"]}) as desk:
        desk.simulator.faults.inject("externalcontact/add_intercept_rule", "lost_after")
        rule_id = save(store)
        await desk.run()
        assert state(store, rule_id) == "unknown"
        await desk.wait(timedelta(minutes=2), timedelta(seconds=30))
        assert (len(desk.simulator.customer_contact.intercepts.rules), state(store, rule_id)) == (1, "active")


WRONG = ({"name": ""}, {"name": "长" * 21}, {"words": ()}, {"words": ("长" * 33,)}, {"words": tuple(map(str, range(301)))}, {"staff": ()})


@pytest.mark.parametrize("wrong", WRONG)
def test_what_wecom_would_not_take_is_said_before(store: Store, wrong: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        save(store, **wrong)


async def test_the_page_and_the_api_show_rules_and_offer_the_words_of_the_checks(house: House, store: Store) -> None:
    given = {"name": "广告法", "words": ["国家级"], "kind": "warn", "staff": ["lin"]}
    shown = await (await house.api("POST", "/words", json=given)).json()
    assert [(one["name"], one["say"]) for one in shown["rules"]] == [("广告法", "正在同步")]
    assert "国家级" in shown["suggested"]
    assert (await house.api("POST", "/words", json=given | {"words": ["长" * 33]})).status == 400
    await house.login("song")
    assert "广告法" in await (await house.session.get(f"{house.base}/words")).text()
