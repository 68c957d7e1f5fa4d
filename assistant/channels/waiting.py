"""Callbacks that hold their answer back for a moment, woken when there is something to show."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from assistant.base.principal import system
from assistant.channels import outbox, streams
from assistant.channels.bot_parts import carried
from assistant.channels.delivery import Sender
from assistant.channels.message import Delivery, OutboundMessage
from assistant.store import Store, Work

ME = system("streams")
PATIENCE = timedelta(seconds=10)
"""An answer that nobody has fetched for so long goes by the reply address."""


class Waiters:
    """Who waits for an answer to begin, grow or end, by its name. In one process; losing it only costs the shortcut."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[None]]] = defaultdict(set)

    async def wait(self, key: str, seconds: float) -> None:
        """Returns when something new can be read, or after so many seconds."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[key].add(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            return
        finally:
            self._waiting[key].discard(future)
            if not self._waiting[key]:
                del self._waiting[key]

    def wake(self, key: str) -> None:
        """There is something new to read."""
        for future in self._waiting.get(key, ()):
            if not future.done():
                future.set_result(None)


class StreamSender:
    """Ends the answer that somebody keeps asking for; where nobody asks (any more) the text goes by the one-shot reply address."""

    def __init__(self, store: Store, waiters: Waiters, otherwise: Sender, patience: timedelta = PATIENCE) -> None:
        self._store = store
        self._waiters = waiters
        self._otherwise = otherwise
        self._patience = patience

    async def send(self, message: OutboundMessage) -> Delivery:
        number = message.reply_to.get("stream_id", "")
        if number:
            said = carried(message, pictures=True)
            asked = streams.Offer(number, outbox.id_of(message.key), said.text, message.options, self._patience)
            state: streams.Offered = await self._store.write(streams.offer, asked, ME, cause=message.cause)
            self._waiters.wake(number)
            if state == "shown":
                return said.delivered(number)
            if state == "offered":
                later = self._store.clock.now() + self._patience
                return Delivery("refused", number, "being_fetched", "等企业微信来取这条回答", later)
        url: str = await self._store.write(_address, message, ME, cause=message.cause)
        return await self._otherwise.send(replace(message, reply_to={**message.reply_to, "response_url": url}))


def _address(work: Work, message: OutboundMessage) -> str:
    """The address that this message may use up: that of its answer; else its own; else the newest of the conversation."""
    number, own = message.reply_to.get("stream_id", ""), message.reply_to.get("response_url", "")
    return own if own and not number else streams.take_url(work, message.address.conversation, number)
