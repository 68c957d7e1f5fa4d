"""A bot's answer as WeCom asks for it again and again: it grows, ends once, and goes another way where nobody asks any more."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.channels import inbox, outbox, streams
from assistant.channels.delivery import Deliverer
from assistant.channels.message import Address, Delivery, InboundMessage, OutboundMessage
from assistant.channels.waiting import PATIENCE, StreamSender, Waiters
from assistant.flows.receive import Intake
from assistant.jobs import EmbeddedRunner, Job
from assistant.store import Store
from assistant.web import bot
from assistant.wecom import from_bot

ME = system("test")
URL = "https://wecom.example/cgi-bin/aibot/response?response_code=1"
ADDRESS = Address("bot", "b1", "lin")


class ByUrl:
    """What went out by reply address."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    async def send(self, message: OutboundMessage) -> Delivery:
        self.sent.append((message.reply_to["response_url"], message.text))
        return Delivery("sent") if message.reply_to["response_url"] else Delivery("refused", code="no_response_url")


class Chat:
    """One person's chat with the bot, over one database; ``stage`` may kill the delivery."""

    def __init__(self, store: Store, stage: Callable[[str], None] = lambda _name: None) -> None:
        self.store = store
        self.url = ByUrl()
        self.waiters = Waiters()
        self.intake = Intake(store, inbox.Debounce())
        sender = StreamSender(store, self.waiters, self.url)
        self.deliverer = Deliverer(store, {"bot": sender}, stage=stage, again=streams.safe_again)
        self.runner = EmbeddedRunner(store, {"deliver.bot": self.deliverer, "turn": _no_turn}, lease_seconds=1)

    def told(self, **fields: Any) -> InboundMessage:
        raw = {"msgid": "m1", "aibotid": "b1", "chattype": "single", "from": {"userid": "lin"}, "response_url": URL} | fields
        return from_bot(json.dumps(raw).encode(), self.store.clock.now())[0]

    async def says(self, msgid: str = "m1") -> tuple[str, str, bool]:
        """Asks; (stream id, text, finished) of the first reply, which does not wait."""
        message = self.told(msgid=msgid, msgtype="text", text={"content": "在吗"})
        return _read(await bot.answer(self.store, self.waiters, self.intake, message, 0.0))

    async def again(self, number: str) -> tuple[str, str, bool]:
        """What WeCom sees when it asks again, in this process or any other."""
        message = self.told(msgtype="stream", stream={"id": number})
        return _read(await bot.answer(self.store, Waiters(), self.intake, message))

    async def delivers(self, row_id: str) -> None:
        """One attempt, in the manner of a job."""
        await self.deliverer(Job("due_1", "deliver.bot", row_id, {"outbox": row_id}, None, 1, 1, "lease"))

    async def answers(self, number: str, text: str, *options: str) -> str:
        row_id = await self.queues(number, text, *options)
        await self.runner.run_until_idle()
        return row_id

    async def queues(self, number: str, text: str, *options: str) -> str:
        reply_to = {"stream_id": number, "response_url": URL}
        message = OutboundMessage(f"reply:{number}", ADDRESS, text, "turn_1", options=options, reply_to=reply_to)
        await self.store.write(outbox.queue, [message], ME)
        return outbox.id_of(message.key)

    def state(self, row_id: str) -> str:
        row = self.store.look(outbox.get, row_id)
        assert row is not None
        return row.state


async def _no_turn(_job: Job) -> None:
    """Nobody thinks here: the test says what the answer is."""


def _read(body: Any) -> tuple[str, str, bool]:
    assert body["stream"]["content"].strip(), "never an empty frame"
    return body["stream"]["id"], body["stream"]["content"], body["stream"]["finish"]


async def test_an_answer_grows_ends_once_and_its_end_can_be_asked_for_again(store: Store) -> None:
    chat = Chat(store)
    number, text, finished = await chat.says()
    assert (text, finished) == (streams.WAITING, False)
    await store.write(streams.grow, streams.Grown(number, "睡衣可以机洗。"), ME)
    assert await chat.again(number) == (number, "睡衣可以机洗。", False)
    row_id = await chat.answers(number, "睡衣可以机洗。水温别太高。")
    assert chat.state(row_id) == "queued"
    await store.write(streams.grow, streams.Grown(number, "太晚的一句。"), ME)
    for _ in range(3):
        assert await chat.again(number) == (number, "睡衣可以机洗。水温别太高。", True)
    assert chat.state(row_id) == "sent"
    assert (await chat.says())[1:] == ("睡衣可以机洗。水温别太高。", True)
    store.clock.advance(PATIENCE)  # type: ignore[attr-defined]
    await chat.runner.run_until_idle()
    assert chat.url.sent == []


