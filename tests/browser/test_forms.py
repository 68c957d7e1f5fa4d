"""The forms of rules and activities in a real browser, on a screen and on a phone: reached over the menu, filled in, saved."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from assistant.app import know_features
from assistant.domain import activities, membership, points
from tests.browser.screen import NEEDS_CHROMIUM, sideways, signed_in
from tests.browser.web_house import House

pytestmark = NEEDS_CHROMIUM


@pytest.mark.parametrize("width", [1280, 390])
async def test_rules_and_an_activity_are_changed_by_forms_that_fit_the_screen(browser: Browser, house: House, width: int) -> None:
    async with signed_in(browser, house, width) as (page, complaints):
        await page.goto(house.base + "/members")
        await page.click("nav.tabs >> text=积分规则")
        await page.fill("[name=per_hundred]", "150")
        await page.fill("[name='tiers.金卡']", "130")
        await page.click("summary:has-text('限时活动')")
        await page.fill("[name='campaigns.0.title']", "双12")
        await page.fill("[name='campaigns.0.starts']", "2026-12-12T00:00")
        assert await sideways(page) <= 0
        await page.click("#form button.main")
        await page.wait_for_url("**/points")
        draft = house.store.look(points.rule_versions)[0].rules
        assert (draft.per_hundred, dict(draft.tiers), [one.title for one in draft.campaigns]) == (150, {"金卡": 130}, ["双12"])

        await page.click("nav.tabs >> text=等级与储值")
        await page.click("summary:has-text('改规则') >> nth=0")
        await page.fill("[name='tiers.1.growth']", "1200")
        await page.uncheck("[name=soft_landing]")
        assert await sideways(page) <= 0
        await page.click("#tiers button.main")
        await page.wait_for_url("**/membership")
        held = house.store.look(membership.rules)[1]
        assert (held.tiers[1].growth, held.soft_landing) == (1200, False)

        await page.goto(house.base + "/activities")
        await page.click("main nav.tabs >> text=心愿单")
        await page.fill("[name=name]", "winter_wishes")
        await page.fill("[name=title]", "冬天的心愿")
        assert await sideways(page) <= 0
        await page.click("#new button.main")
        await page.wait_for_url("**/activities/winter_wishes*")
        await page.fill("#form [name=words]", "想要什么都行")
        await page.click("#form button.main")
        await page.locator("p:has-text('想要什么都行')").wait_for()
        one = house.store.look(activities.activity, "winter_wishes")
        assert one is not None
        assert (one.kind, one.state, one.version) == ("wish", "draft", 2)
        assert complaints == []


BEGUN = {
    "lottery": {"prizes.1.title": "袜子", "prizes.1.odds": "20", "prizes.1.stock": "10", "limits.day": "2"},
    "tasks": {"tasks.0.title": "下一单", "tasks.0.times": "2"},
    "survey": {"questions.0.text": "喜欢哪种面料", "questions.0.lines": "纯棉 = 偏爱棉质\n真丝"},
    "koc": {"asks.orders": "8", "asks.spent_year": "1000"},
}
CHOSEN = {"lottery": {"prizes.1.gives": "goods"}, "tasks": {"tasks.0.does": "fact:orders.paid"}}


@pytest.mark.parametrize("width", [1280, 390])
async def test_lists_of_an_activity_are_written_as_rows_and_a_mistake_is_told_beside_the_form(
    browser: Browser, house: House, width: int
) -> None:
    know_features()
    async with signed_in(browser, house, width) as (page, complaints):
        for kind, fields in BEGUN.items():
            await page.goto(f"{house.base}/activities?kind={kind}#new")
            await page.fill("[name=name]", f"my_{kind}")
            await page.fill("[name=title]", "新活动")
            await page.fill("[name=budget_fen]", "很多")
            for name, value in fields.items():
                await page.fill(f"[name='{name}']", value)
            for name, value in CHOSEN.get(kind, {}).items():
                await page.select_option(f"[name='{name}']", value)
            await page.click("#new button.main")
            await page.locator("#new .notice", has_text="“奖励最多花多少元”").wait_for()
            assert await sideways(page) <= 0, kind
            await page.fill("[name=budget_fen]", "100")
            await page.click("#new button.main")
            await page.wait_for_url(f"**/activities/my_{kind}*")
            assert await sideways(page) <= 0, kind
        assert all("422" in one for one in complaints)
    made = {one.kind: one.activity for one in house.store.look(activities.activities)}
    lottery, tasks, survey, koc = (made[kind] for kind in BEGUN)
    assert isinstance(lottery, activities.Lottery)
    assert [(one.title, one.odds, one.goods) for one in lottery.prizes] == [("谢谢参与", 800_000, False), ("袜子", 200_000, True)]
    assert isinstance(tasks, activities.TaskCentre)
    assert [(one.fact, one.times) for one in tasks.tasks] == [("orders.paid", 2)]
    assert isinstance(survey, activities.Survey)
    assert [one.tag for one in survey.questions[0].options] == ["偏爱棉质", ""]
    assert koc.who is not None
    assert len(koc.who["rules"]) == 2
