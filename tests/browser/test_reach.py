"""Codes changed by fields, a moment in a plan's form, SOPs of groups and the archive, in a real browser on a screen and on a phone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from assistant.base.principal import system
from assistant.domain import archive, audience, contacts, journeys, outreach, staff
from assistant.flows import contact_marking
from assistant.store import Store, Work
from tests.browser.screen import NEEDS_CHROMIUM, PHONE, sideways, signed_in
from tests.browser.web_house import House
from tests.rooms.test_web_goals import FEATURES, seed

pytestmark = NEEDS_CHROMIUM
WIDE = {"width": 1280, "height": 844}
ME = system("test")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def brand(work: Work, _nothing: None) -> None:
    """Employees with friends, two groups, a tag that is being brought to everybody, words to the archive, an SOP that is on."""
    seed(work, None)
    staff.register(work, [staff.Register("lin", "lin", "林晓"), staff.Register("chen", "chen", "陈默")])
    ids = contacts_of(work)
    contacts.look_tags(work, contacts.Library([contacts.CorpTag("et1", "老客", "g", "客户")]))
    contacts.look(work, contacts.Look([contacts.Seen("lin", external, number, work.now) for external, number in ids.items()]))
    for chat, name in (("wr1", "棉语·上班族姐妹群"), ("wr2", "棉语·宝妈互助群")):
        seats = (contacts.Seat(chat, "wm_m00005", ids["wm_m00005"], "customer", work.now - 2 * DAY, "qr", state="poster"),)
        contacts.groups.look(work, contacts.GroupSeen(chat, name, "lin", "v1", seats, "", work.now - 90 * DAY))
    journeys.install(work)
    journeys.switch(work, [journeys.Switch("w", "group_weekly", True)])
    archive.turn(work, True)
    archive.agree(work, [archive.Agreement(f"wm_m0000{n}", n % 3 != 0, work.now - 2 * HOUR) for n in range(9)])
    said = [archive.Line(f"m{n}", "send", "wm_m00005", work.now - HOUR, ("lin",), "wr1", "text", "这款有 M 码吗") for n in range(3)]
    archive.keep(work, [*said, archive.Line("m9", "send", "lin", work.now - 0.9 * HOUR, ("wm_m00005",), "wr1", "text", "有的")])
    done = archive.Round("done", ("lin",), {}, 61, 9, work.now.isoformat(), work.now.isoformat())
    archive.keep_round(work, done)


def contacts_of(work: Work) -> dict[str, str]:
    """The members of the seed by external id."""
    found = outreach.standings(work, audience.find(work, audience.EVERYBODY, "", 500))
    return {one.peer: number for number, one in found.items()}


def map_tag(work: Work, ours: str) -> None:
    """As an owner does on the page."""
    contact_marking.spread(work, ["et1"])
    contacts.map_tag(work, contacts.MapTag("et1", ours))


@pytest.fixture
async def shop(house: House, store: Store) -> House:
    audience.use([*(feature for room in FEATURES for feature in room.FEATURES), *contacts.FEATURES])
    await store.write(brand, None, ME)
    await store.write(map_tag, "老友会员", ME)
    return house


async def fits(page: Page, address: str) -> None:
    """Nothing is wider than a screen or a phone."""
    for size in (WIDE, PHONE):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        await page.goto(address)
        assert await sideways(page) <= 0, (address, size)
    await page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    await page.goto(address)


async def test_codes_are_made_and_changed_by_fields(browser: Browser, shop: House, store: Store) -> None:
    async with signed_in(browser, shop) as (page, complaints):
        await page.goto(f"{shop.base}/contacts")
        await page.click("#new-way > summary")
        await page.fill("#new-way [name=name]", "门店海报")
        await page.select_option("#new-way [name=kind]", "group")
        await page.fill("#new-way [name=state]", "poster")
        await page.check("#new-way [name='group:wr1']")
        await page.click("#new-way button >> text=新建")
        await expect(page.locator("#ways")).to_contain_text("扫码进群 1 · 还在群里 1 · 已是好友 1")
        await page.click("#ways details.edit > summary")
        edit = page.locator("#ways details.edit form")
        await edit.locator("[name=name]").fill("门店新海报")
        await edit.locator("[name='group:wr2']").check()
        await edit.locator("[name='group:wr1']").uncheck()
        await edit.locator("button >> text=保存").click()
        await expect(page.locator("#ways strong")).to_have_text("门店新海报")
        (way,) = await store.read(contacts.ways)
        assert (way.kind, way.state, way.groups) == ("group", "poster", ("wr2",))
        await page.click("#new-way > summary")
        await page.fill("#new-way [name=name]", "直播间")
        await page.check("#new-way [name='staff:chen']")
        await page.fill("#new-way [name=points]", "20")
        await page.fill("#new-way [name=greeting]", "{nickname}您好，我是{staff}")
        await page.click("#new-way button >> text=新建")
        await expect(page.locator("#ways")).to_contain_text("直播间")
        made = next(one for one in await store.read(contacts.ways) if one.name == "直播间")
        assert (made.staff, dict(made.benefit), made.greeting) == (
            ("chen",),
            {"kind": "points", "points": 20},
            "{nickname}您好，我是{staff}",
        )
        await expect(page.locator("#runs")).to_contain_text("标签写给大家")
        await fits(page, f"{shop.base}/contacts")
        await fits(page, f"{shop.base}/statistics")
        await expect(page.locator("#codes")).to_contain_text("门店新海报")
        assert complaints == []


async def test_a_goal_for_a_moment_is_seen_in_the_form_the_preview_and_the_report(browser: Browser, shop: House) -> None:
    async with signed_in(browser, shop) as (page, complaints):
        await page.fill("#goal", "请林晓发一条朋友圈：“周三上新，欢迎来看。”")
        await page.click("button >> text=写成方案")
        await page.wait_for_url("**/plans/*")
        await page.click("summary >> text=或者直接改这几项")
        await page.fill("[name=moment_text]", "周三上新，老友先看。")
        await page.click("button >> text=保存这几项")
        await expect(page.locator("main")).to_contain_text("请 1 位指定的员工发一条朋友圈")
        await page.click("button >> text=预览：看清人和钱")
        await expect(page.locator("#quota")).to_contain_text("朋友圈任务额度：这次用 1 条")
        await expect(page.locator("main")).to_contain_text("朋友圈发表之后收不回来")
        await fits(page, page.url)
        await page.goto(f"{shop.base}/goals")
        await page.fill("#goal", "给上海的女性会员发新品通知，文案：“新款到了”")
        await page.click("button >> text=写成方案")
        await page.wait_for_url("**/plans/*")
        await page.click("summary >> text=或者直接改这几项")
        await page.fill("[name=moment]", "新款到了，欢迎来看。")
        await page.click("button >> text=保存这几项")
        await page.click("button >> text=预览：看清人和钱")
        await expect(page.locator("#quota")).to_contain_text("群发额度：这次给")
        await expect(page.locator("main")).to_contain_text("看得到朋友圈的客户")
        await fits(page, page.url)
        assert complaints == []


async def test_sops_of_groups_and_the_archive_are_read_in_words(browser: Browser, shop: House) -> None:
    async with signed_in(browser, shop) as (page, complaints):
        await fits(page, f"{shop.base}/sops")
        for words in ("客户群：欢迎新朋友", "每周三 10:00", "全部客户群，上次之后新进来至少 1 位客户的"):
            await expect(page.locator("main")).to_contain_text(words)
        await fits(page, f"{shop.base}/archive")
        for words in ("已开通", "问过 61 位好友和客户群", "棉语·上班族姐妹群", "林晓"):
            await expect(page.locator("main")).to_contain_text(words)
        await page.click("button >> text=现在去问")
        await page.wait_for_url("**/archive")
        assert complaints == []
