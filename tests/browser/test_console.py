"""The console in a real browser: pages at 1280 and 390 px without sideways scrolling or console errors, a customer who speaks."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from assistant.base.clock import ManualClock
from assistant.store import Store
from tests.browser.web_house import HOSTILE, House, open_house
from tests.support import databases

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = ["/", "/goals", "/members", "/tickets", "/sops", "/inbox", "/settings", "/phones", "/phones?tab=staff", "/phones?tab=group"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="没有找到 chromium（apt-get install chromium），跳过浏览器测试")


@pytest.fixture
def database(tmp_path: Path) -> str:
    """SQLite only: a browser cannot tell the difference."""
    return databases.sqlite(tmp_path)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock) as opened:
        yield opened


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


@asynccontextmanager
async def signed_in(browser: Browser, house: House, width: int = 1280) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page of somebody who has logged in by the form, and the complaints of the browser."""
    context = await browser.new_context(viewport={"width": width, "height": 844})
    page = await context.new_page()
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(f"{house.base}/login?next=/phones")
    await page.fill("input[name=name]", "song")
    await page.fill("input[name=password]", "laoyou-demo")
    await page.click("button.main")
    await page.wait_for_url("**/phones")
    yield page, complaints
    await context.close()


@pytest.mark.parametrize("width", [1280, 390])
async def test_pages_fit_the_screen_and_raise_no_errors(browser: Browser, house: House, width: int) -> None:
    async with signed_in(browser, house, width) as (page, complaints):
        for path in PAGES:
            answer = await page.goto(house.base + path)
            assert answer is not None
            assert answer.status == 200, path
            sideways = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert sideways <= 0, (path, sideways)
            assert await page.locator("h1").first.is_visible()
        assert complaints == []


async def test_a_customer_says_something_and_sees_it_on_the_phone(browser: Browser, house: House) -> None:
    async with signed_in(browser, house) as (page, complaints):
        await page.goto(f"{house.base}/phones?tab=customer&id=wm_m00001")
        await page.fill("#text", "我还有多少积分？")
        await page.press("#text", "Enter")
        bubble = page.locator(".bubble.mine p")
        await bubble.wait_for()
        assert await bubble.inner_text() == "我还有多少积分？"
        assert await page.input_value("#text") == ""
        assert house.simulator is not None
        assert [one.text for one in house.simulator.phone("wm_m00001")] == ["我还有多少积分？"]
        assert complaints == []


async def test_a_hostile_nickname_and_message_run_no_script(browser: Browser, house: House) -> None:
    async with signed_in(browser, house) as (page, complaints):
        asked: list[str] = []
        page.on("dialog", lambda dialog: asked.append(dialog.message))
        await page.goto(f"{house.base}/phones?tab=customer&id=wm_hostile")
        await page.fill("#text", HOSTILE)
        await page.press("#text", "Enter")
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
