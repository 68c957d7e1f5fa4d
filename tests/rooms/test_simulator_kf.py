"""Customer service of the simulator in full: accounts, callbacks shared and doubled, pages, failures told later, codes, servicers."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.wecom.simulator import SimulatorError
from assistant.wecom.simulator.callbacks import from_xml
from tests.rooms.test_simulator_bench import Bench, running_bench  # noqa: F401 (the fixture)

WHO = {"open_kfid": "wkKF", "external_userid": "wmA"}


async def _events(bench: Bench, kind: str) -> list[dict[str, Any]]:
    """All events of a type that the account's log has, from its beginning."""
    items = (await bench.pull())["msg_list"]
    return [item["event"] for item in items if item["msgtype"] == "event" and item["event"]["event_type"] == kind]


async def _trans(bench: Bench, state: int, servicer: str = "") -> dict[str, Any]:
    return await bench.call("kf/service_state/trans", {**WHO, "service_state": state, "servicer_userid": servicer})


async def test_messages_share_a_callback_and_a_message_makes_two(bench: Bench) -> None:
    knobs = bench.simulator.world.knobs
    knobs.kf_wake_seconds = 1.0
    for text in ("一", "二", "三"):
        assert await bench.simulator.customer_says("wmA", text) == []
    bench.simulator.advance(1)
    await bench.simulator.settle()
    assert len(bench.heard) == 1
    knobs.kf_wake_seconds, knobs.kf_wakes = 0.0, 2
    await bench.simulator.customer_says("wmA", "四")
    tokens = [from_xml(heard)["Token"] for heard in bench.heard]
    assert (len(tokens), len(set(tokens))) == (3, 3)
    assert len((await bench.pull())["msg_list"]) == 4
    knobs.kf_wake_seconds, knobs.kf_wakes = 1.0, 1
    await bench.simulator.customer_says("wmA", "五")
    bench.simulator.advance(1)
    await bench.simulator.settle()
    assert len(bench.heard) == 4


async def test_pages_may_be_short_and_begin_with_what_was_pulled_before(bench: Bench) -> None:
    knobs = bench.simulator.world.knobs
    for number in range(8):
        await bench.simulator.customer_says("wmA", str(number))
    knobs.kf_short_pages, knobs.kf_overlap, knobs.kf_tokenless_per_minute = True, 1, 100
    found, cursor, more, sizes = [], "", 1, []
    while more:
        page = await bench.pull(cursor, 5)
        found += [item["text"]["content"] for item in page["msg_list"]]
        sizes.append(len(page["msg_list"]))
        cursor, more = page["next_cursor"], page["has_more"]
    assert len(found) == 8 + len(sizes) - 1
    assert list(dict.fromkeys(found)) == [str(number) for number in range(8)]
    assert (await bench.pull(cursor[:-4]))["errcode"] == 60268
    assert (await bench.pull("x" * 65))["errcode"] == 40058


async def test_without_a_token_pulling_is_throttled(bench: Bench) -> None:
    await bench.simulator.customer_says("wmA", "你好")
    assert [(await bench.pull())["errcode"] for _ in range(11)] == [0] * 10 + [45009]
    token = from_xml(bench.heard[-1])["Token"]
    assert (await bench.call("kf/sync_msg", {"open_kfid": "wkKF", "token": token}))["errcode"] == 0


async def test_kinds_nobody_knows_come_through_and_events_have_their_ids_inside(bench: Bench) -> None:
    order = {"order_id": "o1", "product_titles": "睡衣", "price_wording": "¥99"}
    await bench.simulator.customer_says("wmA", "[订单]", kind="channels_shop_order", body=order)
    await bench.simulator.customer_says("wmA", "[新鲜事]", kind="hologram", body={"depth": 3})
    await bench.simulator.customer_enters("wmB")
    first, second, event = (await bench.pull())["msg_list"]
    assert (first["channels_shop_order"], second["hologram"]) == (order, {"depth": 3})
    assert "external_userid" not in event
    assert event["event"]["external_userid"] == "wmB"


