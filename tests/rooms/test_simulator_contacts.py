"""Customer contact in the simulated WeCom: friendships, welcomes, tags, remarks and what the API tells (rules 14, 15, 18 to 21)."""

from __future__ import annotations

import asyncio

from assistant.wecom.simulator.callbacks import from_xml
from assistant.wecom.simulator.corp import App
from tests.rooms.simulator_help import ask, code, read, told
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)

GREETING = {"text": {"content": "您好"}}


async def test_a_half_friend_who_is_confirmed_brings_two_events_and_one_welcome(bench: Bench) -> None:
    await bench.simulator.customer_half_adds("wmA", "li", "shop1")
    half = from_xml(bench.heard[-1])
    assert (half["ChangeType"], half["State"]) == ("add_half_external_contact", "shop1")
    assert (await read(bench, "externalcontact/list", userid="li"))["external_userid"] == ["wmB"]
    assert await code(bench, "send_welcome_msg", welcome_code=half["WelcomeCode"], **GREETING) == 0
    await bench.simulator.staff_confirms_friend("li", "wmA")
    assert from_xml(bench.heard[-1])["ChangeType"] == "add_external_contact"
    assert "WelcomeCode" not in from_xml(bench.heard[-1])
    assert (await read(bench, "externalcontact/list", userid="li"))["external_userid"] == ["wmA", "wmB"]


async def test_a_half_code_that_was_not_spent_leaves_a_code_for_the_full_event(bench: Bench) -> None:
    await bench.simulator.customer_half_adds("wmA", "li")
    await bench.simulator.staff_confirms_friend("li", "wmA")
    codes = [from_xml(xml)["WelcomeCode"] for xml in bench.heard]
    assert [await code(bench, "send_welcome_msg", welcome_code=each, **GREETING) for each in reversed(codes)] == [0, 41051]


async def test_no_welcome_code_for_an_admin_welcome_a_member_of_another_corp_or_people_who_chat(bench: Bench) -> None:
    world = bench.simulator.world
    world.staff["li"].welcomed_by_admin = True
    await bench.simulator.customer_adds("wmA", "li")
    world.add_customer("woX", "外企").wecom_user = True
    await bench.simulator.customer_adds("woX", "wang")
    world.add_customer("wmC", "阿晨")
    await bench.simulator.customer_half_adds("wmC", "wang")
    bench.simulator.customer_chats("wmC", "wang", "在吗")
    await bench.simulator.staff_confirms_friend("wang", "wmC")
    await bench.simulator.customer_agrees("wmC", "wang")
    assert ["WelcomeCode" in from_xml(xml) for xml in bench.heard] == [False, False, True, False, False]
    assert from_xml(bench.heard[-1])["ChangeType"] == "msg_audit_approved"


async def test_a_welcome_is_late_after_20_seconds_refused_while_chatting_and_comes_as_separate_bubbles(bench: Bench) -> None:
    bench.simulator.world.add_customer("wmC", "阿晨")
    link = {"msgtype": "link", "link": {"title": "新人礼", "url": "https://shop.example/gift"}}
    await bench.simulator.customer_adds("wmA", "li")
    bench.simulator.advance(21)
    assert await code(bench, "send_welcome_msg", welcome_code=from_xml(bench.heard[-1])["WelcomeCode"], **GREETING) == 41050
    await bench.simulator.customer_adds("wmC", "li")
    greeting = {"welcome_code": from_xml(bench.heard[-1])["WelcomeCode"], **GREETING, "attachments": [link]}
    bad = {**greeting, "attachments": [{"msgtype": "link", "link": {"title": "没有网址"}}]}
    assert [await code(bench, "send_welcome_msg", **body) for body in (bad, greeting, greeting)] == [40063, 0, 41051]
    assert [(bubble.kind, bubble.text) for bubble in bench.simulator.phone("wmC")] == [("text", "您好"), ("link", "新人礼")]
    await bench.simulator.customer_adds("wmC", "wang")
    bench.simulator.staff_chats("wang", "wmC", "我先说了")
    assert await code(bench, "send_welcome_msg", welcome_code=from_xml(bench.heard[-1])["WelcomeCode"], **GREETING) == 41051


async def test_of_two_apps_that_race_for_a_welcome_one_gets_41096_and_may_win_if_the_winner_fails(bench: Bench) -> None:
    bench.simulator.world.knobs.api_overlap_seconds = 0.05
    bench.simulator.admin_adds_app(App("rival", 1000009, "rival-secret", {"contact"}))
    rival, mine = [(await bench.token(secret))["access_token"] for secret in ("rival-secret", "contact-secret")]
    await bench.simulator.customer_adds("wmA", "li")
    good = {"welcome_code": from_xml(bench.heard[-1])["WelcomeCode"], **GREETING}
    bad = {**good, "text": {"content": ""}}
    path = "externalcontact/send_welcome_msg"
    answers = await asyncio.gather(bench.raw(path, rival, bad), bench.raw(path, mine, good))
    assert sorted(answer["errcode"] for answer in answers)[1] == 41096
    again = await bench.raw(path, mine, good)
    assert {answer["errcode"] for answer in (*answers, again)} >= {0}
    assert bench.seen() == ["您好"]


async def test_a_member_who_has_not_logged_in_for_long_cannot_greet(bench: Bench) -> None:
    staff = bench.simulator.world.staff["li"]
    bench.simulator.advance(366 * 86400)
    await bench.simulator.customer_adds("wmA", "li")
    greeting = {"welcome_code": from_xml(bench.heard[-1])["WelcomeCode"], **GREETING}
    assert await code(bench, "send_welcome_msg", **greeting) == 40205
    staff.last_login = bench.simulator.world.now()
    assert await code(bench, "send_welcome_msg", **greeting) == 0


