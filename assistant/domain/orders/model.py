"""The normal form of orders, and the one pure rule: an order is what the set of everything said about it folds to.

Because the fold looks at a set, neither the order of arrival nor repetition can change what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from assistant.base.clock import parse_instant
from assistant.base.errors import Invalid
from assistant.base.ids import derive, digest_of
from assistant.base.money import MOST
from assistant.domain.members import Identity

Status = Literal["created", "paid", "shipped", "finished", "closed"]
STATUSES: tuple[Status, ...] = ("created", "paid", "shipped", "finished", "closed")
RANK = {status: rank for rank, status in enumerate(STATUSES)}
PAID = ("paid", "shipped", "finished")
ALL_SO_FAR = "*"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of an order; ``paid_fen`` is what was paid for all ``qty`` of it."""

    sku: str
    title: str
    category: str
    qty: int
    paid_fen: int


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """What a shop says about an order at ``event_time``. What it leaves empty is kept from earlier words.

    ``part``: the word is about this parcel or sub-order only; ``parts``: all those the shop names. An order with parts has shipped or
    finished when all its parts have (closed ones aside), or when the shop says so of the whole.
    """

    key: str
    source: str
    shop: str
    order_no: str
    event_time: datetime
    status: Status
    paid_fen: int
    total_fen: int
    buyer: Identity | None = None
    member_id: str = ""
    items: tuple[Item, ...] = ()
    live_room: str = ""
    created_at: datetime | None = None
    paid_at: datetime | None = None
    finished_at: datetime | None = None
    part: str = ""
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refund:
    """A refund in whole or in part; only ``final`` ones count. ``refund_no`` names it, its newest word holds.

    ``part``: the parcel or sub-order it is of; the order no longer waits for a part whose money went back.

    The number ALL_SO_FAR tells what was refunded in all, as exports do that name no refunds; the larger of this and the named ones counts.
    """

    key: str
    source: str
    order_no: str
    refund_no: str
    refund_fen: int
    at: datetime
    final: bool = True
    part: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A member says that an order nobody owns yet is his."""

    key: str
    member_id: str
    order_no: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was said is kept. ``order_id`` is empty while only refunds of the order are known, ``member_id`` while nobody owns it."""

    order_id: str
    member_id: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """An order as everything said so far adds up to. ``refund_fen`` never exceeds ``paid_fen``."""

    id: str
    source: str
    order_no: str
    shop: str = ""
    status: str = ""
    member_id: str = ""
    buyer: Identity | None = None
    paid_fen: int = 0
    total_fen: int = 0
    refund_fen: int = 0
    live_room: str = ""
    created_at: datetime | None = None
    paid_at: datetime | None = None
    finished_at: datetime | None = None
    items: tuple[Item, ...] = ()

    @property
    def net_fen(self) -> int:
        """What the shop keeps: nothing of a closed or unpaid order."""
        return self.paid_fen - self.refund_fen if self.status in PAID else 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """The orders of a source that nobody owns: how many, worth what, how many name a buyer, and since when the first waits."""

    source: str
    count: int
    paid_fen: int
    with_buyer: int
    since: datetime


UPDATE_FIELDS = [field.name for field in fields(OrderUpdate) if field.name != "key"]
REFUND_FIELDS = [field.name for field in fields(Refund) if field.name != "key"]


def order_id(source: str, order_no: str) -> str:
    return derive("order", source, order_no)


def check_update(update: OrderUpdate) -> None:
    """Raises Invalid for an update that could never be right."""
    amounts = (update.paid_fen, update.total_fen, *(item.paid_fen for item in update.items))
    if not update.source or not update.order_no or update.status not in RANK:
        raise Invalid(f"订单 {update.order_no or '（无单号）'} 缺少来源、单号或状态", code="bad_order", key=update.key)
    if any(not 0 <= amount <= MOST for amount in amounts) or any(item.qty < 1 for item in update.items):
        raise Invalid(f"订单 {update.order_no} 的金额或数量不对", code="bad_order", key=update.key)


def check_refund(refund: Refund) -> None:
    """Raises Invalid for a refund that could never be right."""
    if not (refund.source and refund.order_no and refund.refund_no) or not 0 < refund.refund_fen <= MOST:
        raise Invalid(f"退款 {refund.refund_no or '（无单号）'} 缺少单号或金额不对", code="bad_refund", key=refund.key)


