"""Rebates from due to paid, through the API and the real service over HTTP, killed at every stage while the payer loses replies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization

from assistant.domain import cashback
from assistant.payments import SimulatedPayout, bills
from assistant.payments.simulator import Account, PaySimulator
from tests.flow.office import BOSS, DAY, TEN, Office, office
from tests.flow.shop import OWNER
from tests.flow.stages import PAYOUT


@cache
def account() -> Account:
    return Account()


@asynccontextmanager
async def paying_office(database: str, folder: Path) -> AsyncIterator[tuple[Office, PaySimulator]]:
    """A shop with a merchant account at the simulated WeChat Pay, set up by the variables a brand would set."""
    async with office(database, folder) as desk:
        pay = PaySimulator(SimulatedPayout(desk.shop.book), account())
        async with TestServer(pay.app()) as face:
            desk.shop.extra = _variables(folder, str(face.make_url("/")), desk.shop.port)
            for key, name in (("M1", "林小满"), ("M2", "阿青"), ("M3", "云朵")):
                wallet = [{"namespace": f"openid:{account().appid}", "value": f"o_{key}"}]
                await desk.told({"kind": "member", "key": key, "nickname": name, "identities": wallet})
            yield desk, pay
        await pay.close()


def _variables(folder: Path, base: str, port: int) -> dict[str, str]:
    plain = serialization.NoEncryption()
    key = account().merchant_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "apiclient_key.pem").write_bytes(key)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (folder / "pub_key.pem").write_bytes(account().platform_key.public_key().public_bytes(serialization.Encoding.PEM, form))
    values = {
        "API_BASE": base,
        "MCH_ID": account().mch_id,
        "APPID": account().appid,
        "SERIAL": account().serial,
        "KEY_FILE": str(folder / "apiclient_key.pem"),
        "PUBLIC_ID": account().platform_id,
        "PUBLIC_FILE": str(folder / "pub_key.pem"),
        "APIV3_KEY": account().apiv3_key.decode(),
        "SCENE_ID": "1000",
        "SCENE_REPORT": "活动名称=返现;奖励说明=订单返现",
        "NOTIFY_URL": f"http://127.0.0.1:{port}/pay/wechat/notify",
    }
    return {f"LAOYOU_WECHAT_PAY_{name}": value for name, value in values.items()}


async def ripe(desk: Office, number: str, who: str = "M1") -> Any:
    """A rebate of 9.95 yuan whose order was received eight days ago; returns it as the API lists it."""
    at = (TEN - 8 * DAY).isoformat(timespec="seconds")
    template = {"key": "t", "name": "返现卡", "ratio_bp": 500}
    paid = {"source": "taobao", "shop": "棉语", "order_no": number, "member": who, "paid_fen": 19900, "total_fen": 19900}
    await desk.told({"kind": "card", "key": f"card{number}", "member": who, "template": template, "issued_at": at})
    for status in ("paid", "finished"):
        await desk.told({"kind": "order", "status": status, "at": at, "paid_at": at} | paid)
    await desk.told({"kind": "claim", "key": f"claim{number}", "member": who, "order_no": number, "card": f"card{number}"})
    listed = (await desk.done(BOSS, "GET", "/claims"))["claims"]
    return next(one for one in listed if one["order_no"] == number)


def state(desk: Office, claim: Any) -> str:
    return str(desk.shop.book.look(cashback.claims_by_id, [claim["id"]])[claim["id"]].state)


def nothing_left(desk: Office) -> bool:
    return not desk.shop.scalar("SELECT count(*) FROM due WHERE kind = 'payout'")


@pytest.mark.parametrize("lost", [(0, 0), (2, 1)], ids=["replies_arrive", "replies_are_lost"])
async def test_an_approved_rebate_is_paid_once_however_often_the_payer_is_killed(
    database: str, tmp_path: Path, lost: tuple[int, int]
) -> None:
    async with paying_office(database, tmp_path) as (desk, pay):
        shop = desk.shop
        pay.payer.knobs.lose_replies, pay.payer.knobs.lose_requests = lost
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
        await desk.play(lambda: nothing_left(desk), "nothing to be left to pay")
        assert [(payee, fen, one) for _number, payee, fen, one in shop.book.look(bills)] == [("o_M1", 995, "paid")]
        assert (pay.complaints, desk.sound()) == ([], True)


def listed(desk: Office) -> set[str]:
    return {one.id for one in desk.shop.book.look(cashback.needs_person)}


def unpaid(desk: Office, claims: list[Any]) -> set[str]:
    return {claim["id"] for claim in claims if state(desk, claim) != "paid"}


async def test_many_rebates_survive_deaths_and_silence_and_what_is_unknown_is_listed(database: str, tmp_path: Path) -> None:
    """Four rebates, a death at every stage in turn, every second reply lost, the payer away at last: listed, and later each paid once."""
    async with paying_office(database, tmp_path) as (desk, pay):
        shop, knobs = desk.shop, pay.payer.knobs
        await shop.start()
        claims = [await ripe(desk, f"T{number}", f"M{number % 3 + 1}") for number in range(len(PAYOUT))]
        for number, claim in enumerate(claims):
            await shop.stop()
            knobs.lose_replies = number % 2
            await shop.start(*PAYOUT[number])
            call = asyncio.create_task(desk.call(BOSS, "POST", f"/claims/{claim['id']}/approve", {}, key=f"approve{number}"))
            await desk.outlive(*PAYOUT[number])
            await asyncio.gather(call, return_exceptions=True)
        knobs.lose_requests = 10_000
        await shop.start()
        for number, claim in enumerate(claims):
            done = await desk.done(BOSS, "POST", f"/claims/{claim['id']}/approve", {}, key=f"approve{number}")
            assert not done["held"]
        await desk.play(lambda: listed(desk) == unpaid(desk, claims), "each that is not paid to be listed")
        assert unpaid(desk, claims)
        assert len({number for number, *_ in shop.book.look(bills)}) == len(shop.book.look(bills)) <= len(claims)
        knobs.lose_requests = 0
        for number in sorted(listed(desk)):
            shop.book.do(cashback.ask_again, [cashback.AskAgain(f"again{number}", number)], OWNER)
        await desk.play(lambda: all(state(desk, claim) == "paid" for claim in claims), "each to be paid")
        await desk.play(lambda: nothing_left(desk), "nothing to be left to pay")
        paid = sorted((payee, fen, one) for _number, payee, fen, one in shop.book.look(bills))
        assert paid == [(f"o_M{number}", 995, "paid") for number in (1, 1, 2, 3)]
        assert listed(desk) == set()
        assert (pay.complaints, desk.sound()) == ([], True)
