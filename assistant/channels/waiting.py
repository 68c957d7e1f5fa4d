"""Answers that a callback is still waiting for: whoever waits under a key gets the text instead of a send."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from assistant.channels.delivery import Sender
from assistant.channels.message import Delivery, OutboundMessage


class Waiters:
    """Callbacks waiting for their answer, by the ``waiter`` key of ``reply_to``. In one process; losing it only costs the shortcut."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[str]]] = defaultdict(set)

    async def wait(self, key: str, seconds: float) -> str | None:
        """The answer if it comes in time, else None."""
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[key].add(future)
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return None
        finally:
            self._waiting[key].discard(future)
            if not self._waiting[key]:
                del self._waiting[key]

    def answer(self, key: str, text: str) -> bool:
        """Hands the text to all who wait under the key; False if nobody does."""
        waiting = [future for future in self._waiting.get(key, ()) if not future.done()]
        for future in waiting:
            future.set_result(text)
        return bool(waiting)


class WaiterFirst:
    """A sender that answers the waiting callback where there is one, and sends otherwise."""

    def __init__(self, waiters: Waiters, otherwise: Sender) -> None:
        self._waiters = waiters
        self._otherwise = otherwise

    async def send(self, message: OutboundMessage) -> Delivery:
        key = message.reply_to.get("waiter", "")
        if key and self._waiters.answer(key, message.text):
            return Delivery("sent", key)
        return await self._otherwise.send(message)
