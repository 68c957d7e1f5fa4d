"""A sender behind a quota: takes before it sends, gives back what did not go out, and learns when the platform says "too many"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.base.clock import SHANGHAI
from assistant.base.principal import system
from assistant.channels import quota
from assistant.channels.delivery import Sender
from assistant.channels.message import Delivery, OutboundMessage
from assistant.channels.quota import Charge, GiveBack, Learned
from assistant.store import Store

ME = system("quota")


class Metered:
    """``charges`` says what a message uses; a refusal with one of the codes ``too_many`` closes the last of them for everybody.

    What finds no room is refused with the time when it may be tried again, before anything is sent: some platforms drop what is too much
    without a word.
    """

    def __init__(
        self, store: Store, sender: Sender, charges: Callable[[OutboundMessage], Sequence[Charge]], too_many: frozenset[str] = frozenset()
    ) -> None:
        self._store = store
        self._sender = sender
        self._charges = charges
        self._too_many = too_many

    async def send(self, message: OutboundMessage) -> Delivery:
        charges = list(self._charges(message))
        at = self._store.clock.now()
        taken: quota.Taken = (await self._store.write(quota.take, [charges], ME, cause=message.cause))[0]
        if not taken.ok:
            when = f"，{taken.until.astimezone(SHANGHAI):%m-%d %H:%M} 以后再发" if taken.until else ""
            return Delivery("refused", code="quota", reason=f"已到平台的发送上限{when}", retry_at=taken.until)
        delivery = await self._sender.send(message)
        if delivery.outcome == "refused" and all(one.count == 1 for one in charges):
            await self._store.write(quota.give_back, [GiveBack(charges, at)], ME, cause=message.cause)
        if delivery.code in self._too_many and charges:
            await self._store.write(quota.learn, [Learned(charges[-1].limit, charges[-1].subject)], ME, cause=message.cause)
        return delivery
