"""The promises of outbox and delivery, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import Refused, Transient
from assistant.base.principal import system
from assistant.channels import outbox
from assistant.channels.delivery import Deliverer
from assistant.channels.message import Address, Delivery, OutboundMessage
from assistant.channels.terminal import Terminal
from assistant.jobs import EmbeddedRunner, held
from assistant.store import Store, View, fact
from assistant.store import outbox as rows

ME = system("test")


class Killed(BaseException):
    """Stands for the death of the process."""


@dataclass
class Channel:
    """A channel that answers what the test says."""

    answers: list[Delivery | Exception] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)

    async def send(self, message: OutboundMessage) -> Delivery:
        answer = self.answers.pop(0) if self.answers else Delivery("sent", external_id=f"x:{message.key}")
        if isinstance(answer, Exception):
            raise answer
        self.sent.append(message.text)
        return answer


def to_say(key: str, text: str = "", channel: str = "kf", peer: str = "wm1", cause: str = "turn_1") -> OutboundMessage:
    return OutboundMessage(key, Address(channel, "a", peer), text or key, cause, "member_1", options=("好", "不了"), reply_to={"url": "u"})


def queue(store: Store, *messages: OutboundMessage) -> list[str]:
    return store.do(outbox.queue, messages, ME)  # type: ignore[no-any-return]


def states(store: Store) -> list[tuple[str, str]]:
    return [tuple(row) for row in store.look(lambda view: view.all(sa.select(rows.c.key, rows.c.state).order_by(rows.c.queued_at)))]


def facts(store: Store) -> list[str]:
    return [row.name for row in store.look(lambda view: view.all(sa.select(fact).order_by(fact.c.id)))]


def runner(store: Store, channel: Any, **options: Any) -> EmbeddedRunner:
    return EmbeddedRunner(store, {"deliver": Deliverer(store, {"kf": channel, "app": channel}, **options)})


async def test_one_key_is_queued_and_sent_once_and_keeps_its_form(store: Store) -> None:
    terminal = Terminal()
    first = queue(store, to_say("a", "甲"), to_say("a", "甲"))
    assert queue(store, to_say("a", "甲")) == first[:1]
    await runner(store, terminal).run_until_idle()
    queue(store, to_say("a", "甲"))
    await runner(store, terminal).run_until_idle()
    assert terminal.messages == [to_say("a", "甲")]
    assert states(store) == [("a", "sent")]
    assert facts(store) == ["channel.sent"]


async def test_messages_of_a_conversation_go_out_in_the_order_they_were_queued(store: Store, clock: ManualClock) -> None:
    channel = Channel()
    queue(store, *(to_say(f"{n:02}") for n in range(40)))
    queue(store, *(to_say(f"{n:02}") for n in range(40, 50)))
    await runner(store, channel).run_until_idle()
    assert channel.sent == [f"{n:02}" for n in range(50)]


async def test_a_message_that_must_wait_keeps_the_later_ones_waiting(store: Store, clock: ManualClock) -> None:
    channel = Channel([Transient("太快了", retry_at=clock.now() + timedelta(minutes=1))])
    queue(store, to_say("a"), to_say("b"))
    clock.advance(timedelta(seconds=1))
    queue(store, to_say("c", peer="wm2"))
    await runner(store, channel).run_until_idle()
    assert channel.sent == ["c"]
    clock.advance(timedelta(minutes=1))
    await runner(store, channel).run_until_idle()
    assert channel.sent == ["c", "a", "b"]


async def test_a_refusal_is_final_and_the_next_message_goes_on(store: Store) -> None:
    channel = Channel([Delivery("refused", code="95001", reason="超过五条"), Refused("不行", code="no")])
    queue(store, to_say("a"), to_say("b"), to_say("c"))
    await runner(store, channel).run_until_idle()
    assert states(store) == [("a", "refused"), ("b", "refused"), ("c", "sent")]
    assert facts(store) == ["channel.refused", "channel.refused", "channel.sent"]


async def test_a_lost_answer_is_listed_as_unknown_and_never_repeated(store: Store, clock: ManualClock) -> None:
    channel = Channel([ConnectionResetError()])
    queue(store, to_say("a", channel="app"))
    await runner(store, channel).run_until_idle()
    clock.advance(timedelta(hours=1))
    await runner(store, channel).run_until_idle()
    assert channel.sent == []
    assert [item.message.key for item in store.look(outbox.unknowns)] == ["a"]
    assert facts(store) == ["channel.unknown"]


async def test_where_our_id_makes_a_repeat_safe_a_lost_answer_is_repeated(store: Store, clock: ManualClock) -> None:
    channel = Channel([ConnectionResetError()])
    queue(store, to_say("a", channel="kf"))
    await runner(store, channel).run_until_idle()
    clock.advance(timedelta(seconds=3))
    await runner(store, channel).run_until_idle()
    assert channel.sent == ["a"]
    assert states(store) == [("a", "sent")]


async def test_repeats_of_an_unknown_outcome_end(store: Store, clock: ManualClock) -> None:
    channel = Channel([ConnectionResetError()] * 9)
    queue(store, to_say("a", channel="kf"))
    for _ in range(8):
        await runner(store, channel).run_until_idle()
        clock.advance(timedelta(minutes=5))
    assert states(store) == [("a", "unknown")]
    assert len(channel.answers) == 4
    assert store.look(held) == []


def killing(point: str) -> Callable[[str], None]:
    def stage(name: str) -> None:
        if name == point:
            raise Killed

    return stage


POINTS = ["deliver.before_claim", "deliver.after_claim", "deliver.before_send", "deliver.after_send", "deliver.before_settle"]
LAST = "deliver.after_settle"


@pytest.mark.parametrize("channel_name", ["kf", "app"])
@pytest.mark.parametrize("point", [*POINTS, LAST])
async def test_a_death_at_any_step_ends_sent_or_unknown_and_never_twice_unsafe(
    store: Store, clock: ManualClock, point: str, channel_name: str
) -> None:
    channel = Channel()
    queue(store, to_say("a", channel=channel_name))
    with pytest.raises(Killed):
        await runner(store, channel, stage=killing(point)).run_until_idle()
    clock.advance(timedelta(minutes=1))
    await runner(store, channel).run_until_idle()
    sure = channel_name == "kf" or point in (POINTS[0], LAST)
    assert states(store) == [("a", "sent" if sure else "unknown")]
    assert len(channel.sent) <= (2 if channel_name == "kf" else 1)


async def test_a_taken_over_conversation_hears_nothing_more_from_the_assistant(store: Store) -> None:
    def taken(view: View, message: OutboundMessage) -> str | None:
        return "人工接管中" if message.address.peer == "wm1" else None

    channel = Channel()
    queue(store, to_say("a"), to_say("b", peer="wm2"))
    await runner(store, channel, gate=taken).run_until_idle()
    assert channel.sent == ["b"]
    assert dict(states(store)) == {"a": "cancelled", "b": "sent"}


async def test_what_is_unsent_can_be_cancelled_by_conversation_or_cause(store: Store) -> None:
    channel = Channel()
    queue(store, to_say("a", cause="plan_1"), to_say("b", cause="plan_1", peer="wm2"), to_say("c"), to_say("d", peer="wm3"))
    assert store.do(lambda work, _: outbox.cancel_unsent(work, "plan_1"), None, ME) == 2
    assert store.do(lambda work, _: outbox.cancel_unsent(work, "kf:a:wm1"), None, ME) == 1
    await runner(store, channel).run_until_idle()
    assert channel.sent == ["d"]


async def test_a_channel_that_is_not_connected_refuses(store: Store) -> None:
    (row_id,) = queue(store, to_say("a", channel="fax"))
    await runner(store, Channel()).run_until_idle()
    sent = store.look(outbox.get, row_id)
    assert sent is not None
    assert (sent.state, sent.code) == ("refused", "no_channel")