async def test_an_answer_that_nobody_fetches_goes_by_the_reply_address_once(store: Store, clock: ManualClock) -> None:
    chat = Chat(store)
    number, _, _ = await chat.says()
    row_id = await chat.answers(number, "好的。")
    clock.advance(PATIENCE)
    await chat.runner.run_until_idle()
    assert chat.url.sent == [(URL, "好的。")]
    assert chat.state(row_id) == "sent"
    assert await chat.again(number) == (number, streams.ELSEWHERE, True)


async def test_an_answer_that_takes_too_long_ends_honestly_and_the_rest_is_sent_once(store: Store, clock: ManualClock) -> None:
    chat = Chat(store)
    number, _, _ = await chat.says()
    await store.write(streams.grow, streams.Grown(number, "先看面料。"), ME)
    clock.advance(streams.MOST - timedelta(seconds=1))
    assert (await chat.again(number))[2] is False
    clock.advance(timedelta(seconds=1))
    ended = await chat.again(number)
    assert ended == (number, f"先看面料。\n\n{streams.LATER}", True)
    row_id = await chat.answers(number, "先看面料。纯棉最好。")
    assert chat.url.sent == [(URL, "先看面料。纯棉最好。")]
    assert chat.state(row_id) == "sent"
    assert await chat.again(number) == ended


class Death(BaseException):
    """The process is gone."""


def dying(stage: str, nth: int = 1) -> Callable[[str], None]:
    passed: list[str] = []

    def die(name: str) -> None:
        passed.append(name)
        if passed.count(stage) == nth:
            raise Death

    return die


@pytest.mark.parametrize("stage", ["deliver.after_claim", "deliver.after_send", "deliver.before_settle"])
async def test_a_delivery_cut_off_is_taken_up_and_shown_once(store: Store, clock: ManualClock, stage: str) -> None:
    killed = Chat(store, dying(stage))
    number, _, _ = await killed.says()
    row_id = await killed.queues(number, "好的。")
    with pytest.raises(Death):
        await killed.delivers(row_id)
    chat = Chat(store)
    await chat.runner.run_until_idle()
    assert await chat.again(number) == (number, "好的。", True)
    assert chat.state(row_id) == "sent"
    clock.advance(PATIENCE)
    await chat.runner.run_until_idle()
    assert chat.url.sent == []


async def test_cut_off_after_it_had_left_by_the_reply_address_it_is_unknown_and_not_repeated(store: Store, clock: ManualClock) -> None:
    killed = Chat(store, dying("deliver.after_send", 2))
    number, _, _ = await killed.says()
    row_id = await killed.answers(number, "好的。")
    clock.advance(PATIENCE)
    with pytest.raises(Death):
        await killed.delivers(row_id)
    assert len(killed.url.sent) == 1
    chat = Chat(store)
    await chat.runner.run_until_idle()
    assert chat.state(row_id) == "unknown"
    assert chat.url.sent == []


async def test_a_word_of_a_person_takes_the_newest_reply_address_and_each_only_once(store: Store) -> None:
    chat = Chat(store)
    number, _, _ = await chat.says()
    await store.write(lambda work, _: streams.point(work, [number], streams.HELD), None, ME)
    message = OutboundMessage("person:1", ADDRESS, "我是林晓", "person:lin")
    await store.write(outbox.queue, [message, replace(message, key="person:2")], ME)
    await chat.runner.run_until_idle()
    assert chat.url.sent == [(URL, "我是林晓"), ("", "我是林晓")]
    assert await chat.again(number) == (number, streams.HELD, True)


async def test_the_first_reply_to_a_message_that_was_put_together_with_the_next_is_empty(store: Store) -> None:
    chat = Chat(store)
    message = chat.told(msgtype="text", text={"content": "在吗"})
    await chat.intake.accept([message])
    await store.write(lambda work, _: streams.point(work, [message.reply_to["stream_id"]], streams.NEWER), None, ME)
    assert await bot.answer(store, chat.waiters, chat.intake, message, 0.0) is None


async def test_a_stream_that_we_do_not_know_is_ended_kindly(store: Store) -> None:
    assert await Chat(store).again("st_of_somebody_else") == ("st_of_somebody_else", streams.GONE, True)


async def test_old_answers_are_forgotten(store: Store, clock: ManualClock) -> None:
    chat = Chat(store)
    number, _, _ = await chat.says()
    clock.advance(streams.KEPT + timedelta(seconds=1))
    await store.write(lambda work, _: streams.forget(work), None, ME)
    assert store.look(streams.get, number) is None
