"""The independent checker finds nothing in a sound book, and every kind of corruption that was planted in one."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.domain import activities, benefits, cashback, members, points
from assistant.flows import payout
from assistant.flows.importing import import_lines
from assistant.payments import SimulatedPayout
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.test_cashback_shop import BOSS, ME

CHECKER = Path(__file__).parents[2] / "scripts" / "check_book.py"
AT = (NOON - timedelta(days=1)).isoformat()
LINES: list[dict[str, Any]] = [
    {"kind": "member", "key": "m1", "nickname": "林小满", "identities": [{"namespace": "openid:wx1", "value": "o1"}]},
    {"kind": "member", "key": "m2", "nickname": "周周"},
    {"kind": "opening_balance", "key": "ob1", "member": "m1", "points": 500},
    {
        "kind": "card",
        "key": "c1",
        "member": "m1",
        "issued_at": (NOON - timedelta(days=9)).isoformat(),
        "template": {"key": "t1", "name": "返现卡", "ratio_bp": 500},
    },
    {
        "kind": "order",
        "source": "taobao",
        "order_no": "T1",
        "status": "finished",
        "at": AT,
        "member": "m1",
        "items": [{"title": "睡衣", "paid_fen": 19900}],
    },
    {
        "kind": "order",
        "source": "taobao",
        "order_no": "T2",
        "status": "paid",
        "at": AT,
        "member": "m2",
        "items": [{"title": "内裤", "paid_fen": 5900}],
    },
    {"kind": "refund", "source": "taobao", "order_no": "T2", "refund_no": "R1", "refund_fen": 1900, "at": AT},
]


@pytest.fixture
async def book(store: Store, clock: ManualClock) -> Store:
    """Points earned, spent and given back, a redemption, a coupon, a claim that was paid."""
    assert import_lines(store, "old.jsonl", [json.dumps(line).encode() for line in LINES], BOSS).bad == []
    anna = str(store.look(members.find, "m1"))
    store.do(activities.stock_mall, [activities.StockItem("s", "sock", "纯棉袜", 100, 5)], ME)
    for number in range(2):
        store.do(activities.redeem, [activities.Redeem(f"r{number}", anna, "sock", 1, 100)], ME)
    redeemed = store.look(activities.redemptions_of, anna)
    store.do(activities.cancel_redeem, [activities.CancelRedeem("x", redeemed[0].id)], ME)
    store.do(benefits.load_codes, [benefits.LoadCodes("l", "满减券", ("A1", "A2"))], ME)
    store.do(benefits.grant, [benefits.BenefitGrant("g", anna, benefits.Coupon("满减券", 1000))], ME)
    claimed = store.do(cashback.claim, [cashback.Claim("c", anna, "T1")], ME)[0]
    clock.advance(timedelta(days=8))
    store.do(lambda work, _: (cashback.ripen(work), points.mature(work)), None, ME)
    store.do(cashback.approve, [cashback.Approve("a", claimed.claim_id)], BOSS)
    assert await payout.carry(store, SimulatedPayout(store), claimed.claim_id, "p") == "paid"
    return store


def check(store: Store) -> tuple[int, str]:
    """(exit code, what is said) of the checker as anybody would run it."""
    done = subprocess.run([sys.executable, str(CHECKER), store.url], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def differences(store: Store) -> list[str]:
    """The same in this process."""
    found = runpy.run_path(str(CHECKER))
    with closing(found["Book"](store.url)) as book:
        return list(found["differences"](book))


def plant(store: Store, *statements: str) -> None:
    """Corrupts the book past every rule of the house."""
    store.do(lambda work, _: [work.execute(sa.text(one)) for one in statements], None, ME)


async def test_a_sound_book_has_nothing_wrong(book: Store) -> None:
    assert check(book) == (0, "账本核对无误\n")


PLANTED: dict[str, tuple[tuple[str, ...], str]] = {
    "one side of a posting is gone": (
        ("DELETE FROM ledger_entry WHERE id = (SELECT MIN(id) FROM ledger_entry WHERE owner = 'brand')",),
        "两边不相等",
    ),
    "an amount was edited": (("UPDATE ledger_entry SET amount = amount + 1 WHERE id = (SELECT MAX(id) FROM ledger_entry)",), "应为 0"),
    "a transaction is gone": (
        ("DELETE FROM ledger_transaction WHERE id = (SELECT MIN(transaction_id) FROM ledger_entry)",),
        "没有对应的记账",
    ),
    "a transaction without entries": (
        ("INSERT INTO ledger_transaction (id, key, memo, cause, at) SELECT 'txn_x', 'x', '', '', MIN(at) FROM ledger_transaction",),
        "没有分录",
    ),
    "a key was used twice": (("UPDATE ledger_transaction SET key = 'same'",), "记账编号 same 用了"),
    "a balance was edited": (
        ("UPDATE ledger_balance SET balance = balance + 7 WHERE asset = 'points' AND pocket = 'available'",),
        "分录合计是",
    ),
    "a balance is gone": (("DELETE FROM ledger_balance WHERE asset = 'points'",), "却没有余额"),
    "a lot was edited": (("UPDATE points_lot SET remaining = remaining - 1 WHERE state = 'available' AND remaining > 1",), "批次合计是"),
    "a lot holds more than it was given": (("UPDATE points_lot SET amount = 1",), "积分批次"),
    "a line of a history is gone": (("DELETE FROM points_movement WHERE id = (SELECT MIN(id) FROM points_movement)",), "积分明细合计"),
    "points below zero in another asset": (
        ("UPDATE ledger_balance SET balance = -5, may_overdraw = (1 = 1) WHERE asset = 'cashback' AND pocket = 'pending'",),
        "不允许为负",
    ),
    "a claim was promised more": (("UPDATE cashback_claim SET amount_fen = 1, recovered_fen = 0",), "对不上"),
    "a claim was paid another amount": (("UPDATE cashback_claim SET paid_fen = paid_fen - 100",), "付出的返现账上是"),
    "a claim is paid and never settled": (("UPDATE cashback_claim SET settled_at = NULL",), "到账时间空"),
    "a claim jumped a step": (("UPDATE fact SET name = 'cashback.clawed_back' WHERE name = 'cashback.due'",), "这一步不允许"),
    "a claim's state was edited": (("UPDATE cashback_claim SET state = 'clawed_back'",), "最后一次记录是"),
    "a template gave more than its stock": (("UPDATE cashback_template SET stock = 0",), "返现卡模板"),
    "a template gave more than its budget": (("UPDATE cashback_template SET budget_fen = 1, committed_fen = 2",), "返现卡模板"),
    "a card was used too often": (("UPDATE cashback_card SET uses_left = -1",), "还能用 -1 次"),
    "the mall sold what it had not": (("UPDATE activity_item SET stock = -1",), "库存是 -1"),
    "a redemption cost something else": (("UPDATE activity_redemption SET points = 1",), "兑换"),
    "a spend paid for two redemptions": (
        ("UPDATE activity_redemption SET spend_id = (SELECT MIN(spend_id) FROM activity_redemption)",),
        "用在了 2 次兑换上",
    ),
    "a spend drew less than it cost": (("UPDATE points_spend SET parts = '[]'",), "从批次里取了 0"),
    "a lot belongs to nobody": (("UPDATE points_lot SET member_id = 'member_nobody'",), "属于不存在的会员"),
}


@pytest.mark.parametrize("corruption", PLANTED)
async def test_a_planted_corruption_is_found(book: Store, corruption: str) -> None:
    statements, wanted = PLANTED[corruption]
    plant(book, *statements)
    lines = differences(book)
    assert [line for line in lines if wanted in line], lines


async def test_a_book_with_something_wrong_ends_with_a_one(book: Store) -> None:
    plant(book, "UPDATE activity_item SET stock = -1")
    assert check(book) == (1, "商城商品 sock 的库存是 -1\n账本核对发现 1 处不一致\n")


def test_a_book_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, str(CHECKER), str(tmp_path / "none.db")], capture_output=True, text=True, check=False)
    assert (done.returncode, "读不了这个账本" in done.stderr) == (2, True)


def test_the_checker_imports_nothing_of_ours() -> None:
    text = CHECKER.read_text(encoding="utf-8")
    assert "assistant" not in text