async def test_a_change_by_the_api_tells_nobody_and_a_change_by_a_person_tells_the_service(bench: Bench) -> None:
    made = (await ask(bench, "add_corp_tag", group_name="等级", tag=[{"name": "金"}, {"name": "银"}, {"name": "金"}]))["tag_group"]
    assert [tag["name"] for tag in made["tag"]] == ["金", "银"]
    gold, silver = (tag["id"] for tag in made["tag"])
    pair = {"userid": "wang", "external_userid": "wmA"}
    assert await code(bench, "mark_tag", **pair, add_tag=[gold]) == 0
    assert await code(bench, "remark", **pair, remark="香香", remark_mobiles=["13800000000"]) == 0
    assert bench.heard == []
    (follower,) = (await read(bench, "externalcontact/get", external_userid="wmA"))["follow_user"]
    assert (follower["remark"], follower["tags"][0]["group_name"], follower["tags"][0]["tag_name"]) == ("香香", "等级", "金")
    await bench.simulator.staff_edits("wang", "wmA", add_tags=[silver], remove_tags=[gold])
    assert told(bench, "UserID", "ExternalUserID") == [("edit_external_contact", "wang", "wmA")]
    (row,) = (await ask(bench, "batch/get_by_user", userid_list=["wang"], limit=1))["external_contact_list"]
    assert row["follow_info"]["tag_id"] == [silver]
    assert "tags" not in row["follow_info"]


async def test_a_tag_of_another_maker_may_be_marked_but_not_changed(bench: Bench) -> None:
    await bench.simulator.admin_makes_tags("来源", ["门店", "直播"])
    (group,) = (await ask(bench, "get_corp_tag_list"))["tag_group"]
    first, second = (tag["id"] for tag in group["tag"])
    assert await code(bench, "edit_corp_tag", id=first, name="线下") == 81011
    assert await code(bench, "mark_tag", userid="wang", external_userid="wmA", add_tag=[first]) == 0
    assert await code(bench, "mark_tag", userid="wang", external_userid="wmA", add_tag=["etNone"]) == 40068
    await bench.simulator.admin_renames_tag(second, "直播间")
    await bench.simulator.admin_shuffles_tags()
    await bench.simulator.admin_deletes_tag(group["group_id"])
    changes = [("create", "tag_group"), ("create", "tag"), ("create", "tag"), ("update", "tag"), ("shuffle", ""), ("delete", "tag_group")]
    assert told(bench, "TagType") == changes
    assert bench.simulator.world.customers["wmA"].relations["wang"].tags == frozenset()


async def test_two_mark_tag_for_one_pair_that_overlap_conflict(bench: Bench) -> None:
    bench.simulator.world.knobs.api_overlap_seconds = 0.05
    tags = [
        tag["id"] for tag in (await ask(bench, "add_corp_tag", group_name="A", tag=[{"name": "一"}, {"name": "二"}]))["tag_group"]["tag"]
    ]
    calls = [code(bench, "mark_tag", userid="wang", external_userid="wmA", add_tag=[tag]) for tag in tags]
    other = code(bench, "mark_tag", userid="wang", external_userid="wmB", add_tag=[tags[0]])
    *same, elsewhere = await asyncio.gather(*calls, other)
    assert (sorted(same), elsewhere) == ([0, 45035], 0)


async def test_a_detail_lags_behind_the_event_for_two_seconds(bench: Bench) -> None:
    await bench.simulator.staff_edits("wang", "wmA", remark="新备注")
    assert (await read(bench, "externalcontact/get", external_userid="wmA"))["follow_user"][0]["remark"] == ""
    bench.simulator.advance(2)
    assert (await read(bench, "externalcontact/get", external_userid="wmA"))["follow_user"][0]["remark"] == "新备注"


async def test_a_customer_who_deletes_stays_listed_and_an_employee_who_deletes_does_not_see_them(bench: Bench) -> None:
    bench.simulator.world.knobs.read_lag_seconds = 0
    await bench.simulator.friendship_ends("wmB", "wang", "customer")
    assert (await read(bench, "externalcontact/list", userid="wang"))["external_userid"] == ["wmA", "wmB"]
    bench.simulator.world.knobs.customer_deletion_visible = True
    assert (await read(bench, "externalcontact/list", userid="wang"))["external_userid"] == ["wmA"]
    await bench.simulator.friendship_ends("wmA", "wang", "staff")
    assert (await read(bench, "externalcontact/list", userid="wang"))["errcode"] == 84061
    assert told(bench) == [("del_follow_user",), ("del_external_contact",)]
    pairs = [("wmA", 84061), ("wmNobody", 40096)]
    assert [(await read(bench, "externalcontact/get", external_userid=who))["errcode"] for who, _ in pairs] == [want for _, want in pairs]


async def test_a_listing_ends_with_an_empty_cursor_may_be_short_and_refuses_foreign_cursors(bench: Bench) -> None:
    world = bench.simulator.world
    world.add_customers((f"wm{number}", "客", ["li"]) for number in range(30))
    world.knobs.short_pages = True
    found: list[str] = []
    cursor, sizes = "", []
    while True:
        page = await ask(bench, "batch/get_by_user", userid_list=["li"], limit=10, cursor=cursor)
        found += [row["external_contact"]["external_userid"] for row in page["external_contact_list"]]
        sizes.append(len(page["external_contact_list"]))
        cursor = page["next_cursor"]
        if not cursor:
            break
        last = cursor
    assert (len(found), len(set(found))) == (31, 31)
    assert min(sizes) < 10
    assert await code(bench, "batch/get_by_user", userid_list=["wang"], cursor=last) == 50100
    assert await code(bench, "batch/get_by_user", userid_list=["li"], cursor="nonsense") == 50100
