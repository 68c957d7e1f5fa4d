"""A member's message through the simulator, the real service and back, on both databases."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.flow.shop import AQING, XIAOMAN, Shop


async def test_a_question_about_points_is_answered_from_the_book(database: str, tmp_path: Path) -> None:
    async with Shop(database, tmp_path) as shop:
        await shop.start()
        await shop.simulator.customer_says(XIAOMAN, "我还有多少积分？")
        await shop.until(lambda: shop.heard(XIAOMAN), "an answer")
        assert "1200" in shop.heard(XIAOMAN)[0]
        assert "AI" in shop.heard(XIAOMAN)[0]


async def test_three_short_messages_get_one_answer(database: str, tmp_path: Path) -> None:
    async with Shop(database, tmp_path) as shop:
        await shop.start()
        for text in ("你好", "想问下", "我有多少积分"):
            await shop.simulator.customer_says(XIAOMAN, text)
        await shop.until(lambda: shop.heard(XIAOMAN), "an answer")
        await shop.quiet()
        assert len(shop.heard(XIAOMAN)) == 1
        assert "1200" in shop.heard(XIAOMAN)[0]


async def test_one_message_told_three_times_at_once_is_one_turn_and_one_reply(database: str, tmp_path: Path) -> None:
    async with Shop(database, tmp_path) as shop:
        await shop.start()
        shop.simulator.world.knobs.callback_duplicates = 3
        await shop.simulator.staff_says("lin", "睡衣怎么洗？")
        await shop.until(lambda: shop.staff_heard("lin"), "an answer")
        await shop.quiet()
        assert len(shop.staff_heard("lin")) == 1
        assert shop.scalar("SELECT count(*) FROM turn") == 1


async def test_redeeming_asks_once_and_spends_once(database: str, tmp_path: Path) -> None:
    async with Shop(database, tmp_path) as shop:
        await shop.start()
        await redeem(shop)
        assert await shop.points_of("M1") == 900


async def test_a_yes_of_somebody_else_does_not_redeem(database: str, tmp_path: Path) -> None:
    async with Shop(database, tmp_path) as shop:
        await shop.start()
        await shop.ask(XIAOMAN, "我想用积分换一双纯棉袜")
        await shop.ask(AQING, "确认")
        assert await shop.points_of("M1") == 1200
        assert await shop.points_of("M2") == 50


async def test_a_group_hears_nothing_personal(database: str, tmp_path: Path) -> None:
    async with Shop(database, tmp_path) as shop:
        await shop.start()
        turn = await shop.simulator.bot_says("lin", "@小棉 我还有多少积分", "wr_test")
        assert turn.finished
        assert "1200" not in turn.text
        assert "私聊" in turn.text or "一对一" in turn.text


async def test_a_bot_callback_told_again_gets_the_answer_it_has_lost(database: str, tmp_path: Path) -> None:
    async with Shop(database, tmp_path) as shop:
        await shop.start()
        turn = await shop.simulator.bot_says("lin", "@小棉 睡衣怎么洗", "wr_test")
        await shop.quiet()
        (again,) = await shop.simulator.redeliver()
        reply = json.loads(shop.simulator.callbacks.opened(again.channel, again.attempts[-1]))
        assert reply["stream"]["content"] == turn.text
        assert shop.scalar("SELECT count(*) FROM turn") == 1


async def test_a_person_who_takes_over_silences_the_assistant_until_release(database: str, tmp_path: Path) -> None:
    async with Shop(database, tmp_path) as shop:
        await shop.start()
        await shop.ask(XIAOMAN, "你好")
        await asyncio.to_thread(shop.hold, XIAOMAN, "he")
        before = len(shop.heard(XIAOMAN))
        await shop.simulator.customer_says(XIAOMAN, "我还有多少积分？")
        await shop.quiet()
        assert len(shop.heard(XIAOMAN)) == before
        await asyncio.to_thread(shop.hold, XIAOMAN, "")
        await shop.ask(XIAOMAN, "我还有多少积分？")
        assert "1200" in shop.heard(XIAOMAN)[-1]


async def redeem(shop: Shop) -> None:
    """Asks for the sock, says yes, and waits for the good news."""
    await shop.ask(XIAOMAN, "我想用积分换一双纯棉袜")
    await shop.ask(XIAOMAN, "确认")
