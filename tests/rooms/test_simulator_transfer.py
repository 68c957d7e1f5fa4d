"""Transfers of customers in the simulated WeCom (rule 28), and customer contact played through the control face."""

from __future__ import annotations

from typing import Any

from tests.rooms.simulator_help import ask, code, read, told
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)


async def transferred(bench: Bench, *customers: str, to: str = "li", path: str = "", **more: str) -> list[int]:
    """The errcode of each customer."""
    giver = "wang" if to == "li" else "li"
    body: dict[str, Any] = {"handover_userid": giver, "takeover_userid": to, "external_userid": [*customers], **more}
    return [row["errcode"] for row in (await ask(bench, f"{path}transfer_customer", **body))["customer"]]


async def status(bench: Bench, to: str = "li", path: str = "") -> dict[str, int]:
    giver = "wang" if to == "li" else "li"
    rows = (await ask(bench, f"{path}transfer_result", handover_userid=giver, takeover_userid=to))["customer"]
    return {row["external_userid"]: row["status"] for row in rows}


async def test_a_transfer_begins_at_once_and_is_done_after_a_day(bench: Bench) -> None:
    assert await transferred(bench, "wmA", "wmB", "wmNobody", transfer_success_msg="以后由小李照顾您") == [0, 0, 40096]
    assert await transferred(bench, "wmA") == [40100]
    assert await transferred(bench, "wmA", to="wang") == [40131]
    assert await code(bench, "transfer_customer", handover_userid="li", takeover_userid="li", external_userid=["wmB"]) == 40130
    bench.simulator.advance(86_399)
    assert (await status(bench), bench.heard) == ({"wmA": 2, "wmB": 2}, [])
    bench.simulator.advance(1)
    await bench.simulator.settle()
    assert await status(bench) == {"wmA": 1, "wmB": 1}
    lost = [each for each in told(bench, "UserID", "ExternalUserID", "Source") if each[0] == "del_external_contact"]
    assert sorted(lost) == [("del_external_contact", "wang", who, "DELETE_BY_TRANSFER") for who in ("wmA", "wmB")]
    assert [each[2] for each in told(bench, "UserID", "ExternalUserID") if each[0] == "add_external_contact"] == ["wmA"]
    assert bench.seen("wmA") == ["以后由小李照顾您"]
    bench.simulator.advance(2)
    followers = (await read(bench, "externalcontact/get", external_userid="wmA"))["follow_user"]
    assert [(each["userid"], each["add_way"]) for each in followers] == [("li", 202)]


async def test_a_customer_may_refuse_and_a_taker_may_become_full(bench: Bench) -> None:
    bench.simulator.world.add_customers([("wmC", "丙", ["wang"]), ("wmD", "丁", [])])
    assert await transferred(bench, "wmA", "wmC") == [0, 0]
    bench.simulator.transfer_refused("wmA", "li")
    bench.simulator.world.staff["li"].capacity = 2
    await bench.simulator.customer_adds("wmD", "li")
    bench.simulator.advance(86_400)
    await bench.simulator.settle()
    assert await status(bench) == {"wmA": 3, "wmC": 4}
    failed = [each[1:] for each in told(bench, "ExternalUserID", "FailReason") if each[0] == "transfer_fail"]
    assert sorted(failed) == [("wmA", "customer_refused"), ("wmC", "customer_limit_exceed")]
    assert await transferred(bench, "wmA") == [40099]


async def test_a_third_transfer_within_90_days_is_refused(bench: Bench) -> None:
    for to in ("li", "wang"):
        assert await transferred(bench, "wmA", to=to) == [0]
        bench.simulator.transfer_accepted("wmA", to)
    assert await transferred(bench, "wmA") == [40128]
    bench.simulator.advance(91 * 86_400)
    assert await transferred(bench, "wmA") == [0]


async def test_customers_of_who_has_left_are_listed_and_transferred_by_another_path(bench: Bench) -> None:
    taker = bench.simulator.world.staff["li"]
    assert await code(bench, "resigned/transfer_customer", handover_userid="wang", takeover_userid="li", external_userid=["wmA"]) == 40097
    bench.simulator.staff_leaves("wang")
    assert bench.heard == []
    waiting = await ask(bench, "get_unassigned_list", page_size=1)
    assert (waiting["info"][0]["external_userid"], waiting["is_last"]) == ("wmA", False)
    assert (await ask(bench, "get_unassigned_list", cursor=waiting["next_cursor"]))["is_last"]
    taker.real_name = False
    assert await code(bench, "resigned/transfer_customer", handover_userid="wang", takeover_userid="li", external_userid=["wmA"]) == 40098
    taker.real_name = True
    assert await transferred(bench, "wmA", path="resigned/") == [0]
    bench.simulator.advance(86_400)
    await bench.simulator.settle()
    assert await status(bench, path="resigned/") == {"wmA": 1}
    assert await code(bench, "transfer_customer", handover_userid="wang", takeover_userid="li", external_userid=["wmB"]) == 60111


async def test_customer_contact_is_played_through_the_control_face(bench: Bench) -> None:
    async def play(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        async with bench.http.request("GET" if body is None else "POST", bench.control + path, json=body) as response:
            answer: dict[str, Any] = await response.json()
            return {**answer, "http": response.status}

    pair = {"customer": "wmA", "userid": "li"}
    way = (await ask(bench, "add_contact_way", type=1, scene=2, user=["li"], state="s"))["config_id"]
    steps: list[tuple[str, dict[str, Any]]] = [
        ("/friend", {**pair, "action": "half", "state": "s"}),
        ("/friend", {**pair, "action": "confirm"}),
        ("/friend", {**pair, "action": "edit", "remark": "香香", "add_tags": ["VIP"]}),
        ("/friend", {**pair, "action": "chat", "text": "在吗"}),
        ("/friend", {**pair, "action": "delete", "by": "staff"}),
        ("/scan", {"customer": "wmA", "code": way}),
        ("/group", {"action": "create", "chatid": "wr1", "owner": "wang", "name": "老友群", "people": ["wmA"]}),
        ("/group", {"action": "join", "chatid": "wr1", "people": ["wmB"], "scene": 3}),
        ("/group", {"action": "rename", "chatid": "wr1", "name": "一群"}),
        ("/group", {"action": "remove", "chatid": "wr1", "people": ["wmB"]}),
        ("/tag", {"action": "make", "group": "来源", "names": ["门店"]}),
        ("/mass", {"userid": "wang", "text": "我发的", "customers": ["wmB"]}),
        ("/apps", {"name": "contact", "visible": ["li"], "trusted_ips": ["127.0.0.1"]}),
        ("/employee", {"userid": "wang", "action": "leave"}),
    ]
    assert [(await play(path, body))["http"] for path, body in steps] == [200] * len(steps)
    heard = [each[0] for each in told(bench)]
    assert heard[:5] == [
        "add_half_external_contact",
        "add_external_contact",
        "edit_external_contact",
        "del_external_contact",
        "add_external_contact",
    ]
    assert heard[5:] == ["create", "update", "update", "update", "create", "create"]
    for path in ("/ways", "/tags", "/moments", "/transfers", "/apps", "/tasks"):
        assert (await play(path))["http"] == 200
    for path, body in (
        ("/friend", {**pair, "action": "wish"}),
        ("/scan", {"customer": "wmA", "code": "none"}),
        ("/employee", {"userid": "x"}),
    ):
        answer = await play(path, body)
        assert (answer["http"], bool(answer["error"])) == (400, True)
