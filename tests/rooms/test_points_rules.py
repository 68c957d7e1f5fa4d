"""The rules of lots hold for any sequence of deeds: nothing is made or lost, parts sum exactly, the order of spending is kept."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.base.errors import Refused
from assistant.domain.ledger import Account, settle
from assistant.domain.points.model import NEVER, Lot, Part, account
from assistant.domain.points.sheet import Sheet
from tests.conftest import NOON

M = "m"
PROPERTY = settings(max_examples=60, deadline=None)


def a_lot(number: int, amount: int, expires: int | None, granted: int = 0, state: str = "available") -> Lot:
    available = NOON + timedelta(days=granted + 7) if state == "pending" else NOON
    ends = NOON + timedelta(days=expires) if expires is not None else None
    return Lot(f"lot_{number}", M, amount, 0, state, "", NOON + timedelta(days=granted), available, ends, order_no=f"T{number}")


class Life:
    """One member's points through time: after each deed a new sheet from the lots, and the postings booked on a book of its own."""

    def __init__(self) -> None:
        self.lots: dict[str, Lot] = {}
        self.book: dict[Account, int] = {}
        self.now = NOON
        self.spends: list[tuple[str, int, tuple[Part, ...]]] = []

    def sheet(self) -> Sheet:
        sheet = Sheet(self.now, self.lots.values(), {M: self.book.get(account(M, "available"), 0)})
        sheet.refresh()
        return sheet

    def close(self, sheet: Sheet, returned: int = 0) -> None:
        settle(sheet.postings, self.book)
        if returned:
            self.book[account(M, "available")] = self.book.get(account(M, "available"), 0) + returned
        self.lots = dict(sheet.lots)
        booked = self.book.get(account(M, "available"), 0)
        assert booked == sheet.available[M]
        assert sum(lot.remaining for lot in self.lots.values() if lot.state == "available") == max(0, booked)
        assert sum(lot.remaining for lot in self.lots.values() if lot.state == "pending") == self.book.get(account(M, "pending"), 0)
        assert all(lot.remaining >= 0 and lot.expired >= lot.waived >= 0 for lot in self.lots.values())


DEEDS = st.lists(
    st.tuples(st.sampled_from(["grant", "pend", "spend", "return", "back", "wait"]), st.integers(1, 60), st.integers(0, 9)), max_size=25
)


@PROPERTY
@given(DEEDS)
def test_book_and_lots_agree_after_any_deeds(deeds: list[tuple[str, int, int]]) -> None:
    life = Life()
    taken: dict[str, int] = {}
    for number, (deed, amount, pick) in enumerate(deeds):
        if deed == "wait":
            life.now += timedelta(days=pick)
        sheet = life.sheet()
        returned = 0
        if deed in ("grant", "pend"):
            state = "available" if deed == "grant" else "pending"
            sheet.grant(a_lot(number, amount, 5 + pick + (life.now - NOON).days, (life.now - NOON).days, state), "赠送")
        elif deed == "spend":
            try:
                life.spends.append((str(number), amount, sheet.spend(str(number), M, amount, "兑换")))
            except Refused:
                continue
        elif deed == "return" and life.spends:
            _key, returned, parts = life.spends.pop(pick % len(life.spends))
            sheet.give_back(M, parts, "退回", timedelta(days=30))
        elif deed == "back" and life.lots:
            lot = sheet.lots[sorted(life.lots)[pick % len(life.lots)]]
            part = min(amount, lot.amount - taken.get(lot.id, 0))
            if part:
                taken[lot.id] = taken.get(lot.id, 0) + part
                sheet.take_back(lot, part, "退款")
        life.close(sheet, returned)


@PROPERTY
@given(
    st.lists(st.tuples(st.integers(1, 40), st.one_of(st.none(), st.integers(1, 5)), st.integers(-3, 0)), min_size=1, max_size=8),
    st.integers(1, 200),
)
def test_spending_takes_earliest_expiry_then_earliest_grant_then_id(made: list[tuple[int, int | None, int]], wanted: int) -> None:
    sheet = Sheet(NOON, [], {M: 0})
    for number, (amount, expires, granted) in enumerate(made):
        sheet.grant(a_lot(number, amount, expires, granted), "赠送")
    total = sum(amount for amount, _expires, _granted in made)
    try:
        parts = sheet.spend("s", M, wanted, "兑换")
    except Refused:
        assert wanted > total
        return
    ranked = sorted(sheet.lots.values(), key=lambda lot: (lot.expires_at or NEVER, lot.granted_at, lot.id))
    assert [part.lot_id for part in parts] == [lot.id for lot in ranked[: len(parts)]]
    assert sum(part.amount for part in parts) == wanted
    assert all(lot.remaining == 0 for lot in ranked[: len(parts) - 1])
    assert all(lot.remaining == lot.amount for lot in ranked[len(parts) :])


@PROPERTY
@given(st.integers(1, 300), st.integers(0, 300), st.integers(0, 300), st.integers(1, 300), st.booleans())
def test_a_reversal_takes_pending_then_own_then_others_then_makes_a_debt(
    own: int, spent: int, other: int, back: int, pending: bool
) -> None:
    sheet = Sheet(NOON, [], {M: 0})
    lot = a_lot(1, own, 5, state="pending" if pending else "available")
    sheet.grant(lot, "订单")
    spent = 0 if pending else min(spent, own)
    if spent:
        sheet.spend("s", M, spent, "兑换")
    if other:
        sheet.grant(a_lot(2, other, 3), "赠送")
    back = min(back, own)
    sheet.take_back(lot, back, "退款")
    beyond = max(0, back - (own - spent))
    assert lot.remaining == own - spent - (back - beyond)
    if other:
        assert sheet.lots["lot_2"].remaining == max(0, other - beyond)
    assert sheet.available[M] == (0 if pending else own - spent) + other - (0 if pending else back)
