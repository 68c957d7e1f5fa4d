"""Control totals of another system held against the book after an import: every figure a row, every difference named."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from assistant.base.errors import Invalid
from assistant.domain import cashback, ledger, members, orders, points
from assistant.store import View

Count = Annotated[StrictInt, Field(ge=0)]
Ref = Annotated[StrictStr, Field(min_length=1, max_length=120)]
ASSETS = {
    "points": ("积分", ("pending", "available", "held")),
    "growth": ("成长值", ("main",)),
    "stored_principal": ("储值本金（分）", ("main",)),
    "stored_bonus": ("储值赠送（分）", ("main",)),
}
MOST_ACCOUNTS = 100_000


class Closed(BaseModel):
    """A value that refuses every field it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Balances(Closed):
    """What is held of each asset; what is left out is not compared."""

    points: StrictInt | None = None
    growth: StrictInt | None = None
    stored_principal: StrictInt | None = None
    stored_bonus: StrictInt | None = None


class Orders(Closed):
    """Orders and their sums in fen."""

    count: Count | None = None
    paid_fen: Count | None = None
    refund_fen: Count | None = None


class Account(Balances):
    """What one member holds."""

    member: Ref


class Totals(Closed):
    """What the other system says; only what is said is compared."""

    members: Count | None = None
    balances: Balances = Balances()
    lots: Count | None = None
    cards: Count | None = None
    orders: Orders = Orders()
    orders_by_source: dict[Ref, Orders] = {}
    accounts: Annotated[tuple[Account, ...], Field(max_length=MOST_ACCOUNTS)] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of both sides; ``ours`` None: a member the book does not know."""

    what: str
    theirs: int
    ours: int | None

    @property
    def same(self) -> bool:
        return self.theirs == self.ours

    def __str__(self) -> str:
        if self.ours is None:
            return f"差  {self.what}：旧系统 {self.theirs}，账本里没有这位会员"
        apart = "" if self.same else f"，相差 {self.ours - self.theirs:+d}"
        return f"{'对' if self.same else '差'}  {self.what}：旧系统 {self.theirs}，账本 {self.ours}{apart}"


def totals_from(text: str | bytes) -> Totals:
    """Totals of a JSON document; Invalid names the field."""
    try:
        return Totals.model_validate(json.loads(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "整体"
        raise Invalid(f"控制总数的“{where}”写得不对，需要整数，金额以分为单位", code="bad_totals", where=where) from None
    except ValueError:
        raise Invalid("控制总数要是一个 JSON 对象（UTF-8）", code="bad_totals") from None


def read(path: Path) -> Totals:
    """Totals of a file; Invalid if there is none."""
    if not path.is_file():
        raise Invalid(f"找不到文件 {path}，请检查路径", code="no_file")
    return totals_from(path.read_bytes())


def compare(view: View, totals: Totals) -> list[Row]:
    """A row for every figure that was said, then one for every account and asset that was said; the whole book is counted."""
    rows = [Row(f"{title}合计", theirs, _sum(view, name)) for name, title, theirs in _said(totals.balances)]
    if totals.members is not None:
        rows.insert(0, Row("会员数", totals.members, members.count(view)))
    if totals.lots is not None:
        rows.append(Row("还有余额的积分批次数", totals.lots, points.live_lots(view)))
    if totals.cards is not None:
        rows.append(Row("返现卡张数", totals.cards, cashback.count_cards(view)))
    by_source = orders.sums(view)
    everything = [sum(one) for one in zip((0, 0, 0), *by_source.values(), strict=True)]
    rows += _orders("", totals.orders, everything)
    for source, said in sorted(totals.orders_by_source.items()):
        rows += _orders(f"{source} ", said, by_source.get(source, (0, 0, 0)))
    return rows + _accounts(view, totals.accounts)


def _said(balances: Balances) -> list[tuple[str, str, int]]:
    return [(name, title, value) for name, (title, _pockets) in ASSETS.items() if (value := getattr(balances, name)) is not None]


def _orders(of: str, said: Orders, ours: Iterable[int]) -> list[Row]:
    words = ("订单数", "订单实付（分）", "订单退款（分）")
    theirs = (said.count, said.paid_fen, said.refund_fen)
    return [Row(f"{of}{word}", one, number) for word, one, number in zip(words, theirs, ours, strict=True) if one is not None]


def _sum(view: View, asset: str) -> int:
    total = 0
    for pocket in ASSETS[asset][1]:
        held = ledger.balance_select(asset, pocket).subquery()
        total += int(view.scalar(sa.select(sa.func.coalesce(sa.func.sum(held.c.value), 0))))
    return total


def _accounts(view: View, accounts: tuple[Account, ...]) -> list[Row]:
    known = members.find_all(view, [one.member for one in accounts])
    asked: dict[ledger.Account, None] = {}
    for one in accounts:
        for name, _title, _value in _said(one):
            asked |= dict.fromkeys(_pockets(known.get(one.member, ""), name))
    held = ledger.balances(view, asked)
    rows = []
    for one in accounts:
        for name, title, value in _said(one):
            owner = known.get(one.member)
            ours = None if owner is None else sum(held[pocket] for pocket in _pockets(owner, name))
            rows.append(Row(f"会员 {one.member} 的{title}", value, ours))
    return rows


def _pockets(member_id: str, asset: str) -> list[ledger.Account]:
    return [ledger.Account(f"member:{member_id}", asset, pocket) for pocket in ASSETS[asset][1]]


def report(rows: Iterable[Row], most: int = 200) -> dict[str, Any]:
    """The rows that differ first, ``most`` of all at most, and how many there are of each kind."""
    every = list(rows)
    apart = [row for row in every if not row.same]
    shown = [*apart, *(row for row in every if row.same)][:most]
    return {"rows": shown, "compared": len(every), "different": len(apart)}
