"""Ways in, customer groups, transfers, statistics and sensitive words in the simulated WeCom (rules 26 to 28)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from assistant.wecom.simulator import SimulatorError
from assistant.wecom.simulator.callbacks import from_xml
from tests.rooms.simulator_help import ask, code, read, told
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)

WAY: dict[str, Any] = {"type": 1, "scene": 2, "user": ["li"], "state": "shop7", "skip_verify": True}


async def test_a_scanned_code_brings_its_state_and_a_deleted_one_cannot_be_scanned(bench: Bench) -> None:
    way = await ask(bench, "add_contact_way", **WAY)
    assert way["qr_code"].startswith("https://")
    await bench.simulator.customer_scans("wmA", way["config_id"])
    assert told(bench, "UserID", "State") == [("add_external_contact", "li", "shop7")]
    bench.simulator.advance(2)
    followers = (await read(bench, "externalcontact/get", external_userid="wmA"))["follow_user"]
    assert [(each["add_way"], each["state"]) for each in followers if each["userid"] == "li"] == [(1, "shop7")]
    now = bench.simulator.world.seconds()
    listed = await ask(bench, "list_contact_way", start_time=now - 60, end_time=now)
    assert listed["contact_way"] == [{"config_id": way["config_id"]}]
    assert await code(bench, "update_contact_way", config_id=way["config_id"], state="shop8") == 0
    assert (await ask(bench, "get_contact_way", config_id=way["config_id"]))["contact_way"]["state"] == "shop8"
    assert await code(bench, "del_contact_way", config_id=way["config_id"]) == 0
    bench.simulator.world.add_customer("wmC", "丙")
    with pytest.raises(SimulatorError, match="已经删除"):
        await bench.simulator.customer_scans("wmC", way["config_id"])


async def test_a_code_that_needs_verification_waits_and_a_half_friend_comes_first_where_the_knob_says_so(bench: Bench) -> None:
    way = await ask(bench, "add_contact_way", **{**WAY, "skip_verify": False})
    assert await bench.simulator.customer_scans("wmA", way["config_id"]) == []
    await bench.simulator.staff_accepts("li", "wmA")
    bench.simulator.world.knobs.half_on_scan = "first"
    bench.simulator.world.add_customer("wmC", "丙")
    await bench.simulator.customer_scans("wmC", (await ask(bench, "add_contact_way", **WAY))["config_id"])
    assert [each[0] for each in told(bench)] == ["add_external_contact", "add_half_external_contact", "add_external_contact"]


async def test_contact_ways_are_refused_for_the_wrong_people(bench: Bench) -> None:
    world = bench.simulator.world
    for number in range(101):
        world.add_staff(f"s{number}", "员工").department = 2
    world.staff["wang"].real_name = False
    wrong: list[tuple[dict[str, Any], int]] = [
        ({"user": ["li", "wang"]}, 40058),
        ({"user": ["wang"]}, 41054),
        ({"user": ["ghost"]}, 60111),
        ({"type": 2, "user": [], "party": [2]}, 41041),
        ({"state": "x" * 31}, 40058),
        ({"scene": 7}, 41040),
    ]
    assert [await code(bench, "add_contact_way", **{**WAY, **change}) for change, _ in wrong] == [want for _, want in wrong]
    assert [await code(bench, "get_contact_way", **body) for body in ({}, {"config_id": "none"})] == [41043, 41044]
    world.knobs.contact_ways_most = 0
    assert await code(bench, "add_contact_way", **WAY) == 41045


async def test_an_acquisition_link_adds_with_way_16(bench: Bench) -> None:
    link = (await ask(bench, "customer_acquisition/create_link", link_name="直播间", range={"user_list": ["li"]}))["link"]
    await bench.simulator.customer_opens("wmA", link["link_id"], "live")
    assert told(bench, "State") == [("add_external_contact", "live")]
    assert bench.simulator.world.customers["wmA"].relations["li"].add_way == 16
    rows = (await ask(bench, "customer_acquisition/customer", link_id=link["link_id"]))["customer_list"]
    assert [row["external_userid"] for row in rows] == ["wmA"]


async def test_group_events_chain_their_versions_and_number_scenes_otherwise_than_the_api(bench: Bench) -> None:
    simulator = bench.simulator
    simulator.world.add_customer("wmC", "丙")
    await simulator.group_created("wang", "wr1", "老友群")
    await simulator.group_joined("wr1", ["wmA", "wmB"], scene=1, invitor="wang")
    await simulator.group_joined("wr1", ["wmC"], scene=3)
    await simulator.group_left("wr1", ["wmA"], removed=True)
    await simulator.group_renamed("wr1", "老友一群")
    await simulator.group_announced("wr1", "周三上新")
    await simulator.group_joined("wr1", ["li"], scene=1)
    await simulator.group_handed_over("wr1", "li")
    details = ["", "add_member", "add_member", "del_member", "change_name", "change_notice", "add_member", "change_owner"]
    assert [each[1] for each in told(bench, "UpdateDetail")] == details
    events = [from_xml(xml) for xml in bench.heard]
    assert [events[at]["JoinScene"] for at in (1, 2)] == ["0", "3"]
    assert re.findall(r"<Item><!\[CDATA\[(\w+)", bench.heard[1]) == ["wmA", "wmB"]
    assert (events[3]["QuitScene"], events[3]["MemChangeCnt"]) == ("1", "1")
    updates = events[1:]
    assert [each["LastMemVer"] for each in updates[1:]] == [each["CurMemVer"] for each in updates[:-1]]
    assert updates[3]["LastMemVer"] == updates[3]["CurMemVer"]
    assert (await ask(bench, "groupchat/get", chat_id="wr1"))["group_chat"]["owner"] == "wang"
    simulator.advance(2)
    group = (await ask(bench, "groupchat/get", chat_id="wr1", need_name=1))["group_chat"]
    assert (group["owner"], group["notice"], group["member_version"]) == ("li", "周三上新", updates[-1]["CurMemVer"])
    members = {row["userid"]: (row["type"], row["join_scene"], row["name"]) for row in group["member_list"]}
    assert members == {"wang": (1, 1, "小王"), "wmB": (2, 1, "阿宝"), "wmC": (2, 3, "丙"), "li": (1, 1, "小李")}
    await simulator.group_dismissed("wr1")
    assert (told(bench)[-1], await code(bench, "groupchat/get", chat_id="wr1")) == (("dismiss",), 40050)


async def test_groups_are_listed_by_owner_and_state_and_a_limit_is_needed(bench: Bench) -> None:
    for number in range(3):
        await bench.simulator.group_created("wang", f"wr{number}", "群")
    assert await code(bench, "groupchat/list") == 40058
    first = await ask(bench, "groupchat/list", limit=2)
    rest = await ask(bench, "groupchat/list", limit=2, cursor=first["next_cursor"])
    assert [row["chat_id"] for row in first["group_chat_list"] + rest["group_chat_list"]] == ["wr0", "wr1", "wr2"]
    assert (await ask(bench, "groupchat/list", limit=2, owner_filter={"userid_list": ["li"]}))["group_chat_list"] == []
    bench.simulator.staff_leaves("wang")
    assert len((await ask(bench, "groupchat/list", limit=9, status_filter=1))["group_chat_list"]) == 3
    assert (await ask(bench, "groupchat/transfer", chat_id_list=["wr0"], new_owner="li"))["failed_chat_list"] == []
    await bench.simulator.group_created("li", "wr9", "群")
    wrong = [("transfer", "wr0", "li"), ("transfer", "wrX", "li"), ("transfer", "wr9", "he"), ("onjob_transfer", "wr1", "li")]
    bench.simulator.world.add_staff("he", "小何")
    answers = [await ask(bench, f"groupchat/{path}", chat_id_list=[chat], new_owner=owner) for path, chat, owner in wrong]
    assert [answer["failed_chat_list"][0]["errcode"] for answer in answers] == [90508, 90501, 90500, 90502]
    assert [row["chat_id"] for row in (await ask(bench, "groupchat/list", limit=9, status_filter=3))["group_chat_list"]] == ["wr0"]


async def test_a_join_way_leads_into_the_first_group_with_room_and_makes_another_when_all_are_full(bench: Bench) -> None:
    bench.simulator.world.knobs.join_way_members_most = 2
    await bench.simulator.group_created("wang", "wr1", "老友群")
    body: dict[str, Any] = {"scene": 2, "chat_id_list": ["wr1"], "state": "poster", "room_base_name": "老友群", "room_base_id": 2}
    way = (await ask(bench, "groupchat/add_join_way", **body))["config_id"]
    for who in ("wmA", "wmB"):
        await bench.simulator.customer_scans(who, way)
    assert [each[1:] for each in told(bench, "UpdateDetail", "JoinScene")] == [("", ""), ("add_member", "3"), ("", ""), ("add_member", "3")]
    chats = (await ask(bench, "groupchat/get_join_way", config_id=way))["join_way"]["chat_id_list"]
    groups = bench.simulator.world.groups
    assert [(groups[each].name, groups[each].joined[who].state) for each, who in zip(chats, ("wmA", "wmB"), strict=True)] == [
        ("老友群", "poster"),
        ("老友群2", "poster"),
    ]
    assert await code(bench, "groupchat/add_join_way", **{**body, "chat_id_list": ["wr1"] * 6}) == 41091
    assert await code(bench, "groupchat/update_join_way", config_id=way, **{**body, "state": "new"}) == 0
    assert await code(bench, "groupchat/del_join_way", config_id=way) == 0
    with pytest.raises(SimulatorError):
        await bench.simulator.customer_scans("wmB", way)


async def test_statistics_count_what_people_did_and_leave_replies_out_of_silent_days(bench: Bench) -> None:
    simulator, start = bench.simulator, bench.simulator.world.seconds()
    await simulator.group_created("wang", "wr1", "老友群", ["wmA"])
    simulator.group_says("wr1", "wmA", "上新了吗")
    simulator.staff_chats("wang", "wmA", "您好")
    await simulator.friendship_ends("wmB", "wang")
    simulator.advance(86400)
    rows = (await ask(bench, "get_user_behavior_data", userid=["wang", "li"], start_time=start, end_time=start + 86400))["behavior_data"]
    assert [(row["chat_cnt"], row["negative_feedback_cnt"], "reply_percentage" in row) for row in rows] == [(1, 1, True), (0, 0, False)]
    body: dict[str, Any] = {"day_begin_time": start, "owner_filter": {"userid_list": ["wang"]}}
    (item,) = (await ask(bench, "groupchat/statistic", **body))["items"]
    assert (item["owner"], item["data"]["msg_total"], item["data"]["member_has_msg"], item["data"]["new_chat_cnt"]) == ("wang", 1, 1, 1)
    (day,) = (await ask(bench, "groupchat/statistic_group_by_day", **body))["items"]
    assert day["data"]["msg_total"] == 1
    assert await code(bench, "groupchat/statistic", **{**body, "day_begin_time": start + 86400}) == 40058


async def test_a_rule_of_sensitive_words_stops_or_warns_those_in_its_range(bench: Bench) -> None:
    body = {"rule_name": "私下收款", "word_list": ["转账"], "semantics_list": [1], "intercept_type": 1}
    rule = (await ask(bench, "add_intercept_rule", **body, applicable_range={"user_list": ["wang"]}))["rule_id"]
    texts = ("请转账给我", "加我 13800000000", "您好")
    assert [bench.simulator.staff_chats("wang", "wmA", text) for text in texts] == ["stopped", "stopped", "sent"]
    assert bench.seen("wmA") == ["您好"]
    assert bench.simulator.staff_chats("li", "wmB", "请转账给我") == "sent"
    change = {"rule_id": rule, "intercept_type": 2, "extra_rule": {"semantics_list": []}, "add_applicable_range": {"user_list": ["li"]}}
    assert await code(bench, "update_intercept_rule", **change) == 0
    assert (await ask(bench, "get_intercept_rule", rule_id=rule))["rule"]["applicable_range"]["user_list"] == ["wang", "li"]
    assert bench.simulator.staff_chats("li", "wmB", "请转账给我") == "warned"
    assert [row["rule_id"] for row in (await read(bench, "externalcontact/get_intercept_rule_list"))["rule_list"]] == [rule]
    assert [await code(bench, "del_intercept_rule", rule_id=rule) for _ in range(2)] == [0, 40058]
