"""Who speaks to a bot, who may press its buttons, and what thumbs and received files lead to."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from assistant import access
from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.channels import inbox, received, streams
from assistant.channels.media import Folder
from assistant.channels.message import Address, InboundMessage
from assistant.dialogue.who import known
from assistant.domain import members, outreach, staff
from assistant.flows import bot_events
from assistant.store import Store, Work
from assistant.web.doors import Doors
from assistant.web.server import make_app
from assistant.wecom import cards, from_bot_frame

ME = system("test")
GROUP = Address("bot", "b1", "lin", "wr1")


def told(clock: ManualClock, userid: str, event: dict[str, Any], msgid: str = "e1", group: str = "") -> InboundMessage:
    where = {"chattype": "group", "chatid": group} if group else {"chattype": "single"}
    body = {"msgid": msgid, "aibotid": "b1", "from": {"userid": userid}, "msgtype": "event", "event": event, **where}
    return from_bot_frame("aibot_event_callback", "r1", body, clock.now())


def pressed(clock: ManualClock, userid: str, task: str, msgid: str = "e1") -> InboundMessage:
    detail = {"task_id": task, "event_key": "choice0"}
    return told(clock, userid, {"eventtype": "template_card_event", "template_card_event": detail}, msgid, "wr1")


def offered(store: Store, number: str, *options: str) -> None:
    """An answer to 林晓 in the group that offers choices."""
    asked = InboundMessage("wecom.bot", number, GROUP, "employee", "text", store.clock.now(), "在吗", reply_to={"stream_id": number})

    def show(work: Work, _nothing: None) -> None:
        streams.begin(work, [asked])
        streams.offer(work, streams.Offer(number, "out_1", "选哪个？", options))

    store.do(show, None, ME)


def button(body: Any) -> str:
    return str(body["template_card"]["button_list"][0]["text"])


def test_whom_the_bot_does_not_know_is_a_guest(store: Store) -> None:
    store.do(staff.register, [staff.Register("h1", "lin", "林晓", "guide")], ME)
    kinds = {userid: store.look(known, Address("bot", "b1", userid)) for userid in ("lin", "woAJ2GCAAAencrypted")}
    assert {userid: speaker.principal.kind for userid, speaker in kinds.items() if speaker} == {
        "lin": "staff",
        "woAJ2GCAAAencrypted": "guest",
    }


def test_in_a_group_only_who_was_asked_can_press_and_only_once(store: Store, clock: ManualClock) -> None:
    offered(store, "st_1", "批准", "取消")
    assert store.do(bot_events.hear, pressed(clock, "he", "st_1"), ME) is None
    assert button(store.do(bot_events.hear, pressed(clock, "lin", "st_1", "e2"), ME)) == "已选择：批准"
    assert button(store.do(bot_events.hear, pressed(clock, "lin", "st_1", "e3"), ME)) == "已选择：批准"
    assert [row.message.text for row in store.look(inbox.open_messages, GROUP.conversation)] == ["批准"]


def test_a_card_that_a_newer_one_has_replaced_does_nothing(store: Store, clock: ManualClock) -> None:
    offered(store, "st_1", "批准")
    clock.advance(streams.MOST / 10)
    offered(store, "st_2", "确认")
    assert button(store.do(bot_events.hear, pressed(clock, "lin", "st_1"), ME)) == cards.TOO_LATE
    assert store.look(inbox.open_messages, GROUP.conversation) == []


def test_a_members_thumb_down_rests_marketing_and_is_one_task_however_often_it_is_told(store: Store, clock: ManualClock) -> None:
    identity = members.Identity("wecom_user", "lin")
    registered = store.do(members.register, [members.Register("m1", shop_key="", identities=(identity,))], ME)[0]
    offered(store, "st_1")
    detail = {"id": "st_1", "type": 2, "inaccurate_reason_list": [3, 99, "x"], "content": 5}
    for _ in range(2):
        store.do(bot_events.hear, told(clock, "lin", {"eventtype": "feedback_event", "feedback_event": detail}), ME)
    standing = store.look(outreach.standings, [registered.member_id])[registered.member_id]
    assert standing.negative_at == clock.now()
    (ticket,) = store.look(staff.open_tickets)
    assert "内容有误" in ticket.summary
    assert "选哪个？" in ticket.summary


@pytest.fixture(name="browser")
async def doors(store: Store, tmp_path: Path) -> AsyncIterator[TestClient[Any, Any]]:
    async def health() -> dict[str, str]:
        return {}

    store.do(access.add_operators, [access.AddOperator("owner", ("owner",), "secret-password", token="owner-token")], ME)
    app = make_app(Doors(store=store, edge=None, health=health, received=Folder(tmp_path / "in")))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_file_somebody_sent_is_saved_by_who_may_read_conversations_only(
    browser: TestClient[Any, Any], store: Store, tmp_path: Path
) -> None:
    sha = Folder(tmp_path / "in").put_any(b"<script>1</script>")
    await store.write(_one_file, sha, ME)
    (row,) = store.look(received.of_messages, ["in_1"])["in_1"]
    stranger = await browser.get(f"/received/{row.id}", allow_redirects=False)
    assert stranger.headers["Location"].startswith("/login")
    csrf = re.search(r'name="csrf" value="([^"]+)"', await (await browser.get("/login")).text())
    assert csrf
    here = {"Origin": str(browser.make_url("")).rstrip("/")}
    form = {"csrf": csrf[1], "name": "owner", "password": "secret-password", "next": "/"}
    await browser.post("/login", data=form, headers=here)
    answer = await browser.get(f"/received/{row.id}")
    assert await answer.read() == b"<script>1</script>"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert (await browser.get("/received/rcv_none")).status == 404


def _one_file(work: Work, sha: str) -> None:
    received.expect(work, "bot.media", [received.Expected("in_1", 0, "bot:b1:lin", "file")])
    (row,) = received.of_messages(work, ["in_1"])["in_1"]
    received.settle(work, received.Outcome(row.id, "kept", sha, 18))
