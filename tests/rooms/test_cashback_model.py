"""Cashback written down a second time, as simply as it can be, for the state machine to compare with. No tests in here."""

from __future__ import annotations

from dataclasses import dataclass, field

CAP, LEAST, USES = 2_000, 10, 2
SECOND_PERSON = 1_000
WINDOW, CARD_DAYS, GRACE = 7, 20, 30
DAY = 24
"""Hours."""


@dataclass(slots=True)
class OrderModel:
    paid: int
    paid_at: int
    refunded: int = 0
    finished_at: int | None = None

    @property
    def earns(self) -> int:
        amount = min((self.paid - self.refunded) * 500 // 10_000, CAP)
        return amount if amount >= LEAST else 0


@dataclass(slots=True)
class CardModel:
    given_at: int
    uses: int = USES
    used: int = 0
    closed: bool = False

    def covers(self, order: OrderModel) -> bool:
        return self.given_at <= order.paid_at < self.given_at + CARD_DAYS * DAY


@dataclass(slots=True)
class Bill:
    state: str
    at: int


@dataclass(slots=True)
class ClaimModel:
    order: OrderModel
    card: CardModel
    amount: int
    state: str = "waiting_receipt"
    recovered: int = 0
    clawed: int = 0
    paid: int = 0
    settled: bool = False
    first: str = ""
    asked: int = 0
    bills: list[Bill | None] = field(default_factory=lambda: [None])

    @property
    def payable(self) -> int:
        return self.amount - self.recovered


@dataclass(slots=True)
class Model:
    """One member, one template with a budget; time in hours."""

    free: int
    now: int = 0
    debt: int = 0
    cards: list[CardModel] = field(default_factory=list)
    orders: list[OrderModel] = field(default_factory=list)
    claims: dict[int, ClaimModel] = field(default_factory=dict)

    def issue(self) -> bool:
        if self.free < CAP * USES:
            return False
        self.free -= CAP * USES
        self.cards.append(CardModel(self.now))
        return True

    def claim(self, number: int) -> bool:
        order = self.orders[number]
        fitting = [card for card in self.cards if not card.closed and card.uses and card.covers(order)]
        if number in self.claims or not fitting or not order.earns:
            return False
        card = min(fitting, key=lambda one: one.given_at)
        card.uses -= 1
        card.used += order.earns
        self.claims[number] = ClaimModel(order, card, order.earns)
        self.refresh(self.claims[number])
        return True

    def refresh(self, one: ClaimModel) -> None:
        if one.state in ("void", "expired", "rejected", "paying", "wait_user_confirm", "unknown"):
            return
        entitled = min(one.amount - one.clawed, one.order.earns)
        lower = one.amount - one.clawed - entitled
        if one.settled:
            if lower:
                one.clawed += lower
                one.state = "clawed_back"
                self.debt += lower
                self.free += lower
            return
        if not entitled:
            self.end(one, "expired" if one.order.refunded < one.order.paid else "void")
            return
        self.lower(one, lower)
        received = one.order.finished_at
        if one.state == "waiting_receipt" and received is not None:
            one.state = "waiting_window"
        if one.state == "waiting_window" and received is not None and received + WINDOW * DAY <= self.now:
            one.state = "due"

    def lower(self, one: ClaimModel, by: int) -> None:
        self.debt += by - min(by, one.payable)
        one.card.used -= by
        if one.card.closed:
            self.free += by
        one.amount -= by
        one.recovered = min(one.recovered, one.amount)

    def end(self, one: ClaimModel, state: str) -> None:
        self.debt += one.recovered
        one.card.used -= one.amount
        one.card.uses += 1
        if one.card.closed:
            self.free += one.amount
        one.state = state

    def tick(self) -> None:
        for one in self.claims.values():
            if one.state == "waiting_window":
                self.refresh(one)
        for card in self.cards:
            if not card.closed and self.now >= card.given_at + (CARD_DAYS + GRACE) * DAY:
                card.closed = True
                self.free += CAP * USES - card.used

    def approve(self, number: int, who: str) -> bool:
        one = self.claims[number]
        self.refresh(one)
        if one.state != "due" or (one.payable > SECOND_PERSON and one.first == who):
            return False
        if one.payable > SECOND_PERSON and not one.first:
            one.first = who
        else:
            one.state = "approved"
        return True

    def reject(self, number: int) -> bool:
        one = self.claims[number]
        self.refresh(one)
        if one.state not in ("waiting_receipt", "waiting_window", "due", "approved"):
            return False
        self.end(one, "rejected")
        return True

    def carry(self, number: int, mode: str) -> None:
        one = self.claims[number]
        self.refresh(one)
        fresh = one.state == "approved"
        if fresh and not self.begin(one):
            return
        if one.state in ("paying", "wait_user_confirm", "unknown"):
            self.hear(one, self.ask(one, fresh, mode))

    def begin(self, one: ClaimModel) -> bool:
        taken = min(one.payable, self.debt)
        if 0 < one.payable - taken < LEAST:
            taken = one.payable - LEAST
        self.debt -= taken
        one.recovered += taken
        if not one.payable:
            one.state, one.settled = "paid", True
            return False
        one.state, one.asked = "paying", self.now
        return True

    def ask(self, one: ClaimModel, fresh: bool, mode: str) -> str:
        if mode == "lose_request":
            return "unknown"
        bill = one.bills[-1]
        if bill is not None and bill.state == "wait_user" and self.now >= bill.at + DAY:
            bill.state = "closed"
        if mode == "lose_reply" and (bill is not None or not fresh):
            return "unknown"
        if bill is None and not fresh and self.now > one.asked + 29 * DAY:
            return "unknown"
        if bill is None:
            bill = one.bills[-1] = Bill({"refuse": "refused", "wait": "wait_user"}.get(mode, "paid"), self.now)
            if mode == "lose_reply":
                return "unknown"
        return bill.state

    def hear(self, one: ClaimModel, outcome: str) -> None:
        if outcome == "paid":
            one.state, one.settled, one.paid = "paid", True, one.payable
        elif outcome in ("refused", "closed"):
            one.state, one.first = "due", ""
            one.bills.append(None)
        elif outcome == "wait_user":
            one.state = "wait_user_confirm"
        elif one.state == "paying":
            one.state = "unknown"
        self.refresh(one)

    def confirm(self, number: int) -> None:
        bill = self.claims[number].bills[-1]
        if bill is not None and bill.state == "wait_user":
            bill.state = "closed" if self.now >= bill.at + DAY else "paid"

    @property
    def pending(self) -> int:
        ended = ("void", "expired", "rejected")
        return sum(one.payable for one in self.claims.values() if not one.settled and one.state not in ended)

    @property
    def kept(self) -> int:
        return sum(CAP * USES - card.used for card in self.cards if not card.closed)
