"""What arrives: messages into the inbox with one waiting turn, 客服 wake-ups into pulls with a durable cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from assistant.base.principal import system
from assistant.channels import inbox, streams
from assistant.channels.message import InboundMessage
from assistant.flows import bot_media, contact_events
from assistant.jobs import Job
from assistant.store import Due, Fact, Store, Work, cursor, upsert
from assistant.store import inbox as inbox_rows
from assistant.wecom import WeComClient, from_kf, pull_kf

RECEIVER = system("receiver")
OLDEST = timedelta(days=1)
"""On the first pull of an account WeCom hands out three days; what is older than this was answered by people."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Messages of one commit; ``cursor`` moves with them (name, value)."""

    messages: Sequence[InboundMessage]
    debounce: inbox.Debounce
    cursor: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Wakeup:
    """Something waits at a 客服 account; ``token`` lifts WeCom's throttle for ten minutes."""

    account: str
    token: str = field(repr=False, default="")


def arrive(work: Work, arrival: Arrival) -> int:
    """Stores what is new and answers how much that was. Employees of a 客服 conversation and system events get no turn."""
    accepted = inbox.accept(work, arrival.messages, wants_turn=wants_turn, debounce=arrival.debounce)
    streams.begin(work, arrival.messages)
    bot_media.expect(work, arrival.messages, [row.id for row in accepted])
    contact_events.hear(work, [(row.id, message) for row, message in zip(accepted, arrival.messages, strict=True) if row.fresh])
    for message in arrival.messages:
        if message.kind == "recall":
            _recall(work, message)
        if message.event == "msg_send_fail":
            work.record(
                Fact("channel.failed_later", f"conversation:{message.address.conversation}", {"event": message.raw.get("event", {})})
            )
    if arrival.cursor is not None:
        name, value = arrival.cursor
        upsert(work, cursor, [{"name": name, "value": value, "at": work.now}], ["name"], ["value", "at"])
    return sum(1 for row in accepted if row.fresh)


def _recall(work: Work, message: InboundMessage) -> None:
    """What was taken back and is not answered yet needs no answer."""
    recalled = str(message.raw.get("event", {}).get("recall_msgid", ""))
    table = inbox_rows
    mine = sa.and_(table.c.source == message.source, table.c.external_id == recalled, table.c.conversation == message.address.conversation)
    work.execute(table.update().where(mine, table.c.state == "waiting").values(state="recalled"))


def wants_turn(message: InboundMessage) -> bool:
    """Words, media and unknown kinds of a person want an answer; events, recalls and what our own people write do not."""
    if message.kind in ("event", "recall"):
        return False
    return not (message.address.channel == "kf" and message.sender_kind != "customer")


def wake(work: Work, wakeup: Wakeup) -> None:
    """Makes the pull of this account due at once; several wake-ups are one pull."""
    work.due(Due("kf.pull", wakeup.account, work.now, {"token": wakeup.token}, order_key=f"kf.pull:{wakeup.account}"))


class Intake:
    """Accepts messages durably. Callbacks that arrive while a commit is under way share the next one, as one set."""

    MOST = 200
    SILENT = 3

    def __init__(self, store: Store, debounce: inbox.Debounce) -> None:
        self._store = store
        self._debounce = debounce
        self._waiting: list[tuple[Sequence[InboundMessage], asyncio.Future[None]]] = []
        self._working: asyncio.Task[None] | None = None

    async def accept(self, messages: Sequence[InboundMessage]) -> None:
        """Returns once the messages are on disk; raises what the store raised for them."""
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((messages, stored))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="intake")
        await stored

    async def _work(self) -> None:
        while self._waiting:
            await self._gathered()
            taken, self._waiting = self._waiting[: self.MOST], self._waiting[self.MOST :]
            try:
                together = [message for messages, _stored in taken for message in messages]
                await self._store.write(arrive, Arrival(together, self._debounce), RECEIVER)
            except Exception as error:
                await self._alone(taken, error)
                continue
            for _messages, stored in taken:
                if not stored.done():
                    stored.set_result(None)

    async def _gathered(self) -> None:
        """Waits until the loop has brought nothing for some rounds, far below a millisecond: one commit serves them all."""
        silent = 0
        while silent < self.SILENT and len(self._waiting) < self.MOST:
            before = len(self._waiting)
            await asyncio.sleep(0)
            silent = silent + 1 if len(self._waiting) == before else 0

    async def _alone(self, taken: list[tuple[Sequence[InboundMessage], asyncio.Future[None]]], error: Exception) -> None:
        """One bad message must not keep its neighbours out."""
        for messages, stored in taken:
            failed: Exception | None = error
            if len(taken) > 1:
                try:
                    await self._store.write(arrive, Arrival(messages, self._debounce), RECEIVER)
                    failed = None
                except Exception as single:
                    failed = single
            if stored.done():
                continue
            if failed is None:
                stored.set_result(None)
            else:
                stored.set_exception(failed)


class KfPull:
    """The job behind a wake-up: pages into the inbox, each page and its cursor one commit."""

    def __init__(self, store: Store, client: WeComClient, debounce: inbox.Debounce) -> None:
        self._store = store
        self._client = client
        self._debounce = debounce

    async def __call__(self, job: Job) -> None:
        name = f"kf:{job.key}"
        at = await self._store.read(lambda view: view.scalar(sa.select(cursor.c.value).where(cursor.c.name == name))) or ""
        async for page in pull_kf(self._client, job.key, str(job.payload.get("token", "")), at):
            await self._store.write(arrive, Arrival(self._fresh(page.messages, at), self._debounce, (name, page.next_cursor)), RECEIVER)

    def _fresh(self, items: list[dict[str, Any]], at: str) -> list[InboundMessage]:
        now = self._store.clock.now()
        messages = from_kf(items, now)
        return messages if at else [message for message in messages if now - message.sent_at <= OLDEST]
