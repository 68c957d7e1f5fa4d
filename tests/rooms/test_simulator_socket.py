"""The simulated long connection: subscribing, one holder, replies with their limits, and connections that break."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)


class Line:
    """A subscriber that writes frames by hand."""

    def __init__(self, bench: Bench, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._bench, self.ws, self._count = bench, ws, 0

    async def hear(self) -> dict[str, Any]:
        frame: dict[str, Any] = await self.ws.receive_json(timeout=2)
        return frame

    async def ask(self, cmd: str, body: dict[str, Any] | None = None, req_id: str = "") -> dict[str, Any]:
        self._count += 1
        frame = {"cmd": cmd, "headers": {"req_id": req_id or f"{cmd}_{self._count}"}, **({"body": body} if body else {})}
        await self.ws.send_json(frame)
        ack = await self.hear()
        assert ack["headers"] == frame["headers"]
        return ack

    async def code(self, cmd: str, body: dict[str, Any] | None = None, req_id: str = "") -> int:
        return int((await self.ask(cmd, body, req_id))["errcode"])

    async def stream(self, req_id: str, text: str, *, finish: bool = False, id: str = "s1") -> int:
        return await self.code("aibot_respond_msg", {"msgtype": "stream", "stream": {"id": id, "content": text, "finish": finish}}, req_id)

    async def closed(self) -> bool:
        return (await self.ws.receive(timeout=2)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)

    async def asked(self, text: str = "问", chatid: str = "", who: str = "wang") -> tuple[str, dict[str, Any]]:
        """A question as the service hears it: req_id and body."""
        await self._bench.simulator.bot_says(who, text, chatid, wait=False)
        frame = await self.hear()
        assert frame["cmd"] == "aibot_msg_callback"
        return frame["headers"]["req_id"], frame["body"]


async def connect(bench: Bench, secret: str = "long-secret") -> tuple[Line, int]:
    ws = await bench.http.ws_connect(f"{bench.base}/")
    line = Line(bench, ws)
    return line, await line.code("aibot_subscribe", {"bot_id": "bot1", "secret": secret})


@pytest.fixture(name="line")
async def holding(bench: Bench) -> AsyncIterator[Line]:
    bench.simulator.bot.secret = "long-secret"
    bench.simulator.bot.switch("socket")
    bench.simulator.world.knobs.bot_refresh_limit_seconds = 0.3
    line, code = await connect(bench)
    assert code == 0
    yield line
    bench.simulator.bot.socket.drop()


MARKDOWN = {"msgtype": "markdown", "markdown": {"content": "**好**"}}
CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "批准吗"},
    "task_id": "t1",
    "button_list": [{"text": "准", "key": "yes"}],
}


async def test_only_a_bot_in_long_connection_mode_with_its_secret_is_subscribed(bench: Bench) -> None:
    bench.simulator.bot.secret = "long-secret"
    assert [(await connect(bench, secret))[1] for secret in ("wrong", "long-secret")] == [853000, 846601]
    line = (await connect(bench))[0]
    assert await line.code("aibot_send_msg", {"chatid": "wang", **MARKDOWN}) == 846609
    assert not bench.simulator.bot.socket.connected


async def test_a_stream_grows_on_one_req_id_and_ends_once(bench: Bench, line: Line) -> None:
    req_id, body = await line.asked("本周返现多少", "g1")
    assert (body["chattype"], body["chatid"], body["text"]["content"]) == ("group", "g1", "@bot1 本周返现多少")
    assert "response_url" not in body
    assert [await line.stream(req_id, "想"), await line.stream(req_id, "想一想"), await line.stream(req_id, "答案", finish=True)] == [
        0,
        0,
        0,
    ]
    assert [bubble.text for bubble in bench.simulator.group_phone("g1")] == ["本周返现多少", "答案"]
    assert await line.stream(req_id, "更多") == 846606
    assert await line.stream("REQ-of-nobody", "谁") == 846605
    assert await line.stream(req_id, "长" * 7000, id="s2") == 40058
    await bench.simulator.settle()
    assert bench.simulator.complaints == []


async def test_a_reply_is_taken_for_24_hours_and_a_stream_for_ten_minutes(bench: Bench, line: Line) -> None:
    req_id, _ = await line.asked()
    assert await line.stream(req_id, "想") == 0
    bench.simulator.advance(601)
    assert await line.stream(req_id, "想", finish=True) == 846608
    assert await line.code("aibot_respond_msg", MARKDOWN, req_id) == 0
    bench.simulator.advance(24 * 3600)
    assert await line.code("aibot_respond_msg", MARKDOWN, req_id) == 846604
    await bench.simulator.settle()
    assert bench.simulator.complaints == ["机器人的回答 s1 在 0 秒内没有结束"]


async def test_thirty_a_minute_in_one_conversation_and_no_push_where_nobody_spoke(bench: Bench, line: Line) -> None:
    push = {"chatid": "wang", "chat_type": 1, **MARKDOWN}
    assert await line.code("aibot_send_msg", push) == 846607
    req_id, _ = await line.asked()
    codes = [await line.code("aibot_respond_msg", MARKDOWN, req_id) for _ in range(29)]
    codes += [await line.code("aibot_send_msg", push), await line.code("aibot_send_msg", push)]
    assert codes == [0] * 30 + [45009]
    await line.asked(chatid="g1")
    assert await line.code("aibot_send_msg", {"chatid": "g1", **MARKDOWN}) == 0
    bench.simulator.world.knobs.bot_quota_errcode = 846607
    assert await line.code("aibot_send_msg", push) == 846607
    bench.simulator.advance(60)
    assert await line.code("aibot_send_msg", push) == 0


async def test_a_second_subscriber_gets_the_line_and_the_first_is_told(bench: Bench, line: Line) -> None:
    second, code = await connect(bench)
    assert code == 0
    told = await line.hear()
    assert (told["cmd"], told["body"]["event"]["eventtype"]) == ("aibot_event_callback", "disconnected_event")
    assert await line.closed()
    _, body = await second.asked("还在吗")
    assert body["text"]["content"] == "还在吗"


async def test_welcome_and_card_update_are_answered_once_within_five_seconds(bench: Bench, line: Line) -> None:
    await bench.simulator.bot.enters("wang", wait=False)
    welcome = (await line.hear())["headers"]["req_id"]
    greeting = {"msgtype": "text", "text": {"content": "您好"}}
    assert [await line.code("aibot_respond_welcome_msg", greeting, welcome) for _ in range(2)] == [0, 846606]
    req_id, _ = await line.asked()
    assert await line.code("aibot_respond_msg", {"msgtype": "template_card", "template_card": CARD}, req_id) == 0
    card = bench.simulator.staff_phone("wang")[-1]
    presses = [await bench.simulator.bot.presses("wang", card.msgid, "yes", wait=False) for _ in range(2)]
    assert all(not turn.deliveries[0].lost for turn in presses)
    clicks = [(await line.hear()) for _ in presses]
    assert clicks[0]["body"]["event"]["template_card_event"] == {"card_type": CARD["card_type"], "event_key": "yes", "task_id": "t1"}
    done = {"response_type": "update_template_card", "template_card": {**CARD, "main_title": {"title": "已批准"}}}
    foreign = {**done, "template_card": {**CARD, "task_id": "t2"}}
    click = clicks[0]["headers"]["req_id"]
    codes = [await line.code("aibot_respond_update_msg", body, click) for body in (foreign, done, done)]
    assert (codes, card.text) == ([846625, 0, 846606], "已批准")
    bench.simulator.advance(6)
    assert await line.code("aibot_respond_update_msg", done, clicks[1]["headers"]["req_id"]) == 846604


async def test_a_file_goes_up_in_pieces_and_a_bad_piece_is_named(bench: Bench, line: Line) -> None:
    data = b"%PDF-1.7 " + bytes(600_000)
    begin = {"type": "file", "filename": "报表.pdf", "total_size": len(data), "total_chunks": 2}
    assert await line.code("aibot_upload_media_init", {**begin, "type": "zip"}) == 846697
    assert await line.code("aibot_upload_media_init", {**begin, "total_size": 21 * 2**20}) == 40006
    upload = (await line.ask("aibot_upload_media_init", begin))["body"]["upload_id"]
    pieces = [base64.b64encode(part).decode() for part in (data[: 512 * 1024], data[512 * 1024 :], data)]

    async def piece(index: int, number: int, upload_id: str = upload) -> int:
        body = {"upload_id": upload_id, "chunk_index": index, "base64_data": pieces[number]}
        return await line.code("aibot_upload_media_chunk", body)

    assert [await piece(0, 0), await piece(2, 1), await piece(1, 2), await piece(1, 1, "nobody")] == [0, 846612, 846613, 846611]
    assert await line.code("aibot_upload_media_finish", {"upload_id": upload}) == 846616
    assert await piece(1, 1) == 0
    media_id = (await line.ask("aibot_upload_media_finish", {"upload_id": upload}))["body"]["media_id"]
    req_id, _ = await line.asked()
    answer = {"msgtype": "file", "file": {"media_id": media_id}}
    assert await line.code("aibot_respond_msg", answer, req_id) == 0
    assert bench.simulator.staff_phone("wang")[-1].kind == "file"
    bench.simulator.advance(3 * 86400 + 1)
    req_id, _ = await line.asked()
    assert await line.code("aibot_respond_msg", answer, req_id) == 40007


async def test_acks_can_be_late_lost_or_stop_and_the_line_can_break_in_mid_stream(bench: Bench, line: Line) -> None:
    knobs = bench.simulator.world.knobs
    req_id, _ = await line.asked()
    assert await line.code("ping") == 0
    knobs.bot_ack_delay_seconds = 0.05
    frame = {"cmd": "aibot_respond_msg", "headers": {"req_id": req_id}}
    for text in ("想", "想一想"):
        await line.ws.send_json({**frame, "body": {"msgtype": "stream", "stream": {"id": "s1", "content": text}}})
    assert sorted([(await line.hear())["errcode"], (await line.hear())["errcode"]]) == [0, 6000]
    knobs.bot_ack_delay_seconds, knobs.bot_ack_loss, knobs.bot_ping_acks = 0.0, 1.0, False
    await line.ws.send_json({**frame, "body": {"msgtype": "stream", "stream": {"id": "s1", "content": "没有回执"}}})
    await line.ws.send_json({"cmd": "ping", "headers": {"req_id": "ping_x"}})
    knobs.bot_close_after_frames = 1
    await line.ws.send_json({**frame, "body": {"msgtype": "stream", "stream": {"id": "s1", "content": "断在这里"}}})
    assert await line.closed()
    assert bench.simulator.staff_phone("wang")[-1].text == "断在这里"


async def test_what_is_said_while_nobody_holds_the_line_is_lost_or_kept_by_the_knob(bench: Bench, line: Line) -> None:
    bench.simulator.bot.socket.drop()
    lost = await bench.simulator.bot_says("wang", "有人吗", wait=False)
    assert [delivery.lost for delivery in lost.deliveries] == [True]
    bench.simulator.world.knobs.bot_socket_replay = True
    await bench.simulator.bot_says("wang", "现在呢", wait=False)
    again, _ = await connect(bench)
    assert (await again.hear())["body"]["text"]["content"] == "现在呢"


async def test_faults_of_the_scenario_strike_commands_too(bench: Bench, line: Line) -> None:
    req_id, _ = await line.asked()
    bench.simulator.faults.inject("aibot_respond_msg", errcode=-1)
    assert [await line.code("aibot_respond_msg", MARKDOWN, req_id) for _ in range(2)] == [-1, 0]
    bench.simulator.faults.inject("aibot_respond_msg", "lost_after")
    await line.ws.send_json({"cmd": "aibot_respond_msg", "headers": {"req_id": req_id}, "body": MARKDOWN})
    assert await line.closed()
    assert [bubble.kind for bubble in bench.simulator.staff_phone("wang")] == ["text", "markdown", "markdown"]
    assert json.dumps([call.to_json() for call in bench.simulator.calls]).count("long-secret") == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"cmd": 7}', '{"cmd": "aibot_respond_msg", "headers": [], "body": "x"}'])
async def test_a_frame_of_another_form_is_refused_and_the_line_holds(bench: Bench, line: Line, text: str) -> None:
    await line.ws.send_str(text)
    assert (await line.hear())["errcode"] != 0
    assert await line.code("ping") == 0


@pytest.mark.parametrize(
    "stream", ["words", ["s1"], {"id": "s1", "content": "图", "finish": True, "feedback": "f"}, {"id": {"a": 1}, "content": []}]
)
async def test_a_reply_of_another_form_is_refused_or_shown_as_nothing(bench: Bench, line: Line, stream: object) -> None:
    req_id, _ = await line.asked()
    code = await line.code("aibot_respond_msg", {"msgtype": "stream", "stream": stream}, req_id)
    assert code in (0, 40058)
    assert await line.stream(req_id, "好", finish=True, id="s9") == 0
