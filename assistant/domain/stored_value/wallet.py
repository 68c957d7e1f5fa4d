"""The members of one command with their top-ups: worked, then booked as one set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from assistant.domain.ledger import Posting
from assistant.domain.stored_value.model import BONUS, PRINCIPAL, Lot, Moved, account, brand
from assistant.store import Fact

WORDS = {"top_up": "储值", "spend": "储值支付", "return": "储值退回", "refund": "储值退款"}


class Wallet:
    """Open lots of the members, oldest first, and what has been done to them."""

    def __init__(self, lots: Iterable[Lot]) -> None:
        self.lots = {lot.id: lot for lot in lots}
        self.changed: dict[str, Lot] = {}
        self.postings: list[Posting] = []
        self.movements: list[dict[str, Any]] = []
        self.facts: list[Fact] = []

    def of(self, member_id: str) -> list[Lot]:
        """A member's top-ups, the oldest first."""
        return sorted((lot for lot in self.lots.values() if lot.member_id == member_id), key=lambda lot: (lot.at, lot.id))

    def left(self, member_id: str) -> int:
        """All that the member can spend."""
        return sum(lot.principal_left + lot.bonus_left for lot in self.of(member_id))

    def touch(self, *lots: Lot) -> None:
        """Marks lots as changed."""
        for lot in lots:
            lot.version += 1
            self.lots[lot.id] = self.changed[lot.id] = lot

    def move(self, kind: str, key: str, member_id: str, principal: int, bonus: int, reference: str) -> Moved:
        """Books a movement of both assets; amounts are signed, what comes is positive."""
        for asset, amount in ((PRINCIPAL, principal), (BONUS, bonus)):
            if amount:
                own, ours = account(member_id, asset), brand(asset)
                source, destination = (ours, own) if amount > 0 else (own, ours)
                self.postings.append(
                    Posting(f"stored:{kind}:{key}:{asset}", source, destination, abs(amount), f"{WORDS[kind]} {reference}"[:200])
                )
        self.movements.append({"member_id": member_id, "kind": kind, "principal": principal, "bonus": bonus, "reference": reference})
        payload = {"principal_fen": principal, "bonus_fen": bonus, "reference": reference}
        self.facts.append(Fact(f"stored_value.{kind}", f"member:{member_id}", payload, member_id))
        mine = self.of(member_id)
        return Moved(abs(principal), abs(bonus), sum(lot.principal_left for lot in mine), sum(lot.bonus_left for lot in mine))
