"""What may still be said to a customer is known before it is said: five messages, 48 hours, and what becomes of what does not fit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assistant.base.errors import Transient
from assistant.channels import outbox, session
from assistant.channels.message import Address, Delivery, OutboundMessage
from assistant.dialogue.closing import Close
from assistant.domain import outreach, staff
from assistant.flows import kf_sending
from assistant.store import Work
from assistant.wecom import WeComSender, kf_parts
from tests.support.kf_house import KF, NOON, OWNER, XIANG, House, house


async def test_a_sixth_message_is_not_sent_blind_and_comes_when_the_customer_writes_again(database: str) -> None:
    async with house(database) as at:
        assert await at.say("你好") == ["答：你好"]
        for number in range(4):
            assert (await at.send(f"more{number}", f"第{number}条")).state == "sent"
        assert at.session().left(at.clock.now()) == 0
        calls = len(at.simulator.calls)
        sixth = await at.send("sixth", "您的包裹到了")
        assert (sixth.state, sixth.code) == ("waiting", "kf_quota_used")
        assert len(at.simulator.calls) == calls
        (task,) = at.tickets("task")
        assert (task.ready_text, task.conversation) == ("您的包裹到了", at.place())
        assert await at.say("到哪了") == ["您的包裹到了", "答：到哪了"]
        assert at.row(sixth.id).state == "sent"
        assert at.session().used == 2


async def test_after_48_hours_a_reply_waits_and_what_nobody_asked_for_is_refused(database: str) -> None:
    async with house(database) as at:
        await at.say("你好")
        at.step(hours=48)
        late = await at.send("late", "查到了")
        assert (late.state, late.code) == ("waiting", "kf_window_over")
        touch = await at.send("touch", "上新啦", proactive=True)
        person = await at.send("person", "您好", cause="person:he")
        assert [(row.state, row.code) for row in (touch, person)] == [("refused", "kf_window_over")] * 2
        (task,) = at.tickets("task")
        await at.store.write(staff.done, [staff.Done("d", task.id, "lin")], OWNER)
        await at.do("kf.accounts")
        assert at.row(late.id).state == "cancelled"
        assert await at.say("在吗") == ["答：在吗"]


@pytest.mark.parametrize(("refusal", "code"), [(95001, "quota"), (95002, "window")])
async def test_what_wecom_answers_corrects_what_we_counted(database: str, refusal: int, code: str) -> None:
    async with house(database) as at:
        await at.say("你好")
        at.simulator.faults.inject("kf/send_msg", "errcode", errcode=refusal)
        refused = await at.send("one", "好消息")
        assert (refused.state, at.session().closed_by_channel) == ("waiting", code)
        assert (await at.send("two", "再一条")).state == "waiting"
        assert at.session().left(at.clock.now()) == 0
        assert (await at.say("收到"))[:2] == ["好消息", "再一条"]


@pytest.mark.parametrize("refusal", [95001, 95002])
async def test_who_writes_while_a_message_is_being_refused_is_answered_in_the_window_of_their_own_words(
    database: str, refusal: int
) -> None:
    async with house(database) as at:
        await at.say("你好")
        at.simulator.faults.inject("kf/send_msg", "errcode", errcode=refusal)
        address = Address("kf", KF, XIANG)

        class Overtaken:
            """WeCom refuses, and before we hear of it the customer has written again."""

            async def send(self, message: OutboundMessage) -> Delivery:
                at.step(seconds=2)
                heard = [session.Said(address, at.clock.now())]
                await at.store.write(lambda work, _: session.note_said(work, heard), None, OWNER)
                return await WeComSender(at.client).send(message)

        await at.store.write(lambda work, _: session.note_state(work, [session.Turned(address, "assistant")]), None, OWNER)
        with pytest.raises(Transient):
            await kf_sending.KfSender(at.store, at.client, Overtaken()).send(OutboundMessage("k", address, "好的", "test"))
        assert (at.session().closed_by_channel, at.session().left(at.clock.now())) == ("", 5)
        assert (await at.send("again", "好的")).state == "sent"


async def test_a_long_reply_is_joined_to_fit_and_goes_whole(database: str) -> None:
    async with house(database) as at:
        text = "。".join("这一句有点长" * 3 for _ in range(130))
        loose = OutboundMessage("k", Address("kf", KF, XIANG), text, "test", options=("确认", "取消"))
        needed = kf_parts(loose, 5)
        await at.say("你好")
        for number in range(5 - needed):
            await at.send(f"more{number}")
        row = await at.send("k", text, options=("确认", "取消"))
        assert row.state == "sent"
        assert "".join(at.heard()[-(needed - 1) :]).startswith(text)
        assert (at.session().used, at.session().left(at.clock.now())) == (5, 0)
        assert kf_parts(loose, needed - 1) == needed - 1


async def test_a_message_told_to_be_sent_and_not_delivered_is_failed_and_the_member_left_in_peace(database: str) -> None:
    async with house(database) as at:
        await at.say("你好")
        at.simulator.world.knobs.kf_fail_later = True
        at.step(hours=49)
        at.store.do(_pretend_open, at, OWNER)
        row = await at.send("touch", "上新啦", proactive=True)
        assert row.state == "sent"
        await at.settle()
        failed = at.row(row.id)
        assert (failed.state, failed.code) == ("failed", "kf_window_over")
        assert [one.id for one in at.store.look(outbox.failed_since, NOON)] == [row.id]
        assert at.session().closed_by_channel == "window"


def _pretend_open(work: Work, at: House) -> None:
    """The book believes that the window is open, as after a message that WeCom counted otherwise."""
    work.execute(session.kf_session.update().values(last_said=at.clock.now()))


async def test_a_touch_goes_by_the_same_truth(database: str) -> None:
    async with house(database) as at:
        at.answer = lambda opened: Close(opened, "")
        await at.say("你好")
        standing = at.store.look(outreach.standings, [at.member()])[at.member()]
        assert (standing.last_inbound, standing.kf_used) == (NOON + timedelta(seconds=1), 0)
        for number in range(3):
            await at.send(f"m{number}", member_id=at.member())
        standing = at.store.look(outreach.standings, [at.member()])[at.member()]
        assert standing.kf_used == 3
        candidate = outreach.Candidate(at.member(), "service", channel="kf")
        await at.simulator.servicer_says("lin", XIANG, "我来")
        await at.settle()
        assert [one.code for one in at.store.look(outreach.decide, [candidate]) if isinstance(one, outreach.Skip)] == ["kf_window_closed"]
