"""An hour of bad weather at WeCom (duplicates, disorder, lost replies, revoked tokens, bursts of errors): nobody is lost or hears twice."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from assistant.domain import outreach
from assistant.jobs.port import claimable
from assistant.store import due
from tests.flow.office import MAKER, Office, figures, office
from tests.flow.shop import AQING, XIAOMAN, YUNDUO, Shop

MINUTES, STEP = 60, 3
SAID = ("我还有多少积分？", "在吗", "这款睡衣怎么洗", "可以退货吗", "今天签到", "有什么活动", "帮我转人工", "😀", "别发了")
ENDED = {"delivered", "refused", "unknown"}


def weather(shop: Shop) -> None:
    """A fifth of the events comes late, a twentieth of the answers is lost, a twentieth of the calls meets a busy WeCom."""
    knobs, faults = shop.simulator.world.knobs, shop.simulator.faults
    knobs.callback_late_share, knobs.callback_late_seconds = 0.2, 0.5
    faults.inject("*", "lost_after", rate=0.05, times=None)
    faults.inject("*", "errcode", errcode=-1, rate=0.03, times=None)
    faults.inject("*", "errcode", errcode=45033, rate=0.02, times=None)


def calm(shop: Shop) -> None:
    knobs = shop.simulator.world.knobs
    knobs.callback_late_share, knobs.callback_duplicates = 0.0, 1
    shop.simulator.faults.clear()


def idle(shop: Shop) -> bool:
    """Whether nothing runs and nothing is ready; what waits for a later try, or behind it, is not."""
    now = shop.clock.now()
    busy = sa.select(sa.func.count()).select_from(due).where(sa.or_(due.c.lease_until > now, claimable(now)))
    return not shop.book.look(lambda view: view.scalar(busy))


async def minutes(shop: Shop, chance: random.Random, customers: list[str]) -> Counter[str]:
    """What the customers said in the hour, by customer."""
    said: Counter[str] = Counter()
    simulator = shop.simulator
    for minute in range(0, MINUTES, STEP):
        for who in chance.sample(customers, 2):
            simulator.world.knobs.callback_duplicates = 2 if chance.random() < 0.2 else 1
            await simulator.customer_says(who, chance.choice(SAID))
            said[who] += 1
        if chance.random() < 0.2:
            await simulator.redeliver(-chance.randrange(1, 4))
        if minute in (15, 42):
            simulator.tokens.revoke()
        if minute == 30:
            simulator.faults.inject("*", "errcode", errcode=45009, times=6)
        await simulator.settle()
        await shop.until(lambda: idle(shop), "the service to have done what can be done now")
        simulator.advance(60 * STEP)
    return said


def touched_once(desk: Office, plan_id: str, audience: dict[str, str], out: str) -> None:
    """Every planned send ended, or was skipped with its reason; no phone shows a campaign twice."""
    shop = desk.shop
    touches = {touch.peer: touch for touch in shop.book.look(outreach.touches, plan_id)}
    skips = {skip.member_id: skip.reason for skip in shop.book.look(outreach.skips, plan_id)}
    assert {touch.state for touch in touches.values()} <= ENDED
    assert all(skips.values())
    assert {audience[peer] for peer in touches} | set(skips) == set(audience.values())
    assert not {audience[peer] for peer in touches} & set(skips)
    for name in audience:
        shown = [bubble.text for bubble in shop.simulator.phone(name) if bubble.sender != name and "送您" in bubble.text]
        assert len(shown) <= 1, (name, shown)
        assert name != out or not shown


async def test_in_an_hour_of_storm_nobody_is_lost_and_nobody_hears_a_campaign_twice(database: str, tmp_path: Path) -> None:
    chance = random.Random(20261127)
    async with office(database, tmp_path) as desk:
        shop = desk.shop
        groups = [await desk.people() for _ in range(2)]
        await shop.start()
        plans = [await desk.previewed(people.goal) for people in groups]
        weather(shop)
        for plan in plans:
            await desk.approved(plan)
        customers = [XIAOMAN, AQING, YUNDUO, *(name for people in groups for name in people.rest)]
        said = await minutes(shop, chance, customers)
        calm(shop)
        await desk.play(lambda: not shop.scalar("SELECT count(*) FROM inbox WHERE state = 'waiting'"), "all messages to be answered", 30.0)
        ends = [people.ids for people in groups]
        await desk.play(lambda: all(desk.state(plan) == "done" for plan in plans), "the plans to end", 30.0)
        await desk.play(lambda: _ended(desk, plans), "every send to end", 600.0)
        await shop.quiet()
        for who in said:
            assert shop.heard(who), who
        for plan, people, audience in zip(plans, groups, ends, strict=True):
            touched_once(desk, plan["id"], audience, people.out)
            report = await desk.done(MAKER, "GET", f"/plans/{plan['id']}/report")
            assert figures(report["funnel"])["people"] == len(audience)
        assert desk.sound()
        assert shop.simulator.complaints == []


def _ended(desk: Office, plans: list[dict[str, str]]) -> bool:
    touches = [touch for plan in plans for touch in desk.shop.book.look(outreach.touches, plan["id"])]
    return bool(touches) and all(touch.state in ENDED for touch in touches)
