"""Trouble in the simulated WeCom: tokens, lost replies, duplicates, retries, adversaries, and the control face."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from assistant.wecom.simulator import SimulatorError
from assistant.wecom.simulator.callbacks import from_xml
from assistant.wecom.simulator.faults import Mode
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)


async def test_tokens_are_checked_expire_and_can_be_revoked(bench: Bench) -> None:
    body = {"open_kfid": "wkKF"}
    token = (await bench.token("kf-secret"))["access_token"]
    assert (await bench.raw("kf/sync_msg", token, body))["errcode"] == 0
    codes = [(await bench.raw("kf/sync_msg", each, body))["errcode"] for each in ("", "nonsense")]
    assert codes == [41001, 40014]
    assert (await bench.raw("kf/sync_msg", (await bench.token("app-secret"))["access_token"], body))["errcode"] == 48007
    bench.simulator.tokens.revoke()
    assert (await bench.raw("kf/sync_msg", token, body))["errcode"] == 40014
    fresh = (await bench.token("kf-secret"))["access_token"]
    bench.simulator.advance(7200)
    assert (await bench.raw("kf/sync_msg", fresh, body))["errcode"] == 42001
    assert (await bench.token("wrong"))["errcode"] == 40001
    assert "kf-secret" not in str(bench.simulator.calls)


async def test_only_the_latest_calls_and_events_are_kept_as_many_as_the_knobs_say(bench: Bench) -> None:
    knobs = bench.simulator.world.knobs
    knobs.keep_calls, knobs.keep_events = 3, 2
    for number in range(5):
        await bench.simulator.customer_says("wmA", f"第{number}句")
        await bench.pull()
    assert (len(bench.simulator.calls), bench.simulator.calls.seen > 3) == (3, True)
    history = bench.simulator.callbacks.history
    assert (len(history), history.seen) == (2, 5)
    (told,) = await bench.simulator.redeliver(-2)
    assert told.content == history[0].content
    with pytest.raises(SimulatorError, match="还留着最近的 2 个"):
        await bench.simulator.redeliver(2)


async def test_a_reply_lost_after_the_effect_leaves_the_message_on_the_phone(bench: Bench) -> None:
    await bench.simulator.customer_says("wmA", "问")
    bench.simulator.faults.inject("kf/send_msg", "lost_before")
    with pytest.raises(aiohttp.ClientError):
        await bench.kf_send("答", msgid="m1")
    assert bench.seen() == ["问"]
    bench.simulator.faults.inject("kf/send_msg", "lost_after")
    with pytest.raises(aiohttp.ClientError):
        await bench.kf_send("答", msgid="m1")
    assert bench.seen() == ["问", "答"]
    assert await bench.kf_send("答", msgid="m1") == 95033
    assert [(call.fault, call.errcode) for call in bench.simulator.calls if call.path == "kf/send_msg"] == [
        ("lost_before", None),
        ("lost_after", 0),
        ("", 95033),
    ]


async def test_injected_errors_strike_as_often_as_asked(bench: Bench) -> None:
    bench.simulator.faults.inject("kf/sync_msg", errcode=45009, times=2)
    assert [(await bench.pull())["errcode"] for _ in range(3)] == [45009, 45009, 0]
    modes: tuple[Mode, ...] = ("bad_gateway", "truncated")
    for mode in modes:
        bench.simulator.faults.inject("kf/sync_msg", mode)
        with pytest.raises((aiohttp.ContentTypeError, json.JSONDecodeError)):
            await bench.pull()


async def test_duplicates_come_at_once_and_a_failing_service_is_retried_three_times(bench: Bench) -> None:
    bench.simulator.world.knobs.callback_duplicates = 3
    assert len(await bench.simulator.staff_says("wang", "一")) == 3
    assert len(bench.heard) == 3
    assert len(set(bench.heard)) == 1
    bench.simulator.world.knobs.callback_duplicates = 1

    async def fail(request: web.Request, plain: str) -> str:
        raise web.HTTPServiceUnavailable

    bench.answer = fail
    (told,) = await bench.simulator.staff_says("wang", "二")
    assert (len(told.attempts), told.lost) == (4, True)
    assert len({attempt.nonce for attempt in told.attempts}) == 4


async def test_a_slow_service_meets_the_retry_while_still_busy(bench: Bench) -> None:
    bench.simulator.world.knobs.callback_timeout_seconds = 0.1
    release, busy, most = asyncio.Event(), 0, 0

    async def slow(request: web.Request, plain: str) -> str:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        if busy >= 2:
            release.set()
        await release.wait()
        return ""

    bench.answer = slow
    (told,) = await bench.simulator.staff_says("wang", "慢")
    assert (most, told.lost, told.attempts[0].trouble) == (2, False, "timeout")


async def test_the_control_face_drives_everything_and_explains_bad_input(bench: Bench) -> None:
    async def ask(method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        async with bench.http.request(method, bench.control + path, json=body) as response:
            return response.status, await response.json()

    created = {"customers": [{"external_userid": f"wm{n}", "name": f"客户{n}", "staff": ["li"]} for n in range(3000)]}
    assert await ask("POST", "/world", created) == (200, {"staff": 0, "customers": 3000, "groups": 0})
    assert (await ask("POST", "/say", {"who": "wm7", "text": "在吗"}))[1]["deliveries"][0]["status"] == 200
    assert (await ask("GET", "/phones/wm7"))[1]["messages"][0]["text"] == "在吗"
    await ask("POST", "/clock", {"seconds": 3600})
    assert (await ask("GET", "/clock"))[1]["now"].startswith("2026-11-22T05:00")
    assert (await ask("POST", "/redeliver", {}))[0] == 200
    assert (await ask("POST", "/faults", {"path": "kf/send_msg", "mode": "lost_after"}))[1]["faults"][0]["times"] == 1
    assert (await ask("POST", "/knobs", {"callback_timeout_seconds": 2}))[0] == 200
    for path in ("/phones", "/staff/wang", "/groups/g1", "/tasks", "/calls", "/world", "/knobs", "/faults"):
        assert (await ask("GET", path))[0] == 200
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("/say", {"who": "ghost", "text": "x"}),
        ("/say", {"who": "wm7"}),
        ("/knobs", {"none": 1}),
        ("/confirm", {"msgid": "x", "userid": "li"}),
    ]
    for path, body in wrong:
        status, answer = await ask("POST", path, body)
        assert (status, bool(answer["error"])) == (400, True)


async def test_impossible_wishes_are_refused(bench: Bench) -> None:
    with pytest.raises(SimulatorError):
        await bench.simulator.customer_says("ghost", "x")
    with pytest.raises(SimulatorError):
        await bench.simulator.redeliver(5)


async def test_an_adversary_can_post_a_spoiled_body(bench: Bench) -> None:
    query, body = bench.simulator.callbacks.sealed("kf", "<xml/>")
    assert await bench.simulator.post_raw("/wecom/kf", query, body, {}) == 200
    assert await bench.simulator.post_raw("/wecom/nowhere/else", query, body[:-20], {}) == 404


async def test_events_may_come_out_of_order_or_never(bench: Bench) -> None:
    knobs = bench.simulator.world.knobs
    knobs.callback_reorder = 5
    told = [await bench.simulator.staff_says("wang", str(number)) for number in range(5)]
    assert [len(each) for each in told] == [0, 0, 0, 0, 5]
    order = [from_xml(plain)["Content"] for plain in bench.heard]
    assert sorted(order) == ["0", "1", "2", "3", "4"] != order
    knobs.callback_reorder, knobs.callback_silent_loss = 1, 1.0
    (lost,) = await bench.simulator.customer_says("wmA", "没人听见")
    assert (lost.lost, lost.attempts, len(bench.heard)) == (True, [], 5)
    assert [item["text"]["content"] for item in (await bench.pull())["msg_list"]] == ["没人听见"]


async def test_the_bot_is_entered_once_a_day(bench: Bench) -> None:
    assert await bench.simulator.bot.enters("wang") is not None
    assert await bench.simulator.bot.enters("wang") is None
    bench.simulator.advance(86400)
    assert await bench.simulator.bot.enters("wang") is not None
    assert json.loads(bench.heard[0])["event"] == {"eventtype": "enter_chat"}
