"""The API client: tokens, three outcomes, repeats of reads only, and secrets that never show."""

from __future__ import annotations

import asyncio
import logging
import traceback
from datetime import timedelta

import aiohttp
import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Broken, Invalid, LaoyouError, Refused, Transient
from assistant.wecom import Unknown, WeComClient, calls, calls_app, delivery_of, verdict
from tests.rooms.test_wecom_fake import SECRETS, running


async def test_fifty_calls_at_once_share_one_token(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        await asyncio.gather(*(wecom.call("kf", "kf/account/list", {}) for _ in range(50)))
        assert (api.count["gettoken"], api.count["kf/account/list"]) == (1, 50)
        await wecom.call("app", "message/send", {})
        assert api.count["gettoken"] == 2


async def test_a_token_is_renewed_five_minutes_before_its_end(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        for advance, tokens in ((0, 1), (6899, 1), (1, 2)):
            clock.advance(timedelta(seconds=advance))
            await wecom.call("kf", "x", {})
            assert api.count["gettoken"] == tokens


async def test_a_revoked_token_is_renewed_once_for_all_and_each_call_repeated_once(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        await wecom.call("kf", "warm", {})
        api.revoked.add("CANARY-token-1")
        await asyncio.gather(*(wecom.call("kf", "x", {}) for _ in range(20)))
        assert api.count["gettoken"] == 2
        assert api.count["x"] <= 40


@pytest.mark.parametrize("errcode", [40014, 42001])
async def test_a_token_refused_twice_is_not_tried_a_third_time(clock: ManualClock, errcode: int) -> None:
    async with running(clock) as (api, wecom, _):
        api.script["x"].extend([{"errcode": errcode}] * 5)
        with pytest.raises(Transient) as refused:
            await wecom.call("kf", "x", {})
        assert refused.value.detail == {"errcode": errcode, "path": "x"}
        assert (api.count["x"], api.count["gettoken"]) == (2, 2)


async def test_a_wrong_secret_is_asked_once_an_hour_only(clock: ManualClock) -> None:
    async with running(clock, {"kf": "CANARY-wrong"}) as (api, wecom, _):
        for _ in range(3):
            with pytest.raises(Broken) as refused:
                await wecom.call("kf", "x", {})
            assert refused.value.code == "wecom_credentials"
        assert (api.count["gettoken"], api.count["x"]) == (1, 0)
        clock.advance(timedelta(hours=1))
        with pytest.raises(Broken):
            await wecom.call("kf", "x", {})
        assert api.count["gettoken"] == 2
        with pytest.raises(Broken) as missing:
            await wecom.call("contact", "x", {})
        assert missing.value.code == "no_secret"


@pytest.mark.parametrize("errcode", [40001, 40013])
async def test_a_call_refused_for_credentials_does_not_loop(clock: ManualClock, errcode: int) -> None:
    async with running(clock) as (api, wecom, _):
        api.script["x"].append({"errcode": errcode})
        with pytest.raises(Broken):
            await wecom.call("kf", "x", {}, safety="read")
        assert (api.count["x"], api.count["gettoken"]) == (1, 1)


@pytest.mark.parametrize("fault", ["reset", "garbled", "502", "hang"])
async def test_a_lost_answer_to_a_send_is_unknown_and_not_repeated(clock: ManualClock, fault: str) -> None:
    async with running(clock, seconds=0.3) as (api, wecom, pauses):
        await wecom.call("contact", "warm", {})
        api.script["externalcontact/add_msg_template"].append(fault)
        with pytest.raises(Unknown) as unknown:
            await calls.add_msg_template(wecom, text="hi", external_userids=["wm1"])
        assert delivery_of(unknown.value).outcome == "unknown"
        assert api.count["externalcontact/add_msg_template"] == 1
        assert pauses == []


async def test_busy_leaves_an_unkeyed_send_unknown_but_a_keyed_one_to_be_retried(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        api.script["externalcontact/add_msg_template"].append({"errcode": -1})
        with pytest.raises(Unknown):
            await calls.add_msg_template(wecom, text="hi", external_userids=["wm1"])
        api.script["kf/send_msg"].append({"errcode": -1})
        with pytest.raises(Transient) as busy:
            await calls.kf_send_msg(wecom, "wk1", "wm1", "text", {"content": "x"}, msgid="a-1")
        assert busy.value.retry_at == clock.now() + timedelta(seconds=5)


async def test_a_read_is_repeated_three_times_at_most(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, pauses):
        api.script["kf/sync_msg"].extend([{"errcode": -1}, "reset", {"errcode": 45033}, {"errcode": 0, "next_cursor": "c1"}])
        page = await calls.kf_sync_msg(wecom, "wk1")
        assert (page.next_cursor, api.count["kf/sync_msg"], len(pauses)) == ("c1", 4, 3)
        api.script["kf/sync_msg"].extend(["502"] * 9)
        with pytest.raises(Transient):
            await calls.kf_sync_msg(wecom, "wk1")
        assert api.count["kf/sync_msg"] == 8


async def test_an_unreachable_api_is_transient_because_nothing_was_sent(clock: ManualClock) -> None:
    async with aiohttp.ClientSession() as session:

        async def pause(seconds: float) -> None:
            assert seconds > 0

        wecom = WeComClient(session, "http://127.0.0.1:1", "ww1", SECRETS, clock, pause=pause)
        with pytest.raises(Transient) as refused:
            await wecom.call("app", "message/send", {})
        assert refused.value.code == "wecom_unreachable"
        assert delivery_of(refused.value).retry_at == clock.now() + timedelta(seconds=10)


@pytest.mark.parametrize("status", ["302", "404"])
async def test_a_redirect_or_a_client_error_is_broken_and_not_followed(clock: ManualClock, status: str) -> None:
    async with running(clock) as (api, wecom, _):
        api.script["x"].append(status)
        with pytest.raises(Broken) as refused:
            await wecom.call("kf", "x", {})
        assert refused.value.code == "wecom_http"


@pytest.mark.parametrize(
    ("errcode", "kind", "outcome"),
    [
        (45009, Transient, "refused"),
        (48002, Broken, "refused"),
        (95001, Refused, "refused"),
        (95018, Refused, "refused"),
        (95033, Refused, "sent"),
        (40058, Invalid, "refused"),
        (40201, Refused, "refused"),
        (41063, Transient, "refused"),
        (999999, Broken, "refused"),
    ],
)
async def test_each_errcode_becomes_its_kind_and_its_delivery(
    clock: ManualClock, errcode: int, kind: type[LaoyouError], outcome: str
) -> None:
    async with running(clock) as (api, wecom, _):
        api.script["x"].append({"errcode": errcode, "errmsg": "never shown"})
        with pytest.raises(kind) as refused:
            await wecom.call("kf", "x", {})
        delivery = delivery_of(refused.value)
        assert (delivery.outcome, delivery.code) == (outcome, f"wecom_{verdict(errcode).slug}")
        assert (delivery.retry_at is not None) == (kind is Transient)
        assert "never shown" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://evil.example/cgi-bin/aibot/response?response_code=1",
        "http://127.0.0.1:{port}@evil.example/cgi-bin/aibot/response",
        "http://user@127.0.0.1:{port}/cgi-bin/aibot/response",
        "https://127.0.0.1:{port}/cgi-bin/aibot/response",
        "http://127.0.0.1:1/cgi-bin/aibot/response",
        "http://2130706433:{port}/cgi-bin/aibot/response",
        "http://[::1]:{port}/cgi-bin/aibot/response",
        "http://127.0.0.1:{port}/cgi-bin/aibot/../message/send",
        "http://127.0.0.1:{port}/cgi-bin/aibot/%2e%2e/message/send",
        "http://127.0.0.1:{port}/elsewhere",
        "//127.0.0.1:{port}/cgi-bin/aibot/response",
        "file:///etc/passwd",
        "",
    ],
)
async def test_a_response_url_elsewhere_is_never_visited(clock: ManualClock, url: str) -> None:
    async with running(clock) as (api, wecom, _):
        with pytest.raises(Broken) as refused:
            await calls.bot_response_url(wecom, url.format(port=wecom._base.port), "hi")
        assert refused.value.code == "foreign_url"
        assert api.asked == []


async def test_the_thin_functions_send_what_the_protocol_names(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        api.script["kf/service_state/get"].append({"errcode": 0, "service_state": 3, "servicer_userid": "li"})
        assert await calls.kf_service_state_get(wecom, "wk1", "wm1") == calls.ServiceState(3, "li")
        api.script["kf/service_state/trans"].append({"errcode": 0, "msg_code": "mc"})
        assert await calls.kf_service_state_trans(wecom, "wk1", "wm1", 3, "li") == "mc"
        api.script["message/send"].append({"errcode": 0, "invaliduser": "li|Wang", "msgid": "m9"})
        assert await calls_app.message_send(wecom, 7, ["li", "wang"], "text", {"content": "hi"}) == calls_app.AppSent("m9", ("li", "wang"))
        assert api.bodies("message/send")[0]["enable_duplicate_check"] == 1
        api.script["externalcontact/add_msg_template"].append({"errcode": 0, "msgid": "g1", "fail_list": ["wm2"]})
        task = await calls.add_msg_template(wecom, text="hi", external_userids=["wm1", "wm2"], sender="li")
        assert task == calls.MassTask("g1", ("wm2",))
        expected = {"chat_type": "single", "text": {"content": "hi"}, "external_userid": ["wm1", "wm2"], "sender": "li"}
        assert api.bodies("externalcontact/add_msg_template") == [expected]
        api.script["externalcontact/get_groupmsg_task"].append({"errcode": 0, "task_list": [{"userid": "li"}], "next_cursor": "n"})
        assert await calls.get_groupmsg_task(wecom, "g1") == calls.Listing([{"userid": "li"}], "n")
        assert (await calls.get_groupmsg_send_result(wecom, "g1", "li")).rows == []
        assert (await calls.get_groupmsg_list_v2(wecom, "single", 1, 2)).rows == []
        await calls.remind_groupmsg_send(wecom, "g1")
        await calls.cancel_groupmsg_send(wecom, "g1")
        await calls.send_welcome_msg(wecom, "wc", "hello")
        await calls.kf_send_msg_on_event(wecom, "code", "text", {"content": "hi"}, msgid="w1")
        assert api.bodies("externalcontact/send_welcome_msg") == [{"welcome_code": "wc", "text": {"content": "hello"}}]


async def test_no_secret_and_no_token_shows_in_errors_reprs_or_logs(clock: ManualClock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    async with running(clock) as (api, wecom, _):
        seen += [repr(wecom), repr(vars(wecom))]
        api.script["gettoken"].extend(["reset"] * 4)
        for step in ("", "reset", "garbled", "404", "502", {"errcode": 40014}, {"errcode": 45009}):
            if step:
                api.script["x"].append(step)
            try:
                await wecom.call("kf", "x", {})
            except LaoyouError as error:
                seen += [repr(error), str(error.detail), *traceback.format_exception(error)]
        seen.append(repr(vars(wecom)))
    ours = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert len(seen) > 10
    assert "CANARY" not in "".join(seen + ours)