async def test_accounts_have_sessions_links_and_cursors_of_their_own(bench: Bench) -> None:
    made = await bench.call("kf/account/add", {"name": "售后"})
    kfid = made["open_kfid"]
    assert (await bench.call("kf/account/add", {"name": "太长" * 9}))["errcode"] == 40058
    rows = (await bench.call("kf/account/list", {"offset": 1, "limit": 10}))["account_list"]
    assert [(row["open_kfid"], row["name"]) for row in rows] == [(kfid, "售后")]
    url = (await bench.call("kf/add_contact_way", {"open_kfid": kfid, "scene": "parcel"}))["url"]
    await bench.simulator.customer_enters("wmA", url=f"{url}?scene_param=no42")
    await bench.simulator.customer_says("wmA", "包裹呢", account=kfid)
    pulled = await bench.call("kf/sync_msg", {"open_kfid": kfid})
    event = pulled["msg_list"][0]["event"]
    assert (event["scene"], event["scene_param"], from_xml(bench.heard[-1])["OpenKfId"]) == ("parcel", "no42", kfid)
    assert (await bench.pull())["msg_list"] == []
    assert await bench.kf_send("走错门") == 95002
    seen = await bench.call("kf/customer/batchget", {"external_userid_list": ["wmA", "wmB"], "need_enter_session_context": 1})
    assert [row["enter_session_context"]["scene"] for row in seen["customer_list"]] == ["parcel"]
    assert seen["invalid_external_userid"] == ["wmB"]
    for _ in range(3):
        await bench.simulator.customer_says("wmB", "另一个账号的")
    assert (await bench.pull(pulled["next_cursor"]))["errcode"] == 60268
    assert (await bench.call("kf/account/update", {"open_kfid": kfid, "name": "售后二"}))["errcode"] == 0
    assert (await bench.call("kf/account/del", {"open_kfid": kfid}))["errcode"] == 0
    assert (await bench.call("kf/sync_msg", {"open_kfid": kfid}))["errcode"] == 95004
    with pytest.raises(SimulatorError):
        await bench.simulator.customer_enters("wmA", url=url)


async def test_an_account_taken_back_by_the_admin_answers_nobody(bench: Bench) -> None:
    await bench.simulator.kf.admin_authorises("wkKF", managed=False)
    told = from_xml(bench.heard[-1])
    assert (told["Event"], told["AuthDelOpenKfId"]) == ("kf_account_auth_change", "wkKF")
    assert (await bench.call("kf/service_state/get", WHO))["errcode"] == 48007
    await bench.simulator.kf.admin_authorises("wkKF", managed=True)
    assert from_xml(bench.heard[-1])["AuthAddOpenKfId"] == "wkKF"
    assert (await bench.call("kf/service_state/get", WHO))["service_state"] == 4


@pytest.mark.parametrize("fail_type", [4, 5, 6, 10])
async def test_a_message_is_accepted_and_its_failure_told_later(bench: Bench, fail_type: int) -> None:
    knobs = bench.simulator.world.knobs
    knobs.kf_fail_later, knobs.kf_fail_seconds = True, 3.0
    await bench.simulator.customer_says("wmA", "问")
    match fail_type:
        case 4:
            bench.simulator.advance(48 * 3600 + 1)
        case 5:
            await _trans(bench, 4)
        case 6:
            assert [await bench.kf_send(str(number)) for number in range(5)] == [0] * 5
        case 10:
            bench.simulator.kf.customer_refuses("wmA")
    assert await bench.kf_send("到不了", msgid="lost1") == 0
    assert await _events(bench, "msg_send_fail") == []
    bench.simulator.advance(3)
    await bench.simulator.settle()
    assert [(event["fail_msgid"], event["fail_type"]) for event in await _events(bench, "msg_send_fail")] == [("lost1", fail_type)]
    assert "到不了" not in bench.seen()


async def test_codes_follow_the_table(bench: Bench) -> None:
    async def by_code(code: str, kind: str = "text") -> int:
        part = (
            {"content": "稍等"}
            if kind == "text"
            else {"head_content": "选", "list": [{"type": "click", "click": {"id": "1", "content": "好"}}]}
        )
        return int((await bench.call("kf/send_msg_on_event", {"code": code, "msgtype": kind, kind: part}))["errcode"])

    await bench.simulator.customer_says("wmA", "找人工")
    pool = (await _trans(bench, 2))["msg_code"]
    assert [await by_code(pool, "msgmenu"), await by_code(pool), await by_code(pool)] == [95030, 0, 41050]
    stale = (await _trans(bench, 3, "li"))["msg_code"]
    ended = (await _trans(bench, 4))["msg_code"]
    assert await by_code(stale) == 95016
    bench.simulator.advance(21)
    assert await by_code(ended) == 41050
    await bench.simulator.customer_says("wmA", "还有事")
    await _trans(bench, 2)
    await bench.simulator.kf.servicer_takes("li", "wmA")
    taken = (await _events(bench, "session_status_change"))[-1]
    assert (taken["change_type"], taken["new_servicer_userid"]) == (1, "li")
    bench.simulator.advance(47 * 3600)
    assert await by_code(taken["msg_code"]) == 0
    await bench.simulator.servicer_ends("li", "wmA")
    closing = (await _events(bench, "session_status_change"))[-1]
    assert (closing["change_type"], await by_code(closing["msg_code"], "msgmenu")) == (3, 0)


