"""Every night the book is held against orders and payouts; what differs becomes a task for a person, and stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from assistant.base.clock import business_day
from assistant.base.errors import Broken, Transient
from assistant.base.principal import system
from assistant.domain import cashback, ledger, orders, points, staff
from assistant.flows.payout import differs
from assistant.flows.settle import settle_orders
from assistant.jobs import Job
from assistant.store import Fact, Store, View, Work, chunks

RECONCILER = system("reconcile")
LOOKS_BACK = timedelta(days=10)
"""Orders paid within this time are settled once more on trial: receipt, return window and most refunds lie inside it."""

PAYOUTS_BACK = timedelta(days=3)
PATIENCE = timedelta(hours=24)
"""An outcome that nobody knows for longer than this is told."""

AT_ONCE = 200
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """What does not agree: its kind, whose it is, and the sentence for the person who looks after it."""

    kind: str
    ref: str
    say: str


@dataclass(frozen=True, slots=True)
class Night:
    """What a night has found; ``looked`` counts orders and payouts held against the book."""

    key: str
    looked: int
    found: Sequence[Difference]


class Reconciler:
    """The nightly job."""

    def __init__(self, store: Store, port: cashback.PayoutPort | None) -> None:
        self._store = store
        self._port = port

    async def __call__(self, job: Job) -> None:
        await self.run(str(business_day(self._store.clock.now())))

    async def run(self, key: str) -> Night:
        """Holds everything against each other and writes down what differs, once per key."""
        found = await self._store.read(_sums)
        numbers = await self._store.read(_lately_paid)
        for part in chunks(numbers, AT_ONCE):
            found += await self._store.preview(settle_on_trial, part, RECONCILER)
        claims = await self._store.read(lambda view: cashback.paid_since(view, view.now - PAYOUTS_BACK))
        for claim in claims:
            found += await self._payout(claim)
        found += await self._store.read(_forgotten)
        night = Night(key, len(numbers) + len(claims), found)
        await self._store.write(write_down, night, RECONCILER, cause=f"reconcile:{key}")
        return night

    async def _payout(self, claim: cashback.RebateClaim) -> list[Difference]:
        if self._port is None or not claim.paid_fen or (claim.hand_reference and not claim.billed_no):
            return []
        try:
            answer = await self._port.query(claim.bill_no)
        except (Broken, Transient, TimeoutError, OSError) as error:
            return [Difference("payout_silent", claim.id, f"返现 {claim.order_no} 的付款单 {claim.bill_no} 查询不到结果：{error}")]
        if claim.hand_reference:
            return _beside_the_hand(claim, answer.state)
        if wrong := differs(answer, claim.payee, claim.paid_fen):
            return [Difference("payout", claim.id, f"返现 {claim.order_no} 账上已付（单号 {claim.bill_no}）：{wrong}")]
        if answer.state == "paid":
            return []
        return [Difference("payout", claim.id, f"返现 {claim.order_no} 账上已付，付款平台说 {answer.state}（单号 {claim.bill_no}）")]


def _beside_the_hand(claim: cashback.RebateClaim, state: str) -> list[Difference]:
    """A payout that a person noted as paid, while the payer may have paid its bill too."""
    if state not in ("paid", "accepted", "wait_user"):
        return []
    hand = f"返现 {claim.order_no} 已登记人工打款（凭证 {claim.hand_reference}）"
    say = f"{hand}，付款平台上单号 {claim.bill_no} 也是 {state}，请核对是否付了两次"
    return [Difference("payout_by_hand", claim.id, say)]


def settle_on_trial(work: Work, order_ids: Sequence[str]) -> list[Difference]:
    """Settles the orders and says what that changed: nothing, where points and claims are as the orders say. The caller undoes it."""
    before = _state(work, order_ids)
    settle_orders(work, order_ids)
    after = _state(work, order_ids)
    found = orders.many(work, order_ids)
    return [
        Difference("order", number, f"订单 {found[number].order_no}（{found[number].source}）应为 {after[number]}，账上是 {before[number]}")
        for number in order_ids
        if before[number] != after[number]
    ]


def write_down(work: Work, night: Night) -> None:
    """Keeps what the night has found; differences are one task."""
    work.record(Fact("book.reconciled", f"night:{night.key}", {"looked": night.looked, "differences": len(night.found)}))
    if night.found:
        lines = [one.say for one in night.found[:SHOWN]]
        more = [f"……一共 {len(night.found)} 处"] if len(night.found) > SHOWN else []
        ticket = staff.OpenTicket(
            f"reconcile:{night.key}", "task", title=f"对账发现 {len(night.found)} 处不一致", summary="\n".join(lines + more)[:2000]
        )
        staff.open_ticket(work, [ticket])


def _state(view: View, order_ids: Sequence[str]) -> dict[str, str]:
    earned: Mapping[str, int] = points.earned_by_order(view, order_ids)
    claims: Mapping[str, Any] = cashback.of_orders(view, order_ids)
    return {number: _words(earned.get(number, 0), claims.get(number)) for number in order_ids}


def _words(earned: int, claim: cashback.RebateClaim | None) -> str:
    return f"{earned} 积分" + (f"、返现 {claim.state} {claim.amount_fen} 分" if claim else "")


def _sums(view: View) -> list[Difference]:
    found = [
        Difference("ledger", asset, f"资产 {asset} 的分录合计为 {total}，应为 0") for asset, total in ledger.totals(view).items() if total
    ]
    found += [
        Difference("balance", account.owner, f"账户 {account.owner} 的 {account.asset}/{account.pocket} 余额是 {kept}，分录合计是 {total}")
        for account, (kept, total) in ledger.drift(view).items()
    ]
    found += [
        Difference("lots", member, f"会员 {member} 的积分账上是 {book}，批次合计是 {lots}")
        for member, (book, lots) in points.drift(view).items()
    ]
    return found


def _lately_paid(view: View) -> list[str]:
    pages = orders.paid_between(view, view.now - LOOKS_BACK, view.now, 1000)
    return [order.id for page in pages for order in page]


def _forgotten(view: View) -> list[Difference]:
    stale = [
        claim
        for claim in cashback.in_flight(view)
        if claim.state == "unknown" and claim.billed_at and claim.billed_at < view.now - PATIENCE
    ]
    return [
        Difference(
            "payout_unknown", claim.id, f"返现 {claim.order_no} 的付款结果超过 24 小时未知（单号 {claim.bill_no}），请到商户平台核对"
        )
        for claim in stale
    ]
