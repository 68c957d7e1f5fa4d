"""The whole way over HTTP between our adapter and the simulated WeChat Pay: misbehaviour, notices, the member's page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

import aiohttp
import sqlalchemy as sa
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import rsa

from assistant import paying
from assistant.base.clock import ManualClock
from assistant.domain import cashback, members, staff
from assistant.flows import payout
from assistant.jobs import EmbeddedRunner
from assistant.payments import SimulatedPayout, bills, paid_total
from assistant.payments.simulator import Account, PaySimulator
from assistant.store import Store, due
from assistant.web.doors import Doors
from assistant.web.server import make_app
from tests.rooms.test_cashback_shop import ANNA, BOSS, ME, approved, ripened, sound, state_of, told


@cache
def account() -> Account:
    return Account()


@dataclass
class House:
    """The service's web face, the simulated payer and the port between them."""

    store: Store
    clock: ManualClock
    pay: PaySimulator
    port: Any
    web: aiohttp.ClientSession
    base: str
    turns: int = 0

    def ready(self, number: str = "T1") -> str:
        wallet = members.Identity(f"openid:{account().appid}", "o_anna")
        assert self.store.do(members.register, [members.Register("anna", "shop-anna", (wallet,))], ME)[0].member_id == ANNA
        claim_id = ripened(self.store, self.clock, number)
        approved(self.store, claim_id)
        return claim_id

    async def carry(self, claim_id: str) -> str:
        self.turns += 1
        return await payout.carry(self.store, self.port, claim_id, f"turn{self.turns}")

    def claim(self, claim_id: str) -> cashback.RebateClaim:
        return self.store.look(cashback.claims_by_id, [claim_id])[claim_id]

    def due_at(self) -> Any:
        return self.store.look(lambda view: view.scalar(sa.select(due.c.due_at).where(due.c.kind == "payout")))


async def healthy() -> dict[str, str]:
    return {}


@asynccontextmanager
async def house(store: Store, clock: ManualClock, ours: Account | None = None) -> AsyncIterator[House]:
    pay = PaySimulator(SimulatedPayout(store), account())
    async with aiohttp.ClientSession() as session, TestServer(pay.app()) as face:
        opened = paying.of_simulation(session, str(face.make_url("/")), ours or account(), "http://127.0.0.1:9/pay/wechat/notify", clock)
        doors = Doors(store=store, edge=None, health=healthy, notices=opened.notices, appid=opened.appid)
        async with TestServer(make_app(doors)) as web:
            base = str(web.make_url("")).rstrip("/")
            yield House(store, clock, pay, opened.port, session, base)
        await pay.close()


