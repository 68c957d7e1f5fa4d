"""Who has the word: hand-over to a colleague or the pool, takeover in WeCom's own client, and back."""

from __future__ import annotations

from datetime import timedelta

from assistant import access
from assistant.channels import session
from assistant.dialogue import conversation
from assistant.dialogue.closing import Close
from assistant.domain import members, staff
from assistant.store import Work
from tests.support.kf_house import LAN, OWNER, XIANG, House, house

ASKING = "好的，正在为您转接同事，请稍等。"


def wants_a_person(at: House) -> None:
    at.answer = lambda opened: Close(opened, ASKING, handover="会员要找人工")


async def test_a_customer_who_asks_for_a_person_gets_the_colleague_who_looks_after_them(database: str) -> None:
    async with house(database) as at:
        at.receives("lin", "he")
        await at.say("你好")
        at.store.do(_owned_by_lin, at, OWNER)
        wants_a_person(at)
        assert await at.say("我要找人工") == [ASKING]
        assert (at.simulator.kf.session(XIANG).state, at.simulator.kf.session(XIANG).servicer) == (3, "lin")
        assert (at.session().state, at.session().servicer, at.talk().holder) == ("person", "lin", "kf:lin")
        (told,) = [bubble.text for bubble in at.simulator.staff_phone("lin")]
        assert "会员要找人工" in told
        assert "我要找人工" in told
        assert await at.say("快点") == []
        (ticket,) = at.tickets("handover")
        assert ticket.due_at is not None
        await at.simulator.servicer_says("lin", XIANG, "我是林晓，来了")
        await at.settle()
        assert at.tickets("handover") == []
        sides = [(line.side, line.text) for line in at.store.look(conversation.lines, at.place())]
        assert ("person", "我是林晓，来了") in sides


async def test_without_somebody_of_their_own_it_is_the_pool_and_without_anybody_a_ticket_and_the_assistant_goes_on(database: str) -> None:
    async with house(database) as at:
        wants_a_person(at)
        assert await at.say("找人工", LAN) == [ASKING]
        assert at.talk(LAN).holder == ""
        assert len(at.tickets("handover")) == 1
        at.receives("he")
        assert await at.say("找人工") == [ASKING]
        assert (at.simulator.kf.session(XIANG).state, at.talk().holder) == (2, "kf:pool")
        at.step(minutes=31)
        assert len(at.store.look(staff.overdue)) == 2


async def test_a_refused_hand_over_leaves_the_word_with_the_assistant_who_says_so(database: str) -> None:
    async with house(database) as at:
        at.receives("he")
        wants_a_person(at)
        at.simulator.faults.inject("kf/service_state/trans", "errcode", errcode=95014, times=0)
        assert await at.say("找人工") == [ASKING]
        assert (at.talk().holder, at.session().held) == ("", False)
        assert len(at.facts("kf.nobody_receives")) == 1
        at.answer = lambda opened: Close(opened, "在的")
        assert await at.say("还在吗") == ["在的"]


async def test_a_hand_over_whose_answer_was_lost_is_looked_up_and_not_done_or_said_twice(database: str) -> None:
    async with house(database) as at:
        at.receives("he")
        wants_a_person(at)
        at.simulator.faults.inject("kf/service_state/trans", "lost_after")
        await at.say("找人工")
        at.step(seconds=6)
        await at.settle()
        assert (at.session().state, at.talk().holder) == ("pool", "kf:pool")
        assert [fact["said"] for fact in at.facts("kf.handed_over")] == [True]
        assert at.heard() == [ASKING]
        assert sum(call.path == "kf/service_state/trans" for call in at.simulator.calls) == 1


async def test_where_no_room_is_left_to_say_it_before_the_hand_over_says_it(database: str) -> None:
    async with house(database) as at:
        at.receives("he")
        wants_a_person(at)
        at.simulator.faults.inject("kf/send_msg", "errcode", errcode=95001)
        assert await at.say("找人工") == [ASKING]
        assert [fact["said"] for fact in at.facts("kf.handed_over")] == [True]
        assert await at.say("人呢") == []


async def test_where_it_could_not_be_said_at_all_the_colleague_is_told_so(database: str) -> None:
    async with house(database) as at:
        at.receives("lin")
        await at.say("你好")
        at.store.do(_owned_by_lin, at, OWNER)
        wants_a_person(at)
        at.simulator.faults.inject("kf/send_msg", "errcode", errcode=95001)
        at.simulator.faults.inject("kf/service_state/trans", "lost_after")
        await at.say("找人工")
        at.step(seconds=6)
        await at.settle()
        assert at.heard() == ["答：你好"]
        (told,) = [bubble.text for bubble in at.simulator.staff_phone("lin")]
        assert told.rstrip("\u200b\u200c\u200d\u2060\ufeff").endswith("客户还没有看到转接的提示，请先打个招呼。")


