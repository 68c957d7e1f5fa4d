"""A channel without a network: keeps what was said in a list, for the command line chat and for tests."""

from __future__ import annotations

from collections.abc import Callable

from assistant.channels.message import Delivery, OutboundMessage


class Terminal:
    """Sender that keeps messages; ``shown`` is called with each one (print, a test's assertion)."""

    def __init__(self, shown: Callable[[OutboundMessage], None] | None = None) -> None:
        self.messages: list[OutboundMessage] = []
        self._shown = shown

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.messages]

    async def send(self, message: OutboundMessage) -> Delivery:
        self.messages.append(message)
        if self._shown is not None:
            self._shown(message)
        return Delivery("sent", external_id=message.key)
