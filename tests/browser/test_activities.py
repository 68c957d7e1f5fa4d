"""Activities in a real browser: the pages fit a phone, a sale is published and goods are marked as sent by clicks."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from assistant.domain import activities
from assistant.domain.activities import Buy
from tests.browser.screen import NEEDS_CHROMIUM, sideways, signed_in
from tests.browser.web_house import House
from tests.support.fair import ME, body, lottery, person, put_on, rich

pytestmark = NEEDS_CHROMIUM
SOCK = {"id": "sock", "title": "纯棉袜", "odds": 1_000_000, "stock": 2, "goods": True}


@pytest.mark.parametrize("width", [1280, 390])
async def test_a_sale_is_published_and_sent_by_clicks(browser: Browser, house: House, width: int) -> None:
    member = person(house.store, "m1", nickname="林小满")
    rich(house.store, member)
    await house.store.write(put_on, lottery(SOCK), ME)
    await house.store.write(put_on, body("referral"), ME)
    await house.store.write(activities.describe, [activities.Describe("d", body("flash_sale", stock=3, points=100))], ME)
    async with signed_in(browser, house, width) as (page, complaints):
        for path in ("/activities", "/activities/my_lottery", "/activities/my_referral", "/activities/my_flash_sale"):
            await page.goto(house.base + path)
            assert await sideways(page) <= 0, path
        await page.get_by_role("button", name="发布").click()
        await page.get_by_text("进行中").first.wait_for()
        await house.store.write(activities.buy, [Buy("b", member, "my_flash_sale", 1, 100)], ME)
        await page.reload()
        await page.get_by_placeholder("快递单号或券码").fill("SF123")
        await page.get_by_role("button", name="已发货").click()
        await page.get_by_text("没有等着处理的。").wait_for()
        assert complaints == []
    assert [one.note for one in house.store.look(activities.my_entries, member)] == ["SF123"]
