"""An independent client of the long connection, `wecom-aibot-sdk`, drives the simulator: the two were written apart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from wecom_aibot_sdk import WSClient  # type: ignore[import-untyped]

from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)

Handler = Callable[[dict[str, Any]], Awaitable[None]]
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(200))


class _Quiet:
    def debug(self, *words: object) -> None: ...

    info = warn = error = debug


class Robot:
    """The SDK as a service would use it; ``heard`` collects its events by name."""

    def __init__(self, bench: Bench, secret: str = "long-secret") -> None:
        url = bench.base.replace("http:", "ws:") + "/"
        quick: dict[str, Any] = {
            "reconnect_interval": 20,
            "heartbeat_interval": 30,
            "max_auth_failure_attempts": 1,
            "ws_options": {"proxy": None},
        }
        self.client = WSClient("bot1", secret, ws_url=url, logger=_Quiet(), **quick)
        self.heard: list[tuple[str, Any]] = []
        for name in ("authenticated", "disconnected", "error", "event.disconnected_event", "event.feedback_event"):
            self.client.on(name, self._noter(name))

    def _noter(self, name: str) -> Callable[..., None]:
        return lambda *said: self.heard.append((name, said[0] if said else None))

    async def until(self, name: str, times: int = 1) -> None:
        await eventually(lambda: [heard for heard, _ in self.heard].count(name) >= times)


async def eventually(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to be")


@pytest.fixture(name="robot")
async def connected(bench: Bench) -> AsyncIterator[Robot]:
    bench.simulator.bot.secret = "long-secret"
    bench.simulator.bot.switch("socket")
    bench.simulator.world.knobs.bot_refresh_limit_seconds = 3.0
    robot = Robot(bench)
    await robot.client.connect()
    await robot.until("authenticated")
    yield robot
    await robot.client.disconnect()


async def test_the_sdk_answers_a_question_by_a_stream_and_pushes_later(bench: Bench, robot: Robot) -> None:
    async def answer(frame: dict[str, Any]) -> None:
        await robot.client.reply_stream(frame, "s1", "想", feedback={"id": "f1"})
        await robot.client.reply_stream(frame, "s1", "回:" + frame["body"]["text"]["content"], finish=True)

    robot.client.on("message.text", answer)
    turn = await bench.simulator.bot_says("wang", "多少钱")
    assert (turn.text, turn.finished) == ("回:多少钱", True)
    assert (await robot.client.send_message("wang", {"msgtype": "markdown", "markdown": {"content": "再说一句"}}))["errcode"] == 0
    assert [bubble.text for bubble in bench.simulator.staff_phone("wang")] == ["多少钱", "回:多少钱", "再说一句"]
    await bench.simulator.bot.rates("wang", "s1", "inaccurate", "太短", [2])
    await robot.until("event.feedback_event")
    assert robot.heard[-1][1]["body"]["event"]["feedback_event"]["id"] == "f1"
    assert bench.simulator.complaints == []


async def test_the_sdk_welcomes_and_changes_a_card_that_was_clicked(bench: Bench, robot: Robot) -> None:
    card = {
        "card_type": "button_interaction",
        "main_title": {"title": "批准吗"},
        "task_id": "t1",
        "button_list": [{"text": "准", "key": "yes"}],
    }

    async def welcome(frame: dict[str, Any]) -> None:
        await robot.client.reply_welcome(frame, {"msgtype": "template_card", "template_card": card})

    async def approve(frame: dict[str, Any]) -> None:
        await robot.client.update_template_card(frame, {**card, "main_title": {"title": "已批准"}})

    robot.client.on("event.enter_chat", welcome)
    robot.client.on("event.template_card_event", approve)
    await bench.simulator.bot.enters("wang")
    bubble = bench.simulator.staff_phone("wang")[-1]
    assert bubble.text == "批准吗"
    assert (await bench.simulator.bot.presses("wang", bubble.msgid, "yes")).finished
    assert bubble.text == "已批准"


async def test_the_sdk_fetches_a_picture_and_uploads_a_large_file(bench: Bench, robot: Robot) -> None:
    fetched: list[bytes] = []

    async def answer(frame: dict[str, Any]) -> None:
        image = frame["body"]["image"]
        fetched.append((await robot.client.download_file(image["url"], image["aeskey"]))["buffer"])
        uploaded = await robot.client.upload_media(b"x" * 1_200_000, type="file", filename="表.xlsx")
        await robot.client.reply_media(frame, "file", uploaded["media_id"])

    robot.client.on("message.image", answer)
    turn = await bench.simulator.bot.shows("wang", "image", PICTURE)
    assert turn.finished
    assert fetched == [PICTURE]
    assert bench.simulator.staff_phone("wang")[-1].kind == "file"


async def test_a_second_sdk_takes_the_line_and_the_first_does_not_come_back(bench: Bench, robot: Robot) -> None:
    second = Robot(bench)
    await second.client.connect()
    await second.until("authenticated")
    await robot.until("event.disconnected_event")
    await robot.until("disconnected")
    assert not robot.client.is_connected
    assert second.client.is_connected
    await second.client.disconnect()


async def test_the_sdk_comes_back_after_a_cut_and_lets_go_of_a_line_whose_pings_are_not_acked(bench: Bench, robot: Robot) -> None:
    bench.simulator.bot.socket.drop()
    await robot.until("authenticated", 2)
    assert bench.simulator.bot.socket.connected
    bench.simulator.world.knobs.bot_ping_acks = False
    await eventually(lambda: not bench.simulator.bot.socket.connected)


async def test_the_sdk_is_refused_with_a_wrong_secret(bench: Bench, robot: Robot) -> None:
    stranger = Robot(bench, "wrong")
    await stranger.client.connect()
    await stranger.until("error")
    assert "853000" in str(stranger.heard[0][1])
    assert robot.client.is_connected
    await stranger.client.disconnect()
