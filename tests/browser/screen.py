"""A real browser for tests: where Chromium is, how it is started, and a page of somebody who has logged in."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page

from tests.browser.web_house import PASSWORD, House

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
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="没有找到 chromium（apt-get install chromium），跳过浏览器测试")
PHONE = {"width": 390, "height": 844}


@asynccontextmanager
async def signed_in(browser: Browser, house: House, width: int = 1280, who: str = "song") -> AsyncIterator[tuple[Page, list[str]]]:
    """A page of somebody who has logged in by the form and says yes to every question, and the complaints of the browser."""
    context = await browser.new_context(viewport={"width": width, "height": 844})
    page = await context.new_page()
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: dialog.accept())
    await page.goto(f"{house.base}/login?next=/goals")
    await page.fill("input[name=name]", who)
    await page.fill("input[name=password]", PASSWORD)
    await page.click("button.main")
    await page.wait_for_url("**/goals")
    yield page, complaints
    await context.close()


async def sideways(page: Page) -> int:
    """How many pixels the page is wider than the screen."""
    found = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return int(found)
