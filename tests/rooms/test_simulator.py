"""What people do and see in the simulated WeCom: the KF window, mass messages, the staff app and the bot."""

from __future__ import annotations

import json

from aiohttp import web
from wechatpy.enterprise.crypto import WeChatCrypto  # type: ignore[import-untyped]

from assistant.wecom.simulator.callbacks import from_xml
from tests.rooms.test_simulator_bench import BOT, CONFIG, KEY, Answer, Bench, running_bench  # noqa: F401 (the fixture)


async def test_a_customer_message_wakes_the_service_and_is_pulled(bench: Bench) -> None:
    (told,) = await bench.simulator.customer_says("wmA", "你好 ]]> 👋")
    assert told.attempts[0].status == 200
    wake = from_xml(bench.heard[0])
    assert wake["Event"] == "kf_msg_or_event"
    assert "MsgId" not in wake
    pulled = await bench.call("kf/sync_msg", {"open_kfid": "wkKF", "token": wake["Token"]})
    assert [(item["origin"], item["text"]["content"]) for item in pulled["msg_list"]] == [(3, "你好 ]]> 👋")]
    bench.simulator.advance(601)
    assert (await bench.call("kf/sync_msg", {"open_kfid": "wkKF", "token": wake["Token"]}))["errcode"] == 95007


async def test_pages_end_only_when_has_more_is_zero_and_own_messages_never_come_back(bench: Bench) -> None:
    for text in ("一", "二", "三"):
        await bench.simulator.customer_says("wmA", text)
    assert await bench.kf_send("好的") == 0
    bench.simulator.world.knobs.kf_empty_pages = 1
    found, cursor, more, pages = [], "", 1, 0
    while more:
        page = await bench.pull(cursor, 2)
        found += [item["text"]["content"] for item in page["msg_list"]]
        cursor, more, pages = page["next_cursor"], page["has_more"], pages + 1
    assert (found, pages) == (["一", "二", "三"], 3)
    assert bench.seen() == ["一", "二", "三", "好的"]
    bench.simulator.advance(3 * 86400 + 1)
    assert (await bench.pull())["msg_list"] == []


async def test_five_answers_per_customer_message_within_48_hours(bench: Bench) -> None:
    assert await bench.kf_send("没问就说") == 95002
    await bench.simulator.customer_says("wmA", "问")
    assert [await bench.kf_send(f"答{n}") for n in range(6)] == [0, 0, 0, 0, 0, 95001]
    await bench.simulator.customer_says("wmA", "再问")
    assert await bench.kf_send("再答") == 0
    bench.simulator.advance(48 * 3600 + 1)
    assert await bench.kf_send("太晚") == 95002
    assert bench.seen() == ["问", "答0", "答1", "答2", "答3", "答4", "再问", "再答"]


async def test_the_realistic_window_accepts_and_reports_the_failure_later(bench: Bench) -> None:
    bench.simulator.world.knobs.kf_fail_later = True
    await bench.simulator.customer_says("wmA", "问")
    assert [await bench.kf_send(f"答{n}") for n in range(6)] == [0] * 6
    await bench.simulator.settle()
    event = (await bench.pull())["msg_list"][-1]
    assert (event["event"]["event_type"], event["event"]["fail_type"]) == ("msg_send_fail", 6)
    assert "external_userid" not in event
    assert "答5" not in bench.seen()


async def test_a_msgid_is_used_once_and_long_text_is_cut(bench: Bench) -> None:
    await bench.simulator.customer_says("wmA", "问")
    assert await bench.kf_send("好" * 700, msgid="m1") == 0
    assert await bench.kf_send("好", msgid="m1") == 95033
    assert bench.seen()[-1] == "好" * 682


