"""What arrives: messages into the inbox with one waiting turn, and what 客服 events mean, in one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from assistant.base.principal import system
from assistant.channels import inbox, streams
from assistant.channels.message import InboundMessage
from assistant.flows import app_cards, bot_media, contact_events, kf_events, kf_people
from assistant.store import Due, Store, Work, cursor, upsert

RECEIVER = system("receiver")
NAMED: Mapping[str, Callable[[Work, InboundMessage], None]] = {
    "kf_account_auth_change": kf_people.auth_changed,
    app_cards.EVENT: app_cards.pressed,
}
"""Events of the app's callback that mean something at once."""


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
    fresh = [message for message, row in zip(arrival.messages, accepted, strict=True) if row.fresh]
    kf_events.take_in(work, [message for message in fresh if message.address.channel == "kf"])
    for message in fresh:
        if message.event in NAMED:
            NAMED[message.event](work, message)
    if arrival.cursor is not None:
        name, value = arrival.cursor
        upsert(work, cursor, [{"name": name, "value": value, "at": work.now}], ["name"], ["value", "at"])
    return sum(1 for row in accepted if row.fresh)


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
