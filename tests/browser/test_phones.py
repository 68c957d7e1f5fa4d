"""The phones of the simulator in a real browser: three side by side, anybody played, the clock stepped, faults made, cards pressed."""

from __future__ import annotations

from playwright.async_api import Browser, Page

from assistant.wecom.simulator import PhoneMessage, Simulator
from tests.browser.screen import NEEDS_CHROMIUM, sideways, signed_in
from tests.browser.web_house import House

pytestmark = NEEDS_CHROMIUM
CARD = {
    "card_type": "vote_interaction",
    "main_title": {"title": "批准方案吗"},
    "task_id": "t1",
    "checkbox": {"question_key": "q", "mode": 0, "option_list": [{"id": "yes", "text": "同意"}, {"id": "no", "text": "不同意"}]},
    "submit_button": {"text": "提交", "key": "go"},
}


async def do(page: Page, place: str, deed: str, **fields: str) -> None:
    """Opens one form of a phone or of the stage, fills it in and waits until it is done."""
    form = page.locator(f"#{place} details:has(input[name=deed][value={deed}])")
    await form.locator("summary").click()
    for name, value in fields.items():
        box = form.locator(f"[name={name}]")
        if await box.evaluate("box => box.tagName") == "SELECT":
            await box.select_option(value)
        else:
            await box.fill(value)
    await form.locator("button").click()
    await page.locator(f"#{place} [role=status]").wait_for()


def world(house: House) -> Simulator:
    assert house.simulator is not None
    return house.simulator


async def tops(page: Page) -> int:
    """How many rows the phones stand in."""
    return len({round((await box.bounding_box() or {})["y"]) for box in await page.locator(".phone").all()})


async def test_one_plays_a_customer_a_member_of_staff_and_the_stage_on_one_page(browser: Browser, house: House) -> None:
    simulator = world(house)
    async with signed_in(browser, house) as (page, complaints):
        await page.goto(f"{house.base}/phones?customer=wm_m00001")
        assert (await page.locator(".phone").count(), await tops(page)) == (3, 1)
        await do(page, "customer", "picture")
        await do(page, "customer", "recall")
        assert [(bubble.kind, bubble.recalled) for bubble in simulator.phone("wm_m00001")] == [("image", True)]
        await do(page, "staff", "answer", customer="wm_m00001", text="您好，我是人工")
        assert simulator.phone("wm_m00001")[-1].text == "您好，我是人工"
        await do(page, "staff", "end", customer="wm_m00001")
        assert simulator.kf.session("wm_m00001").state == 4
        await do(page, "group", "talk", who="wm_m00001", text="大家好")
        assert simulator.group_phone("wr_office")[-1].text == "大家好"
        before = house.clock.now()
        await do(page, "stage", "clock", seconds="3600")
        assert (house.clock.now() - before).total_seconds() == 3600
        await do(page, "stage", "knob", name="callback_duplicates", value="3")
        assert simulator.world.knobs.callback_duplicates == 3
        assert complaints == []


async def test_on_a_narrow_screen_the_phones_stand_below_each_other_and_do_the_same(browser: Browser, house: House) -> None:
    simulator = world(house)
    simulator.world.add_staff("he", "何运营")
    async with signed_in(browser, house, 390) as (page, complaints):
        await page.goto(f"{house.base}/phones?customer=wm_m00001")
        assert await tops(page) == 3
        await do(page, "customer", "add", userid="he", state="门店")
        assert simulator.world.the_customer("wm_m00001").relations["he"].state == "门店"
        await do(page, "stage", "fault", path="kf/send_msg", mode="lost_after")
        assert await page.locator("#stage").get_by_text("lost_after × 1").count() == 1
        assert await sideways(page) <= 0
        assert complaints == []


async def test_a_card_is_answered_with_what_was_chosen_and_a_wrong_wish_is_told(browser: Browser, house: House) -> None:
    simulator = world(house)
    simulator.world.knobs.callback_timeout_seconds = 0.1
    bubble = PhoneMessage(house.clock.now(), simulator.bot.aibotid, "批准方案吗", "bot", "template_card", "c1", body=CARD)
    simulator.staff_phone("lin").append(bubble)
    async with signed_in(browser, house) as (page, _complaints):
        await page.goto(f"{house.base}/phones?staff=lin")
        await page.locator("#staff .bubble select").select_option("no")
        async with page.expect_response("**/phones/press"):
            await page.click("#staff .bubble button >> text=提交")
        assert '"option_id": ["no"]' in simulator.callbacks.history[-1].content
        await do(page, "stage", "bot", mode="socket")
        assert simulator.bot.mode == "socket"
        await do(page, "stage", "event", event="subscribe", who="lin")
        assert "<Event><![CDATA[subscribe]]></Event>" in simulator.callbacks.history[-1].content
        await page.locator("#stage details:has(input[value=knob]) summary").click()
        await page.fill("#stage [name=value]", "viele")
        await page.click("#stage details:has(input[value=knob]) button")
        assert "旋钮" in await page.inner_text("main")
