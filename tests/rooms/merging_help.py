"""What suites about merges share: people, orders, and the independent checker run on what is left."""

from __future__ import annotations

import json
import runpy
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from assistant.base.principal import Principal, system
from assistant.domain import members, orders, points
from assistant.domain.members import Identity, Profile, Register
from assistant.flows import merging
from assistant.flows.importing import import_lines
from assistant.flows.settle import settle_orders
from assistant.store import Store
from tests.conftest import NOON

ME = system("test")
BOSS = Principal("operator", "operator_song", frozenset({"owner"}))
WECHAT = Identity("wecom_external", "wm_anna")
CHECKER = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "check_book.py"))


def wrong(store: Store) -> list[str]:
    """What the independent checker finds in the store's book."""
    with closing(CHECKER["Book"](store.url)) as book:
        return [str(found) for found in CHECKER["differences"](book)]


def join(store: Store, key: str, *identities: Identity, shop_key: str = "", days_ago: int = 1, **profile: Any) -> str:
    """A member."""
    known = Profile(joined_at=NOON - timedelta(days=days_ago), **profile)
    return str(store.do(members.register, [Register(key, shop_key, identities, known)], ME)[0].member_id)


def buy(store: Store, number: str, member: str, fen: int = 10000, status: str = "finished", buyer: Identity | None = None) -> str:
    """An order with everything it earns; returns its id."""
    at = NOON - timedelta(days=20)
    update = orders.OrderUpdate(
        key=f"{number}:{status}",
        source="taobao",
        shop="店",
        order_no=number,
        event_time=at,
        status=status,
        paid_fen=fen,
        total_fen=fen,
        buyer=buyer,
        member_id=member,
        items=(orders.Item("", "睡衣", "睡衣", 1, fen),),
        paid_at=at,
        finished_at=at if status == "finished" else None,
    )
    taken = store.do(orders.intake, [update], ME)[0]
    store.do(settle_orders, [taken.order_id], ME)
    return str(taken.order_id)


def give(store: Store, member: str, amount: int, key: str = "") -> None:
    """Points for nothing in particular."""
    store.do(points.grant, [points.Grant(key or f"g:{member}:{amount}", member, amount, "赠送")], ME)


def spend(store: Store, member: str, amount: int, key: str) -> str:
    """Spends points; returns the spend's id."""
    return str(store.do(points.spend, [points.Spend(key, member, amount, "换购")], ME)[0].spend_id)


def left(store: Store, *ids: str) -> list[int]:
    """What each has available."""
    found = store.look(points.balance, ids)
    return [found[number].available for number in ids]


def merge(store: Store, one: str, other: str, key: str = "m1") -> merging.Merged:
    """A person's word that the two are one."""
    return store.do(merging.merge, [merging.Merge(key, one, other)], BOSS)[0]


def undo(store: Store, done: merging.Merged, key: str = "u1") -> merging.Undone:
    """A person's word that they are not."""
    return store.do(merging.undo, [merging.Undo(key, done.merge_id, "看错了")], BOSS)[0]


def bring(store: Store, *lines: dict[str, Any]) -> list[str]:
    """Imports lines; returns what was said of bad ones."""
    report = import_lines(store, "lines.jsonl", [json.dumps(line).encode() for line in lines], BOSS)
    return [bad.reason for bad in report.bad]
