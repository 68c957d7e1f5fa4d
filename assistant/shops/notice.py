"""What shops say, in one form: orders and refunds as told, before anybody has asked what they mean."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from hashlib import md5, sha256
from typing import Any

MOST_FEN = 10**12
LONGEST_NUMBER = 120


class NoticeRefused(Exception):
    """The request is not answered. ``reason`` is a slug for the metric, ``status`` the HTTP status; the body stays empty."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class Unreadable(Exception):
    """A message that is signed but cannot be understood; the text says which field, for a person."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order."""

    sku: str
    title: str
    qty: int
    paid_fen: int


@dataclass(frozen=True, slots=True)
class OrderTold:
    """A word about an order, or about ``part`` of it (a parcel, a sub-order). What is left empty was not said."""

    shop: str
    order_no: str
    at: datetime
    status: str
    paid_fen: int = 0
    total_fen: int = 0
    buyer: str = ""
    lines: tuple[Line, ...] = ()
    part: str = ""
    parts: tuple[str, ...] = ()
    created_at: datetime | None = None
    paid_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefundTold:
    """A word about a refund, of ``part`` of the order where that was said; only ``final`` ones have moved money."""

    order_no: str
    refund_no: str
    refund_fen: int
    at: datetime
    final: bool
    part: str = ""


Told = OrderTold | RefundTold


@dataclass(frozen=True, slots=True)
class Message:
    """One message: what it says, or in ``unread`` why it could not be understood. The same message told again has the same ``id``."""

    id: str
    told: tuple[Told, ...] = ()
    unread: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One call: its messages, and the answer that the platform waits for."""

    messages: tuple[Message, ...] = ()
    ack: Mapping[str, Any] = field(default_factory=lambda: {"code": 0, "msg": "success"})


def understood(number: Any, content: Any, read: Callable[[], Sequence[Told]], name: str) -> Message:
    """The message that ``read`` makes sense of, known by its number and its content: platforms use a number twice now and then."""
    identity = f"{text(str(number), 60)}:{sha256(repr(content).encode('utf-8', 'replace')).hexdigest()[:32]}"
    try:
        return Message(identity, tuple(read()))
    except Unreadable as reason:
        return Message(identity, unread=text(f"{name}：{reason}", 300))


def same_sign(wanted: str, given: str) -> bool:
    """Compares in constant time, without regard to case; anything that is no hex text differs."""
    return given.isascii() and hmac.compare_digest(wanted, given.strip().lower())


def md5_sign(*parts: bytes) -> str:
    """Hex MD5, which is what these platforms sign with."""
    return md5(b"".join(parts), usedforsecurity=False).hexdigest()


def read_json(body: bytes | str) -> Any:
    """JSON with whole numbers of any size kept exact; Unreadable for anything else."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_no_constant)
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise Unreadable("不是有效的 JSON") from None


def fen_of_yuan(value: Any, what: str) -> int:
    """Fen of ``"19.90"``; nothing said is 0. Unreadable for fractions of a fen, negatives and what is no number."""
    if value in (None, ""):
        return 0
    try:
        amount = Decimal(str(value)) if not isinstance(value, bool) and str(value).isascii() else Decimal("NaN")
        fen = amount * 100
        whole = int(fen)
    except (InvalidOperation, ValueError, OverflowError):
        raise Unreadable(f"{what}“{str(value)[:30]}”不是金额") from None
    if whole != fen or not 0 <= whole <= MOST_FEN:
        raise Unreadable(f"{what}“{str(value)[:30]}”不是金额")
    return whole


def whole(value: Any, what: str, most: int = MOST_FEN) -> int:
    """A whole number from 0 to ``most``; nothing said is 0."""
    if value in (None, ""):
        return 0
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise Unreadable(f"{what}“{str(value)[:30]}”不对")
    return value


def number(value: Any, what: str) -> str:
    """An order or refund number as text, of any length platforms use; Unreadable without one."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_NUMBER or not value.isprintable():
        raise Unreadable(f"缺少{what}")
    return value.strip()


def text(value: Any, longest: int = 200) -> str:
    """Text cut to what a column holds; nothing for what is none."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode().replace("\x00", "").strip()[:longest]


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list; nothing for what is none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _no_constant(name: str) -> Any:
    raise ValueError(name)