async def test_a_human_servicer_silences_the_api_until_the_session_ends(bench: Bench) -> None:
    await bench.simulator.customer_says("wmA", "找人工")
    await bench.simulator.servicer_says("li", "wmA", "我来")
    assert await bench.kf_send("机器人插话") == 95018
    assert [item["origin"] for item in (await bench.pull())["msg_list"]] == [3, 4, 5]
    trans = {"open_kfid": "wkKF", "external_userid": "wmA", "service_state": 1}
    assert (await bench.call("kf/service_state/trans", trans))["errcode"] == 95016
    await bench.simulator.servicer_ends("li", "wmA")
    await bench.simulator.customer_says("wmA", "又来了")
    assert await bench.kf_send("在的") == 0
    assert bench.seen() == ["找人工", "我来", "又来了", "在的"]


async def test_a_welcome_code_works_once_within_20_seconds(bench: Bench) -> None:
    await bench.simulator.customer_enters("wmA")
    code = (await bench.pull())["msg_list"][0]["event"]["welcome_code"]
    body = {"code": code, "msgtype": "text", "text": {"content": "欢迎"}}
    assert [(await bench.call("kf/send_msg_on_event", body))["errcode"] for _ in range(2)] == [0, 41050]
    await bench.simulator.customer_enters("wmA")
    assert "welcome_code" not in (await bench.pull())["msg_list"][1]["event"]


async def test_a_recalled_message_is_announced(bench: Bench) -> None:
    await bench.simulator.customer_says("wmA", "说错了")
    msgid = bench.simulator.phone("wmA")[0].msgid
    await bench.simulator.customer_recalls("wmA", msgid)
    assert (await bench.pull())["msg_list"][-1]["event"]["recall_msgid"] == msgid
    assert bench.simulator.phone("wmA")[0].recalled


async def test_nothing_of_a_mass_message_arrives_before_the_employee_confirms(bench: Bench) -> None:
    bench.simulator.advance(60)
    bench.simulator.contacts.chatted("wmB", "li")
    await bench.simulator.friendship_ends("wmA", "wang")
    msgid = await bench.task_for("wmA", "wmB", "wmNobody")
    tasks = (await bench.call("externalcontact/get_groupmsg_task", {"msgid": msgid}))["task_list"]
    assert tasks == [{"userid": "wang", "status": 0}, {"userid": "li", "status": 0}]
    assert bench.seen("wmB") == []
    assert await bench.simulator.confirm(msgid, "li") == {"sent": 1, "strangers": 0, "over_allowance": 0}
    assert await bench.simulator.confirm(msgid, "wang") == {"sent": 0, "strangers": 1, "over_allowance": 0}
    rows = (await bench.call("externalcontact/get_groupmsg_send_result", {"msgid": msgid, "userid": "wang"}))["send_list"]
    assert [(row["external_userid"], row["status"]) for row in rows] == [("wmA", 2)]
    assert (bench.seen("wmB"), bench.seen("wmA")) == (["新品"], [])


async def test_a_customer_gets_as_many_mass_messages_as_the_month_has_days(bench: Bench) -> None:
    bench.simulator.world.staff["wang"].confirms = "at_once"
    for _ in range(31):
        msgid = await bench.task_for("wmA")
    rows = (await bench.call("externalcontact/get_groupmsg_send_result", {"msgid": msgid, "userid": "wang"}))["send_list"]
    assert rows == [{"external_userid": "wmA", "userid": "wang", "status": 3}]
    assert len(bench.seen()) == 30


async def test_a_late_employee_a_cancelled_task_and_too_many_reminders(bench: Bench) -> None:
    bench.simulator.world.staff["wang"].confirms = 3600.0
    first, second = await bench.task_for("wmA", text="一"), await bench.task_for("wmA", text="二")
    assert (await bench.call("externalcontact/cancel_groupmsg_send", {"msgid": second}))["errcode"] == 0
    codes = [(await bench.call("externalcontact/remind_groupmsg_send", {"msgid": first}))["errcode"] for _ in range(4)]
    assert codes == [0, 0, 0, 41094]
    bench.simulator.advance(3599)
    assert bench.seen() == []
    bench.simulator.advance(1)
    assert bench.seen() == ["一"]


