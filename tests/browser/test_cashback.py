"""The page of cashback in a real browser: it fits the screen with everything on it, and a set is approved by ticking."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Browser

from assistant.base.clock import ManualClock
from assistant.domain import cashback, fraud
from assistant.domain.cashback import Rule, Scope
from assistant.store import Store
from tests.browser.screen import NEEDS_CHROMIUM, sideways, signed_in
from tests.browser.web_house import House
from tests.rooms.test_cashback_shop import ANNA, BOSS, ME, made, ripened, wallet

pytestmark = NEEDS_CHROMIUM


def furnish(store: Store, clock: ManualClock) -> list[str]:
    wallet(store)
    made(
        store, "month", Rule(500, floor_fen=9_900), Scope(sources=("douyin",)), kind="month", uses=9, card_cap_fen=5_000, budget_fen=50_000
    )
    stuck = ripened(store, clock, "T0", Rule(fixed_fen=900), "stuck")
    store.do(cashback.approve, [cashback.Approve("stuck", stuck)], BOSS)
    why = "微信支付的应答连续没有通过验签，请核对微信支付公钥和它的 ID，以及服务器的时间"
    store.do(cashback.stop_payouts, [cashback.Halt("stop", why)], ME)
    claims = [ripened(store, clock, "T1"), ripened(store, clock, "T2", Rule(fixed_fen=15_000), "large")]
    store.do(fraud.note, [fraud.Evidence(one, one, "payee", "W") for one in (ANNA, "bell", "carl")], ME)
    return [*claims, ripened(store, clock, "T3", Rule(fixed_fen=1_000), "small")]


@pytest.mark.parametrize("width", [1280, 390])
async def test_the_page_fits_and_a_ticked_claim_is_approved(
    browser: Browser, house: House, store: Store, clock: ManualClock, width: int
) -> None:
    claims = await asyncio.to_thread(furnish, store, clock)
    async with signed_in(browser, house, width) as (page, complaints):
        await page.goto(f"{house.base}/cashback")
        assert await sideways(page) <= 0
        await page.locator("#cards summary").last.click()
        assert await sideways(page) <= 0
        await page.locator(f'input[name="claim:{claims[2]}"]').check()
        await page.fill("#reason", "电话核对过")
        await page.click('button[value="release"]')
        await page.locator(f'input[name="claim:{claims[2]}"]').check()
        await page.click('button[value="approve"]')
        await page.get_by_role("status").wait_for()
        assert "办好 1 笔" in await page.get_by_role("status").inner_text()
        assert (await store.read(cashback.claims_by_id, [claims[2]]))[claims[2]].state == "approved"
        assert complaints == []
