"""A hand-over at 微信客服 killed at its stages: one hand-over, one ticket, one sentence to the customer, then silence."""

from __future__ import annotations

from pathlib import Path

from tests.flow.office import office
from tests.flow.shop import XIAOMAN
from tests.flow.stages import HANDOVER


async def test_a_customer_is_handed_over_once_however_often_the_service_is_killed(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as desk:
        shop = desk.shop
        await shop.start()
        await desk.play(lambda: shop.scalar("SELECT count(*) FROM kf_servicer WHERE receiving"), "the servicers to be known", 1.0)
        await shop.stop()
        for number, death in enumerate(HANDOVER):
            await shop.start(*death)
            if number == 0:
                await shop.simulator.customer_says(XIAOMAN, "我要找人工客服")
            await desk.outlive(*death)
        await shop.start()
        await shop.quiet()
        assert shop.simulator.kf.session(XIAOMAN).servicer == "lin"
        assert shop.scalar("SELECT state FROM kf_session") == "person"
        assert shop.scalar("SELECT holder FROM conversation") == "kf:lin"
        assert shop.scalar("SELECT count(*) FROM staff_ticket WHERE kind = 'handover'") == 1
        assert shop.scalar("SELECT count(*) FROM fact WHERE name = 'kf.handed_over'") == 1
        (parting,) = shop.heard(XIAOMAN)
        assert "同事" in parting
        assert len(shop.staff_heard("lin")) == 1
        await shop.simulator.customer_says(XIAOMAN, "人呢")
        await shop.quiet()
        assert shop.heard(XIAOMAN) == [parting]
        assert desk.sound()
