"""What cashback needs of a payer: pay by a bill number, ask by a bill number, take back what nobody has confirmed."""

from __future__ import annotations

from typing import Protocol


class PayoutAnswer(Protocol):
    """``state``: accepted, wait_user, paid, refused, closed (not confirmed in time, the money is back), unknown, not_found.

    ``package_info`` opens the page on which the member confirms. ``amount_fen`` and ``payee`` are what the payer holds of the bill, where
    it says so.
    """

    @property
    def state(self) -> str: ...

    @property
    def reason(self) -> str: ...

    @property
    def package_info(self) -> str: ...

    @property
    def amount_fen(self) -> int | None: ...

    @property
    def payee(self) -> str: ...


class PayoutPort(Protocol):
    """A payer. One bill number pays at most once whatever is retried; Transient means that nobody knows what has happened.

    Broken(code="payer_setup"): the payer does not take us as we are set up; of a bill that was shown to it nobody knows.
    ``app``: the app whose openids it pays, empty if it takes any WeChat identity.
    """

    @property
    def app(self) -> str: ...

    async def pay(self, bill_no: str, openid: str, amount_fen: int, remark: str = "") -> PayoutAnswer: ...

    async def query(self, bill_no: str) -> PayoutAnswer: ...

    async def cancel(self, bill_no: str) -> PayoutAnswer: ...
