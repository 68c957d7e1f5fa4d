"""A bot's answer while its process is killed: the bubble ends, once, over callbacks and over the long connection."""

from __future__ import annotations

from pathlib import Path

from tests.flow.shop import Shop
from tests.support.model_server import Spoken, model_server

SLOWLY = Spoken(("睡衣可以", "机洗。", "水温", "别太高。", "晾在", "阴凉处。", "放心", "穿吧。"), pause=0.4)
WHOLE = "睡衣可以机洗。水温别太高。晾在阴凉处。放心穿吧。"
SECRET = "long-secret"


def stepped(shop: Shop) -> bool:
    """Lets the leases of the dead run out."""
    shop.simulator.advance(0.3)
    return False


async def test_an_answer_cut_off_while_it_grows_is_ended_by_the_next_process(database: str, tmp_path: Path) -> None:
    async with Shop(database, tmp_path) as shop, model_server([SLOWLY]) as model:
        shop.extra = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model}
        shop.simulator.world.knobs.bot_refresh_seconds = 0.1
        await shop.start()
        turn = await shop.simulator.bot_says("lin", "睡衣怎么洗", wait=False)
        await shop.until(lambda: "机洗。" in turn.text or stepped(shop), "the beginning of the answer")
        assert not turn.finished
        await shop.stop()
        await shop.start()
        await shop.until(lambda: turn.finished or any(WHOLE in text for text in shop.staff_heard("lin")) or stepped(shop), "the end")
        await shop.until(lambda: shop.scalar("SELECT count(*) FROM outbox WHERE state = 'sent'") == 1 or stepped(shop), "it to be settled")
        assert sum(WHOLE in text for text in shop.staff_heard("lin")) == 1
        assert shop.scalar("SELECT count(*) FROM turn") == 1


async def test_the_holder_of_the_long_connection_killed_another_takes_over_and_answers(database: str, tmp_path: Path) -> None:
    async with Shop(database, tmp_path) as shop, model_server([SLOWLY]) as model:
        shop.simulator.bot.secret = SECRET
        shop.simulator.bot.switch("socket")
        shop.extra = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": model}
        shop.extra |= {"LAOYOU_WECOM_BOT_MODE": "socket", "LAOYOU_WECOM_BOT_SECRET": SECRET}
        shop.extra |= {"LAOYOU_WECOM_BOT_URL": shop.api.replace("http", "ws", 1)}
        await shop.start()
        await shop.until(lambda: shop.simulator.bot.socket.connected, "the connection")
        turn = await shop.simulator.bot_says("lin", "睡衣怎么洗", wait=False)
        await shop.until(lambda: "机洗。" in turn.text or stepped(shop), "the beginning of the answer")
        assert not turn.finished
        await shop.stop()
        await shop.start()
        await shop.until(lambda: turn.finished or stepped(shop), "the end of the answer")
        assert turn.text.endswith(WHOLE)
        await shop.until(lambda: shop.scalar("SELECT count(*) FROM outbox WHERE state = 'sent'") == 1, "it to be settled")
        assert len(shop.staff_heard("lin")) == 1
        assert shop.scalar("SELECT fence FROM holder") == 2
        assert shop.simulator.complaints == []
