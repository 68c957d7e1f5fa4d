"""What comes to the open door that should not: refused without a word, counted, and nothing of it kept."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from lxml import etree
from wechatpy.enterprise.crypto import WeChatCrypto

from assistant import simulation
from assistant.wecom import Envelope
from tests.flow.shop import XIAOMAN, Shop

APP = Envelope(simulation.APP.token, simulation.APP.aes_key, simulation.CORP)
BOT = Envelope(simulation.BOT.token, simulation.BOT.aes_key, "")
DOCTYPE = b'<!DOCTYPE x [<!ENTITY e "boom">]>'
MEBIBYTE = 1024 * 1024


class Door:
    """The service's open door as anybody on the network sees it."""

    def __init__(self, shop: Shop, session: aiohttp.ClientSession) -> None:
        self._shop = shop
        self._session = session
        self.base = f"http://127.0.0.1:{shop.port}"

    async def knock(self, path: str, query: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        async with self._session.post(f"{self.base}/wecom/{path}", params=query, data=io.BytesIO(body)) as response:
            return response.status, await response.read()

    async def verify(self, path: str, query: Mapping[str, str]) -> tuple[int, bytes]:
        async with self._session.get(f"{self.base}/wecom/{path}", params=query) as response:
            return response.status, await response.read()

    async def refusals(self) -> dict[tuple[str, str], int]:
        """(endpoint, result) → how often, as /metrics tells it."""
        async with self._session.get(f"{self.base}/metrics") as response:
            text = await response.text()
        found = re.findall(r'laoyou_callbacks_total\{endpoint="(\w+)",result="(\w+)"\} ([\d.]+)', text)
        return {(endpoint, result): int(float(count)) for endpoint, result, count in found}

    def sealed(self, content: bytes, *, envelope: Envelope = APP, age: float = 0.0, tag: str = "Encrypt") -> tuple[dict[str, str], bytes]:
        """A signed request of this age in seconds, as query and XML body."""
        timestamp = str(int((self._shop.clock.now() - timedelta(seconds=age)).timestamp()))
        one = envelope.seal(content, timestamp, "n1")
        query = {"msg_signature": one.signature, "timestamp": timestamp, "nonce": "n1"}
        return query, f"<xml><ToUserName>{simulation.CORP}</ToUserName><{tag}>{one.encrypt}</{tag}></xml>".encode()


@asynccontextmanager
async def opened(database: str, folder: Path) -> AsyncIterator[tuple[Shop, Door]]:
    async with Shop(database, folder) as shop, aiohttp.ClientSession() as session:
        await shop.start()
        yield shop, Door(shop, session)


def words(text: str, number: int, kind: str = "text", sender: str = "lin") -> bytes:
    fields = f"<MsgType>{kind}</MsgType><Content>{text}</Content><MsgId>{number}</MsgId><AgentID>{simulation.APP.agentid}</AgentID>"
    return f"<xml><ToUserName>{simulation.CORP}</ToUserName><FromUserName>{sender}</FromUserName>{fields}</xml>".encode()


def hostile(door: Door) -> list[tuple[str, str, dict[str, str], bytes, int, str]]:
    """What is wrong, endpoint, query, body, and how it is refused and counted."""
    query, body = door.sealed(words("hi", 1))
    other = Envelope(simulation.APP.token, simulation.APP.aes_key, "ww_somebody_else")
    stale, foreign = door.sealed(words("hi", 2), age=3600), door.sealed(words("hi", 3), envelope=other)
    inside = door.sealed(b"<?xml version='1.0'?>" + DOCTYPE + words("&e;", 4))
    broken, nonsense = door.sealed(b"<xml><MsgType>text"), door.sealed(b"{}", envelope=BOT)
    in_json = json.dumps({"encrypt": etree.fromstring(nonsense[1]).findtext("Encrypt")}).encode()
    return [
        ("a signature that is not ours", "app", query | {"msg_signature": "0" * 40}, body, 401, "bad_signature"),
        ("a body that was changed", "app", query, body.replace(b"</Encrypt>", b"A</Encrypt>"), 401, "bad_signature"),
        ("a message for another corp", "app", *foreign, 403, "other_receiver"),
        ("a message an hour old", "app", *stale, 401, "stale"),
        ("no query at all", "app", {}, body, 400, "missing_field"),
        ("half of an XML", "app", query, body[:-8], 400, "bad_envelope"),
        ("a document type", "app", query, DOCTYPE + body, 400, "bad_envelope"),
        ("an entity", "kf", query, DOCTYPE + b"<xml><Encrypt>&e;</Encrypt></xml>", 400, "bad_envelope"),
        ("JSON where XML belongs", "kf", query, b'{"encrypt": "x"}', 400, "bad_envelope"),
        ("XML where JSON belongs", "bot", query, body, 400, "bad_envelope"),
        ("half of a JSON", "bot", query, b'{"encrypt": "x', 400, "bad_envelope"),
        ("a JSON without its cipher", "bot", query, b"[]", 400, "bad_envelope"),
        ("more than a mebibyte", "app", query, b"<" * (MEBIBYTE + 1), 413, "too_large"),
        ("a signed document type", "app", *inside, 400, "bad_content"),
        ("a signed half of an XML", "app", *broken, 400, "bad_content"),
        ("a signed JSON of nothing", "bot", nonsense[0], in_json, 400, "bad_content"),
    ]


async def test_what_does_not_belong_is_refused_without_a_word_counted_and_not_kept(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as (shop, door):
        counts: dict[tuple[str, str], int] = {}
        for what, path, query, body, status, reason in hostile(door):
            assert await door.knock(path, query, body) == (status, b""), what
            counts[path, reason] = counts.get((path, reason), 0) + 1
        assert await door.verify("app", {"msg_signature": "0" * 40, "timestamp": "1", "nonce": "n", "echostr": "x"}) == (401, b"")
        counts["app", "bad_signature"] += 1
        assert await door.refusals() == counts
        assert [shop.scalar(f"SELECT count(*) FROM {table}") for table in ("inbox", "turn", "outbox", "conversation")] == [0, 0, 0, 0]
        assert shop.scalar("SELECT count(*) FROM due WHERE kind IN ('turn', 'kf.pull')") == 0


async def test_a_chunked_body_without_end_is_cut_off(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as (shop, door), aiohttp.ClientSession() as session:

        async def endless() -> AsyncIterator[bytes]:
            for _ in range(64):
                yield b"<" * 65_536

        query, _ = door.sealed(words("hi", 1))
        try:
            async with session.post(f"{door.base}/wecom/app", params=query, data=endless()) as response:
                assert (response.status, await response.read()) == (413, b"")
        except aiohttp.ClientConnectionError:
            pass
        assert (await door.refusals()).get(("app", "too_large")) == 1
        assert shop.scalar("SELECT count(*) FROM inbox") == 0


async def test_a_kind_nobody_knows_is_kept_and_answered_politely(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as (shop, door):
        assert await door.knock("app", *door.sealed(words("", 77, kind="hologram"))) == (200, b"")
        await shop.simulator.customer_says(XIAOMAN, "", kind="hologram")
        await shop.until(lambda: shop.staff_heard("lin") and shop.heard(XIAOMAN), "both to be answered")
        await shop.quiet()
        assert shop.scalar("SELECT count(*) FROM inbox") == 2
        for answers in (shop.staff_heard("lin"), shop.heard(XIAOMAN)):
            assert len(answers) == 1
            assert "文字" in answers[0]


async def test_one_message_three_times_at_once_is_one_turn_and_one_reply(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as (shop, door):
        copies = [door.sealed(words("睡衣怎么洗？", 4711)) for _ in range(3)]
        assert await asyncio.gather(*(door.knock("app", *copy) for copy in copies)) == [(200, b"")] * 3
        await shop.until(lambda: shop.staff_heard("lin"), "an answer")
        assert await door.knock("app", *copies[0]) == (200, b"")
        await shop.quiet()
        assert len(shop.staff_heard("lin")) == 1
        assert [shop.scalar(f"SELECT count(*) FROM {table}") for table in ("inbox", "turn", "outbox")] == [1, 1, 1]


async def test_three_short_messages_are_one_turn_and_one_answer(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as (shop, door):
        for number, text in enumerate(("你好", "想问下", "睡衣怎么洗"), start=1):
            assert await door.knock("app", *door.sealed(words(text, number))) == (200, b"")
        await shop.until(lambda: shop.staff_heard("lin"), "an answer")
        await shop.quiet()
        assert len(shop.staff_heard("lin")) == 1
        assert [shop.scalar(f"SELECT count(*) FROM {table}") for table in ("inbox", "turn", "outbox")] == [3, 1, 1]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:wechatpy")
async def test_an_independent_client_speaks_with_our_endpoints(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as (shop, door):
        theirs = WeChatCrypto(simulation.APP.token, simulation.APP.aes_key, simulation.CORP)
        timestamp = str(int(shop.clock.now().timestamp()))
        body = theirs.encrypt_message(words("你好", 1).decode(), "n1", timestamp)
        query = {"nonce": "n1", "timestamp": timestamp, "msg_signature": etree.fromstring(body).findtext("MsgSignature") or ""}
        assert await door.knock("app", query, body.encode()) == (200, b"")
        assert shop.scalar("SELECT count(*) FROM inbox") == 1
        echo = etree.fromstring(theirs.encrypt_message("7216829451862035", "n2", timestamp))
        asked = {"nonce": "n2", "timestamp": timestamp, "msg_signature": echo.findtext("MsgSignature") or ""}
        assert await door.verify("app", asked | {"echostr": echo.findtext("Encrypt") or ""}) == (200, b"7216829451862035")
        await shop.until(lambda: shop.staff_heard("lin"), "an answer")


async def test_an_independent_client_reads_what_our_bot_endpoint_answers(database: str, tmp_path: Path) -> None:
    async with opened(database, tmp_path) as (shop, door):
        await shop.ask(XIAOMAN, "你好")
        asked: dict[str, Any] = {"msgid": "b1", "aibotid": simulation.BOT.aibotid, "chattype": "single", "from": {"userid": "lin"}}
        asked |= {"msgtype": "text", "text": {"content": "睡衣怎么洗？"}, "create_time": int(shop.clock.now().timestamp())}
        query, body = door.sealed(json.dumps(asked).encode(), envelope=BOT)
        sealed = json.dumps({"encrypt": etree.fromstring(body).findtext("Encrypt")}).encode()
        status, answer = await door.knock("bot", query, sealed)
        assert status == 200
        told = json.loads(answer)
        theirs = WeChatCrypto(simulation.BOT.token, simulation.BOT.aes_key, "")
        wrapped = f"<xml><ToUserName>x</ToUserName><Encrypt>{told['encrypt']}</Encrypt></xml>"
        plain = json.loads(theirs.decrypt_message(wrapped, told["msgsignature"], str(told["timestamp"]), told["nonce"]))
        assert plain["msgtype"] == "stream"
        assert plain["stream"]["finish"] is True
        assert plain["stream"]["content"]