def body_of(said: OrderUpdate | Refund) -> dict[str, Any]:
    """What was said, as JSON without its key; the same words give the same body."""
    names = REFUND_FIELDS if isinstance(said, Refund) else UPDATE_FIELDS
    body = {name: value for name in names if (value := getattr(said, name)) not in ("", None, ())}
    body["word"] = "refund" if isinstance(said, Refund) else "update"
    return {name: _plain(value) for name, value in body.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, (Item, Identity)):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return value


def fold(order: Order, bodies: Iterable[Mapping[str, Any]]) -> Order:
    """The order that all words add up to; ``order`` gives the id, the number and the owner found so far."""
    words = list(bodies)
    told = [body for body in words if body["word"] == "update"]
    if len(told) > 1:
        told.sort(key=_stamp)
    updates = [body for body in told if not body.get("part")]
    if not updates:
        return Order(order.id, order.source, order.order_no, member_id=order.member_id)

    def last(name: str, empty: Any) -> Any:
        return next((body[name] for body in reversed(updates) if body.get(name)), empty)

    parts = _by_part(told)
    status = max([body["status"] for body in updates] + _together(parts, _given_back(words)), key=RANK.__getitem__)
    paid_fen = last("paid_fen", 0)
    buyer = last("buyer", None)
    return Order(
        id=order.id,
        source=order.source,
        order_no=order.order_no,
        shop=last("shop", ""),
        status=status,
        member_id=order.member_id or last("member_id", ""),
        buyer=Identity(**buyer) if buyer else None,
        paid_fen=paid_fen,
        total_fen=last("total_fen", paid_fen),
        refund_fen=min(paid_fen, _refunded(words)),
        live_room=last("live_room", ""),
        created_at=_first(updates, "created_at", STATUSES),
        paid_at=_first(updates, "paid_at", PAID),
        finished_at=_finished(updates, parts, status),
        items=tuple(Item(**item) for item in last("items", ())),
    )


def _by_part(told: list[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """What was said of each part that any word names."""
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for body in told:
        for name in body.get("parts", ()):
            parts.setdefault(name, [])
        if body.get("part"):
            parts.setdefault(body["part"], []).append(body)
    return parts


def _given_back(words: list[Mapping[str, Any]]) -> set[str]:
    return {body["part"] for body in words if body["word"] == "refund" and body["final"] and body.get("part")}


def _together(parts: Mapping[str, list[Mapping[str, Any]]], given_back: set[str]) -> list[Status]:
    """The status that all open parts have reached, where there are parts: shipping and finishing only, paying is said of the whole."""
    reached = {name: max((RANK[body["status"]] for body in said), default=0) for name, said in parts.items()}
    going = {name: rank for name, rank in reached.items() if rank != RANK["closed"]}
    # Where money went back for every part, the parts still say how far they have come: small change back closes nothing.
    waited_for = [rank for name, rank in going.items() if name not in given_back] or list(going.values())
    least = STATUSES[min(waited_for)] if waited_for else "created"
    return [least] if least in ("shipped", "finished") else []


def _finished(updates: list[Mapping[str, Any]], parts: Mapping[str, list[Mapping[str, Any]]], status: str) -> datetime | None:
    """When the shop said so of the whole, else when the last part was."""
    found = _first(updates, "finished_at", ("finished",))
    if found is not None or status != "finished":
        return found
    each = [_first(said, "finished_at", ("finished",)) for said in parts.values()]
    return max((instant for instant in each if instant is not None), default=None)


def _stamp(body: Mapping[str, Any]) -> tuple[datetime, int, str]:
    return parse_instant(body.get("event_time") or body["at"]), RANK.get(body.get("status", ""), 0), digest_of(body)


def _first(updates: list[Mapping[str, Any]], name: str, statuses: tuple[str, ...]) -> datetime | None:
    """The earliest instant given for this step, else when the step was first heard of."""
    given = [body[name] for body in updates if body.get(name)]
    heard = [body["event_time"] for body in updates if body["status"] in statuses]
    return min(map(parse_instant, given or heard), default=None)


def _refunded(words: list[Mapping[str, Any]]) -> int:
    newest: dict[str, Mapping[str, Any]] = {}
    for body in sorted((body for body in words if body["word"] == "refund"), key=_refund_stamp):
        newest[body["refund_no"]] = body
    told = newest.pop(ALL_SO_FAR, None)
    named: int = sum(body["refund_fen"] for body in newest.values() if body["final"])
    whole = int(told["refund_fen"]) if told and told["final"] else 0
    return max(named, whole)


def _refund_stamp(body: Mapping[str, Any]) -> tuple[bool, datetime, str]:
    """A final word about a refund is not taken back by an earlier stage that arrives late."""
    return bool(body["final"]), parse_instant(body["at"]), digest_of(body)
