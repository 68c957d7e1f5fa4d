"""The console in a real browser: pages at 1280 and 390 px without sideways scrolling or console errors, a customer who speaks."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.browser.screen import NEEDS_CHROMIUM, sideways, signed_in
from tests.browser.web_house import HOSTILE, House

PAGES = ["/", "/goals", "/members", "/tickets", "/sops", "/inbox", "/settings", "/phones", "/phones?tab=staff", "/phones?tab=group"]
pytestmark = NEEDS_CHROMIUM


@pytest.mark.parametrize("width", [1280, 390])
async def test_pages_fit_the_screen_and_raise_no_errors(browser: Browser, house: House, width: int) -> None:
    async with signed_in(browser, house, width) as (page, complaints):
        for path in PAGES:
            answer = await page.goto(house.base + path)
            assert answer is not None
            assert answer.status == 200, path
            assert await sideways(page) <= 0, path
            assert await page.locator("h1").first.is_visible()
        assert complaints == []


async def test_a_customer_says_something_and_sees_it_on_the_phone(browser: Browser, house: House) -> None:
    async with signed_in(browser, house) as (page, complaints):
        await page.goto(f"{house.base}/phones?tab=customer&id=wm_m00001")
        await page.fill("#text-customer", "我还有多少积分？")
        await page.press("#text-customer", "Enter")
        bubble = page.locator(".bubble.mine p")
        await bubble.wait_for()
        assert await bubble.inner_text() == "我还有多少积分？"
        assert await page.input_value("#text-customer") == ""
        assert house.simulator is not None
        assert [one.text for one in house.simulator.phone("wm_m00001")] == ["我还有多少积分？"]
        assert complaints == []


async def test_a_hostile_nickname_and_message_run_no_script(browser: Browser, house: House) -> None:
    async with signed_in(browser, house) as (page, complaints):
        asked: list[str] = []
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        await page.goto(f"{house.base}/phones?tab=customer&id=wm_hostile")
        await page.fill("#text-customer", HOSTILE)
        await page.press("#text-customer", "Enter")
        await page.locator(".bubble.mine p").wait_for()
        await page.reload()
        assert await page.locator(".bubble.mine p").inner_text() == HOSTILE
        assert await page.locator("main img").count() == 0
        assert asked == []
        assert complaints == []


async def test_the_keyboard_reaches_the_content_and_the_language_switches(browser: Browser, house: House) -> None:
    async with signed_in(browser, house) as (page, _complaints):
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.click("text=English")
        assert await page.get_attribute("html", "lang") == "en"
        assert await page.locator("nav >> text=Phones").is_visible()
