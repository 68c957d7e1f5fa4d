"""A turn killed at its stages, for a member and for an operator in the app chat: one answer, one effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flow.office import MAKER, office
from tests.flow.shop import XIAOMAN
from tests.flow.stages import CHAT, MEMBER

REPLIES = "SELECT count(*) FROM outbox WHERE channel = 'app'"


@pytest.mark.parametrize("processes", [1, 2], ids=["alone", "of two"])
async def test_a_member_redeems_once_however_often_the_turn_is_killed(database: str, tmp_path: Path, processes: int) -> None:
    """``of two`` on PostgreSQL: PgQueuer carries the rows."""
    async with office(database, tmp_path) as desk:
        shop = desk.shop
        shop.extra["LAOYOU_PROCESSES"] = str(processes)
        await shop.start()
        await shop.ask(XIAOMAN, "我想用积分换一双纯棉袜")
        await shop.quiet()
        await shop.stop()
        for number, death in enumerate(MEMBER):
            await shop.start(*death)
            if number == 0:
                await shop.simulator.customer_says(XIAOMAN, "确认")
            await desk.outlive(*death)
        await shop.start()
        await desk.play(lambda: len(shop.heard(XIAOMAN)) > 1, "the good news", 1.0)
        await shop.quiet()
        assert len(shop.heard(XIAOMAN)) == 2
        assert "兑换好啦" in shop.heard(XIAOMAN)[-1]
        assert await shop.points_of("M1") == 900
        assert shop.scalar("SELECT count(*) FROM turn") == 2
        assert desk.sound()


async def test_a_goal_in_the_chat_is_one_plan_and_one_answer_however_often_the_turn_is_killed(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as desk:
        shop = desk.shop
        people = await desk.people()
        for number, death in enumerate(CHAT):
            await shop.start(*death)
            if number == 0:
                await shop.simulator.staff_says("he", people.goal)
            await desk.outlive(*death)
        await shop.start()
        await desk.play(lambda: shop.staff_heard("he"), "the preview")
        await shop.quiet()
        assert len((await desk.done(MAKER, "GET", "/plans"))["plans"]) == 1
        assert len(shop.staff_heard("he")) == 1
        assert "批准" in shop.staff_heard("he")[0]


async def test_an_answer_that_wecom_did_not_confirm_is_listed_and_not_sent_again(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as desk:
        shop = desk.shop
        shop.simulator.faults.inject("message/send", "lost_after")
        await shop.start()
        await shop.simulator.staff_says("he", "帮助")
        await shop.until(lambda: shop.staff_heard("he"), "the answer")
        await shop.quiet()
        await shop.stop()
        await shop.start(die_at="deliver.after_send")
        await shop.simulator.staff_says("he", "进度")
        await desk.outlive("deliver.after_send")
        await shop.start()
        await desk.play(lambda: shop.scalar(f"{REPLIES} AND state = 'unknown'") == 2, "both answers to be listed")
        await shop.quiet()
        assert len(shop.staff_heard("he")) == 2
        listed = (await desk.done(MAKER, "GET", "/unknowns"))["unknowns"]
        assert sorted(one["code"] for one in listed) == ["interrupted", "outcome_unknown"]