async def test_a_rebate_is_paid_over_http_and_its_signature_is_proven_by_the_other_side(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as it:
        claim_id = it.ready()
        assert await it.carry(claim_id) == "paid"
        assert store.look(bills) == [(it.claim(claim_id).bill_no, "o_anna", 995, "paid")]
        assert it.pay.complaints == []


async def test_lost_replies_lost_requests_and_broken_servers_pay_one_bill(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as it:
        claim_id = it.ready()
        it.pay.payer.knobs.lose_requests, it.pay.payer.knobs.lose_replies, it.pay.faults.server_errors = 1, 2, 1
        states = [await it.carry(claim_id) for _ in range(6)]
        assert (set(states), states[-1]) == ({"unknown", "paid"}, "paid")
        assert (store.look(paid_total), len(store.look(bills))) == (995, 1)
        assert sound(store)


async def test_an_empty_balance_halts_and_the_same_bill_goes_out_when_it_is_filled(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as it:
        claim_id = it.ready()
        it.pay.faults.empty = True
        assert await it.carry(claim_id) == "unknown"
        assert "充值" in store.look(cashback.halted_why)
        it.pay.faults.empty = False
        store.do(cashback.go_on, [cashback.GoOn("g")], BOSS)
        assert await it.carry(claim_id) == "paid"
        assert len(store.look(bills)) == 1


async def test_another_key_than_the_merchants_is_refused_and_halts(store: Store, clock: ManualClock) -> None:
    wrong = replace(account(), merchant_key=rsa.generate_private_key(65537, 2048))
    async with house(store, clock, wrong) as it:
        claim_id = it.ready()
        assert await it.carry(claim_id) == "unknown"
        assert "签名" in store.look(cashback.halted_why)
        assert store.look(bills) == []


async def test_the_same_number_with_another_amount_is_for_a_person(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as it:
        claim_id = it.ready()
        await it.pay.payer.pay(it.claim(claim_id).bill_no, "o_anna", 100)
        assert await it.carry(claim_id) == "unknown"
        assert "1.00 元" in it.claim(claim_id).attention


async def test_a_transfer_of_two_thousand_yuan_carries_a_name_only_the_payer_can_read(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as it:
        number = "bill" + "0" * 24
        assert (await it.port.pay(number, "o_anna", 200_000)).state == "refused"
        assert (await it.port.pay(number, "o_anna", 200_000, "返现", "张三")).state == "paid"
        assert it.pay.complaints == []


async def noticed(it: House, claim_id: str, **headers: str) -> int:
    raw = it.pay.notice(it.claim(claim_id).bill_no, await it.pay.payer.query(it.claim(claim_id).bill_no))
    async with it.web.post(f"{it.base}/pay/wechat/notify", data=raw, headers=it.pay.signature(raw) | headers) as answer:
        return answer.status


async def test_a_notice_makes_the_payer_be_asked_now_and_moves_nothing_itself(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as it:
        claim_id = it.ready()
        it.pay.payer.knobs.wait_user = True
        assert await it.carry(claim_id) == "wait_user_confirm"
        await it.pay.payer.confirm(it.claim(claim_id).bill_no)
        assert it.due_at() == clock.now() + timedelta(minutes=10)
        for _ in range(3):
            assert await noticed(it, claim_id) == 204
        assert (it.due_at(), state_of(store, claim_id)) == (clock.now(), "wait_user_confirm")
        assert await it.carry(claim_id) == "paid"
        assert await noticed(it, claim_id) == 204
        assert state_of(store, claim_id) == "paid"


async def test_a_notice_that_is_not_proven_learns_nothing_but_a_status(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as it:
        claim_id = it.ready()
        it.pay.payer.knobs.wait_user = True
        await it.carry(claim_id)
        before = it.due_at()
        assert await noticed(it, claim_id, **{"Wechatpay-Signature": "AAAA"}) == 401
        assert await noticed(it, claim_id, **{"Wechatpay-Serial": "PUB_KEY_ID_1"}) == 401
        raw = it.pay.notice(it.claim(claim_id).bill_no, await it.pay.payer.query(it.claim(claim_id).bill_no))
        old = it.pay.signature(raw)
        clock.advance(timedelta(minutes=6))
        others = [
            json.loads(raw) | {"resource": value} for value in ({}, None, "x", json.loads(raw)["resource"] | {"nonce": "000000000000"})
        ]
        bodies = [json.dumps(other).encode() for other in others] + [b"[]", b"{", b""]
        statuses = []
        for body, headers in [(raw, old), *((body, it.pay.signature(body)) for body in bodies)]:
            async with it.web.post(f"{it.base}/pay/wechat/notify", data=body, headers=headers) as answer:
                statuses.append(answer.status)
        assert statuses == [401, *[400] * 7]
        assert it.due_at() == before


async def test_the_members_page_opens_only_with_its_token_and_says_where_the_money_stands(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as it:
        claim_id = it.ready()
        it.pay.payer.knobs.wait_user = True
        await it.carry(claim_id)
        page = f"{it.base}/pay/confirm/{claim_id}/{cashback.token(it.claim(claim_id).package_info)}"
        async with it.web.get(page, headers={"Accept": "application/json"}) as answer:
            shown = await answer.json()
        assert (shown["mchId"], shown["appId"], shown["package"]) == (account().mch_id, account().appid, it.claim(claim_id).package_info)
        async with it.web.get(page) as answer:
            text = await answer.text()
        assert told(store, claim_id) in text
        assert shown["package"] in text
        for wrong in (page[:-1] + "x", page.replace(claim_id, "claim_other")):
            async with it.web.get(wrong) as answer:
                assert answer.status == 404
        await it.pay.confirm(it.claim(claim_id).bill_no)
        assert await it.carry(claim_id) == "paid"
        async with it.web.get(page) as answer:
            text = await answer.text()
        assert "已到账" in text
        assert "data-package" not in text


async def test_what_nobody_confirms_is_closed_after_a_day_and_due_again(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as it:
        claim_id = it.ready()
        it.pay.payer.knobs.wait_user = True
        await it.carry(claim_id)
        clock.advance(timedelta(hours=25))
        assert await it.carry(claim_id) == "due"
        assert it.claim(claim_id).attempt == 2


async def test_without_a_merchant_account_approved_money_waits_and_one_task_says_why(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as it:
        first, second = it.ready("T1"), it.ready("T2")
        runner = EmbeddedRunner(store, {"payout": payout.handler(store, None, unset=paying.UNSET)})
        await runner.run_until_idle()
        assert {state_of(store, first), state_of(store, second)} == {"approved"}
        assert (store.look(cashback.halted_why), store.look(bills)) == (paying.UNSET, [])
        assert [ticket.title for ticket in store.look(staff.open_tickets)] == ["返现打款已暂停"]
        assert {one.id for one in store.look(cashback.needs_person)} == {first, second}