async def test_a_session_that_had_ended_before_somebody_took_over_here_takes_the_word_from_nobody(database: str) -> None:
    async with house(database) as at:
        at.store.do(lambda work, _: access.add_operators(work, [access.AddOperator("he", ("owner",), userid="he")]), None, OWNER)
        await at.say("你好")
        await at.simulator.servicer_says("he", XIANG, "我来")
        await at.settle()
        (he,) = {at.talk().holder}
        at.step(minutes=1)
        await at.simulator.servicer_ends("he", XIANG)
        at.step(seconds=2)
        await at.store.write(conversation.hold, [conversation.Take("again", at.place(), he)], OWNER)
        at.step(minutes=1)
        await at.settle()
        assert (at.session().state, at.talk().holder) == ("ended", he)
        at.step(minutes=1)
        await at.simulator.servicer_says("he", XIANG, "还有一句")
        await at.simulator.servicer_ends("he", XIANG)
        await at.settle()
        assert (at.session().state, at.talk().holder) == ("ended", "")


async def test_given_back_and_taken_again_before_wecom_has_ended_the_session_it_stays_taken(database: str) -> None:
    async with house(database) as at:
        await at.say("你好")
        await at.simulator.servicer_says("lin", XIANG, "我来")
        await at.settle()
        await at.store.write(conversation.hold, [conversation.Take("back", at.place(), "")], OWNER)
        at.clock.advance(timedelta(seconds=1))
        await at.store.write(conversation.hold, [conversation.Take("mine", at.place(), "op1")], OWNER)
        await at.settle()
        assert (at.simulator.kf.session(XIANG).state, at.session().state, at.talk().holder) == (4, "ended", "op1")


async def test_taken_in_wecom_is_taken_here_and_ended_there_is_ended_here(database: str) -> None:
    async with house(database) as at:
        await at.say("第一件事")
        await at.simulator.servicer_says("lin", XIANG, "我来处理")
        await at.settle()
        assert at.talk().holder == "kf:lin"
        assert await at.say("好的") == []
        waiting = await at.send("auto", "积分到账")
        assert (waiting.state, waiting.code) == ("cancelled", "held_back")
        await at.simulator.servicer_ends("lin", XIANG)
        await at.settle()
        assert (at.talk().holder, at.session().state) == ("", "ended")
        assert await at.say("第二件事") == ["答：第二件事"]
        assert at.session().state == "new"
        assert at.opened[-1].history == ()


async def test_given_back_in_the_console_the_session_ends_in_wecom_too(database: str) -> None:
    async with house(database) as at:
        await at.say("你好")
        await at.simulator.servicer_says("lin", XIANG, "我来")
        await at.settle()
        await at.store.write(conversation.hold, [conversation.Take("back", at.place(), "")], OWNER)
        await at.settle()
        assert (at.simulator.kf.session(XIANG).state, at.session().state) == (4, "ended")
        assert await at.say("在吗") == ["答：在吗"]


async def test_an_unheard_takeover_is_noticed_at_the_first_send_and_before_it_where_nobody_knows(database: str) -> None:
    async with house(database) as at:
        await at.say("你好")
        at.simulator.kf.session(XIANG).state, at.simulator.kf.session(XIANG).servicer = 3, "he"
        refused = await at.send("auto", "积分到账")
        assert (refused.state, refused.code) == ("refused", "wecom_kf_person")
        await at.settle()
        assert at.talk().holder == "kf:he"
        other = at.simulator.kf.session(LAN)
        await at.simulator.customer_says(LAN, "你好")
        other.state, other.servicer = 3, "he"
        await at.settle()
        assert at.heard(LAN) == []
        assert at.session(LAN).state == "person"
        assert not any(call.body.get("touser") == LAN for call in at.simulator.calls if call.path == "kf/send_msg")


async def test_an_operator_who_takes_over_in_the_console_speaks_through_the_account(database: str) -> None:
    async with house(database) as at:
        await at.say("你好")
        await at.store.write(conversation.hold, [conversation.Take("t", at.place(), "op1")], OWNER)
        await at.store.write(conversation.say, [conversation.Say("s", at.place(), "您好，我是何运营", "op1")], OWNER)
        await at.settle()
        assert at.heard()[-1] == "您好，我是何运营"
        assert await at.say("谢谢") == []
        assert at.store.look(session.get, at.place()).left(at.clock.now()) == 5  # type: ignore[union-attr]


def _owned_by_lin(work: Work, at: House) -> None:
    members.update(work, [members.Update("own", at.member(), {"owner_staff": "lin"})])
