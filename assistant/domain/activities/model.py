"""Check-in and the points mall as values, and the pure rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from assistant.base.errors import Invalid
from assistant.base.money import MOST

RedemptionState = Literal["placed", "fulfilled", "cancelled"]
MOST_AT_ONCE = 99
MOST_VALUE = 1_000_000


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A member checks in on the business day of now."""

    key: str
    member_id: str


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """``points`` of today's check-in and days in a row; ``already`` if it was made before, and then nothing was added now."""

    day: date
    points: int
    streak: int
    already: bool = False


@dataclass(frozen=True, slots=True)
class StockItem:
    """Puts an item into the mall or replaces its words, price, stock left and limit; ``per_member`` 0 is no limit.

    ``kind``: goods (sent by us) or partner (a benefit of another brand). With ``code_name`` one of the coupon codes loaded under this name
    (worth ``value_fen``) is handed over at once.
    """

    key: str
    item: str
    title: str
    points: int
    stock: int
    per_member: int = 0
    kind: str = "goods"
    code_name: str = ""
    value_fen: int = 0


@dataclass(frozen=True, slots=True)
class Stocked:
    """The item's id."""

    item: str


@dataclass(frozen=True, slots=True)
class Item:
    """Something to be had for points; ``stock`` is what is left."""

    id: str
    title: str
    points: int
    stock: int
    per_member: int
    kind: str
    code_name: str = ""
    value_fen: int = 0


@dataclass(frozen=True, slots=True)
class Redeem:
    """Exchanges points for an item; ``expected_points`` is the whole price the member agreed to."""

    key: str
    member_id: str
    item: str
    quantity: int
    expected_points: int


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The redemption; ``available`` points are left."""

    redemption_id: str
    title: str
    points: int
    available: int
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fulfil:
    """The item has been sent or the partner's code handed over; ``note`` is the parcel number or the code."""

    key: str
    redemption_id: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class CancelRedeem:
    """Takes a redemption back that was not fulfilled."""

    key: str
    redemption_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """The redemption's state afterwards."""

    redemption_id: str
    state: str


@dataclass(frozen=True, slots=True)
class Redemption:
    """One exchange of points for an item."""

    id: str
    member_id: str
    item: str
    title: str
    quantity: int
    points: int
    spend_id: str
    state: str
    note: str
    at: datetime


def bonus_due(length: int, given: int, streak_days: int) -> int:
    """1 if a streak of this length has filled ``streak_days`` more often than it was rewarded for, else 0."""
    return int(length // streak_days > given)


def checked(request: StockItem) -> StockItem:
    """The request itself; Invalid for an item that nobody could redeem."""
    if not request.item or not request.title.strip() or not 0 < request.points <= MOST or not 0 <= request.stock <= MOST:
        raise Invalid("商城商品需要编号、名称、大于 0 的积分和不为负的库存", code="bad_item")
    if request.per_member < 0 or request.kind not in ("goods", "partner"):
        raise Invalid("商品限购不能为负，类型只能是 goods 或 partner", code="bad_item")
    if bool(request.code_name) != bool(request.value_fen) or not 0 <= request.value_fen <= MOST_VALUE or len(request.code_name) > 60:
        raise Invalid("用券码发的商品要同时写券名（最多 60 字）和一张值多少分", code="bad_item")
    return request
