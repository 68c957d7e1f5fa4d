"""What the browser tests share: a house with an open port and a running Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from assistant.base.clock import ManualClock
from assistant.store import Store
from tests.browser.screen import CHROMIUM, FLAGS
from tests.browser.web_house import House, open_house
from tests.support import databases


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
