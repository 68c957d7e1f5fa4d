"""Mass messages and moments in the simulated WeCom: nobody reads anything before an employee presses send (rules 22 to 25)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from assistant.wecom.simulator import SimulatorError
from tests.rooms.simulator_help import ask, code, read, upload
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)


async def results(bench: Bench, msgid: str, userid: str) -> list[tuple[str, int]]:
    rows = (await ask(bench, "get_groupmsg_send_result", msgid=msgid, userid=userid))["send_list"]
    return [(row.get("external_userid") or row["chat_id"], row["status"]) for row in rows]


async def test_the_results_are_not_there_while_the_task_is_dispatched(bench: Bench) -> None:
    bench.simulator.world.knobs.mass_dispatch_seconds = 5
    msgid = await bench.task_for("wmA")
    assert await code(bench, "get_groupmsg_task", msgid=msgid) == 41063
    bench.simulator.advance(5)
    assert (await ask(bench, "get_groupmsg_task", msgid=msgid))["task_list"] == [{"userid": "wang", "status": 0}]
    assert await results(bench, msgid, "wang") == [("wmA", 0)]


async def test_a_mass_message_fails_for_who_is_gone_on_either_side_or_only_half_a_friend(bench: Bench) -> None:
    bench.simulator.world.add_customers([("wmC", "丙", ["wang"]), ("wmD", "丁", ["wang"]), ("wmE", "戊", ["wang"])])
    msgid = await bench.task_for("wmA", "wmC", "wmD", "wmE")
    for who, by in (("wmA", "staff"), ("wmC", "customer"), ("wmE", "staff")):
        await bench.simulator.friendship_ends(who, "wang", by)
    await bench.simulator.customer_half_adds("wmE", "wang")
    bench.simulator.mass.confirm(msgid, "wang")
    assert await results(bench, msgid, "wang") == [("wmA", 2), ("wmC", 2), ("wmD", 1), ("wmE", 2)]
    await bench.simulator.customer_half_adds("wmA", "li")
    answer = await ask(bench, "add_msg_template", external_userid=["wmA"], text={"content": "新品"})
    assert answer["errcode"] == 41048


async def test_without_a_sender_each_customer_goes_to_who_chatted_last_and_not_to_who_has_left(bench: Bench) -> None:
    bench.simulator.advance(60)
    bench.simulator.customer_chats("wmB", "li", "在吗")
    tasks = bench.simulator.mass.tasks
    assert list(tasks[await bench.task_for("wmA", "wmB")].rows) == ["wang", "li"]
    bench.simulator.staff_leaves("li")
    assert list(tasks[await bench.task_for("wmA", "wmB")].rows) == ["wang"]
    body: dict[str, Any] = {"sender": "li", "text": {"content": "新品"}}
    assert await code(bench, "add_msg_template", **body) == 40003


async def test_tags_are_or_inside_a_group_and_across_groups_and_customers_named_override_them(bench: Bench) -> None:
    world = bench.simulator.world
    for who, tags in (("wm1", ["金", "北京"]), ("wm2", ["银", "北京"]), ("wm3", ["金"])):
        world.add_customer(who, who, ["li"], tags=tags)
    filters = {"group_list": [{"tag_list": ["金", "银"]}, {"tag_list": ["北京"]}]}
    answer = await ask(bench, "add_msg_template", sender="li", tag_filter=filters, text={"content": "新品"})
    tasks = bench.simulator.mass.tasks
    assert [row.target for row in tasks[answer["msgid"]].rows["li"]] == ["wm1", "wm2"]
    answer = await ask(bench, "add_msg_template", sender="li", external_userid=["wm3"], tag_filter=filters, text={"content": "新品"})
    assert [row.target for row in tasks[answer["msgid"]].rows["li"]] == ["wm3"]


async def test_a_group_gets_its_message_from_its_owner_and_unsent_rows_are_not_listed(bench: Bench) -> None:
    await bench.simulator.group_created("wang", "wr1", "老友群", ["wmA"])
    await bench.simulator.group_created("li", "wr2", "别人的群")
    body: dict[str, Any] = {"chat_type": "group", "text": {"content": "群里说"}}
    assert await code(bench, "add_msg_template", **body) == 40058
    answer = await ask(bench, "add_msg_template", **body, sender="wang", chat_id_list=["wr1", "wr2"])
    assert answer["fail_list"] == ["wr2"]
    assert await results(bench, answer["msgid"], "wang") == []
    bench.simulator.mass.confirm(answer["msgid"], "wang")
    assert await results(bench, answer["msgid"], "wang") == [("wr1", 1)]
    assert [bubble.text for bubble in bench.simulator.group_phone("wr1")] == ["群里说"]


@pytest.mark.parametrize(("knob", "most"), [("week", 7), ("day", 1)])
async def test_the_admin_may_lower_the_allowance_and_personal_messages_use_it_too(bench: Bench, knob: Any, most: int) -> None:
    bench.simulator.world.knobs.mass_allowance = knob
    bench.simulator.world.staff["wang"].confirms = "at_once"
    bench.clock.advance(datetime(2026, 11, 23, 4, tzinfo=UTC) - bench.clock.now())
    for _ in range(most):
        assert bench.simulator.staff_sends("wang", "我自己发的", ["wmA"])["sent"] == 1
    msgid = await bench.task_for("wmA")
    assert await results(bench, msgid, "wang") == [("wmA", 3)]
    bench.simulator.advance(7 * 86400)
    assert await results(bench, await bench.task_for("wmA"), "wang") == [("wmA", 1)]
    now = bench.simulator.world.seconds()
    listed = await ask(bench, "get_groupmsg_list_v2", chat_type="single", start_time=now - 8 * 86400, end_time=now, filter_type=1)
    assert [(row["create_type"], row["creator"]) for row in listed["group_msg_list"]] == [(1, "wang")] * most


async def test_a_cancel_stops_who_has_not_sent_and_a_chosen_customer_only_where_choosing_is_allowed(bench: Bench) -> None:
    bench.simulator.advance(1)
    bench.simulator.customer_chats("wmB", "li", "在吗")
    msgid = await bench.task_for("wmA", "wmB")
    bench.simulator.mass.confirm(msgid, "wang")
    assert await code(bench, "cancel_groupmsg_send", msgid=msgid) == 0
    with pytest.raises(SimulatorError, match="已经取消"):
        bench.simulator.mass.confirm(msgid, "li")
    assert (bench.seen("wmA"), bench.seen("wmB")) == (["新品"], [])
    free = await ask(bench, "add_msg_template", sender="wang", allow_select=True, text={"content": "随选"})
    bench.simulator.mass.confirm(free["msgid"], "wang", only=["wmB"])
    assert await results(bench, free["msgid"], "wang") == [("wmA", 0), ("wmB", 1)]
    with pytest.raises(SimulatorError, match="不允许"):
        bench.simulator.mass.confirm(await bench.task_for("wmA"), "wang", only=["wmA"])


async def test_a_moment_is_a_job_then_a_task_and_reaches_friends_when_published(bench: Bench) -> None:
    picture = (await upload(bench, "media/upload_attachment", b"picture", media_type="image", attachment_type="1"))["media_id"]
    wrong = (await upload(bench, "media/upload", b"picture", type="image"))["media_id"]
    body: dict[str, Any] = {"text": {"content": "秋季新品"}, "visible_range": {"sender_list": {"user_list": ["wang", "ghost"]}}}
    assert await code(bench, "add_moment_task", **body, attachments=[{"msgtype": "image", "image": {"media_id": wrong}}]) == 40007
    image = {"msgtype": "image", "image": {"media_id": picture}}
    link = {"msgtype": "link", "link": {"title": "商城", "url": "https://shop.example"}}
    assert await code(bench, "add_moment_task", **body, attachments=[image, link]) == 40058
    job = (await ask(bench, "add_moment_task", **body, attachments=[image]))["jobid"]
    states = []
    for seconds in (0, 1, 1):
        bench.simulator.advance(seconds)
        states.append(await read(bench, "externalcontact/get_moment_task_result", jobid=job))
    assert [each["status"] for each in states] == [1, 2, 3]
    result = states[-1]["result"]
    moment = result["moment_id"]
    assert result["invalid_sender_list"]["user_list"] == ["ghost"]
    assert (await ask(bench, "get_moment_task", moment_id=moment))["task_list"] == [{"userid": "wang", "publish_status": 0}]
    assert bench.seen("wmA") == []
    await bench.simulator.friendship_ends("wmB", "wang")
    assert bench.simulator.moment_published("wang", moment) == 1
    assert bench.seen("wmA")[0] == "秋季新品"
    assert (await ask(bench, "get_moment_task", moment_id=moment))["task_list"][0]["publish_status"] == 1
    reached = await ask(bench, "get_moment_send_result", moment_id=moment, userid="wang")
    assert reached["customer_list"] == [{"external_userid": "wmA"}]


async def test_the_eleventh_moment_in_a_minute_is_refused_and_a_cancelled_one_cannot_be_published(bench: Bench) -> None:
    body: dict[str, Any] = {"text": {"content": "新品"}}
    assert [await code(bench, "add_moment_task", **body) for _ in range(11)] == [0] * 10 + [45009]
    bench.simulator.advance(60)
    assert await code(bench, "add_moment_task", **body) == 0
    moment = next(iter(bench.simulator.customer_contact.moments.moments))
    assert await code(bench, "cancel_moment_task", moment_id=moment) == 0
    with pytest.raises(SimulatorError):
        bench.simulator.moment_published("wang", moment)
