"""What cashback needs of a payer: pay by a bill number, ask by a bill number."""

from __future__ import annotations

from typing import Protocol


class PayoutAnswer(Protocol):
    """``state``: accepted, wait_user, paid, refused, closed (not confirmed in time, the money is back), unknown, not_found."""

    @property
    def state(self) -> str: ...

    @property
    def reason(self) -> str: ...


class PayoutPort(Protocol):
    """A payer. One bill number pays at most once whatever is retried; Transient means that nobody knows what has happened."""

    async def pay(self, bill_no: str, openid: str, amount_fen: int, remark: str = "") -> PayoutAnswer: ...

    async def query(self, bill_no: str) -> PayoutAnswer: ...
