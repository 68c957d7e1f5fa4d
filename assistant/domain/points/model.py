"""Points as values: lots, requests and what is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from assistant.domain.ledger import Account

ASSET = "points"
BRAND = Account("brand", ASSET)
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Grant:
    """Gives points; available now unless ``available_at`` lies ahead, expiring by the rule unless ``expires_at`` is given."""

    key: str
    member_id: str
    amount: int
    reason: str
    source: str = ""
    available_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """The lot that a grant made."""

    lot_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class OpenBalance:
    """Points a member brings from another system."""

    key: str
    member_id: str
    amount: int
    reason: str = "旧系统转入积分"
    granted_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spend:
    """Takes points away for something the member wants."""

    key: str
    member_id: str
    amount: int
    reason: str


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A member did something (``product_viewed``) at ``at``. The key names the event wherever it is told again."""

    key: str
    member_id: str
    name: str
    at: datetime
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """So many points of one lot."""

    lot_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Spent:
    """A spend by its id, the lots it drew on, and what is available afterwards."""

    spend_id: str
    lots: tuple[Part, ...]
    available: int


@dataclass(frozen=True, slots=True)
class SpendRow:
    """A spend as stored: ``held`` until captured (``spent``) or ``released``; ``returned`` after a refund."""

    id: str
    member_id: str
    amount: int
    reason: str
    parts: tuple[Part, ...]
    transaction: str
    state: str = "spent"
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundSpend:
    """Gives a spend back whole."""

    key: str
    spend_id: str


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back, to the lots it was taken from."""

    lots: tuple[Part, ...]
    available: int


@dataclass(frozen=True, slots=True)
class PointsBalance:
    """``available`` is negative while a refund has taken back points that were spent already; ``held`` is set aside for an exchange."""

    pending: int = 0
    available: int = 0
    held: int = 0


@dataclass(slots=True)
class Lot:
    """Points granted together. ``remaining`` of an available lot is what can still be spent, ``expired`` what was lost by time.

    ``waived`` counts expired points that a later refund of the same order need not take back again; ``version`` numbers the changes.
    A lot with ``idle_days`` ends so many days after the member's last activity, never earlier than its ``expires_at`` says.
    """

    id: str
    member_id: str
    amount: int
    remaining: int
    state: str
    source: str
    granted_at: datetime
    available_at: datetime | None
    expires_at: datetime | None
    order_id: str = ""
    order_no: str = ""
    expired: int = 0
    waived: int = 0
    idle_days: int = 0
    version: int = 0

    @property
    def rank(self) -> tuple[datetime, datetime, str]:
        """Spending order: earliest expiry, then earliest grant, then id."""
        return self.expires_at or NEVER, self.granted_at, self.id

    def due_to_mature(self, now: datetime) -> bool:
        return self.state == "pending" and self.available_at is not None and self.available_at <= now

    def due_to_expire(self, now: datetime) -> bool:
        return self.state == "available" and self.remaining > 0 and self.expires_at is not None and self.expires_at <= now


@dataclass(slots=True)
class OrderEarning:
    """What an order has earned so far, after what refunds took back; ``lot_id`` is empty until it earns.

    Rules and ``tier`` (or the paid plan, if that multiplied more) are those of its first earning. ``counted`` is what each rule drew from
    caps, empty where there are none.
    """

    order_id: str
    member_id: str
    rule_version: int
    tier: str = ""
    counted: dict[str, int] = field(default_factory=dict)
    earned: int = 0
    lot_id: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class Movement:
    """One line of a member's history before it is stored; maturing changes nothing in sum and has change 0."""

    member_id: str
    lot_id: str
    change: int
    reason: str
    order_no: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of a member's history with its reason in words."""

    at: datetime
    change: int
    reason: str
    order_no: str


@dataclass(frozen=True, slots=True)
class Expiring:
    """Points that will be lost within the asked days, and when the first of them will be."""

    amount: int
    first_at: datetime
    lots: tuple[Part, ...] = field(default=())


def account(member_id: str, pocket: str) -> Account:
    return Account(f"member:{member_id}", ASSET, pocket)
