"""A rebate from due to paid, through the API and the real service, killed at every stage: paid once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from assistant.domain import cashback
from assistant.payments import bills
from tests.flow.office import BOSS, DAY, TEN, Office, office
from tests.flow.stages import PAYOUT


async def ripe(desk: Office, number: str) -> Any:
    """A rebate of 9.95 yuan whose order was received eight days ago; returns it as the API lists it."""
    at = (TEN - 8 * DAY).isoformat(timespec="seconds")
    template = {"key": "t", "name": "返现卡", "ratio_bp": 500}
    paid = {"source": "taobao", "shop": "棉语", "order_no": number, "member": "M1", "paid_fen": 19900, "total_fen": 19900}
    await desk.told({"kind": "card", "key": f"card{number}", "member": "M1", "template": template, "issued_at": at})
    for status in ("paid", "finished"):
        await desk.told({"kind": "order", "status": status, "at": at, "paid_at": at} | paid)
    await desk.told({"kind": "claim", "key": f"claim{number}", "member": "M1", "order_no": number, "card": f"card{number}"})
    listed = (await desk.done(BOSS, "GET", "/claims"))["claims"]
    return next(one for one in listed if one["order_no"] == number)


def state(desk: Office, claim: Any) -> str:
    return str(desk.shop.book.look(cashback.claims_by_id, [claim["id"]])[claim["id"]].state)


async def test_an_approved_rebate_is_paid_once_however_often_the_payer_is_killed(database: str, tmp_path: Path) -> None:
    async with office(database, tmp_path) as desk:
        shop = desk.shop
        await shop.start(*PAYOUT[0])
        claim = await ripe(desk, "T1")
        assert (claim["amount_fen"], state(desk, claim)) == (995, "due")
        first = asyncio.create_task(desk.call(BOSS, "POST", f"/claims/{claim['id']}/approve", {}, key="approve"))
        await desk.outlive(*PAYOUT[0])
        await asyncio.gather(first, return_exceptions=True)
        for death in PAYOUT[1:]:
            await shop.start(*death)
            await desk.outlive(*death)
        await shop.start()
        again = await desk.done(BOSS, "POST", f"/claims/{claim['id']}/approve", {}, key="approve")
        assert again["claim_id"] == claim["id"]
        await desk.play(lambda: state(desk, claim) == "paid", "the rebate to be paid")
        await desk.play(lambda: not shop.scalar("SELECT count(*) FROM due WHERE kind = 'payout'"), "nothing to be left to pay")
        assert [(fen, one) for _number, _payee, fen, one in shop.book.look(bills)] == [(995, "paid")]
        assert desk.sound()
