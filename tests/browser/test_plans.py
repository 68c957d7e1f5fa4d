"""A day at the console in a real browser: a goal edited, approved and reported, a member's page, a conversation taken over."""

from __future__ import annotations

import asyncio

from playwright.async_api import Browser, Page, expect

from assistant import operations
from assistant.base.principal import Principal, system
from assistant.channels.message import Address
from assistant.dialogue import conversation
from assistant.dialogue.who import Speaker
from assistant.domain import audience
from assistant.store import Store, Work
from tests.browser.screen import NEEDS_CHROMIUM, PHONE, sideways, signed_in
from tests.browser.web_house import House
from tests.rooms.test_operations_world import run_plan
from tests.rooms.test_web_goals import FEATURES, seed, skip_one

pytestmark = NEEDS_CHROMIUM
GOAL = "给上海的女性会员每人发 50 积分，预算 500 元"
WORDS = "{nickname}，给您备了 80 积分，天冷添件家居服。"
TALK = Address("kf", "wkdemo0000000001", "wm_m00001")


def begin(work: Work, member_id: str) -> None:
    """A member has written to us."""
    conversation.touch(work, TALK, Speaker(Principal("member", member_id), member_id, "林小满"))


async def draft_and_edit(page: Page, house: House) -> str:
    """The operator writes a goal, changes it in the form and asks for approval; returns the plan's path."""
    await page.fill("#goal", GOAL)
    await page.click("button >> text=写成方案")
    await page.wait_for_url("**/plans/*")
    await page.click("summary")
    await page.fill("[name=template]", WORDS)
    await page.fill("[name=points0]", "80")
    await page.fill("[name=holdout]", "20")
    await page.select_option("[name=channel]", "mass")
    await page.click("button >> text=保存这几项")
    await expect(page.locator("main")).to_contain_text("每人发 80 积分")
    for told in (WORDS, "只走导购群发", "20%"):
        await expect(page.locator("main")).to_contain_text(told)
    await page.click("button >> text=预览：看清人和钱")
    await expect(page.locator("main")).to_contain_text("最多花费")
    await expect(page.locator("text=批准执行")).to_have_count(0)
    await page.click("button >> text=提交审批")
    await expect(page.locator(".tag").first).to_have_text("等批准")
    return page.url.removeprefix(house.base)


async def test_a_goal_is_edited_by_one_approved_by_another_and_reported(browser: Browser, house: House, store: Store) -> None:
    audience.use([feature for room in FEATURES for feature in room.FEATURES])
    await store.write(seed, None, system("test"))
    async with signed_in(browser, house, who="he") as (page, complaints):
        path = await draft_and_edit(page, house)
        assert complaints == []
    async with signed_in(browser, house) as (page, complaints):
        await page.goto(house.base + path)
        await page.click("button >> text=批准执行")
        await expect(page.locator(".tag").first).to_have_text("已批准")
        done = await asyncio.to_thread(run_plan, store, house.clock, path.rsplit("/", 1)[1])
        assert done.state == "done"
        for size in ({"width": 1280, "height": 844}, PHONE):
            await page.set_viewport_size(size)
            for shown in (path, f"{path}/people", f"{path}/report"):
                await page.goto(house.base + shown)
                assert await sideways(page) <= 0, (shown, size)
        await expect(page.locator("svg.chart").first).to_be_visible()
        await expect(page.locator("main")).to_contain_text("和对照组比")
        told = await store.read(operations.report, done.id)
        await expect(page.locator("svg.chart").first).to_contain_text(f"已处理{told.people}")
        assert complaints == []


async def test_a_member_is_found_by_the_tail_of_the_phone_and_the_page_says_why(browser: Browser, house: House, store: Store) -> None:
    audience.use([feature for room in FEATURES for feature in room.FEATURES])
    await store.write(seed, None, system("test"))
    await store.write(skip_one, "plan_none", system("test"))
    async with signed_in(browser, house) as (page, complaints):
        for words in ("0005", "T1"):
            await page.goto(f"{house.base}/members")
            await page.fill("#q", words)
            await page.press("#q", "Enter")
            await page.click("tbody a >> nth=0")
            await expect(page.locator("h1")).to_have_text("小5")
        for told in ("138****0005", "T1", "棉语旗舰店", "最近联系得够多了"):
            await expect(page.locator("main")).to_contain_text(told)
        await page.set_viewport_size(PHONE)
        assert await sideways(page) <= 0
        assert complaints == []


async def test_a_conversation_is_taken_over_answered_and_given_back(browser: Browser, house: House, store: Store) -> None:
    await store.write(begin, "member_1", system("test"))
    async with signed_in(browser, house, PHONE["width"]) as (page, complaints):
        await page.goto(f"{house.base}/inbox")
        await page.click("text=林小满")
        await page.click("button >> text=由我接待")
        await page.fill("#text", "您好，我是小宋")
        await page.press("#text", "Enter")
        await expect(page.locator(".bubble.person p")).to_have_text("您好，我是小宋")
        await expect(page.locator("text=您在接待")).to_be_visible()
        await page.click("button >> text=交还助手")
        await expect(page.locator("text=助手在答")).to_be_visible()
        assert await sideways(page) <= 0
        assert complaints == []
    lines = await store.read(conversation.lines, TALK.conversation, 10)
    assert [(line.side, line.text) for line in lines] == [("person", "您好，我是小宋")]
