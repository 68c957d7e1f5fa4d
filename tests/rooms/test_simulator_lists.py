"""What the simulated WeCom keeps for the service: albums, templates, tags, the address book, and how much of it (rules 1, 21, 27)."""

from __future__ import annotations

from typing import Any

from tests.rooms.simulator_help import ask, code, read, upload
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)


async def test_a_product_is_kept_with_its_price_in_fen_and_pictures_by_their_own_door(bench: Bench) -> None:
    picture = (await upload(bench, "media/upload_attachment", b"picture", media_type="image", attachment_type="2"))["media_id"]
    moment = (await upload(bench, "media/upload_attachment", b"picture", media_type="image", attachment_type="1"))["media_id"]
    body: dict[str, Any] = {"description": "羊绒围巾", "price": 19_900, "product_sn": "SKU1"}
    image = {"msgtype": "image", "image": {"media_id": picture}}
    assert await code(bench, "add_product_album", **body, attachments=[{"msgtype": "image", "image": {"media_id": moment}}]) == 40007
    assert await code(bench, "add_product_album", **{**body, "price": 5_000_001}, attachments=[image]) == 40058
    product = (await ask(bench, "add_product_album", **body, attachments=[image]))["product_id"]
    assert await code(bench, "update_product_album", product_id=product, price=9_900) == 0
    kept = (await ask(bench, "get_product_album", product_id=product))["product"]
    assert (kept["price"], kept["description"], kept["product_sn"]) == (9_900, "羊绒围巾", "SKU1")
    assert [row["product_id"] for row in (await ask(bench, "get_product_album_list", limit=10))["product_list"]] == [product]
    assert [await code(bench, "delete_product_album", product_id=product) for _ in range(2)] == [0, 40058]


async def test_a_template_of_group_welcomes_is_kept_changed_and_deleted(bench: Bench) -> None:
    path = "group_welcome_template"
    link = {"title": "群规", "url": "https://shop.example/rules"}
    template = (await ask(bench, f"{path}/add", text={"content": "欢迎进群"}, link=link))["template_id"]
    assert (await ask(bench, f"{path}/get", template_id=template))["link"] == link
    assert await code(bench, f"{path}/add", link=link, image={"pic_url": "x"}) == 40058
    assert await code(bench, f"{path}/edit", template_id=template, text={"content": "欢迎"}) == 0
    assert "link" not in await ask(bench, f"{path}/get", template_id=template)
    assert [await code(bench, f"{path}/del", template_id=template) for _ in range(2)] == [0, 40058]


async def test_a_member_is_told_with_state_and_department_and_only_to_an_app_that_sees_him(bench: Bench) -> None:
    bench.simulator.world.staff["li"].department = 2
    bench.simulator.world.staff["li"].active = False
    member = await read(bench, "user/get", secret="app-secret", userid="li")
    assert (member["name"], member["department"], member["status"]) == ("小李", [2], 4)
    assert [row["id"] for row in (await read(bench, "department/list", secret="app-secret"))["department"]] == [1, 2]
    assert [row["userid"] for row in (await read(bench, "user/simplelist", department_id="2"))["userlist"]] == ["li"]
    bench.simulator.world.the_app("app").visible = {"wang"}
    assert (await read(bench, "user/get", secret="app-secret", userid="li"))["errcode"] == 60011
    other = str(bench.simulator.world.the_app("contact").agentid)
    assert (await read(bench, "agent/get", secret="app-secret", agentid=other))["errcode"] == 40056
    body = {"touser": "wang|li", "agentid": 1000002, "msgtype": "text", "text": {"content": "早"}}
    assert (await bench.call("message/send", body))["invaliduser"] == "li"


async def test_too_many_tags_and_too_many_owners_are_refused_and_no_two_errors_read_alike(bench: Bench) -> None:
    bench.simulator.world.knobs.corp_tags_most = 2
    tags = [{"name": "一"}, {"name": "二"}]
    group = (await ask(bench, "add_corp_tag", group_name="A", tag=tags))["tag_group"]
    assert await code(bench, "add_corp_tag", group_id=group["group_id"], tag=tags) == 0
    refused = [await ask(bench, "add_corp_tag", group_name="B", tag=[{"name": "三"}]) for _ in range(2)]
    assert [answer["errcode"] for answer in refused] == [40126, 40126]
    assert refused[0]["errmsg"] != refused[1]["errmsg"]
    for number in range(999):
        bench.simulator.world.add_staff(f"s{number}", "员工")
    assert await code(bench, "groupchat/list", limit=10) == 81017
    assert await code(bench, "groupchat/list", limit=10, owner_filter={"userid_list": ["wang"]}) == 0
    bench.simulator.world.the_app("contact").visible = {"wang", "li"}
    assert await code(bench, "groupchat/list", limit=10) == 0


async def test_a_tag_edited_by_its_maker_is_told_anew_and_the_last_tag_takes_its_group_along(bench: Bench) -> None:
    group = (await ask(bench, "add_corp_tag", group_name="等级", tag=[{"name": "金"}, {"name": "银", "order": 5}]))["tag_group"]
    assert [tag["name"] for tag in group["tag"]] == ["银", "金"]
    silver, gold = (tag["id"] for tag in group["tag"])
    assert await code(bench, "edit_corp_tag", id=gold, name="银") == 40071
    assert await code(bench, "edit_corp_tag", id=gold, name="金卡", order=9) == 0
    assert (await ask(bench, "get_corp_tag_list", tag_id=[gold]))["tag_group"][0]["tag"][0]["name"] == "金卡"
    assert await code(bench, "del_corp_tag", tag_id=[silver, gold]) == 0
    assert (await ask(bench, "get_corp_tag_list"))["tag_group"] == []
    assert await code(bench, "add_corp_tag", group_name="空", tag=[]) == 40058
