"""The merchant transfer of WeChat over real HTTP: what we sign can be checked, and only what the payer signed is believed."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.base.clock import ManualClock
from assistant.base.errors import Broken, Invalid, Transient
from assistant.base.ids import derive
from assistant.payments import Merchant, Platform, Transfer, WeChatPayout, private_key, public_key
from assistant.payments.signing import FRESH_SECONDS, genuine

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
OURS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
THEIRS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PLATFORM = Platform("PUB_KEY_ID_0114", THEIRS.public_key())
BILL = derive("bill", "claim", 0).replace("_", "")
GOOD = {"out_bill_no": BILL, "mch_id": "1900", "appid": "wx1", "state": "SUCCESS", "transfer_amount": 995, "openid": "oMember"}


def signed(body: bytes, at: datetime = NOW, serial: str = PLATFORM.serial, key: rsa.RSAPrivateKey = THEIRS) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signature = key.sign(f"{stamp}\nn0nce\n".encode() + body + b"\n", padding.PKCS1v15(), hashes.SHA256())
    text = base64.b64encode(signature).decode()
    return {"Wechatpay-Serial": serial, "Wechatpay-Timestamp": stamp, "Wechatpay-Nonce": "n0nce", "Wechatpay-Signature": text}


@dataclass
class Payer:
    """Answers with what it is told to, and only to a request whose signature it has checked itself."""

    status: int = 200
    answer: Any = field(default_factory=lambda: dict(GOOD))
    sign: Callable[[bytes], dict[str, str]] = signed
    seen: list[tuple[str, str, str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.text()
        scheme, _, rest = request.headers["Authorization"].partition(" ")
        told = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        assert (scheme, told["mchid"], told["serial_no"]) == ("WECHATPAY2-SHA256-RSA2048", "1900", "SER1")
        message = "".join(f"{part}\n" for part in (request.method, request.path_qs, told["timestamp"], told["nonce_str"], body))
        OURS.public_key().verify(base64.b64decode(told["signature"]), message.encode(), padding.PKCS1v15(), hashes.SHA256())
        self.seen.append((request.method, request.path, body))
        raw = self.answer if isinstance(self.answer, bytes) else json.dumps(self.answer).encode()
        return web.Response(status=self.status, body=raw, headers=self.sign(raw))


@asynccontextmanager
async def paying(payer: Payer) -> AsyncIterator[WeChatPayout]:
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", payer.handle)
    nonces: Iterator[int] = iter(range(1000))
    transfer = Transfer("wx1", "1000", (("活动名称", "返现"), ("奖励说明", "订单返现")), "https://brand.example/pay/wechat/notify")
    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        merchant = Merchant("1900", "SER1", OURS)
        yield WeChatPayout(session, str(server.make_url("/")), merchant, PLATFORM, transfer, ManualClock(NOW), lambda: f"n{next(nonces)}")


async def test_a_transfer_is_signed_and_says_all_that_the_payer_asks_for() -> None:
    payer = Payer(answer={"out_bill_no": BILL, "state": "WAIT_USER_CONFIRM", "package_info": "open-me"})
    async with paying(payer) as port:
        told = await port.pay(BILL, "oMember", 995, "返现")
    assert (told.state, getattr(told, "package_info", "")) == ("wait_user", "open-me")
    method, path, body = payer.seen[0]
    assert (method, path) == ("POST", "/v3/fund-app/mch-transfer/transfer-bills")
    sent = json.loads(body)
    assert (sent["out_bill_no"], sent["openid"], sent["transfer_amount"], sent["appid"]) == (BILL, "oMember", 995, "wx1")
    assert sent["transfer_scene_report_infos"][0] == {"info_type": "活动名称", "info_content": "返现"}
    assert "user_name" not in sent


@pytest.mark.parametrize(
    ("word", "ours"),
    [
        ("ACCEPTED", "accepted"),
        ("PROCESSING", "accepted"),
        ("TRANSFERING", "accepted"),
        ("CANCELING", "accepted"),
        ("WAIT_USER_CONFIRM", "wait_user"),
        ("SUCCESS", "paid"),
        ("FAIL", "refused"),
        ("CANCELLED", "closed"),
    ],
)
async def test_each_word_of_the_payer_has_one_meaning(word: str, ours: str) -> None:
    async with paying(Payer(answer=GOOD | {"state": word})) as port:
        assert (await port.query(BILL)).state == ours


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, {"code": "SYSTEM_ERROR"}),
        (429, {"code": "FREQUENCY_LIMITED"}),
        (400, {"code": "ALREADY_EXISTS"}),
        (400, {"code": "SOMETHING_NEW"}),
        (404, {"code": "OTHER"}),
        (200, GOOD | {"state": "NEW_STATE"}),
        (200, GOOD | {"out_bill_no": "B2"}),
        (200, {}),
        (200, b"not json"),
        (200, b"[]"),
        (302, GOOD),
    ],
)
async def test_what_is_not_plain_leaves_the_outcome_open(status: int, answer: Any) -> None:
    async with paying(Payer(status, answer)) as port:
        for ask in (lambda: port.pay(BILL, "oMember", 995, ""), lambda: port.query(BILL)):
            with pytest.raises(Transient) as silent:
                await ask()
            assert silent.value.code == "payer_silent"


async def test_another_merchants_bill_is_not_ours() -> None:
    for other in ({"mch_id": "1901"}, {"appid": "wx2"}):
        async with paying(Payer(answer=GOOD | other)) as port:
            with pytest.raises(Transient):
                await port.query(BILL)


async def test_a_no_and_an_unknown_number_are_told_apart() -> None:
    async with paying(Payer(400, {"code": "ACCOUNT_ERROR", "message": "收款账户异常"})) as port:
        assert (await port.pay(BILL, "oMember", 995, "")).state == "refused"
    async with paying(Payer(404, {"code": "NOT_FOUND"})) as port:
        assert (await port.query(BILL)).state == "not_found"


@pytest.mark.parametrize(
    "sign",
    [
        lambda raw: {},
        lambda raw: signed(raw + b" "),
        lambda raw: signed(raw, key=OURS),
        lambda raw: signed(raw, serial="PUB_KEY_ID_9999"),
        lambda raw: signed(raw, NOW - timedelta(seconds=FRESH_SECONDS + 1)),
        lambda raw: signed(raw, NOW + timedelta(seconds=FRESH_SECONDS + 1)),
    ],
)
@pytest.mark.parametrize(("status", "answer"), [(200, GOOD), (400, {"code": "ACCOUNT_ERROR"}), (404, {"code": "NOT_FOUND"})])
async def test_what_the_payer_did_not_sign_is_neither_yes_nor_no(sign: Callable[[bytes], dict[str, str]], status: int, answer: Any) -> None:
    async with paying(Payer(status, answer, sign)) as port:
        with pytest.raises(Transient):
            await port.query(BILL)
        with pytest.raises(Transient):
            await port.pay(BILL, "oMember", 995, "")


@pytest.mark.parametrize(
    ("status", "answer", "sign", "says"),
    [
        (401, {"code": "SIGN_ERROR"}, signed, "签名"),
        (401, b"", lambda raw: {}, "API 私钥"),
        (403, {"code": "NO_AUTH"}, signed, "权限"),
        (403, b"<html>", lambda raw: {}, "白名单"),
        (403, {"code": "NOT_ENOUGH"}, signed, "充值"),
        (400, {"code": "INVALID_REQUEST", "message": "此IP地址不允许调用该接口"}, signed, "IP"),
    ],
)
async def test_a_fault_of_our_own_set_up_is_told_at_once(status: int, answer: Any, sign: Any, says: str) -> None:
    async with paying(Payer(status, answer, sign)) as port:
        with pytest.raises(Broken, match=says) as broken:
            await port.pay(BILL, "oMember", 995, "")
        assert broken.value.code == "payer_setup"
        if status in (401, 403):
            with pytest.raises(Broken, match=says):
                await port.query(BILL)


async def test_bills_refused_in_the_same_words_one_after_another_are_a_fault_of_the_account() -> None:
    def no(why: str) -> dict[str, str]:
        return {"code": "INVALID_REQUEST", "message": why}

    payer = Payer(400)
    async with paying(payer) as port:
        for why in [*["收款用户未实名"] * 4, *["转账场景未开通"] * 4]:
            payer.answer = no(why)
            assert (await port.pay(BILL, "oMember", 995, "")).state == "refused"
        with pytest.raises(Broken, match="转账场景未开通") as broken:
            await port.pay(BILL, "oMember", 995, "")
    assert broken.value.code == "payer_setup"


async def test_a_wrong_key_of_the_payer_is_told_after_a_few_answers_and_one_good_one_forgets_them() -> None:
    payer = Payer(sign=lambda raw: signed(raw, key=OURS))
    async with paying(payer) as port:
        for _ in range(2):
            payer.sign = lambda raw: signed(raw, key=OURS)
            for _ in range(4):
                with pytest.raises(Transient):
                    await port.query(BILL)
            payer.sign = signed
            assert (await port.query(BILL)).state == "paid"
        payer.sign = lambda raw: signed(raw, serial="PUB_KEY_ID_9999")
        for _ in range(4):
            with pytest.raises(Transient):
                await port.query(BILL)
        with pytest.raises(Broken, match="公钥"):
            await port.query(BILL)


async def test_a_bill_is_told_with_its_amount_and_payee_and_can_be_taken_back() -> None:
    payer = Payer()
    async with paying(payer) as port:
        seen = await port.query(BILL)
        assert (seen.amount_fen, seen.payee) == (995, "oMember")
        payer.answer = {name: value for name, value in GOOD.items() if name != "transfer_amount"}
        with pytest.raises(Transient):
            await port.query(BILL)
        payer.answer = {"out_bill_no": BILL, "state": "CANCELING"}
        assert (await port.cancel(BILL)).state == "accepted"
        payer.status, payer.answer = 400, {"code": "INVALID_REQUEST"}
        assert (await port.cancel(BILL)).state == "accepted"
    assert [path.rsplit("/", 1)[-1] for _method, path, _body in payer.seen[-2:]] == ["cancel", "cancel"]


async def test_what_cannot_be_sent_is_refused_without_a_call() -> None:
    payer = Payer()
    async with paying(payer) as port:
        named = await port.pay(BILL, "oMember", 200_000, "")
        assert named.state == "refused"
        assert "2000 元" in named.reason
        assert (await port.pay("OTHER", "oMember", 995, "")).state == "refused"
        assert (await port.query("../" + BILL)).state == "not_found"
    assert payer.seen == []
    assert re.fullmatch(r"[A-Za-z0-9]{1,32}", BILL)


BODY = json.dumps(GOOD).encode()
HEADERS = signed(BODY)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(["body", *HEADERS]), st.integers(0, 10_000), st.integers(1, 127))
def test_no_touched_answer_is_believed(where: str, place: int, flip: int) -> None:
    assert genuine(PLATFORM, HEADERS, BODY, NOW)
    whole = BODY if where == "body" else HEADERS[where].encode()
    at = place % len(whole)
    touched = whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :]
    body, headers = (touched, HEADERS) if where == "body" else (BODY, HEADERS | {where: touched.decode()})
    assert not genuine(PLATFORM, headers, body, NOW)


def test_a_signature_has_one_spelling() -> None:
    text = HEADERS["Wechatpay-Signature"]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for other in alphabet:
        touched = HEADERS | {"Wechatpay-Signature": text[:-3] + other + "=="}
        assert genuine(PLATFORM, touched, BODY, NOW) is (other == text[-3])


def test_keys_are_read_and_a_wrong_file_is_told() -> None:
    secret = OURS.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    open_ = THEIRS.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert private_key(secret).private_numbers() == OURS.private_numbers()
    assert public_key(open_).public_numbers() == THEIRS.public_key().public_numbers()
    for read in (lambda: private_key(open_), lambda: public_key(b"nonsense")):
        with pytest.raises(Invalid):
            read()
    assert "key" not in repr(Merchant("1900", "SER1", OURS)).lower()
