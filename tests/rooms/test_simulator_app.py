"""The self-built app of the simulator: sending with its silent limits, recall, cards that are clicked and change, every event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from lxml import etree
from wechatpy.enterprise.crypto import WeChatCrypto  # type: ignore[import-untyped]

from assistant.wecom.simulator import SimulatorError
from assistant.wecom.simulator.appevents import EVENTS, MESSAGES, SYSTEM
from assistant.wecom.simulator.callbacks import from_xml
from tests.rooms.test_simulator_bench import CONFIG, KEY, Answer, Bench, running_bench  # noqa: F401 (the fixture)

APP = 1000002
CARD = {
    "card_type": "vote_interaction",
    "main_title": {"title": "哪天盘点"},
    "task_id": "count1",
    "checkbox": {"question_key": "day", "mode": 0, "option_list": [{"id": "sat", "text": "周六"}, {"id": "sun", "text": "周日"}]},
    "submit_button": {"text": "提交", "key": "go"},
}


def _replying(xml: str) -> Answer:
    """The service answers passively, sealed by an independent library."""

    async def answer(request: web.Request, plain: str) -> str:
        return str(WeChatCrypto("appToken", KEY, CONFIG.corp_id).encrypt_message(xml, "nonce1", "1763769600"))

    return answer


def _text(content: str, touser: str = "wang", **more: Any) -> dict[str, Any]:
    return {"touser": touser, "agentid": APP, "msgtype": "text", "text": {"content": content}, **more}


async def test_who_cannot_be_reached_is_named_in_lower_case_and_all_wrong_is_an_error(bench: Bench) -> None:
    answer = await bench.call("message/send", _text("早", "WANG|Ghost|LEFT"))
    assert (answer["errcode"], answer["invaliduser"]) == (0, "ghost|left")
    assert (await bench.call("message/send", _text("早", "Ghost|LEFT")))["errcode"] == 81013
    next(app for app in bench.simulator.world.apps if app.secret == "app-secret").visible = {"li"}
    assert (await bench.call("message/send", _text("早")))["errcode"] == 81013


async def test_text_is_cut_at_2048_bytes_on_a_character(bench: Bench) -> None:
    await bench.call("message/send", _text("a" + "好" * 700))
    (bubble,) = bench.simulator.staff_phone("wang")
    assert (len(bubble.text.encode()), bubble.text[:2]) == (2047, "a好")


async def test_the_same_json_is_dropped_only_within_its_interval_and_only_when_asked(bench: Bench) -> None:
    checked = _text("一次", enable_duplicate_check=1, duplicate_check_interval=600)
    for wait in (0, 599, 2):
        bench.simulator.advance(wait)
        assert (await bench.call("message/send", checked))["errcode"] == 0
    for _ in range(2):
        await bench.call("message/send", _text("两次"))
    assert [bubble.text for bubble in bench.simulator.staff_phone("wang")] == ["一次", "一次", "两次", "两次"]


async def test_more_than_thirty_a_minute_or_a_thousand_an_hour_vanish_without_a_word(bench: Bench) -> None:
    token = (await bench.token("app-secret"))["access_token"]
    answers = [(await bench.raw("message/send", token, _text(str(number))))["errcode"] for number in range(31)]
    assert (set(answers), len(bench.simulator.staff_phone("wang"))) == ({0}, 30)
    for _ in range(36):
        bench.simulator.advance(60)
        for number in range(30):
            bench.simulator.staff_app.send(_text(str(number)))
    assert len(bench.simulator.staff_phone("wang")) == 1000


async def test_a_text_card_is_held_to_its_limits(bench: Bench) -> None:
    card = {"title": "方案", "description": "请批准", "url": "https://example.com", "btntxt": "打开"}
    message = {"touser": "wang", "agentid": APP, "msgtype": "textcard"}
    for wrong in ({"title": "长" * 129}, {"description": ""}, {"url": f"https://example.com/{'a' * 2048}"}, {"btntxt": "打开看看吧"}):
        assert (await bench.call("message/send", {**message, "textcard": card | wrong}))["errcode"] == 40058
    assert (await bench.call("message/send", {**message, "textcard": card}))["errcode"] == 0
    assert [(one.kind, one.text) for one in bench.simulator.staff_phone("wang")] == [("textcard", "方案\n请批准\nhttps://example.com")]


async def test_a_message_is_recalled_within_24_hours_by_the_app_that_sent_it(bench: Bench) -> None:
    msgid = (await bench.call("message/send", _text("错了")))["msgid"]
    assert (await bench.call("message/recall", {"msgid": "nobody"}))["errcode"] == 40058
    bench.simulator.advance(24 * 3600)
    assert (await bench.call("message/recall", {"msgid": msgid}))["errcode"] == 0
    assert bench.simulator.staff_phone("wang")[0].recalled
    bench.simulator.advance(1)
    assert (await bench.call("message/recall", {"msgid": msgid}))["errcode"] == 42052


async def test_a_response_code_changes_a_card_once_within_72_hours(bench: Bench) -> None:
    def update(code: str) -> dict[str, Any]:
        return {"userids": ["wang", "li"], "agentid": APP, "response_code": code, "button": {"replace_name": "已结束"}}

    body = {"touser": "wang", "agentid": APP, "msgtype": "template_card", "template_card": CARD}
    first, second = [(await bench.call("message/send", body))["response_code"] for _ in range(2)]
    answers = [await bench.call("message/update_template_card", update(code)) for code in (first, first, "nobody")]
    assert [answer["errcode"] for answer in answers] == [0, 60140, 60140]
    assert answers[0]["invaliduser"] == ["li"]
    assert [bubble.body.get("pressed") for bubble in bench.simulator.staff_phone("wang")] == ["已结束", None]
    bench.simulator.advance(72 * 3600 + 1)
    assert (await bench.call("message/update_template_card", update(second)))["errcode"] == 60140


async def test_a_clicked_card_tells_its_choice_and_changes_by_the_passive_reply(bench: Bench) -> None:
    body = {"touser": "wang", "agentid": APP, "msgtype": "template_card", "template_card": CARD}
    msgid = (await bench.call("message/send", body))["msgid"]
    card = "<CardType>text_notice</CardType><MainTitle><Title>已定周六</Title></MainTitle><CardAction><Type>1</Type><Url>https://e.cn</Url></CardAction>"
    bench.answer = _replying(f"<xml><MsgType>update_template_card</MsgType><TemplateCard>{card}</TemplateCard></xml>")
    await bench.simulator.staff_app.presses("wang", msgid, "go", {"day": ["sat"]})
    event = etree.fromstring(bench.heard[-1].encode())
    assert [event.findtext(name) for name in ("Event", "EventKey", "TaskId", "CardType")] == [
        "template_card_event",
        "go",
        "count1",
        CARD["card_type"],
    ]
    assert event.findtext("SelectedItems/SelectedItem/OptionIds/OptionId") == "sat"
    assert bench.simulator.staff_phone("wang")[-1].text == "已定周六"
    code = {"userids": ["wang"], "agentid": APP, "response_code": event.findtext("ResponseCode"), "template_card": CARD}
    assert (await bench.call("message/update_template_card", code))["errcode"] == 0
    bench.answer = _replying("<xml><MsgType>update_button</MsgType><Button><ReplaceName>已提交</ReplaceName></Button></xml>")
    await bench.simulator.staff_app.presses("wang", msgid, "go", {"day": ["sun"]})
    assert bench.simulator.staff_phone("wang")[-1].body["pressed"] == "已提交"
    with pytest.raises(SimulatorError, match="点过"):
        await bench.simulator.staff_app.presses("wang", msgid, "go", {"day": ["sun"]})
    assert bench.simulator.complaints == []


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda card: card.pop("task_id"), 846625),
        (lambda card: card.update(card_type="text_notice"), 42045),
        (lambda card: card.update(jump_list=[{}] * 4), 42042),
        (lambda card: card.update(select_list=[{}] * 4), 42047),
        (lambda card: card.update(card_type="hologram"), 40058),
    ],
)
async def test_a_card_with_a_wrong_field_is_refused_with_its_code(
    bench: Bench, spoil: Callable[[dict[str, Any]], object], code: int
) -> None:
    card: dict[str, Any] = dict(CARD)
    spoil(card)
    body = {"touser": "wang", "agentid": APP, "msgtype": "template_card", "template_card": card}
    assert (await bench.call("message/send", body))["errcode"] == code


async def test_every_event_and_kind_of_message_reaches_the_service(bench: Bench) -> None:
    for event in EVENTS:
        await bench.simulator.staff_app.causes(event, "wang")
    heard = [from_xml(plain) for plain in bench.heard]
    assert [fields["Event"] for fields in heard] == list(EVENTS)
    assert {fields["Event"] for fields in heard if fields["FromUserName"] == "sys"} == SYSTEM
    assert all("MsgId" not in fields for fields in heard)
    for kind in MESSAGES:
        await bench.simulator.staff_app.sends("wang", kind)
    assert [from_xml(plain)["MsgType"] for plain in bench.heard[-len(MESSAGES) :]] == list(MESSAGES)
    with pytest.raises(SimulatorError):
        await bench.simulator.staff_app.causes("hologram", "wang")


async def test_the_control_face_presses_cards_plays_servicers_and_adds_robots(bench: Bench) -> None:
    async def control(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        async with bench.http.request("GET" if body is None else "POST", f"{bench.control}{path}", json=body) as response:
            answer: dict[str, Any] = await response.json()
            return answer

    body = {"touser": "wang", "agentid": APP, "msgtype": "template_card", "template_card": CARD}
    msgid = (await bench.call("message/send", body))["msgid"]
    click = {"who": "wang", "msgid": msgid, "key": "go", "selected": [{"question": "day", "options": ["sat"]}]}
    assert (await control("/press", click))["deliveries"][0]["status"] == 200
    assert "没有按钮" in (await control("/press", {**click, "key": "no"}))["error"]
    assert (await control("/event", {"event": "low_active_alert"}))["deliveries"][0]["status"] == 200
    await control("/say", {"who": "wmA", "text": "你好"})
    await control("/servicer", {"userid": "li", "customer": "wmA", "text": "在"})
    await control("/servicer", {"userid": "li", "customer": "wmA", "action": "transfer", "to": "wang"})
    assert (await control("/kf"))["accounts"][0]["sessions"] == {"wmA": 3}
    picture = {"who": "wmA", "base64": "iVBORw0KGgo=", "kind": "image"}
    assert (await control("/show", picture))["deliveries"][0]["status"] == 200
    assert (await control("/bot", {"mode": "socket"})) == {"mode": "socket", "connected": False}
    key = (await control("/robot", {"chatid": "g1"}))["key"]
    assert (await control("/robot", {"key": key, "action": "remove"})) == {"key": key}
    assert "没有这个 key" in (await control("/robot", {"key": key, "action": "remove"}))["error"]
