"""The AI bot of the simulator in callback mode: streams, pictures, cards, ratings, and what it refuses."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from assistant.wecom.simulator import SimulatorError
from tests.rooms.test_simulator_bench import BOT, KEY, Bench, running_bench  # noqa: F401 (the fixture)

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
CARD: dict[str, Any] = {
    "card_type": "button_interaction",
    "main_title": {"title": "批准吗"},
    "task_id": "t1",
    "button_list": [{"text": "准", "key": "yes"}],
}
DONE = {"response_type": "update_template_card", "template_card": {**CARD, "main_title": {"title": "已批准"}}}


def _answering(bench: Bench, *answers: dict[str, Any] | None) -> None:
    """The service answers these in order, sealed as the protocol wants, and nothing afterwards."""
    left = list(answers)

    async def answer(request: web.Request, plain: str) -> str:
        reply = left.pop(0) if left else None
        if reply is None:
            return ""
        encrypted, nonce = BOT.seal(json.dumps(reply), b"0" * 16), request.query["nonce"]
        signature = BOT.sign("1763769600", nonce, encrypted)
        return json.dumps({"encrypt": encrypted, "msgsignature": signature, "timestamp": 1763769600, "nonce": nonce})

    bench.answer = answer


def _stream(text: str, *, finish: bool = False, id: str = "s1", **more: Any) -> dict[str, Any]:
    return {"msgtype": "stream", "stream": {"id": id, "finish": finish, "content": text, **more}}


def _heard(bench: Bench) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(bench.heard[-1])
    return said


async def test_a_person_has_at_most_three_messages_in_flight(bench: Bench) -> None:
    hold = asyncio.Event()

    async def slow(request: web.Request, plain: str) -> str:
        await hold.wait()
        return ""

    bench.answer = slow
    waiting = [asyncio.create_task(bench.simulator.bot_says("wang", str(number))) for number in range(3)]
    await asyncio.sleep(0.05)
    with pytest.raises(SimulatorError, match="已有 3 条"):
        await bench.simulator.bot_says("wang", "第四条")
    hold.set()
    await asyncio.gather(*waiting)
    await bench.simulator.bot_says("wang", "现在可以")


async def test_refreshes_end_six_minutes_after_the_question(bench: Bench) -> None:
    _answering(bench, *[_stream("想")] * 1000)
    turn = await bench.simulator.bot_says("wang", "问", wait=False)
    bench.simulator.advance(361)
    await bench.simulator.settle()
    assert (turn.finished, turn.text, turn.open) == (False, "想", False)
    assert bench.simulator.complaints == ["机器人的回答 s1 在 360 秒内没有结束"]


@pytest.mark.parametrize(
    "wrong",
    [
        _stream("谁的", id="s2"),
        _stream("长" * 6827),
        {"msgtype": "text", "text": {"content": "文字"}},
        {"msgtype": "template_card", "template_card": CARD},
    ],
)
async def test_a_refresh_takes_only_its_own_stream_within_20480_bytes(bench: Bench, wrong: dict[str, Any]) -> None:
    bench.simulator.world.knobs.bot_refresh_limit_seconds = 0.1
    _answering(bench, _stream("想"), wrong)
    turn = await bench.simulator.bot_says("wang", "问")
    assert (turn.text, [bubble.text for bubble in bench.simulator.staff_phone("wang")]) == ("想", ["问", "想"])
    assert [complaint.startswith("机器人对 stream 的被动回复不合协议") for complaint in bench.simulator.complaints] == [True, False]


async def test_the_last_reply_may_carry_pictures_with_their_md5(bench: Bench) -> None:
    picture = {"base64": base64.b64encode(PNG).decode(), "md5": hashlib.md5(PNG).hexdigest()}
    _answering(bench, _stream("早了", msg_item=[{"msgtype": "image", "image": picture}]))
    await bench.simulator.bot_says("wang", "问")
    _answering(bench, _stream("图", finish=True, msg_item=[{"msgtype": "image", "image": picture}]))
    await bench.simulator.bot_says("wang", "图呢")
    assert bench.simulator.staff_phone("wang")[-1].body["pictures"] == [picture["md5"]]
    assert len(bench.simulator.complaints) == 1


async def test_a_click_is_told_once_and_lost_without_an_answer(bench: Bench) -> None:
    _answering(bench, {"msgtype": "template_card", "template_card": CARD}, DONE)
    await bench.simulator.bot_says("wang", "请批准")
    card = bench.simulator.staff_phone("wang")[-1]
    turn = await bench.simulator.bot.presses("wang", card.msgid, "yes")
    assert (turn.finished, card.text) == (True, "已批准")
    event = _heard(bench)
    assert event["event"]["template_card_event"] == {"card_type": "button_interaction", "event_key": "yes", "task_id": "t1"}
    assert "response_code=" in event["response_url"]

    async def broken(request: web.Request, plain: str) -> str:
        raise web.HTTPServiceUnavailable

    bench.answer = broken
    before = len(bench.heard)
    turn = await bench.simulator.bot.presses("wang", card.msgid, "yes")
    assert (turn.deliveries[0].lost, len(bench.heard) - before) == (True, 1)
    with pytest.raises(SimulatorError, match="没有按钮"):
        await bench.simulator.bot.presses("wang", card.msgid, "no")


async def test_entering_may_be_answered_by_words_or_a_card_and_comes_once_a_day(bench: Bench) -> None:
    _answering(bench, {"msgtype": "text", "text": {"content": "早"}}, {"msgtype": "template_card", "template_card": CARD}, _stream("不行"))
    for day in range(3):
        assert await bench.simulator.bot_enters("wang") is not None
        assert await bench.simulator.bot_enters("wang") is None
        bench.simulator.advance(86400)
        assert len(bench.simulator.staff_phone("wang")) == min(day + 1, 2)
    assert len(bench.simulator.complaints) == 1


async def test_pictures_are_fetched_encrypted_for_five_minutes_and_only_from_single_chats(bench: Bench) -> None:
    await bench.simulator.bot_shows("wang", "image", PNG)
    url = _heard(bench)["image"]["url"]
    key = base64.b64decode(KEY + "=")
    async with bench.http.get(url) as response:
        sealed = await response.read()
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = decryptor.update(sealed) + decryptor.finalize()
    assert plain[: -plain[-1]] == PNG
    bench.simulator.advance(301)
    async with bench.http.get(url) as response:
        assert response.status == 404
    await bench.simulator.bot.says("wang", "多少钱", kind="voice")
    assert _heard(bench)["voice"] == {"content": "多少钱"}
    with pytest.raises(SimulatorError, match="群里"):
        await bench.simulator.bot.says("wang", "多少钱", "g1", kind="voice")


async def test_a_group_reaches_the_bot_only_by_its_name_with_words_and_pictures_and_quotes(bench: Bench) -> None:
    turn = await bench.simulator.bot.says("wang", "大家好", "g1", at=False)
    assert (turn.deliveries, bench.heard) == ([], [])
    await bench.simulator.bot.mixes("wang", ["这件", PNG, "多少钱"], "g1")
    items = _heard(bench)["mixed"]["msg_item"]
    assert [item["msgtype"] for item in items] == ["text", "text", "image", "text"]
    assert (items[0]["text"]["content"], items[2]["image"]["url"].startswith(bench.base)) == ("@bot1", True)
    hello = bench.simulator.group_phone("g1")[0].msgid
    await bench.simulator.bot.says("wang", "这句什么意思", "g1", quote=hello)
    assert _heard(bench)["quote"] == {"msgtype": "text", "text": {"content": "大家好"}}


async def test_ratings_come_only_where_the_answer_asked_for_them_and_take_no_answer(bench: Bench) -> None:
    _answering(bench, _stream("甲", finish=True), _stream("乙", finish=True, id="s2", feedback={"id": "f1"}), None, _stream("谢谢"))
    await bench.simulator.bot_says("wang", "一")
    await bench.simulator.bot_says("wang", "二")
    assert await bench.simulator.rates("wang", "s1", "accurate") is None
    await bench.simulator.bot.rates("wang", "s2", "inaccurate", "不对", [1, 3])
    said = _heard(bench)["event"]["feedback_event"]
    assert said == {"id": "f1", "type": 2, "content": "不对", "inaccurate_reason_list": [1, 3]}
    assert bench.simulator.complaints == []
    await bench.simulator.rates("wang", "s2", "cancelled")
    assert len(bench.simulator.complaints) == 1


async def test_a_response_url_is_good_for_one_hour_and_quotes_in_groups(bench: Bench) -> None:
    async def respond(url: str, body: dict[str, Any]) -> int:
        async with bench.http.post(url, json=body) as response:
            return int((await response.json())["errcode"])

    await bench.simulator.bot_says("wang", "一", "g1")
    first = _heard(bench)
    await bench.simulator.bot_says("wang", "二", "g1")
    second = _heard(bench)["response_url"]
    words = {"msgtype": "markdown", "markdown": {"content": "好", "feedback": {"id": "f9"}}}
    assert await respond(first["response_url"], {"msgtype": "text", "text": {"content": "不行"}}) == 40008
    assert await respond(first["response_url"], words) == 0
    bubble = bench.simulator.group_phone("g1")[-1]
    assert (bubble.via, bubble.body["quotes"]) == ("response_url", first["msgid"])
    bench.simulator.advance(3601)
    assert await respond(second, words) == 60140


async def test_names_are_plain_or_encrypted_by_the_knob(bench: Bench) -> None:
    await bench.simulator.bot_says("wang", "一")
    assert _heard(bench)["from"] == {"userid": "wang"}
    bench.simulator.world.knobs.bot_userid_encrypted = True
    await bench.simulator.bot_says("wang", "二")
    assert _heard(bench)["from"]["userid"] not in ("", "wang")
