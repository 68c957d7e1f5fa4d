"""Notices of Youzan and Doudian: signed, durable, understood once; what is forged leaves no trace, what is strange is kept for a person."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import md5
from typing import Any
from urllib.parse import quote_plus

import pytest
import sqlalchemy as sa
from aiohttp import ClientSession, web
from hypothesis import given
from hypothesis import strategies as st

from assistant import telemetry, triggers
from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.domain import members, orders, points
from assistant.flows.settle import settle_orders
from assistant.shops import READERS, NoticeRefused
from assistant.store import Store, fact
from assistant.web import shops
from tests.conftest import NOON

ME = system("test")
KEYS = {"youzan": ("client-1", "youzan-secret"), "doudian": ("app-1", "doudian-secret")}
BIG = 4812345678901234567


def sign(shop: str, raw: str) -> str:
    number, secret = KEYS[shop]
    return md5(f"{number}{raw}{secret}".encode()).hexdigest()


def youzan(kind: str, msg: dict[str, Any], body_form: bool = False, **more: Any) -> tuple[dict[str, str], bytes]:
    packed = quote_plus(json.dumps(msg))
    envelope = {
        "id": "E1",
        "msg_id": "m1",
        "type": kind,
        "kdt_id": 63077,
        "client_id": "client-1",
        "msg": packed,
        "mode": 1,
        "timestamp": 1795665600,
        **more,
    }
    if body_form:
        return {}, json.dumps({**envelope, "sign": sign("youzan", packed)}).encode()
    raw = json.dumps(envelope)
    return {"Event-Sign": sign("youzan", raw).upper()}, raw.encode()


def trade(status: str, tid: str = "E20261122001", payment: str = "199.90") -> dict[str, Any]:
    return {
        "full_order_info": {
            "order_info": {
                "tid": tid,
                "status": status,
                "created": "2026-11-20 09:00:00",
                "pay_time": "2026-11-20 09:01:00",
                "update_time": "2026-11-22 10:00:00",
            },
            "pay_info": {"payment": payment, "total_fee": "219.90"},
            "buyer_info": {"yz_open_id": "yz_1", "buyer_phone": "138****0000"},
            "orders": [{"oid": "1", "item_id": 7, "sku_id": 9, "title": "棉质睡衣", "num": 2, "price": "109.95", "payment": payment}],
        }
    }


def doudian(*messages: dict[str, Any]) -> tuple[dict[str, str], bytes]:
    raw = json.dumps(list(messages))
    return {"app-id": "app-1", "event-sign": sign("doudian", raw)}, raw.encode()


def told(tag: str, msg_id: str = "1", text: bool = True, **data: Any) -> dict[str, Any]:
    found = {"p_id": BIG, "shop_id": 991, "s_ids": [], "create_time": 1795650000, **data}
    return {"tag": tag, "msg_id": msg_id, "data": json.dumps(found) if text else found}


@pytest.fixture
def store(database: str, clock: ManualClock) -> Any:
    opened = Store(database, clock, triggers.REACTIONS)
    yield opened
    opened.close()


@pytest.fixture
async def door(store: Store) -> AsyncIterator[Any]:
    app = web.Application()
    app.add_routes(shops.routes(store, KEYS))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as session:

        async def knock(shop: str, call: tuple[dict[str, str], bytes]) -> tuple[int, str]:
            answer = await session.post(f"http://127.0.0.1:{runner.addresses[0][1]}/shops/{shop}", data=call[1], headers=call[0])
            return answer.status, await answer.text()

        yield knock
    await runner.cleanup()


def found(store: Store, number: str) -> orders.Order:
    return store.look(orders.by_number, number)[0]


def unread(store: Store) -> list[list[str]]:
    return [
        row.payload["reasons"] for row in store.look(lambda view: view.all(sa.select(fact.c.payload).where(fact.c.name == "shops.unread")))
    ]


ACK = (200, '{"code": 0, "msg": "success"}')


@pytest.mark.parametrize("body_form", [False, True])
async def test_a_youzan_order_in_either_form_becomes_an_order(door: Any, store: Store, body_form: bool) -> None:
    assert await door("youzan", youzan("trade_TradePaid", trade("WAIT_SELLER_SEND_GOODS"), body_form)) == ACK
    one = found(store, "E20261122001")
    assert (one.source, one.shop, one.status, one.paid_fen, one.total_fen) == ("youzan", "63077", "paid", 19990, 21990)
    assert (one.buyer, one.items[0].qty, one.items[0].paid_fen) == (members.Identity("youzan", "yz_1"), 2, 19990)
    assert one.paid_at is not None
    assert one.paid_at.isoformat() == "2026-11-20T01:01:00+00:00"


async def test_a_youzan_refund_before_its_order_counts_when_the_order_comes(door: Any, store: Store) -> None:
    refund = {"tid": "E20261122001", "refund_id": "R1", "refunded_fee": "50.00", "update_time": "2026-11-22 11:00:00"}
    assert await door("youzan", youzan("trade_refund_RefundSuccess", refund)) == ACK
    await door("youzan", youzan("trade_TradePaid", trade("TRADE_PAID")))
    assert (found(store, "E20261122001").refund_fen, found(store, "E20261122001").net_fen) == (5000, 14990)


async def test_an_asked_for_refund_moves_nothing_until_the_money_has(door: Any, store: Store) -> None:
    await door("youzan", youzan("trade_TradePaid", trade("TRADE_PAID")))
    refund = {"tid": "E20261122001", "refund_id": "R1", "refunded_fee": "50.00"}
    await door("youzan", youzan("trade_refund_BuyerCreated", refund))
    assert found(store, "E20261122001").refund_fen == 0


async def test_a_doudian_order_keeps_its_long_number_exact(door: Any, store: Store) -> None:
    call = doudian(
        {"tag": "0", "msg_id": "0", "data": "2026"}, told("101", pay_time=1795650060, pay_amount=1990, open_id="dd_1", text=False)
    )
    assert await door("doudian", call) == ACK
    one = found(store, str(BIG))
    assert (one.source, one.status, one.paid_fen, one.buyer) == ("douyin", "paid", 1990, members.Identity("douyin_open", "dd_1"))


async def test_an_order_of_several_parcels_is_finished_when_the_last_one_is(door: Any, store: Store) -> None:
    parts = [BIG + 1, BIG + 2]
    await door("doudian", doudian(told("103", "3", s_ids=parts[:1], finish_time=1795660000)))
    await door("doudian", doudian(told("101", "1", s_ids=parts, pay_amount=1990, pay_time=1795650060)))
    assert found(store, str(BIG)).status == "paid"
    await door("doudian", doudian(told("103", "4", s_ids=parts[1:], finish_time=1795661000)))
    one = found(store, str(BIG))
    assert (one.status, one.finished_at.timestamp() if one.finished_at else 0) == ("finished", 1795661000)


async def test_an_order_does_not_wait_for_a_part_whose_money_went_back(door: Any, store: Store) -> None:
    parts = [BIG + 1, BIG + 2]
    await door("doudian", doudian(told("206", "2", s_id=parts[1], aftersale_id=77, refund_amount=990)))
    await door("doudian", doudian(told("101", "1", s_ids=parts, pay_amount=1990, pay_time=1795650060)))
    assert found(store, str(BIG)).status == "paid"
    await door("doudian", doudian(told("103", "3", s_ids=parts[:1], complete_time=1795660000)))
    assert (found(store, str(BIG)).status, found(store, str(BIG)).net_fen) == ("finished", 1000)


async def test_an_end_without_a_time_is_when_it_was_first_told(door: Any, store: Store, clock: ManualClock) -> None:
    call = doudian(told("103", "3", pay_amount=1990, pay_time=1795650060))
    await door("doudian", call)
    clock.advance(timedelta(days=3))
    await door("doudian", call)
    assert (found(store, str(BIG)).finished_at, found(store, str(BIG)).status) == (NOON, "finished")


async def test_what_the_order_says_of_itself_may_be_ahead_of_the_tag(door: Any, store: Store) -> None:
    await door("doudian", doudian(told("101", pay_amount=1990, order_status=22)))
    assert (found(store, str(BIG)).status, found(store, str(BIG)).net_fen) == ("closed", 0)


async def test_a_message_told_again_is_kept_for_a_person_once(door: Any, store: Store) -> None:
    for _ in range(3):
        await door("doudian", doudian(told("999", "9")))
    assert unread(store) == [["抖店消息 tag 999：不认识的消息类型"]]


async def test_the_same_number_on_two_platforms_is_two_orders(door: Any, store: Store) -> None:
    await door("youzan", youzan("trade_TradePaid", trade("TRADE_PAID", str(BIG))))
    await door("doudian", doudian(told("101", pay_amount=1990)))
    assert sorted((one.source, one.paid_fen) for one in store.look(orders.by_number, str(BIG))) == [("douyin", 1990), ("youzan", 19990)]


async def test_an_order_told_before_its_buyer_is_known_waits_and_finds_him(door: Any, store: Store) -> None:
    for _ in range(3):
        await door("youzan", youzan("trade_TradePaid", trade("TRADE_PAID")))
    registered = store.do(members.register, [members.Register("r", "m1", (members.Identity("youzan", "yz_1"),))], ME)[0]
    store.do(lambda work, _: settle_orders(work, orders.match(work, [registered.member_id])), None, ME)
    assert found(store, "E20261122001").member_id == registered.member_id
    assert store.look(points.balance, [registered.member_id])[registered.member_id].pending == 199


FORGED = [
    ("youzan", ({"Event-Sign": "0" * 32}, youzan("trade_TradePaid", trade("TRADE_PAID"))[1]), 401),
    ("youzan", ({}, youzan("trade_TradePaid", trade("TRADE_PAID"))[1]), 401),
    ("youzan", ({"Event-Sign": "签名"}, b"{}"), 401),
    ("youzan", ({"Event-Sign": sign("youzan", "[]")}, b"[]"), 400),
    ("youzan", ({}, b"{"), 400),
    ("doudian", ({"app-id": "app-1", "event-sign": "0" * 32}, doudian(told("101"))[1]), 401),
    ("doudian", ({"app-id": "app-2", "event-sign": doudian(told("101"))[0]["event-sign"]}, doudian(told("101"))[1]), 401),
    ("doudian", ({"app-id": "app-1", "event-sign": sign("doudian", "{}")}, b"{}"), 400),
]


@pytest.mark.parametrize(("shop", "call", "status"), FORGED)
async def test_a_forged_notice_is_refused_without_a_word_and_leaves_nothing(
    door: Any, store: Store, shop: str, call: Any, status: int
) -> None:
    headers = {name: value.encode().decode("latin-1") for name, value in call[0].items()}
    before = telemetry.callbacks_refused(shop)
    assert await door(shop, (headers, call[1])) == (status, "")
    assert store.look(lambda view: view.scalar(sa.select(sa.func.count()).select_from(fact))) == 0
    assert telemetry.callbacks_refused(shop) == before + 1


STRANGE = [
    ("youzan", youzan("trade_TradePaid", trade("TRADE_PAID", payment="-1")), "有赞消息 trade_TradePaid：实付金额“-1”不是金额"),
    ("youzan", youzan("trade_TradePaid", trade("TRADE_PAID", payment="1.005")), "有赞消息 trade_TradePaid：实付金额“1.005”不是金额"),
    ("youzan", youzan("trade_TradePaid", trade("TRADE_PAID", payment="１９９")), "有赞消息 trade_TradePaid：实付金额“１９９”不是金额"),
    ("youzan", youzan("trade_TradePaid", trade("TRADE_PAID", payment="1e400")), "有赞消息 trade_TradePaid：实付金额“1e400”不是金额"),
    ("youzan", youzan("trade_Unheard", {"tid": "1"}), "有赞消息 trade_Unheard：不认识的消息类型"),
    ("youzan", youzan("trade_TradePaid", {}), "有赞消息 trade_TradePaid：缺少订单号 tid"),
    ("doudian", doudian(told("101", pay_amount=19.9)), "抖店消息 tag 101：实付金额 pay_amount“19.9”不对"),
    ("doudian", doudian(told("101", pay_amount=10**18)), "抖店消息 tag 101：实付金额 pay_amount“1000000000000000000”不对"),
    ("youzan", youzan("trade_TradePaid", {"tid": "\ud800"}), "有赞消息 trade_TradePaid：缺少订单号 tid"),
    ("doudian", doudian(told("101", pay_amount="\x00")), "抖店消息 tag 101：实付金额 pay_amount“”不对"),
    ("doudian", doudian(told("999")), "抖店消息 tag 999：不认识的消息类型"),
]


@pytest.mark.parametrize(("shop", "call", "reason"), STRANGE)
async def test_a_signed_notice_that_makes_no_sense_is_acknowledged_and_kept_for_a_person(
    door: Any, store: Store, shop: str, call: Any, reason: str
) -> None:
    assert await door(shop, call) == ACK
    assert unread(store) == [[reason]]


async def test_a_test_call_is_acknowledged_only(door: Any, store: Store) -> None:
    assert await door("youzan", youzan("trade_TradePaid", trade("TRADE_PAID"), test=True)) == ACK
    assert store.look(orders.by_number, "E20261122001") == []


@given(st.binary(max_size=300), st.sampled_from(sorted(KEYS)), st.booleans())
def test_whatever_is_sent_is_read_or_refused(body: bytes, shop: str, signed: bool) -> None:
    number, secret = KEYS[shop]
    right = md5(number.encode() + body + secret.encode()).hexdigest()
    headers = {"app-id": number, "event-sign": right if signed else "nonsense"}
    try:
        notice = READERS[shop](headers, body, number, secret, NOON)
    except NoticeRefused:
        return
    assert signed
    assert notice.ack["code"] == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = ["p_id", "s_ids", "s_id", "pay_amount", "order_status", "sku_order_list", "finish_time", "aftersale_id", "refund_amount", "shop_id"]
TRADE = ["tid", "full_order_info", "order_info", "pay_info", "buyer_info", "orders", "refund_id", "refunded_fee", "update_time"]


@given(st.sampled_from(["100", "101", "103", "206", "0"]), st.dictionaries(st.sampled_from(NAMES), JSON | st.just(BIG)), st.booleans())
def test_any_signed_doudian_message_is_understood_or_told(tag: str, data: dict[str, Any], text: bool) -> None:
    headers, body = doudian(told(tag, text=text, **data))
    for message in READERS["doudian"](headers, body, *KEYS["doudian"], NOON).messages:
        assert bool(message.told) is not bool(message.unread)


@given(
    st.sampled_from(["trade_TradePaid", "trade_refund_RefundSuccess"]),
    st.dictionaries(st.sampled_from(TRADE), JSON | st.dictionaries(st.sampled_from(TRADE), JSON, max_size=4)),
)
def test_any_signed_youzan_message_is_understood_or_told(kind: str, data: dict[str, Any]) -> None:
    headers, body = youzan(kind, data)
    headers = {name.lower(): value for name, value in headers.items()}
    for message in READERS["youzan"](headers, body, *KEYS["youzan"], NOON).messages:
        assert bool(message.told) is not bool(message.unread)