async def test_a_new_friend_is_welcomed_once(bench: Bench) -> None:
    await bench.simulator.customer_adds("wmA", "li", state="shop1")
    event = from_xml(bench.heard[-1])
    assert (event["ChangeType"], event["State"], event["FromUserName"]) == ("add_external_contact", "shop1", "sys")
    body = {"welcome_code": event["WelcomeCode"], "text": {"content": "您好"}}
    assert [(await bench.call("externalcontact/send_welcome_msg", body))["errcode"] for _ in range(2)] == [0, 41051]
    assert [bubble.via for bubble in bench.simulator.phone("wmA")] == ["welcome"]


async def test_app_messages_reach_some_drop_duplicates_and_fail_only_when_all_are_wrong(bench: Bench) -> None:
    body = {"touser": "wang|Ghost", "agentid": 1000002, "msgtype": "text", "text": {"content": "早"}, "enable_duplicate_check": 1}
    answers = [await bench.call("message/send", body) for _ in range(2)]
    assert [(answer["errcode"], answer["invaliduser"]) for answer in answers] == [(0, "ghost"), (0, "ghost")]
    assert [bubble.text for bubble in bench.simulator.staff_phone("wang")] == ["早"]
    assert (await bench.call("message/send", {**body, "touser": "ghost"}))["errcode"] == 81013
    for number in range(40):
        await bench.call("message/send", {**body, "text": {"content": str(number)}})
    assert len(bench.simulator.staff_phone("wang")) == 30


async def test_a_staff_message_is_answered_passively(bench: Bench) -> None:
    async def answer(request: web.Request, plain: str) -> str:
        reply = "<xml><MsgType>text</MsgType><Content>收到</Content></xml>"
        sealed = WeChatCrypto("appToken", KEY, CONFIG.corp_id).encrypt_message(reply, "n1", "1763769600")
        return sealed if isinstance(sealed, str) else sealed.decode()

    bench.answer = answer
    await bench.simulator.staff_says("wang", "查一下")
    assert from_xml(bench.heard[0])["FromUserName"] == "wang"
    assert [bubble.text for bubble in bench.simulator.staff_phone("wang")] == ["查一下", "收到"]


def _streaming(*steps: tuple[str, bool]) -> Answer:
    left = list(steps)

    async def answer(request: web.Request, plain: str) -> str:
        text, finish = left.pop(0) if left else steps[-1]
        reply = json.dumps({"msgtype": "stream", "stream": {"id": "s1", "finish": finish, "content": text}})
        encrypted, nonce = BOT.seal(reply, b"0" * 16), request.query["nonce"]
        signature = BOT.sign("1763769600", nonce, encrypted)
        return json.dumps({"encrypt": encrypted, "msgsignature": signature, "timestamp": 1763769600, "nonce": nonce})

    return answer


async def test_a_bot_stream_is_refreshed_until_it_finishes(bench: Bench) -> None:
    bench.answer = _streaming(("想", False), ("想一想", False), ("答案", True))
    turn = await bench.simulator.bot_says("wang", "本周返现多少", "g1")
    assert (turn.text, turn.finished, turn.refreshes) == ("答案", True, 2)
    first, refresh = json.loads(bench.heard[0]), json.loads(bench.heard[1])
    assert (first["chattype"], first["chatid"], refresh["stream"]["id"]) == ("group", "g1", "s1")
    assert [bubble.text for bubble in bench.simulator.group_phone("g1")] == ["本周返现多少", "答案"]
    body = {"msgtype": "markdown", "markdown": {"content": "补充"}}
    answers = []
    for _ in range(2):
        async with bench.http.post(first["response_url"], json=body) as response:
            answers.append((await response.json())["errcode"])
    assert answers == [0, 60140]
    assert bench.simulator.complaints == []


async def test_a_bot_stream_that_never_finishes_is_given_up(bench: Bench) -> None:
    bench.answer = _streaming(("想", False))
    bench.simulator.world.knobs.bot_refresh_limit_seconds = 0.05
    turn = await bench.simulator.bot_says("wang", "问")
    assert not turn.finished
    assert len(bench.simulator.complaints) == 1