async def test_the_table_of_transitions_can_be_changed_and_ends_are_named(bench: Bench) -> None:
    assert (await _trans(bench, 1))["errcode"] == 95013
    await bench.simulator.customer_says("wmA", "你好")
    bench.simulator.kf.accounts.transitions[0] = frozenset({2, 3})
    assert [(await _trans(bench, state))["errcode"] for state in (1, 4)] == [95016, 95016]
    bench.simulator.world.staff["wang"].active = False
    codes = [(await _trans(bench, 3, who))["errcode"] for who in ("ghost", "wang")]
    await bench.simulator.kf.servicer_receives("li", False)
    assert [*codes, (await _trans(bench, 3, "li"))["errcode"]] == [95014, 95014, 95019]
    assert (await _events(bench, "servicer_status_change"))[0]["status"] == 2
    await bench.simulator.kf.servicer_receives("li", True)
    assert (await _trans(bench, 3, "li"))["errcode"] == 0
    bench.simulator.advance(48 * 3600 + 1)
    assert (await bench.call("kf/service_state/get", WHO))["service_state"] == 4


async def test_people_in_the_staff_client_reopen_hand_over_recall_and_reject(bench: Bench) -> None:
    kf = bench.simulator.kf
    await bench.simulator.customer_says("wmA", "你好")
    await _trans(bench, 4)
    await bench.simulator.servicer_says("li", "wmA", "回来看看")
    assert (await bench.call("kf/service_state/get", WHO)) | {"errmsg": ""} == {
        "errcode": 0,
        "errmsg": "",
        "service_state": 3,
        "servicer_userid": "li",
    }
    await kf.servicer_transfers("li", "wmA", "wang")
    assert [event["change_type"] for event in await _events(bench, "session_status_change")] == [4, 2]
    msgid = bench.simulator.phone("wmA")[-1].msgid
    await kf.servicer_recalls("li", "wmA", msgid)
    assert (await _events(bench, "servicer_recall_msg"))[0]["recall_msgid"] == msgid
    assert bench.simulator.phone("wmA")[-1].recalled
    await kf.servicer_rejects("wang", True)
    assert (await _events(bench, "reject_customer_msg_switch_change"))[0]["reject_switch"] == 1
    with pytest.raises(SimulatorError):
        await kf.servicer_recalls("wang", "wmA", msgid)


async def test_servicers_are_listed_added_and_removed_one_by_one(bench: Bench) -> None:
    await bench.simulator.kf.servicer_receives("wang", False)
    assert await _servicers(bench) == {"wang": 1, "li": 0}
    gone = await bench.call("kf/servicer/del", {"open_kfid": "wkKF", "userid_list": ["li", "ghost"]})
    assert [row["errcode"] for row in gone["result_list"]] == [0, 60253]
    assert await _servicers(bench) == {"wang": 1}
    await bench.simulator.customer_says("wmA", "你好")
    assert (await _trans(bench, 3, "li"))["errcode"] == 95014
    added = await bench.call("kf/servicer/add", {"open_kfid": "wkKF", "userid_list": ["li", "ghost"]})
    assert [row["errcode"] for row in added["result_list"]] == [0, 60111]
    assert (await _trans(bench, 3, "li"))["errcode"] == 0


async def _servicers(bench: Bench) -> dict[str, int]:
    token = (await bench.token("kf-secret"))["access_token"]
    async with bench.http.get(f"{bench.base}/cgi-bin/kf/servicer/list", params={"access_token": token, "open_kfid": "wkKF"}) as response:
        return {row["userid"]: row["status"] for row in (await response.json())["servicer_list"]}


async def test_menus_links_and_cards_are_held_to_their_limits(bench: Bench) -> None:
    await bench.simulator.customer_says("wmA", "问")

    async def code(kind: str, part: dict[str, Any]) -> int:
        return int((await bench.call("kf/send_msg", {"touser": "wmA", "open_kfid": "wkKF", "msgtype": kind, kind: part}))["errcode"])

    clicks = [{"type": "click", "click": {"id": str(number), "content": "选"}} for number in range(11)]
    words = [{"type": "text", "text": {"content": "行"}} for _ in range(40)]
    assert await code("msgmenu", {"head_content": "请选", "list": clicks}) == 95008
    assert await code("msgmenu", {"head_content": "长" * 342, "list": clicks[:1]}) == 95009
    assert await code("msgmenu", {"head_content": "请选", "list": clicks[:10] + words}) == 0
    assert await code("link", {"title": "看看", "url": "https://example.com"}) == 40058
    assert await code("hologram", {"content": "?"}) == 95030
