"""The independent checker finds nothing in a sound book, and every kind of corruption that was planted in one."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.domain import activities, benefits, cashback, members, membership, points, stored_value
from assistant.flows import payout
from assistant.flows.importing import import_lines
from assistant.payments import SimulatedPayout
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.test_cashback_shop import BOSS, ME
from tests.support.checking import CHECKER, differences

AT = (NOON - timedelta(days=1)).isoformat()
LINES: list[dict[str, Any]] = [
    {"kind": "member", "key": "m1", "nickname": "林小满", "identities": [{"namespace": "openid:wx1", "value": "o1"}]},
    {"kind": "member", "key": "m2", "nickname": "周周"},
    {"kind": "opening_balance", "key": "ob1", "member": "m1", "points": 500},
    {"kind": "opening_growth", "key": "og1", "member": "m1", "growth": 5000},
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
    """Points earned, spent and given back, a redemption, a coupon, a claim that was paid, stored value, a reservation."""
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
    store.do(stored_value.top_up, [stored_value.TopUp("t", anna, 50_000, "wx1", 5_000)], ME)
    store.do(stored_value.spend, [stored_value.Spend("v", anna, 11_000, "V1")], ME)
    store.do(stored_value.return_spend, [stored_value.Return("b", "V1", 1_000)], ME)
    store.do(points.reserve, [points.Reserve("h", anna, 30, "换礼")], ME)
    assert await payout.carry(store, SimulatedPayout(store), claimed.claim_id, "p") == "paid"
    return store


def check(store: Store) -> tuple[int, str]:
    """(exit code, what is said) of the checker as anybody would run it."""
    done = subprocess.run([sys.executable, str(CHECKER), store.url], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def plant(store: Store, *statements: str) -> None:
    """Corrupts the book past every rule of the house."""
    store.do(lambda work, _: [work.execute(sa.text(one)) for one in statements], None, ME)


async def test_a_sound_book_has_nothing_wrong(book: Store) -> None:
    assert check(book) == (0, "账本核对无误\n")


async def test_what_refunds_leave_below_zero_is_sound(book: Store, clock: ManualClock) -> None:
    """Points that are spent, cashback that is paid and growth that a review has closed are taken back all the same."""
    anna = str(book.look(members.find, "m1"))
    left = book.look(points.balance, [anna])[anna].available
    book.do(points.spend, [points.Spend("all", anna, left, "换礼")], ME)
    clock.advance(timedelta(days=366))
    while book.do(lambda work, _: membership.review(work), None, ME):
        pass
    refund = {"kind": "refund", "source": "taobao", "order_no": "T1", "refund_no": "R9", "refund_fen": 19_900, "at": NOON.isoformat()}
    assert import_lines(book, "late.jsonl", [json.dumps(refund).encode()], BOSS).bad == []
    below = [row.asset for row in book.look(lambda view: view.all(sa.text("SELECT DISTINCT asset FROM ledger_balance WHERE balance < 0")))]
    assert sorted(below) == ["cashback", "growth", "points"]
    assert differences(book.url) == []


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
    "a hold has more than was set aside": (
        (
            "INSERT INTO ledger_hold SELECT 'x', 'brand', 'cny', 'main', 1, MIN(at) FROM ledger_transaction",
            "INSERT INTO ledger_balance VALUES ('hold:x', 'cny', 'main', 5, (1 = 0))",
        ),
        "预留 x 剩 5",
    ),
    "a budget is overdrawn": (("INSERT INTO ledger_balance VALUES ('budget:x', 'cny', 'main', -5, (1 = 1))",), "已透支到 -5"),
    "a member is below zero by a purchase": (
        (
            """UPDATE ledger_entry SET balance_after = -5 WHERE id = (SELECT MIN(id) FROM ledger_entry
               WHERE owner LIKE 'member:%' AND asset = 'points' AND pocket = 'available' AND amount < 0)""",
        ),
        "不是因为退款变成负数的",
    ),
    "a reservation is forgotten": (("UPDATE points_spend SET state = 'spent' WHERE state = 'held'",), "预留的积分账上是 130"),
    "an order's points lie nowhere": (("UPDATE points_order_earning SET lot_id = 'lot_x'",), "批次 lot_x 不在"),
    "a claim is in no known state": (("UPDATE cashback_claim SET state = 'lost'",), "状态“lost”不存在"),
    "a claim was never made": (("DELETE FROM fact WHERE name = 'cashback.bound'",), "第一次记录是"),
    "a claim has no story": (("DELETE FROM fact WHERE name LIKE 'cashback.%'",), "没有任何记录"),
    "a payout belongs to no claim": (("UPDATE cashback_claim SET attempt = 0",), "不属于任何返现"),
    "a claim was booked with another amount": (("UPDATE cashback_claim SET paid_fen = paid_fen - 100",), "记着付了"),
    "a claim was paid less than it promises": (("UPDATE cashback_claim SET amount_fen = amount_fen + 5",), "已付的返现"),
    "a claim waits for money that is not set aside": (
        ("UPDATE cashback_claim SET settled_at = NULL, state = 'due', paid_fen = 0",),
        "待付的返现账上是 0 分",
    ),
    "an order counts for more growth than was booked": (
        ("UPDATE membership_order_growth SET counted = counted + 1",),
        "计入成长值 200，账上是 199",
    ),
    "an order counts for more growth than it brought": (
        ("UPDATE shop_order SET refund_fen = 10000 WHERE order_no = 'T1'",),
        "计入成长值 199，实收是 9900 分",
    ),
    "a top-up holds less than the book": (
        ("UPDATE stored_value_top_up SET principal_left = principal_left - 1",),
        "的储值本金账上是",
    ),
    "a line of stored value is gone": (("DELETE FROM stored_value_movement WHERE kind = 'spend'",), "的储值赠送金账上是"),
    "stored value was taken from nowhere": (("UPDATE stored_value_spend SET parts = '[]'",), "从充值单取了 0 分"),
    "a spend belongs to nobody": (("UPDATE points_spend SET member_id = 'member_nobody'",), "points_spend 里有记录属于不存在的会员"),
    "a top-up belongs to nobody": (("UPDATE stored_value_top_up SET member_id = 'x'",), "stored_value_top_up 里有记录属于不存在的会员 x"),
    "growth belongs to nobody": (("UPDATE membership_order_growth SET member_id = 'x'",), "membership_order_growth 里有记录属于不存在"),
    "an account belongs to nobody": (
        ("UPDATE ledger_balance SET owner = 'member:x' WHERE asset = 'stored_bonus'",),
        "账户 member:x 属于不存在的会员",
    ),
    "a claim is of no order": (("UPDATE cashback_claim SET order_id = 'order_x'",), "cashback_claim 的 order_id 指向不存在的 order_x"),
    "a card is of no template": (("UPDATE cashback_card SET template_id = 'x'",), "cashback_card 的 template_id 指向不存在的 x"),
    "lines are of no order": (
        ("UPDATE shop_order_item SET order_id = 'x' WHERE order_id = (SELECT MIN(order_id) FROM shop_order_item)",),
        "shop_order_item 的 order_id 指向不存在的 x",
    ),
}


@pytest.mark.parametrize("corruption", PLANTED)
async def test_a_planted_corruption_is_found(book: Store, corruption: str) -> None:
    statements, wanted = PLANTED[corruption]
    plant(book, *statements)
    lines = differences(book.url)
    assert [line for line in lines if wanted in line], lines


UNGUARDED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "one order has two claims": (
        "cashback_claim",
        (
            "INSERT INTO cashback_claim SELECT * FROM cashback_claim",
            "UPDATE cashback_claim SET id = 'claim_2' WHERE rowid = (SELECT MAX(rowid) FROM cashback_claim)",
        ),
        "有 2 笔没有作废的返现",
    ),
    "one order was paid twice": (
        "cashback_claim",
        (
            "INSERT INTO cashback_claim SELECT * FROM cashback_claim",
            "UPDATE cashback_claim SET id = 'claim_2' WHERE rowid = (SELECT MAX(rowid) FROM cashback_claim)",
        ),
        "付出了 2 笔返现",
    ),
    "a code was given to two": ("benefit_coupon", ("INSERT INTO benefit_coupon SELECT * FROM benefit_coupon",), "发给了 2 个人"),
    "a grant gave two codes": ("benefit_coupon", ("INSERT INTO benefit_coupon SELECT * FROM benefit_coupon",), "给出了 2 张"),
    "an activity gave more than there was": (
        "activity_stock",
        ("INSERT INTO activity_stock VALUES ('fair', 'sock', 1, 2)",),
        "发出 2，总共只有 1",
    ),
    "an order was refunded more than it cost": ("shop_order", ("UPDATE shop_order SET refund_fen = paid_fen + 1",), "退款 19901"),
    "a top-up was refunded more than was paid in": (
        "stored_value_top_up",
        ("UPDATE stored_value_top_up SET refunded = principal + 1",),
        "充值单 wx1：本金 50000",
    ),
    "an order got back more than it paid": ("stored_value_spend", ("UPDATE stored_value_spend SET returned = 12000",), "退回 12000 分"),
    "a plan was refunded more than it cost": (
        "membership_paid",
        ("INSERT INTO membership_paid (id, member_id, paid_fen, refund_fen) SELECT 'p', MIN(id), 1, 2 FROM member",),
        "付费会员 p：付了 1 分，退了 2 分",
    ),
}
"""(table, statements, what is said): what the database itself would refuse, done to a table that has lost its constraints."""


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("corruption", UNGUARDED)
async def test_what_a_lost_constraint_let_through_is_found(book: Store, corruption: str) -> None:
    table, statements, wanted = UNGUARDED[corruption]
    loose = (f"CREATE TABLE loose AS SELECT * FROM {table}", f"DROP TABLE {table}", f"ALTER TABLE loose RENAME TO {table}")
    plant(book, *loose, *statements)
    lines = differences(book.url)
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
