"""What 微信客服 tells besides words: arrivals, menus, cards and quotes, failures, recalls, names, accounts, and places that were lost."""

from __future__ import annotations

from typing import Any

from assistant.base.clock import ManualClock
from assistant.channels import accounts, confirm, inbox
from assistant.dialogue import reply
from assistant.dialogue.closing import Close
from assistant.domain import members, outreach
from assistant.flows.kf_pull import LOST
from assistant.flows.receive import Arrival, arrive
from assistant.store import Work
from assistant.wecom import from_kf
from tests.support.kf_house import KF, LAN, OWNER, XIANG, House, house


def tell(at: House, *items: dict[str, Any]) -> None:
    """Items as a page would bring them."""
    messages = from_kf([{"send_time": int(at.clock.now().timestamp()), **item} for item in items], at.clock.now())
    at.store.do(arrive, Arrival(messages, inbox.NORMAL), OWNER)


def event(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    detail = {"event_type": kind, "open_kfid": KF, "external_userid": XIANG, **fields}
    return {"msgid": f"evt{number}", "origin": 4, "msgtype": "event", "event": detail}


async def test_whoever_comes_through_a_door_is_welcomed_once_and_told_that_it_is_an_ai(database: str) -> None:
    async with house(database) as at:
        at.store.do(_a_member, None, OWNER)
        await at.simulator.customer_enters(XIANG, "link", "order_42")
        await at.settle()
        (welcome,) = at.simulator.phone(XIANG)
        assert welcome.via == "welcome"
        assert "阿香，您好！我是 AI 助手" in welcome.body["head_content"]
        assert "订单" in welcome.body["head_content"]
        assert [item["click"]["content"] for item in welcome.body["list"]] == ["查订单", "申请返现", "找人工"]
        assert at.talk().greeted
        await at.settle()
        assert len(at.heard()) == 1
        assert at.facts("kf.entered") == [{"account": KF, "scene": "link", "scene_param": "order_42"}]


async def test_a_welcome_that_is_too_late_ends_named_and_is_not_tried_again(database: str) -> None:
    async with house(database) as at:
        await at.simulator.customer_enters(XIANG)
        at.step(seconds=21)
        await at.settle()
        assert at.heard() == []
        assert [fact["code"] for fact in at.facts("channel.refused")] == ["event_code_expired"]
        assert not any(call.path == "kf/send_msg_on_event" for call in at.simulator.calls)


async def test_a_click_is_exactly_its_choice_and_an_old_menu_does_nothing(database: str) -> None:
    async with house(database) as at:
        at.answer = lambda opened: _asking(at, opened)
        await at.say("换袜子")
        first = _ids(at)
        assert (await at.say("嗯……这个嘛", menu_id=first[0]))[0] == "答：确认"
        assert await at.say("确认", menu_id=first[0]) == [reply.STALE]
        await at.say("换袜子")
        second = _ids(at)
        await at.say("换毛巾")
        assert await at.say("确认", menu_id=second[0]) == [reply.STALE]
        assert await at.say("随便", menu_id=_ids(at)[1]) == ["答：取消"]


def _asking(at: House, opened: Any) -> Close:
    """Asks before it exchanges anything; a yes or no uses the question up; a stale click gets the kind sentence."""
    said = "；".join(opened.said)
    if not said:
        return Close(opened, reply.STALE if opened.stale else reply.for_media(opened.kinds))
    if not said.startswith("换"):
        at.store.do(
            lambda work, _: opened.pending and confirm.settle(work, opened.pending.token, opened.pending.member_id, "done"), None, OWNER
        )
        return Close(opened, f"答：{said}")
    asked = confirm.Ask(opened.turn, opened.conversation.id, opened.speaker.member_id, "redeem", {}, 300, "换吗？")
    token = at.store.do(confirm.ask, asked, OWNER)
    return Close(opened, f"要{said}吗？", ("确认", "取消"), asks=str(token))


def _ids(at: House) -> list[str]:
    """The click ids of the newest menu on the phone."""
    menu = next(bubble for bubble in reversed(at.simulator.phone(XIANG)) if bubble.kind == "msgmenu")
    return [item["click"]["id"] for item in menu.body["list"]]


def test_kinds_are_understood_where_it_helps_and_words_of_others_are_told_apart(clock: ManualClock) -> None:
    order = {"order_id": "3799", "product_titles": "棉质睡衣", "price_wording": "￥199", "state": "待发货"}
    quote = {"title": "群聊记录", "item": [{"sender_name": "别人", "msg_content": '{"msgtype": "text", "text": {"content": "确认"}}'}]}
    items = [("channels_shop_order", order), ("merged_msg", quote), ("business_card", {"userid": "lin"}), ("calendar", {}), ("note", {})]
    told = from_kf([{"msgid": kind, "origin": 3, "msgtype": kind, kind: body} for kind, body in items], clock.now())
    assert (told[0].kind, told[0].quoted) == ("text", "")
    assert "订单号 3799" in told[0].text
    assert (told[1].kind, told[1].text, told[1].quoted.splitlines()[1]) == ("text", "", "别人：确认")
    assert [(one.kind, one.text) for one in told[2:]] == [("unknown", "")] * 3


async def test_a_passed_on_yes_is_not_a_yes(database: str) -> None:
    async with house(database) as at:
        quote = {"title": "记录", "item": [{"sender_name": "她", "msg_content": '{"text": {"content": "确认"}}'}]}
        ids = {"msgid": "q1", "open_kfid": KF, "external_userid": XIANG, "origin": 3}
        tell(at, {**ids, "msgtype": "merged_msg", "merged_msg": quote})
        await at.settle()
        assert at.opened[-1].said == ()
        assert "她：确认" in at.opened[-1].quoted[0]
        await at.say("刚才那段你看看")
        assert ("user", "[转来的话]") in at.opened[-1].history
        assert "她：确认" not in str(at.opened[-1].history)


async def test_a_customer_who_refuses_us_is_left_in_peace_and_an_event_told_twice_counts_once(database: str) -> None:
    async with house(database) as at:
        await at.say("你好")
        row = await at.send("touch", "上新啦", member_id=at.member(), proactive=True)
        failure = event(1, "msg_send_fail", fail_msgid=f"{row.external_id}-1", fail_type=10)
        tell(at, failure)
        tell(at, failure)
        await at.settle()
        assert (at.row(row.id).state, at.row(row.id).reason) == ("failed", "客户拒收了客服消息")
        assert len(at.facts("kf.send_failed")) == 1
        assert at.store.look(outreach.standings, [at.member()])[at.member()].blocked


async def test_a_customer_who_refused_us_and_writes_again_is_blocked_no_longer_and_what_a_person_set_stays(database: str) -> None:
    async with house(database) as at:
        at.answer = lambda opened: Close(opened, "")
        for who in (XIANG, LAN):
            await at.say("你好", who)
            at.simulator.kf.customer_refuses(who)
        barred = members.Update("by hand", at.member(LAN), {"blocked": True})
        at.store.do(members.update, [barred], OWNER)
        for who in (XIANG, LAN):
            await at.send(f"touch {who}", "上新啦", who, member_id=at.member(who), proactive=True)
        await at.settle()
        assert [at.store.look(outreach.standings, [at.member(who)])[at.member(who)].blocked for who in (XIANG, LAN)] == [True, True]
        later = await at.send("later", "查到了", member_id=at.member())
        assert (later.state, later.reason) == ("waiting", "客户拒收了客服消息，等客户再次来信时自动发出")
        for who in (XIANG, LAN):
            at.simulator.kf.customer_refuses(who, False)
            await at.say("我又来了", who)
        assert [at.store.look(outreach.standings, [at.member(who)])[at.member(who)].blocked for who in (XIANG, LAN)] == [False, True]
        assert at.facts("kf.rejection_over") == [{"conversation": at.place(), "why": "客户拒收后又来信"}]
        assert at.heard()[-1] == "查到了"


async def test_a_refusal_told_after_the_customer_has_written_again_blocks_nobody(database: str) -> None:
    async with house(database) as at:
        await at.say("你好")
        row = await at.send("touch", "上新啦", member_id=at.member(), proactive=True)
        before = int(at.clock.now().timestamp())
        at.step(minutes=1)
        await at.say("在吗")
        failure = event(1, "msg_send_fail", fail_msgid=f"{row.external_id}-1", fail_type=10)
        tell(at, {**failure, "send_time": before})
        await at.settle()
        assert at.row(row.id).state == "failed"
        assert not at.store.look(outreach.standings, [at.member()])[at.member()].blocked


async def test_who_receives_and_what_was_taken_back_are_known(database: str) -> None:
    async with house(database) as at:
        tell(at, event(1, "servicer_status_change", servicer_userid="he", status=1))
        assert at.store.look(accounts.receiver, KF, ["he"]) == "he"
        tell(at, event(2, "servicer_status_change", servicer_userid="he", status=2, stop_type=1))
        assert at.store.look(accounts.receiver, KF, ["he"]) == ""
        tell(at, event(3, "reject_customer_msg_switch_change", servicer_userid="he", reject_switch=1))
        assert at.facts("kf.reject_switch") == [{"servicer": "he", "rejects": True}]
        await at.simulator.customer_says(XIANG, "我的密码是 123")
        msgid = at.simulator.phone(XIANG)[-1].msgid
        await at.simulator.customer_recalls(XIANG, msgid)
        await at.settle()
        assert at.heard() == []
        assert [fact["msgid"] for fact in at.facts("kf.recalled")] == [msgid]


async def test_strangers_get_their_names_and_a_unionid_is_evidence(database: str) -> None:
    async with house(database) as at:
        at.simulator.world.the_customer(XIANG).unionid = "union-1"
        at.store.do(_shop_member, None, OWNER)
        await at.say("你好")
        await at.settle()
        profile = at.store.look(members.profiles, [at.member()])[at.member()]
        assert profile.nickname == "阿香"
        union = members.Identity("unionid", "union-1")
        owner = at.store.look(members.resolve, [union])[union]
        assert at.member() == owner


async def test_a_lost_place_is_told_to_a_person_and_nothing_is_answered_twice_or_lost(database: str) -> None:
    async with house(database) as at:
        await at.say("你好")
        at.store.do(_foreign_cursor, None, OWNER)
        assert await at.say("还在吗") == ["答：还在吗"]
        assert len(at.heard()) == 2
        (trouble,) = at.store.look(accounts.troubled)
        assert (trouble.id, trouble.trouble) == (KF, LOST)
        at.store.do(accounts.seen, KF, OWNER)
        assert at.store.look(accounts.troubled) == []


async def test_a_stale_token_falls_back_and_a_throttle_is_waited_for(database: str) -> None:
    async with house(database) as at:
        at.simulator.world.knobs.kf_tokenless_per_minute = 0
        await at.simulator.customer_says(XIANG, "你好")
        await at.do("kf.pull", KF, {"token": "stale"})
        assert at.heard() == []
        before = len(at.simulator.calls)
        await at.settle()
        assert len([call for call in at.simulator.calls[before:] if call.path == "kf/sync_msg"]) == 1
        at.simulator.world.knobs.kf_tokenless_per_minute = 10
        at.step(seconds=61)
        await at.settle()
        assert at.heard() == ["答：你好"]


async def test_an_account_that_is_taken_away_stands_on_the_list(database: str) -> None:
    async with house(database) as at:
        at.simulator.faults.inject("kf/sync_msg", "errcode", errcode=95004)
        await at.do("kf.pull", KF, {"token": ""})
        assert "客服账号不可用" in at.store.look(accounts.troubled)[0].trouble
        await at.settle()
        assert at.store.look(accounts.troubled) == []


def _a_member(work: Work, _nothing: None) -> None:
    identity = members.Identity("wecom_external", XIANG)
    members.register(work, [members.Register("xiang", "", (identity,), members.Profile(nickname="阿香"))])


def _shop_member(work: Work, _nothing: None) -> None:
    members.register(work, [members.Register("shop", "", (members.Identity("unionid", "union-1"),), members.Profile())])


def _foreign_cursor(work: Work, _nothing: None) -> None:
    from assistant.store import cursor

    work.execute(cursor.update().where(cursor.c.name == f"kf:{KF}").values(value="Y3Vyc29yIG9mIGFub3RoZXI="))


def _used_up(work: Work, pending: confirm.Pending) -> bool:
    return confirm.settle(work, pending.token, pending.member_id, "done")
