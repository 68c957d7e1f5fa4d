"""Customer contact in the simulated WeCom: friendships, tags, remarks and what the API tells of them (rules 3, 14, 15, 18, 20, 21)."""

from __future__ import annotations

from typing import Any

from assistant.wecom.simulator.callbacks import from_xml
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)


async def ask(bench: Bench, path: str, **body: Any) -> dict[str, Any]:
    return await bench.call(f"externalcontact/{path}", body)


async def read(bench: Bench, path: str, **query: str) -> dict[str, Any]:
    token = (await bench.token("contact-secret"))["access_token"]
    async with bench.http.get(f"{bench.base}/cgi-bin/externalcontact/{path}", params={"access_token": token, **query}) as response:
        answer: dict[str, Any] = await response.json()
        return answer


async def test_a_half_friend_who_is_confirmed_brings_two_events_and_one_welcome(bench: Bench) -> None:
    contacts = bench.simulator.contacts
    await contacts.half_adds("wmA", "li", "shop1")
    half = from_xml(bench.heard[-1])
    assert (half["ChangeType"], half["State"]) == ("add_half_external_contact", "shop1")
    welcome = {"welcome_code": half["WelcomeCode"], "text": {"content": "您好"}}
    assert (await ask(bench, "send_welcome_msg", **welcome))["errcode"] == 0
    await contacts.confirms("li", "wmA")
    full = from_xml(bench.heard[-1])
    assert full["ChangeType"] == "add_external_contact"
    assert "WelcomeCode" not in full


async def test_a_half_code_that_was_not_spent_leaves_a_code_for_the_full_event(bench: Bench) -> None:
    await bench.simulator.contacts.half_adds("wmA", "li")
    await bench.simulator.contacts.confirms("li", "wmA")
    full = from_xml(bench.heard[-1])
    assert (await ask(bench, "send_welcome_msg", welcome_code=full["WelcomeCode"], text={"content": "您好"}))["errcode"] == 0


async def test_no_welcome_code_for_an_admin_welcome_or_a_member_of_another_corp(bench: Bench) -> None:
    world = bench.simulator.world
    world.staff["li"].welcomed_by_admin = True
    await bench.simulator.customer_adds("wmA", "li")
    world.add_customer("woX", "外企").wecom_user = True
    await bench.simulator.customer_adds("woX", "wang")
    assert ["WelcomeCode" in from_xml(xml) for xml in bench.heard] == [False, False]


async def test_a_change_by_the_api_tells_nobody_and_a_change_by_a_person_tells_the_service(bench: Bench) -> None:
    made = (await ask(bench, "add_corp_tag", group_name="等级", tag=[{"name": "金"}, {"name": "银"}, {"name": "金"}]))["tag_group"]
    assert [tag["name"] for tag in made["tag"]] == ["金", "银"]
    gold, silver = (tag["id"] for tag in made["tag"])
    pair = {"userid": "wang", "external_userid": "wmA"}
    assert (await ask(bench, "mark_tag", **pair, add_tag=[gold]))["errcode"] == 0
    assert (await ask(bench, "remark", **pair, remark="香香", remark_mobiles=["13800000000"]))["errcode"] == 0
    assert bench.heard == []
    (follower,) = (await read(bench, "get", external_userid="wmA"))["follow_user"]
    assert (follower["remark"], follower["tags"][0]["group_name"], follower["tags"][0]["tag_name"]) == ("香香", "等级", "金")
    await bench.simulator.contacts.edits("wang", "wmA", add_tags=[silver], remove_tags=[gold])
    assert from_xml(bench.heard[-1])["ChangeType"] == "edit_external_contact"
    (row,) = (await ask(bench, "batch/get_by_user", userid_list=["wang"], limit=1))["external_contact_list"]
    assert row["follow_info"]["tag_id"] == [silver]
    assert "tags" not in row["follow_info"]


async def test_a_detail_lags_behind_the_event_for_two_seconds(bench: Bench) -> None:
    await bench.simulator.contacts.edits("wang", "wmA", remark="新备注")
    assert (await read(bench, "get", external_userid="wmA"))["follow_user"][0]["remark"] == ""
    bench.simulator.advance(2)
    assert (await read(bench, "get", external_userid="wmA"))["follow_user"][0]["remark"] == "新备注"
