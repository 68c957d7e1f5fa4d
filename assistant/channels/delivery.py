"""Takes queued messages out: claim, check once more, send, write down. Each step is its own commit, so a death in between is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Protocol

from assistant.base.errors import LaoyouError, Transient
from assistant.base.principal import system
from assistant.channels import outbox
from assistant.channels.message import Delivery, OutboundMessage
from assistant.channels.outbox import Gate, Room, Settle
from assistant.jobs import MOST_ATTEMPTS, Job, opened
from assistant.store import Store, View, Work

ME = system("delivery")
REPEATABLE = frozenset({"kf"})
"""Channels that know a message by our own id: sending it again cannot show it twice."""

RETRY = timedelta(seconds=5)


class Sender(Protocol):
    """One channel's way out. Answers with a Delivery; a Transient it raises means that nothing has been sent."""

    async def send(self, message: OutboundMessage) -> Delivery: ...


def open_gate(_view: View, _message: OutboundMessage) -> str | None:
    """Lets everything pass."""
    return None


def _no_stage(_name: str) -> None:
    pass


def _never(_view: View, _message: OutboundMessage) -> bool:
    return False


class Deliverer:
    """Handler of ``deliver`` jobs.

    ``senders`` by channel name; ``gate`` and ``room`` run inside the claim; a message of a ``repeatable`` channel, or for which ``again``
    says so, may be sent once more after its process died; ``stage`` is told of each step (fault tests); ``watcher`` of each
    (channel, state) that was written down.
    """

    def __init__(
        self,
        store: Store,
        senders: Mapping[str, Sender],
        gate: Gate = open_gate,
        *,
        room: Room | None = None,
        repeatable: frozenset[str] = REPEATABLE,
        stage: Callable[[str], None] = _no_stage,
        watcher: Callable[[str, str], None] | None = None,
        again: Callable[[View, OutboundMessage], bool] = _never,
    ) -> None:
        self._store = store
        self._senders = senders
        self._gate = gate
        self._room = room
        self._repeatable = repeatable
        self._stage = stage
        self._watcher = watcher
        self._again = again

    async def __call__(self, job: Job) -> None:
        """Delivers one message; raises Transient when it must be tried again later."""
        row_id = str(job.payload["outbox"])
        self._stage("deliver.before_claim")
        message: OutboundMessage | None = await opened(self._store, self, job)
        self._stage("deliver.after_claim")
        if message is None:
            return
        delivery = await self._send(message)
        self._stage("deliver.before_settle")
        if delivery.outcome == "unknown" and self._safe(message) and job.attempts < MOST_ATTEMPTS:
            raise _Again(delivery.reason or "发送结果未知")
        state: str = (await self._store.write(outbox.settle, [Settle(row_id, delivery)], ME, cause=message.cause))[0]
        self._stage("deliver.after_settle")
        if self._watcher is not None:
            self._watcher(message.address.channel, state)
        if state == "queued":
            raise Transient(delivery.reason or "稍后再发", retry_at=delivery.retry_at, code=delivery.code or "retry_later")

    def open(self, work: Work, job: Job) -> OutboundMessage | None:
        """Claims the message of the job (``outbox.claim_for_send``)."""
        mine, row_id = work.acting(ME, ""), str(job.payload["outbox"])
        return outbox.claim_for_send(mine, row_id, repeatable=self._repeatable, again=self._again, gate=self._gate, room=self._room)

    def _safe(self, message: OutboundMessage) -> bool:
        return message.address.channel in self._repeatable and outbox.may_repeat(message)

    async def _send(self, message: OutboundMessage) -> Delivery:
        sender = self._senders.get(message.address.channel)
        if sender is None:
            return Delivery("refused", code="no_channel", reason=f"没有接通“{message.address.channel}”这个渠道")
        self._stage("deliver.before_send")
        try:
            delivery = await sender.send(message)
        except Transient as error:
            retry_at = error.retry_at or self._store.clock.now() + RETRY
            delivery = Delivery("refused", code=error.code, reason=error.say, retry_at=retry_at)
        except LaoyouError as error:
            delivery = Delivery("refused", code=error.code, reason=error.say)
        except Exception as error:
            delivery = Delivery("unknown", code="lost_answer", reason=f"没有收到渠道的答复（{type(error).__name__}）")
        self._stage("deliver.after_send")
        return delivery


class _Again(Exception):
    """The outcome is unknown and the channel makes a repeat safe; counted, so that it ends after MOST_ATTEMPTS."""
