"""A payer for simulations and tests that behaves as the merchant transfer does: one bill number, one payment, whatever is retried."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

import sqlalchemy as sa

from assistant.base.errors import Transient
from assistant.base.principal import system
from assistant.payments.tables import bill
from assistant.store import Store, View, Work

State = Literal["accepted", "wait_user", "paid", "refused", "closed", "unknown", "not_found"]
CLOSES_AFTER = timedelta(hours=24)
PAYER = system("payer")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the payer says of a bill. ``closed``: not confirmed in time, the money is back; ``not_found``: it never heard of the bill.

    ``package_info`` opens the page on which the receiver confirms and comes only with an answer to ``pay``; amount and payee are what the
    payer holds, where it says so.
    """

    state: State
    reason: str = ""
    package_info: str = ""
    amount_fen: int | None = None
    payee: str = ""


@dataclass(slots=True)
class Knobs:
    """How the payer misbehaves. ``lose_replies``: so many replies are lost after the effect, ``lose_requests``: so many calls never arrive.

    ``refuse`` is the reason for which new bills are refused, ``wait_user`` makes new bills wait for the receiver's tap.
    """

    lose_replies: int = 0
    lose_requests: int = 0
    refuse: str = ""
    wait_user: bool = False


@dataclass(frozen=True, slots=True)
class _Pay:
    bill_no: str
    payee: str
    amount_fen: int
    refuse: str
    wait_user: bool


@dataclass(slots=True)
class SimulatedPayout:
    """The payout port of ``cashback``, on rows of its own. Each call may raise Transient(code="payer_silent"): then nobody knows."""

    store: Store
    knobs: Knobs = field(default_factory=Knobs)
    app: str = ""

    async def pay(self, bill_no: str, openid: str, amount_fen: int, remark: str = "") -> Answer:
        """Pays once per bill number; the number again answers what has become of it, with other data it is refused."""
        knobs = self.knobs
        return await self._call(_pay, _Pay(bill_no, openid, amount_fen, knobs.refuse, knobs.wait_user))

    async def query(self, bill_no: str) -> Answer:
        """What has become of a bill; closes one that nobody confirmed within 24 hours."""
        return await self._call(_query, bill_no)

    async def cancel(self, bill_no: str) -> Answer:
        """Takes back a bill that nobody has confirmed; what is settled stays as it is."""
        return await self._call(_cancel, bill_no)

    async def confirm(self, bill_no: str) -> Answer:
        """The receiver taps "收款"."""
        answer: Answer = await self.store.write(_confirm, bill_no, PAYER)
        return answer

    async def _call(self, verb: Callable[[Work, Any], Answer], request: Any) -> Answer:
        if self.knobs.lose_requests > 0:
            self.knobs.lose_requests -= 1
            raise Transient("付款平台没有回应", code="payer_silent")
        answer: Answer = await self.store.write(verb, request, PAYER)
        if self.knobs.lose_replies > 0:
            self.knobs.lose_replies -= 1
            raise Transient("付款平台没有回应", code="payer_silent")
        return answer


def _pay(work: Work, request: _Pay) -> Answer:
    state: State = "refused" if request.refuse else "wait_user" if request.wait_user else "paid"
    row = {"bill_no": request.bill_no, "payee": request.payee, "amount_fen": request.amount_fen, "at": work.now, "calls": 0}
    work.insert_missing(bill, [row | {"state": state, "reason": request.refuse}])
    work.execute(bill.update().where(bill.c.bill_no == request.bill_no).values(calls=bill.c.calls + 1))
    kept = _locked(work, request.bill_no)
    if kept is None or (kept.payee, kept.amount_fen) != (request.payee, request.amount_fen):
        return Answer("refused", "同一个单号的收款人或金额不一致")
    return _settled(work, kept)


def _query(work: Work, bill_no: str) -> Answer:
    kept = _locked(work, bill_no)
    return _settled(work, kept) if kept else Answer("not_found", "没有这个单号")


def _confirm(work: Work, bill_no: str) -> Answer:
    kept = _locked(work, bill_no)
    if kept is None:
        return Answer("not_found", "没有这个单号")
    answer = _settled(work, kept)
    if answer.state == "wait_user":
        _move(work, bill_no, "paid", "")
        return Answer("paid")
    return answer


def _cancel(work: Work, bill_no: str) -> Answer:
    kept = _locked(work, bill_no)
    if kept is None:
        return Answer("not_found", "没有这个单号")
    if _settled(work, kept).state == "wait_user":
        _move(work, bill_no, "closed", "商户已撤销")
        return Answer("closed", "商户已撤销")
    return _settled(work, kept)


def _settled(work: Work, kept: sa.Row[Any]) -> Answer:
    if kept.state == "wait_user" and work.now >= kept.at + CLOSES_AFTER:
        _move(work, kept.bill_no, "closed", "24 小时内没有确认收款，款项已退回")
        return Answer("closed", "24 小时内没有确认收款，款项已退回")
    package = f"package-{kept.bill_no}" if kept.state == "wait_user" else ""
    return Answer(kept.state, kept.reason, package, kept.amount_fen, kept.payee)


def _locked(work: Work, bill_no: str) -> sa.Row[Any] | None:
    return work.one(work.locked(sa.select(bill).where(bill.c.bill_no == bill_no)))


def _move(work: Work, bill_no: str, state: State, reason: str) -> None:
    work.execute(bill.update().where(bill.c.bill_no == bill_no).values(state=state, reason=reason))


def bills(view: View) -> list[tuple[str, str, int, str]]:
    """(bill number, payee, fen, state) of every bill the simulated payer has heard of."""
    rows = view.all(sa.select(bill).order_by(bill.c.at, bill.c.bill_no))
    return [(row.bill_no, row.payee, row.amount_fen, row.state) for row in rows]


def paid_total(view: View) -> int:
    """All fen that have left the simulated payer."""
    return int(view.scalar(sa.select(sa.func.coalesce(sa.func.sum(bill.c.amount_fen), 0)).where(bill.c.state == "paid")) or 0)
