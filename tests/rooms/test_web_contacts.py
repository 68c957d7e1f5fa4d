"""客户联系 on the page and over the API: shown to who may see it, changed by who may change it, and nothing foreign runs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from assistant.base.clock import ManualClock
from assistant.channels.inbox import Debounce
from assistant.flows.receive import RECEIVER, Arrival, arrive
from assistant.store import Store, View, due
from assistant.wecom import from_xml
from tests.browser.web_house import HOSTILE, House, open_house


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


async def _event(house: House, fields: str) -> None:
    head = f"<FromUserName>sys</FromUserName><CreateTime>{int(house.clock.now().timestamp())}</CreateTime><MsgType>event</MsgType>"
    found = from_xml(f"<xml>{head}{fields}</xml>".encode(), house.clock.now())
    assert isinstance(found, list)
    await house.store.write(arrive, Arrival(found, Debounce()), RECEIVER)


def _kinds(view: View) -> set[str]:
    return {row.kind for row in view.all(due.select())}


async def test_customer_contact_is_shown_and_changed_by_who_may(house: House) -> None:
    pair = "<UserID>lin</UserID><ExternalUserID>wm1</ExternalUserID><WelcomeCode>secret-code</WelcomeCode>"
    strange = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")
    event = "<Event>change_external_contact</Event><ChangeType>add_external_contact</ChangeType>"
    await _event(house, f"{event}{pair}<Mood>{strange}</Mood>")
    await _event(house, "<Event>change_external_chat</Event><ChangeType>create</ChangeType><ChatId>wr1</ChatId>")
    found = await (await house.api("GET", "/contacts")).json()
    assert ([one["customers"] for one in found["staff"]], found["groups"][0]["chatid"]) == ([1], "wr1")
    assert (found["not_understood"][0]["elements"], found["not_understood"][0]["raw"]["Mood"]) == (["Mood"], HOSTILE)
    assert "secret-code" not in str(found)
    member = found["welcomes"][0]["member_id"]
    friends = await (await house.api("GET", f"/members/{member}/friends")).json()
    assert [(one["staff"], one["say"]) for one in friends["friends"]] == [("lin", "好友")]
    way = {"name": "直播间", "staff": ["lin"], "benefit": {"kind": "points", "points": 20}}
    assert (await house.api("POST", "/contact-ways", "lan", json=way)).status == 403
    made = await (await house.api("POST", "/contact-ways", "he", json=way)).json()
    wrong = await house.api("POST", "/contact-ways", "he", json=way | {"name": "名" * 31})
    assert (wrong.status, "30 个字" in (await wrong.json())["error"]["message"]) == (400, True)
    assert (await house.api("POST", "/contact-transfers", "he", json={"handover": "lin", "takeover": "chen"})).status == 403
    asked = await house.api("POST", "/contact-transfers", "ping", json={"handover": "lin", "takeover": "chen", "members": [member]})
    assert (await asked.json())["count"] == 1
    assert (await house.api("POST", "/contacts/reconcile", "he", json={})).status == 200
    assert (await house.api("PUT", "/corp-tags/et9", "he", json={"ours": "宝妈"})).status == 400
    assert (await house.api("POST", f"/members/{member}/remark", "he", json={"staff": "lin", "text": "香姐"})).status == 200
    assert {"contact.way", "transfer.send", "contacts.sync", "contact.remark", "contact.welcome"} <= house.store.look(_kinds)
    await house.login("he")
    page = await (await house.get("/contacts")).text()
    assert "直播间" in page
    assert "看不懂的回调" in page
    assert "<script>alert(1)" not in page
    form = {
        "csrf": await house.csrf("/contacts"),
        "name": "门店",
        "staff:lin": "1",
        "staff:chen": "1",
        "tags": "门店",
        "points": "5",
        "kind": "person",
    }
    assert (await house.post("/contacts/ways", form)).status == 303
    gone = await house.post(f"/contacts/ways/{made['way_id']}/delete", {"csrf": await house.csrf("/contacts")})
    assert gone.status == 303
    found = await (await house.api("GET", "/contacts")).json()
    assert {(one["name"], one["say"], tuple(one["tags"])) for one in found["ways"]} == {
        ("直播间", "正在删除", ()),
        ("门店", "等待创建", ("门店",)),
    }
    assert "好友" in await (await house.get(f"/members/{member}")).text()
