"""The rules of lots, worked in memory: a sheet takes the lots of some members and collects postings, movements and changed lots.

Held throughout: what is available in the book is the sum of what remains in available lots, or, if negative, no lot has anything left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from assistant.base.errors import Refused
from assistant.domain.ledger import Account, Posting
from assistant.domain.points.model import BRAND, NEVER, Lot, Movement, Part, SpendRow, account


class Sheet:
    """``available`` is the book's balance of each member's available pocket; ``turned`` lists (what, lot, points) of a refresh.

    ``overdue`` are reservations whose time is up; a refresh gives them back, ``released`` names them.
    """

    def __init__(self, now: datetime, lots: Iterable[Lot], available: Mapping[str, int], overdue: Iterable[SpendRow] = ()) -> None:
        self.now = now
        self.lots: dict[str, Lot] = {}
        self.available = dict(available)
        self.postings: list[Posting] = []
        self.movements: list[Movement] = []
        self.changed: dict[str, Lot] = {}
        self.turned: list[tuple[str, Lot, int]] = []
        self.released: dict[str, SpendRow] = {}
        self._overdue = list(overdue)
        self._of: dict[str, list[Lot]] = {}
        for lot in lots:
            self._keep(lot)

    def _keep(self, lot: Lot) -> None:
        self.lots[lot.id] = lot
        self._of.setdefault(lot.member_id, []).append(lot)

    def grant(self, lot: Lot, reason: str) -> None:
        """A new lot comes in, empty as yet; a member's debt is paid from it first."""
        self._keep(lot)
        self.raise_by(lot, lot.amount, reason, lot.granted_at)

    def raise_by(self, lot: Lot, amount: int, reason: str, at: datetime) -> None:
        """Adds points to a lot."""
        self._post(lot, "in", BRAND, account(lot.member_id, lot.state), amount, reason)
        if lot.state == "pending":
            lot.remaining += amount
        else:
            self._come(lot, amount)
        self._note(lot, amount, reason, at)

    def _mature(self, lot: Lot) -> int:
        amount, lot.remaining, lot.state = lot.remaining, 0, "available"
        if amount:
            what = f"订单 {lot.order_no} 的" if lot.order_no else ""
            reason = f"{what} {amount} 积分已生效".strip()
            self._post(lot, "mature", account(lot.member_id, "pending"), account(lot.member_id, "available"), amount, reason)
            self._come(lot, amount)
            self._note(lot, 0, reason, lot.available_at or self.now)
        self.touch(lot)
        return amount

    def _expire(self, lot: Lot) -> int:
        amount, lot.remaining = lot.remaining, 0
        self._post(lot, "expire", account(lot.member_id, "available"), BRAND, amount, "积分到期")
        self.available[lot.member_id] -= amount
        lot.expired += amount
        self._note(lot, -amount, "积分到期", lot.expires_at or self.now)
        return amount

    def refresh(self) -> None:
        """Releases, matures and expires whatever is due by now, each at its time and in that order, so that it does not matter when
        this is done; ``turned`` says what matured and expired."""
        over, self._overdue = self._overdue, []
        due: list[tuple[datetime, int, tuple[datetime, datetime, str], Lot | SpendRow]] = []
        due += [(row.until or self.now, 0, (NEVER, self.now, row.id), row) for row in over]
        for lot in self.lots.values():
            if lot.available_at is not None and lot.due_to_mature(self.now):
                due.append((lot.available_at, 1, lot.rank, lot))
            if lot.expires_at is not None and lot.expires_at <= self.now:
                due.append((lot.expires_at, 2, lot.rank, lot))
        for at, _kind, _rank, one in sorted(due, key=lambda event: event[:3]):
            self._happen(at, one)

    def _happen(self, at: datetime, one: Lot | SpendRow) -> None:
        if isinstance(one, SpendRow):
            self.release(one)
        elif one.due_to_mature(at):
            self.turned.append(("matured", one, self._mature(one)))
        touched = [self.lots[part.lot_id] for part in one.parts] if isinstance(one, SpendRow) else [one]
        for lot in touched:
            if lot.due_to_expire(at):
                self.turned.append(("expired", lot, self._expire(lot)))

    def stir(self, member_id: str, at: datetime) -> None:
        """The member was active at ``at``: lots that end by inactivity end later; never earlier, and never again once they are gone."""
        for lot in self._of.get(member_id, ()):
            moved = at + timedelta(days=lot.idle_days)
            if lot.idle_days and lot.expires_at and lot.expires_at < moved and not lot.due_to_expire(self.now):
                lot.expires_at = moved
                self.touch(lot)

    def spend(self, key: str, member_id: str, amount: int, reason: str, into: Account = BRAND) -> tuple[Part, ...]:
        """Takes points by earliest expiry, then earliest grant, then id; raises Refused where there are not enough."""
        if self.available.get(member_id, 0) < 0:
            raise Refused("您的积分因退款暂时为负，补平之前不能兑换", code="points_negative", available=self.available[member_id])
        spendable = self._spendable(member_id)
        have = sum(lot.remaining for lot in spendable)
        if have < amount:
            raise Refused(
                f"积分还差一点：要用 {amount} 积分，您现在有 {have} 积分可以用，再攒 {amount - have} 就够啦",
                code="insufficient",
                available=have,
                wanted=amount,
            )
        parts, _none = self._draw(spendable, amount)
        self.postings.append(Posting(key, account(member_id, "available"), into, amount, reason))
        self.available[member_id] -= amount
        self.movements.append(Movement(member_id, parts[0].lot_id, -amount, reason, "", self.now))
        return tuple(parts)

    def capture(self, number: str, member_id: str, amount: int, reason: str) -> str:
        """What was set aside is spent, as a movement out of the available pocket that can be reversed; returns its key."""
        held, available = account(member_id, "held"), account(member_id, "available")
        key = f"points:capture:{number}"
        self.postings.append(Posting(f"points:unhold:{number}", held, available, amount, reason))
        self.postings.append(Posting(key, available, BRAND, amount, reason, allow_negative=True))
        return key

    def release(self, row: SpendRow, grace: timedelta | None = None) -> None:
        """What was set aside comes back to its lots; time that has passed meanwhile is not given back, unless there is a grace."""
        held, available = account(row.member_id, "held"), account(row.member_id, "available")
        self.postings.append(Posting(f"points:release:{row.id}", held, available, row.amount, row.reason))
        self.released[row.id] = row
        self.give_back(row.member_id, row.parts, f"没有完成，退回：{row.reason}", grace)

    def give_back(self, member_id: str, parts: Iterable[Part], reason: str, grace: timedelta | None) -> None:
        """Points of a spend return to their lots and keep their expiry; one that is past gets a grace from now, if there is one.

        The caller reverses the book.
        """
        total = 0
        for part in parts:
            lot = self.lots[part.lot_id]
            if grace is not None and lot.expires_at is not None and lot.expires_at <= self.now:
                lot.expires_at = self.now + grace
            self._come(lot, part.amount)
            total += part.amount
        self.movements.append(Movement(member_id, "", total, reason, "", self.now))

    def take_back(self, lot: Lot, amount: int, reason: str) -> int:
        """A refund takes back points of its order's lot: pending, then available (its own lot first), then a debt.

        Points of the lot that had expired unspent are gone already and not taken twice; returns how many were taken.
        """
        left = amount
        if lot.state == "pending":
            part = min(left, lot.remaining)
            if part:
                self._post(lot, "back", account(lot.member_id, "pending"), BRAND, part, reason)
                lot.remaining -= part
                self._note(lot, -part, reason, self.now)
            left -= part
        _own, rest = self._draw([lot] if lot.state == "available" else [], left)
        waived = min(rest, lot.expired - lot.waived)
        lot.waived += waived
        _others, _debt = self._draw(self._spendable(lot.member_id), rest - waived)
        taken = left - waived
        if taken:
            self._post(lot, "back", account(lot.member_id, "available"), BRAND, taken, reason, allow_negative=True)
            self.available[lot.member_id] = self.available.get(lot.member_id, 0) - taken
            self._note(lot, -taken, reason, self.now)
        self.touch(lot)
        return amount - waived

    def _spendable(self, member_id: str) -> list[Lot]:
        found = [lot for lot in self._of.get(member_id, ()) if lot.state == "available" and lot.remaining > 0]
        return sorted(found, key=lambda lot: lot.rank)

    def _draw(self, lots: list[Lot], amount: int) -> tuple[list[Part], int]:
        """Takes from the lots in turn; returns the parts and what they could not cover."""
        parts = []
        for lot in lots:
            part = min(amount, lot.remaining)
            if part:
                lot.remaining -= part
                amount -= part
                parts.append(Part(lot.id, part))
                self.touch(lot)
        return parts, amount

    def _come(self, lot: Lot, amount: int) -> None:
        before = self.available.get(lot.member_id, 0)
        self.available[lot.member_id] = before + amount
        lot.remaining += amount - min(amount, max(0, -before))
        self.touch(lot)

    def _post(
        self, lot: Lot, kind: str, source: Account, destination: Account, amount: int, memo: str, *, allow_negative: bool = False
    ) -> None:
        self.postings.append(Posting(f"points:{kind}:{lot.id}:{lot.version}", source, destination, amount, memo, allow_negative))
        self.touch(lot)

    def _note(self, lot: Lot, change: int, reason: str, at: datetime) -> None:
        self.movements.append(Movement(lot.member_id, lot.id, change, reason, lot.order_no, at))
        self.touch(lot)

    def left(self, member_id: str) -> int:
        """What remains in the member's available lots."""
        return sum(lot.remaining for lot in self._spendable(member_id))

    def drain(self, member_id: str, amount: int) -> None:
        """Takes from the member's lots by the order of spending what the book has taken already."""
        self._draw(self._spendable(member_id), amount)

    def adopt(self, lot: Lot) -> None:
        """A lot that the caller has booked comes in, or has changed."""
        if lot.id not in self.lots:
            self._keep(lot)
        self.touch(lot)

    def touch(self, lot: Lot) -> None:
        """Marks a lot as changed."""
        lot.version += 1
        self.changed[lot.id] = lot
