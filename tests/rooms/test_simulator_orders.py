"""The simulated shops against the product's doors: every life of an order in every form ends in the one order it is."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from hashlib import sha1
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant import triggers
from assistant.base.clock import ManualClock, stopwatch
from assistant.domain import orders
from assistant.shops import READERS, NoticeRefused
from assistant.store import Store, fact
from assistant.web import shops
from assistant.wecom.simulator import ShopKeys, Simulator, SimulatorError
from assistant.wecom.simulator.orders import LIVES, Step
from tests.conftest import NOON
from tests.rooms.test_simulator_bench import CONFIG

KEYS = {
    "youzan": ShopKeys("client-1", "youzan-secret", "/shops/youzan"),
    "doudian": ShopKeys("app-1", "doudian-secret", "/shops/doudian"),
    "douyin_life": ShopKeys("key-1", "life-secret", "/shops/douyin_life"),
}
SOURCE = {"youzan": "youzan", "doudian": "douyin", "douyin_life": "douyin_life"}
FORMS = [("youzan", ""), ("doudian", "text"), ("douyin_life", "amount")]
OTHER_FORMS = [("youzan", "body"), ("doudian", "")]
AFTER = {
    "smooth": ("finished", 0),
    "duplicates": ("finished", 0),
    "refund_before_paid": ("paid", 40),
    "paid_before_created": ("paid", 0),
    "same_msg_id_twice": ("paid", 0),
    "one_msg_id_two_facts": ("paid", 0),
    "two_msg_ids_one_fact": ("paid", 0),
    "partial_refund": ("finished", 30),
    "refund_after_finish": ("finished", 100),
    "use_cancelled": ("finished", 0),
    "unknown_tag": ("paid", 0),
}
"""Life → the status it ends in and how much of the money went back, in percent."""


@pytest.fixture
def store(database: str, clock: ManualClock) -> Any:
    opened = Store(database, clock, triggers.REACTIONS)
    yield opened
    opened.close()


@pytest.fixture
async def simulator(store: Store, clock: ManualClock) -> AsyncIterator[Simulator]:
    app = web.Application()
    app.add_routes(shops.routes(store, {name: (keys.app_id, keys.secret) for name, keys in KEYS.items()}))
    async with TestServer(app) as server:
        simulator = Simulator(replace(CONFIG, shops=KEYS), clock)
        simulator.point(callback_base=str(server.make_url("")))
        await simulator.start()
        yield simulator
        await simulator.close()


def order_of(store: Store, shop: str, number: int) -> orders.Order:
    (found,) = store.look(orders.by_number, f"E{number}" if shop == "youzan" else str(number))
    return found


def unread(store: Store) -> list[str]:
    rows = store.look(lambda view: view.all(sa.select(fact.c.payload).where(fact.c.name == "shops.unread")))
    return [reason for row in rows for reason in row.payload["reasons"]]


async def test_every_life_of_an_order_in_every_form_ends_in_the_one_order_it_is(simulator: Simulator, store: Store) -> None:
    for shop, form in [*FORMS, *OTHER_FORMS]:
        for life, (status, share) in AFTER.items():
            if (life == "use_cancelled" and shop != "douyin_life") or ((shop, form) in OTHER_FORMS and life != "partial_refund"):
                continue
            order = simulator.shops.new_order(shop, 19900, f"buyer-{life}")
            told = await simulator.shops.play(shop, life, order, form=form)
            assert all(each.acknowledged and len(each.attempts) == 1 for each in told)
            found = order_of(store, shop, order.number)
            assert (life, found.source, found.status, found.paid_fen) == (life, SOURCE[shop], status, 19900)
            assert (found.refund_fen, found.buyer.value if found.buyer else "") == (199 * share, f"buyer-{life}")
    assert len(unread(store)) == 2 + 2


async def test_probes_are_acknowledged_and_what_is_forged_leaves_nothing(simulator: Simulator, store: Store) -> None:
    for shop in KEYS:
        (probe,) = await simulator.shops.play(shop, "probe")
        assert (probe.acknowledged, probe.attempts[0].status) == (True, 200)
        (forged,) = await simulator.shops.play(shop, "wrong_signature")
        assert (forged.lost, [attempt.status for attempt in forged.attempts]) == (True, [401])
    assert json.loads(probe.attempts[0].reply) == {"challenge": 12345}
    unsigned = await simulator.callbacks.exchange(probe.word.path, {}, probe.word.body, {"X-Douyin-Signature": "0" * 40}, 5)
    assert (unsigned.status, unsigned.reply) == (401, "")
    assert store.look(lambda view: view.scalar(sa.select(sa.func.count()).select_from(fact))) == 0


async def test_a_coupon_given_back_without_an_amount_is_put_before_a_person(simulator: Simulator, store: Store) -> None:
    order = simulator.shops.new_order("douyin_life")
    for step in ("paid", "refunded"):
        await simulator.shops.tell("douyin_life", order, Step(step))
    found = order_of(store, "douyin_life", order.number)
    assert (found.status, found.refund_fen) == ("paid", 0)
    assert unread(store) == ["来客消息 life_trade_certificate_notify：退款没有说金额，请到来客后台核对后用导入补上"]


def test_every_life_of_the_table_is_played() -> None:
    assert {*AFTER, "wrong_signature", "probe"} == {*LIVES}


@pytest.fixture
async def alone(clock: ManualClock) -> AsyncIterator[tuple[Simulator, list[int]]]:
    """The simulated shops and a door that answers with the statuses of a list, then 200."""
    statuses: list[int] = []

    async def ears(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=statuses.pop(0) if statuses else 200, text='{"code": 0}')

    app = web.Application()
    app.router.add_post("/shops/{shop}", ears)
    async with TestServer(app) as server:
        simulator = Simulator(replace(CONFIG, shops=KEYS), clock)
        simulator.point(callback_base=str(server.make_url("")))
        await simulator.start()
        yield simulator, statuses
        await simulator.close()


async def test_numbers_beyond_2_to_the_53_and_the_units_of_money_are_as_each_platform_writes_them(alone: Any) -> None:
    simulator, bodies = alone[0], {}
    for shop in KEYS:
        order = simulator.shops.new_order(shop, 1990)
        assert order.number > 2**53
        (told,) = await simulator.shops.tell(shop, order, Step("paid"))
        bodies[shop] = told.word.body.decode()
    assert '"pay_amount": 1990' in bodies["doudian"]
    assert "%22payment%22%3A+%2219.90%22" in bodies["youzan"]
    assert '\\"pay_amount\\": 1990' in bodies["douyin_life"]


async def test_an_unacknowledged_notice_is_told_again_with_growing_gaps_and_then_no_more(alone: Any) -> None:
    simulator, statuses = alone
    knobs, order = simulator.world.knobs, simulator.shops.new_order("youzan")
    knobs.shop_retry_gap_seconds, knobs.shop_retries, knobs.shop_retry_growth = 0.02, 4, 4.0
    statuses += [500, 500]
    begun = stopwatch()
    (heard,) = await simulator.shops.tell("youzan", order, Step("paid"))
    assert (heard.acknowledged, len(heard.attempts)) == (True, 3)
    assert stopwatch() - begun >= 0.02 + 0.08
    knobs.shop_retries = 1
    statuses += [500, 500]
    (lost,) = await simulator.shops.tell("youzan", order, Step("paid"))
    assert (lost.lost, len(lost.attempts), statuses) == (True, 2, [])


async def test_wishes_no_shop_can_grant_are_refused(alone: Any) -> None:
    shops_of_it = alone[0].shops
    for shop, life in (("taobao", "smooth"), ("youzan", "nonsense")):
        with pytest.raises(SimulatorError):
            await shops_of_it.play(shop, life)
    with pytest.raises(SimulatorError):
        await shops_of_it.tell("douyin_life", shops_of_it.new_order("douyin_life"), Step("shipped"))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'{"event": "verify_webhook"}', b'{"event": "verify_webhook", "content": "[1]"}']
)
def test_local_life_refuses_what_is_no_notice(body: bytes, clock: ManualClock) -> None:
    signed = sha1(b"life-secret" + body, usedforsecurity=False).hexdigest()
    with pytest.raises(NoticeRefused, match="bad_envelope"):
        READERS["douyin_life"]({"x-douyin-signature": signed}, body, "key-1", "life-secret", clock.now())


JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)
NAMES = ["action", "msg_time", "order_id", "pay_amount", "certificate_id", "account_id", "refund_amount", "create_time"]


@settings(max_examples=40)
@given(
    st.sampled_from(["life_trade_order_notify", "life_trade_certificate_notify", "else"]),
    st.sampled_from(["pay_success", "verify", "verify_cancel", "refund_success", "?"]),
    st.dictionaries(st.sampled_from(NAMES), JUNK),
)
def test_any_signed_word_of_local_life_is_understood_or_told(event: str, action: str, inner: dict[str, Any]) -> None:
    content = {"action": action, "order": inner, "certificate": inner, **inner}
    body = json.dumps({"event": event, "client_key": "key-1", "from_user_id": "b", "content": json.dumps(content)}).encode()
    signed = sha1(b"life-secret" + body, usedforsecurity=False).hexdigest()
    for message in READERS["douyin_life"]({"x-douyin-signature": signed}, body, "key-1", "life-secret", NOON).messages:
        assert message.told or message.unread
