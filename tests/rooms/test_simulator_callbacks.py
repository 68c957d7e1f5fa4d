"""How the simulated WeCom calls: rules 5 and 7 to 13 of the simulator, against a service that only listens."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise
from urllib.parse import parse_qs

import aiohttp
import pytest
from aiohttp import web

from assistant.wecom.simulator.callbacks import from_xml
from assistant.wecom.simulator.oddities import EVENTS, TEXTS
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)


async def test_rule_5_faults_strike_before_or_after_the_effect_and_at_random_rates(bench: Bench) -> None:
    faults, seen = bench.simulator.faults, 0
    await bench.simulator.customer_says("wmA", "问")
    for mode, effect in (("errcode", 0), ("bad_gateway", 0), ("lost_before", 0), ("lost_after", 1), ("truncated", 1)):
        faults.inject("kf/send_msg", mode, errcode=45009)  # type: ignore[arg-type]
        if mode == "errcode":
            assert await bench.kf_send("答") == 45009
        else:
            with pytest.raises((aiohttp.ClientError, json.JSONDecodeError)):
                await bench.kf_send("答")
        seen += effect
        assert len(bench.seen()) == 1 + seen, mode
    faults.inject("kf/sync_msg", "latency", seconds=0.05)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bench.pull(), 0.02)
    for code in (-1, 45033):
        faults.inject("*", "errcode", errcode=code, times=None, rate=0.3)
    token = (await bench.token("kf-secret")).get("access_token") or "none"
    codes = [(await bench.raw("kf/sync_msg", token, {"open_kfid": "wkKF"}))["errcode"] for _ in range(60)]
    assert {-1, 45033} < set(codes)
    assert 10 < sum(code in (-1, 45033) for code in codes) < 50
    faults.clear()
    assert (await bench.pull())["errcode"] == 0


async def test_rule_7_the_url_is_verified_with_every_awkward_character_and_in_one_second(bench: Bench) -> None:
    asked: list[str] = []
    reply = [b""]

    async def echo(request: web.Request) -> web.Response:
        asked.append(request.rel_url.raw_query_string)
        if reply[0] == b"slow":
            await asyncio.sleep(1.1)
        return web.Response(body=reply[0])

    app = web.Application()
    app.router.add_get("/echo", echo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    assert await bench.simulator.verify("kf")
    bench.simulator.point(callback_base=f"http://127.0.0.1:{runner.addresses[0][1]}")
    bench.simulator.callbacks.paths["kf"] = "/echo"
    for body in (b"", b"7216829451862035\n", b'"7216829451862035"', b"slow"):
        reply[0] = body
        assert not await bench.simulator.verify("kf")
    reply[0] = b"7216829451862035"
    assert await bench.simulator.verify("kf")
    await runner.cleanup()
    for query in asked:
        assert all(code in query for code in ("%2B", "%2F", "%3D"))
        assert {"+", "/"} < set(parse_qs(query)["echostr"][0])


async def test_rule_8_a_retry_is_signed_anew_or_byte_for_byte_the_same_and_a_refusal_may_count_as_heard(bench: Bench) -> None:
    async def fail(request: web.Request, plain: str) -> str:
        raise web.HTTPServiceUnavailable

    knobs, bench.answer = bench.simulator.world.knobs, fail
    nonces = []
    for knobs.callback_resign in (True, False):
        (told,) = await bench.simulator.staff_says("wang", "一")
        nonces.append(len({attempt.nonce for attempt in told.attempts}))
    assert (nonces, len(set(bench.heard))) == ([4, 1], 2)
    knobs.callback_retry_non_200 = False
    (told,) = await bench.simulator.staff_says("wang", "二")
    assert (len(told.attempts), told.lost) == (1, False)
    knobs.callback_retry_non_200, knobs.callback_retry_spacing_seconds, knobs.callback_retries = True, 0.02, 1
    (told,) = await bench.simulator.staff_says("wang", "三")
    assert (len(told.attempts), told.lost) == (2, True)


async def test_rule_9_a_duplicate_arrives_while_the_first_is_still_being_processed(bench: Bench) -> None:
    bench.simulator.world.knobs.callback_duplicates = 3
    all_here = asyncio.Barrier(3)

    async def together(request: web.Request, plain: str) -> str:
        await asyncio.wait_for(all_here.wait(), 5)
        return ""

    bench.answer = together
    told = await bench.simulator.staff_says("wang", "同时")
    assert [each.attempts[-1].status for each in told] == [200, 200, 200]


async def test_rule_10_what_the_last_retry_lost_is_still_in_the_api(bench: Bench) -> None:
    async def fail(request: web.Request, plain: str) -> str:
        raise web.HTTPServiceUnavailable

    bench.answer = fail
    (told,) = await bench.simulator.customer_adds("wmA", "li", "shop1")
    assert (told.lost, len(told.attempts)) == (True, 4)
    bench.simulator.advance(3)
    found = await bench.call("externalcontact/get?external_userid=wmA")
    assert "li" in [each["userid"] for each in found["follow_user"]]


async def test_rule_11_later_events_may_be_told_before_earlier_ones(bench: Bench) -> None:
    knobs = bench.simulator.world.knobs
    knobs.callback_late_share, knobs.callback_late_seconds = 0.5, 0.05
    for number in range(30):
        await bench.simulator.staff_says("wang", str(number))
    await bench.simulator.settle()
    order = [int(from_xml(plain)["Content"]) for plain in bench.heard]
    assert sorted(order) == list(range(30)) != order


async def test_rule_11_versions_of_a_group_chain_by_true_order_however_they_are_told(bench: Bench) -> None:
    simulator = bench.simulator
    simulator.world.add_group("wr1", "老友群", ["wang"], "wang")
    versions = [simulator.world.the_group("wr1").version]
    simulator.world.knobs.callback_reorder = 8
    for number in range(8):
        simulator.world.add_customer(f"wmG{number}", f"群友{number}", ["wang"])
        await simulator.group_joined("wr1", [f"wmG{number}"])
        versions.append(simulator.world.the_group("wr1").version)
    told = {event["LastMemVer"]: event["CurMemVer"] for event in map(from_xml, bench.heard)}
    assert [*told.items()] != [*pairwise(versions)], "told in another order"
    assert sorted(told.items()) == sorted(pairwise(versions))


async def test_rule_12_two_events_of_one_second_share_sender_and_time(bench: Bench) -> None:
    await bench.simulator.customer_adds("wmA", "li")
    await bench.simulator.friendship_ends("wmA", "li")
    events = [from_xml(plain) for plain in bench.heard if "change_external_contact" in plain]
    assert len({(event["FromUserName"], event["CreateTime"]) for event in events}) == 1 < len(events)
    assert all(event["CreateTime"].isdecimal() for event in events)


async def test_rule_13_odd_words_arrive_as_they_were_said_and_odd_events_are_told(bench: Bench) -> None:
    for form, text in TEXTS.items():
        await bench.simulator.oddities.tell(form, "wang")
        # XML itself knows only one kind of newline.
        assert from_xml(bench.heard[-1])["Content"] == text.replace("\r\n", "\n"), form
    assert len(TEXTS["long"].encode()) > 20_000
    for form in EVENTS:
        (told,) = await bench.simulator.oddities.tell(form, "wang", "wmA")
        assert told.attempts[0].status == 200
    assert "<AgentID>" not in bench.heard[-3]
    assert ("State" in bench.heard[-2], "WelcomeCode" in bench.heard[-2]) == (False, False)
