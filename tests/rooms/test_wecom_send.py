"""Sending, splitting, pulling and the bot's passive reply: what went out, how often, and what we say about it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.base.clock import ManualClock
from assistant.base.errors import Broken, Invalid, Transient
from assistant.channels.message import Address, OutboundMessage, choice_id
from assistant.wecom import (
    CallbackRefused,
    Envelope,
    WeComSender,
    kf_base,
    kf_msgid,
    pull_kf,
    read_reply,
    seal_reply,
    split_text,
    stream_body,
)
from assistant.wecom.text import clip, size
from tests.rooms.test_wecom_fake import running

KF = OutboundMessage("turn-1", Address("kf", "wk1", "wm1"), "您好，积分有 120 分。", "turn-1")
APP = replace(KF, address=Address("app", "1000002", "LiSi"))
LONG = "这是一句有一点长的话，用来测试分段。" * 100


async def test_a_retry_after_a_lost_answer_reaches_the_customer_once(clock: ManualClock) -> None:
    async with running(clock, seconds=0.3) as (api, wecom, _):
        sender = WeComSender(wecom)
        assert (await sender.send(KF)).outcome == "sent"
        again = await sender.send(KF)
        assert (again.outcome, again.code, again.external_id) == ("sent", "wecom_already_sent", kf_msgid("turn-1"))
        assert len(api.sent_ids) == 1
        api.script["kf/send_msg"].append("hang")
        assert (await sender.send(replace(KF, key="turn-2"))).outcome == "unknown"
        assert api.count["kf/send_msg"] == 3


async def test_a_long_text_goes_in_parts_with_their_own_ids(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        delivery = await WeComSender(wecom).send(replace(KF, text=LONG))
        bodies = api.bodies("kf/send_msg")
        assert delivery.outcome == "sent"
        assert "".join(body["text"]["content"] for body in bodies) == LONG
        assert [body["msgid"] for body in bodies] == [f"{delivery.external_id}-{n}" for n in (1, 2, 3)]
        assert all(len(body["msgid"]) <= 32 and kf_base(body["msgid"]) == delivery.external_id for body in bodies)


@pytest.mark.parametrize(("fault", "outcome", "retry"), [("reset", "unknown", False), ({"errcode": 45009}, "refused", True)])
async def test_after_a_part_that_failed_the_rest_is_held_back(clock: ManualClock, fault: Any, outcome: str, retry: bool) -> None:
    async with running(clock) as (api, wecom, _):
        api.script["kf/send_msg"].extend([{"errcode": 0}, fault])
        delivery = await WeComSender(wecom).send(replace(KF, text=LONG))
        assert (delivery.outcome, delivery.retry_at is not None) == (outcome, retry)
        assert "前 1 段已发出，共 3 段" in delivery.reason
        assert api.count["kf/send_msg"] == 2


async def test_options_become_a_menu_where_they_fit_and_lines_where_not(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        sender = WeComSender(wecom)
        await sender.send(replace(KF, options=("查积分", "人工")))
        menu = api.bodies("kf/send_msg")[0]["msgmenu"]
        assert menu["head_content"] == KF.text
        assert menu["list"][1] == {"type": "click", "click": {"id": choice_id("turn-1", 2), "content": "人工"}}
        await sender.send(replace(KF, key="k2", text="长" * 500, options=("好",)))
        assert [body["msgtype"] for body in api.bodies("kf/send_msg")[1:]] == ["text", "msgmenu"]
        await sender.send(replace(KF, key="k3", options=("太长" * 40, "b")))
        assert api.bodies("kf/send_msg")[-1]["text"]["content"].endswith("\n2. b")
        await sender.send(replace(APP, options=("甲", "乙")))
        assert api.bodies("message/send")[0]["text"]["content"].startswith(f"{KF.text}\n1. 甲\n2. 乙")


async def test_an_employee_whom_wecom_drops_was_not_reached(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        api.script["message/send"].extend([{"errcode": 0, "msgid": "m1"}, {"errcode": 0, "invaliduser": "lisi"}])
        sender = WeComSender(wecom)
        assert (await sender.send(APP)).external_id == "m1"
        assert (await sender.send(APP)).code == "wecom_no_recipient"


async def test_a_bot_answers_through_its_response_url(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        sender = WeComSender(wecom)
        url = f"{wecom._base.origin()}/cgi-bin/aibot/response?response_code=abc"
        message = replace(KF, address=Address("bot", "b1", "li"), reply_to={"response_url": url})
        assert (await sender.send(message)).outcome == "sent"
        assert api.asked == [("aibot/response", {"msgtype": "markdown", "markdown": {"content": KF.text}})]
        api.script["aibot/response"].append("reset")
        assert (await sender.send(message)).outcome == "unknown"
        assert (await sender.send(replace(message, reply_to={}))).code == "no_response_url"
        assert (await sender.send(replace(message, reply_to={"response_url": "http://evil.example/"}))).code == "foreign_url"
        assert (await sender.send(replace(message, text="长" * 7000))).code == "too_long"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (replace(KF, address=Address("sms", "", "1")), "no_channel"),
        (replace(KF, text=" \n"), "empty"),
        (replace(KF, text="长" * 5000), "too_long"),
        (replace(APP, text="长" * 5000), "too_long"),
        (replace(APP, address=Address("app", "x", "li")), "bad_agent"),
    ],
)
async def test_what_cannot_be_sent_whole_is_not_begun(clock: ManualClock, message: OutboundMessage, code: str) -> None:
    async with running(clock) as (api, wecom, _):
        delivery = await WeComSender(wecom).send(message)
        assert (delivery.outcome, delivery.code, delivery.retry_at) == ("refused", code, None)
        assert api.asked == []


async def test_the_same_words_said_anew_over_app_differ_and_a_repeat_does_not(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        for key in ("k1", "k1", "k2"):
            await WeComSender(wecom).send(replace(APP, key=key, text="好的"))
        first, again, anew = [body["text"]["content"] for body in api.bodies("message/send")]
        assert first == again != anew
        assert {text.rstrip("\u200b\u200c") for text in (first, anew)} == {"好的"}


@settings(max_examples=400, deadline=None, database=None, derandomize=True)
@given(st.text(max_size=400), st.integers(32, 300))
def test_parts_joined_are_the_text_and_each_fits(text: str, limit: int) -> None:
    parts = split_text(text, limit)
    assert "".join(parts) == text
    assert all(part and size(part) <= limit for part in parts)
    assert size(clip(text, limit)) <= limit


def test_a_cut_falls_after_a_sentence_and_never_through_an_emoji() -> None:
    assert split_text("一二三四五六七八九。十十十", 32) == ["一二三四五六七八九。", "十十十"]
    family = "👩\u200d👩\u200d👧\u200d👦"
    assert all(part.replace(family, "") == "" for part in split_text(family * 20, 64))
    assert split_text("") == []
    with pytest.raises(ValueError, match="32"):
        split_text("x", 31)


async def pages_of(*args: Any) -> list[tuple[str, int]]:
    return [(page.next_cursor, len(page.messages)) async for page in pull_kf(*args)]


async def test_pulling_goes_on_over_empty_pages(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        item = {"msgid": "1"}
        api.script["kf/sync_msg"].extend(
            [
                {"errcode": 0, "next_cursor": "c1", "has_more": 1, "msg_list": [item, item]},
                {"errcode": 0, "next_cursor": "c2", "has_more": 1, "msg_list": []},
                {"errcode": 0, "next_cursor": "c3", "has_more": 0, "msg_list": [item]},
            ]
        )
        assert await pages_of(wecom, "wk1", "T", "c0") == [("c1", 2), ("c2", 0), ("c3", 1)]
        assert [body["cursor"] for body in api.bodies("kf/sync_msg")] == ["c0", "c1", "c2"]
        assert {body["token"] for body in api.bodies("kf/sync_msg")} == {"T"}


async def test_a_stale_pull_token_is_dropped_and_a_standing_cursor_stops_the_loop(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        api.script["kf/sync_msg"].extend([{"errcode": 95007}, {"errcode": 0, "next_cursor": "", "has_more": 0}])
        assert await pages_of(wecom, "wk1", "T", "c0") == [("c0", 0)]
        assert "token" not in api.bodies("kf/sync_msg")[1]
        api.script["kf/sync_msg"].extend([{"errcode": 0, "next_cursor": "c0", "has_more": 1, "msg_list": []}])
        with pytest.raises(Broken, match="翻页"):
            await pages_of(wecom, "wk1", "T", "c0")
        api.script["kf/sync_msg"].append({"errcode": 45009})
        with pytest.raises(Transient):
            await pages_of(wecom, "wk1", "T", "c0")


async def test_a_cursor_that_wecom_has_forgotten_starts_over_once(clock: ManualClock) -> None:
    async with running(clock) as (api, wecom, _):
        api.script["kf/sync_msg"].extend([{"errcode": 60268}, {"errcode": 0, "next_cursor": "d1", "has_more": 0, "msg_list": []}])
        assert await pages_of(wecom, "wk1", "T", "c0") == [("d1", 0)]
        assert "cursor" not in api.bodies("kf/sync_msg")[1]
        api.script["kf/sync_msg"].extend([{"errcode": 60268}, {"errcode": 60268}])
        with pytest.raises(Invalid):
            await pages_of(wecom, "wk1", "T", "c0")


def test_a_stream_reply_opens_with_the_callbacks_nonce(clock: ManualClock) -> None:
    envelope = Envelope("tok", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG", "")
    body = seal_reply(envelope, stream_body("s1", "你" * 9000, finish=True, feedback_id="f1"), nonce="n9", now=clock.now())
    outer = json.loads(body)
    assert set(outer) == {"encrypt", "msgsignature", "timestamp", "nonce"}
    assert (outer["nonce"], outer["timestamp"]) == ("n9", int(clock.now().timestamp()))
    stream = read_reply(envelope, body)["stream"]
    assert (stream["id"], stream["finish"], stream["feedback"]) == ("s1", True, {"id": "f1"})
    assert 20_470 < size(stream["content"]) <= 20_480
    for bad in (b"{}", b"x"):
        with pytest.raises(CallbackRefused):
            read_reply(envelope, bad)
