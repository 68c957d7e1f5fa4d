"""Holds the account book against itself: an independent checker that imports nothing of the product, only a database driver.

Usage: python scripts/check_book.py URL_OR_FILE     (a SQLite file, sqlite:///file, or postgresql://…)

Reads only. Prints one line for each thing that is wrong, with where it is; exit code 0 if nothing is, 1 if something is, 2 if the book
cannot be read. What must hold is stated here a second time, on purpose: do not replace it by imports.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

MOST_LINES = 200
NEGATIVE = (("points", "available"), ("cashback", "debt"), ("growth", "main"))
"""Below zero by refunds only."""

BY_REFUND = ("points:back:", "points:capture:", ":claw:", "growth:order", "part:")
"""Keys of what may lower an account below zero: an order's refund, a reservation that is taken although a refund came between, a claim
clawed back, and people who are parted again after such."""

ENDED = ("void", "expired", "rejected")
GOING = ("issued", "bound", "waiting_receipt", "waiting_window", "due", "approved", "paying", "wait_user_confirm", "unknown")
STATES = (*GOING, "paid", "clawed_back", *ENDED)
BACK = {"void", "expired", "rejected"}
NEXT: dict[str, set[str]] = {
    "bound": {"waiting_receipt", "waiting_window", "due"},
    "waiting_receipt": {"waiting_window", "due"} | BACK,
    "waiting_window": {"due", "waiting_receipt"} | BACK,
    "due": {"approved", "waiting_receipt", "waiting_window"} | BACK,
    "approved": {"paying", "paid", "due"} | BACK,
    "paying": {"wait_user_confirm", "paid", "unknown", "due"},
    "wait_user_confirm": {"paid", "unknown", "due"},
    "unknown": {"paying", "wait_user_confirm", "paid", "due"},
    "paid": {"clawed_back"},
    "clawed_back": set(),
    "void": set(),
    "expired": set(),
    "rejected": set(),
}

SUMS: tuple[tuple[str, str], ...] = (
    (
        "资产 {0} 的分录合计为 {1}，应为 0",
        "SELECT asset, SUM(amount) FROM ledger_entry GROUP BY asset HAVING SUM(amount) <> 0",
    ),
    (
        "记账 {0} 的资产 {1} 两边不相等，差 {2}",
        "SELECT transaction_id, asset, SUM(amount) FROM ledger_entry GROUP BY transaction_id, asset HAVING SUM(amount) <> 0",
    ),
    (
        "分录 {0} 没有对应的记账 {1}",
        "SELECT e.id, e.transaction_id FROM ledger_entry e LEFT JOIN ledger_transaction t ON t.id = e.transaction_id WHERE t.id IS NULL",
    ),
    (
        "记账 {0} 没有分录",
        "SELECT t.id FROM ledger_transaction t LEFT JOIN ledger_entry e ON e.transaction_id = t.id WHERE e.id IS NULL",
    ),
    (
        "记账编号 {0} 用了 {1} 次",
        "SELECT key, COUNT(*) FROM ledger_transaction GROUP BY key HAVING COUNT(*) > 1",
    ),
    (
        "账户 {0} {1}/{2} 的余额是 {3}，分录合计是 {4}",
        """SELECT b.owner, b.asset, b.pocket, b.balance, COALESCE(s.total, 0) FROM ledger_balance b
           LEFT JOIN (SELECT owner, asset, pocket, SUM(amount) AS total FROM ledger_entry GROUP BY owner, asset, pocket) s
           ON s.owner = b.owner AND s.asset = b.asset AND s.pocket = b.pocket WHERE b.balance <> COALESCE(s.total, 0)""",
    ),
    (
        "账户 {0} {1}/{2} 有分录 {3}，却没有余额",
        """SELECT e.owner, e.asset, e.pocket, SUM(e.amount) FROM ledger_entry e LEFT JOIN ledger_balance b
           ON b.owner = e.owner AND b.asset = e.asset AND b.pocket = e.pocket
           WHERE b.owner IS NULL AND e.owner NOT LIKE 'brand%' AND e.owner NOT LIKE 'payout%'
           GROUP BY e.owner, e.asset, e.pocket HAVING SUM(e.amount) <> 0""",
    ),
    (
        "预留 {0} 剩 {1}，当初只留了 {2}",
        """SELECT h.id, b.balance, h.amount FROM ledger_hold h JOIN ledger_balance b ON b.owner = 'hold:' || h.id AND b.asset = h.asset
           WHERE b.balance > h.amount OR b.balance < 0""",
    ),
    (
        "预算账户 {0} 已透支到 {1}",
        "SELECT owner, balance FROM ledger_balance WHERE owner LIKE 'budget:%' AND balance < 0",
    ),
)

POINTS: tuple[tuple[str, str], ...] = (
    *(
        (
            "会员 {0} 的" + word + "积分账上是 {1}，批次合计是 {2}",
            f"""SELECT m.member_id, SUM(m.booked), SUM(m.lots) FROM (
                SELECT SUBSTR(owner, 8) AS member_id, balance AS booked, 0 AS lots FROM ledger_balance
                WHERE asset = 'points' AND pocket = '{pocket}' AND owner LIKE 'member:%'
                UNION ALL SELECT member_id, 0, remaining FROM points_lot WHERE state = '{pocket}') m
                GROUP BY m.member_id HAVING SUM(m.booked) <> SUM(m.lots) AND (SUM(m.booked) >= 0 OR SUM(m.lots) <> 0)""",
        )
        for pocket, word in (("pending", "待生效"), ("available", "可用"))
    ),
    (
        "会员 {0} 的积分明细合计 {2}，账上是 {1}",
        """SELECT m.member_id, SUM(m.booked), SUM(m.moved) FROM (
           SELECT SUBSTR(owner, 8) AS member_id, balance AS booked, 0 AS moved FROM ledger_balance
           WHERE asset = 'points' AND pocket IN ('pending', 'available') AND owner LIKE 'member:%'
           UNION ALL SELECT member_id, 0, change FROM points_movement) m GROUP BY m.member_id HAVING SUM(m.booked) <> SUM(m.moved)""",
    ),
    (
        "会员 {0} 预留的积分账上是 {1}，还在预留的兑换合计是 {2}",
        """SELECT m.member_id, SUM(m.booked), SUM(m.kept) FROM (
           SELECT SUBSTR(owner, 8) AS member_id, balance AS booked, 0 AS kept FROM ledger_balance
           WHERE asset = 'points' AND pocket = 'held' AND owner LIKE 'member:%'
           UNION ALL SELECT member_id, 0, amount FROM points_spend WHERE state = 'held') m
           GROUP BY m.member_id HAVING SUM(m.booked) <> SUM(m.kept)""",
    ),
    (
        "积分批次 {0} 剩 {1}，原有 {2}，过期 {3}",
        "SELECT id, remaining, amount, expired FROM points_lot WHERE remaining < 0 OR expired < 0 OR remaining + expired > amount",
    ),
    (
        "订单 {0} 记着得了 {1} 积分，批次 {2} 不在",
        """SELECT o.order_id, o.earned, o.lot_id FROM points_order_earning o LEFT JOIN points_lot l ON l.id = o.lot_id
           WHERE o.earned < 0 OR (o.lot_id <> '' AND l.id IS NULL)""",
    ),
)

CASHBACK: tuple[tuple[str, str], ...] = (
    (
        "订单 {0} 有 {1} 笔没有作废的返现",
        f"SELECT order_no, COUNT(*) FROM cashback_claim WHERE state NOT IN {ENDED} GROUP BY order_id, order_no HAVING COUNT(*) > 1",
    ),
    (
        "返现 {0} 的状态“{1}”不存在",
        f"SELECT id, state FROM cashback_claim WHERE state NOT IN {STATES}",
    ),
    (
        "返现 {0}：应返 {1}，已付 {2}，抵扣 {3}，收回 {4}，对不上",
        """SELECT id, amount_fen, paid_fen, recovered_fen, clawed_fen FROM cashback_claim
           WHERE paid_fen < 0 OR recovered_fen < 0 OR clawed_fen < 0 OR paid_fen + recovered_fen > amount_fen OR clawed_fen > amount_fen""",
    ),
    (
        "返现 {0} 是“{1}”，付款金额 {2}，到账时间{3}",
        """SELECT id, state, paid_fen, CASE WHEN settled_at IS NULL THEN '空' ELSE '有' END FROM cashback_claim
           WHERE (state IN ('paid', 'clawed_back')) <> (settled_at IS NOT NULL)
           OR (state NOT IN ('paid', 'clawed_back') AND paid_fen > 0)""",
    ),
    (
        "已付的返现 {0}：应返 {1} 分，付了 {2} 分，抵扣了 {3} 分",
        """SELECT id, amount_fen, paid_fen, recovered_fen FROM cashback_claim
           WHERE settled_at IS NOT NULL AND paid_fen + recovered_fen <> amount_fen""",
    ),
    (
        "订单 {0} 付出了 {1} 笔返现",
        """SELECT order_no, COUNT(*) FROM cashback_claim WHERE paid_fen > 0 GROUP BY order_id, order_no HAVING COUNT(*) > 1""",
    ),
    (
        "付出的返现账上是 {0} 分，返现申请合计是 {1} 分",
        """SELECT p.total, c.total FROM
           (SELECT COALESCE(SUM(amount), 0) AS total FROM ledger_entry WHERE owner = 'payout' AND asset = 'cashback') p,
           (SELECT COALESCE(SUM(paid_fen), 0) AS total FROM cashback_claim) c WHERE p.total <> c.total""",
    ),
    (
        "会员 {0} 待付的返现账上是 {1} 分，返现申请合计是 {2} 分",
        f"""SELECT m.member_id, SUM(m.booked), SUM(m.owed) FROM (
            SELECT SUBSTR(owner, 8) AS member_id, balance AS booked, 0 AS owed FROM ledger_balance
            WHERE asset = 'cashback' AND pocket = 'pending' AND owner LIKE 'member:%'
            UNION ALL SELECT member_id, 0, amount_fen - recovered_fen FROM cashback_claim
            WHERE settled_at IS NULL AND state NOT IN {ENDED}) m
            GROUP BY m.member_id HAVING SUM(m.booked) <> SUM(m.owed)""",
    ),
    (
        "返现卡模板 {0}：预算 {1} 分，已占用 {2} 分；库存 {3}，已发 {4}",
        """SELECT name, budget_fen, committed_fen, stock, issued FROM cashback_template
           WHERE committed_fen > budget_fen OR issued > stock OR committed_fen < 0""",
    ),
    (
        "返现卡 {0} 还能用 {1} 次",
        "SELECT id, uses_left FROM cashback_card WHERE uses_left < 0",
    ),
)

MEMBERSHIP: tuple[tuple[str, str], ...] = (
    (
        "订单 {0} 计入成长值 {1}，账上是 {2}",
        # Summed, not joined: SQLite would read all bookings once for each order.
        """SELECT m.order_id, SUM(m.counted), SUM(m.booked) FROM (
           SELECT order_id, counted, 0 AS booked, 1 AS known FROM membership_order_growth
           UNION ALL SELECT SUBSTR(t.key, 8, 30), 0, e.amount, 0 FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
           WHERE e.asset = 'growth' AND e.owner LIKE 'member:%' AND t.key LIKE 'growth:order%') m
           GROUP BY m.order_id HAVING MAX(m.known) = 1 AND SUM(m.counted) <> SUM(m.booked)""",
    ),
    (
        # What is still to be done about an order waits under its name.
        "订单 {0} 计入成长值 {1}，实收是 {2} 分",
        """SELECT o.id, g.counted, o.net FROM membership_order_growth g JOIN (
           SELECT id, CASE WHEN status IN ('paid', 'shipped', 'finished') THEN paid_fen - refund_fen ELSE 0 END AS net FROM shop_order) o
           ON o.id = g.order_id WHERE g.counted <> o.net / 100
           AND NOT EXISTS (SELECT 1 FROM due d WHERE d.order_key = 'order:' || o.id)""",
    ),
    (
        "付费会员 {0}：付了 {1} 分，退了 {2} 分",
        "SELECT id, paid_fen, refund_fen FROM membership_paid WHERE refund_fen < 0 OR refund_fen > paid_fen",
    ),
)

STORED: tuple[tuple[str, str], ...] = (
    *(
        (
            "会员 {0} 的储值" + word + "账上是 {1} 分，充值单剩下的合计是 {2} 分，明细合计是 {3} 分",
            f"""SELECT m.member_id, SUM(m.booked), SUM(m.kept), SUM(m.moved) FROM (
                SELECT SUBSTR(owner, 8) AS member_id, balance AS booked, 0 AS kept, 0 AS moved FROM ledger_balance
                WHERE asset = 'stored_{part}' AND owner LIKE 'member:%'
                UNION ALL SELECT member_id, 0, {part}_left, 0 FROM stored_value_top_up
                UNION ALL SELECT member_id, 0, 0, {part} FROM stored_value_movement) m
                GROUP BY m.member_id HAVING SUM(m.booked) <> SUM(m.kept) OR SUM(m.booked) <> SUM(m.moved)""",
        )
        for part, word in (("principal", "本金"), ("bonus", "赠送金"))
    ),
    (
        "充值单 {0}：本金 {1}，剩 {2}，已退 {3}；赠送 {4}，剩 {5}，作废 {6}",
        """SELECT payment, principal, principal_left, refunded, bonus, bonus_left, lapsed FROM stored_value_top_up
           WHERE principal_left < 0 OR bonus_left < 0 OR refunded < 0 OR lapsed < 0
           OR principal_left + refunded > principal OR bonus_left + lapsed > bonus""",
    ),
    (
        "储值支付 {0}：付了 {1} 分，退回 {2} 分",
        "SELECT order_ref, amount, returned FROM stored_value_spend WHERE returned < 0 OR returned > amount",
    ),
)

GOODS: tuple[tuple[str, str], ...] = (
    ("商城商品 {0} 的库存是 {1}", "SELECT id, stock FROM activity_item WHERE stock < 0"),
    ("活动 {0} 的 {1} 发出 {2}，总共只有 {3}", "SELECT activity, item, taken, total FROM activity_stock WHERE taken < 0 OR taken > total"),
    (
        "兑换 {0} 花了 {1} 积分，对应的消费 {2} 是 {3}",
        """SELECT r.id, r.points, r.spend_id, COALESCE(s.amount, 0) FROM activity_redemption r LEFT JOIN points_spend s ON s.id = r.spend_id
           WHERE s.id IS NULL OR s.amount <> r.points OR s.member_id <> r.member_id""",
    ),
    (
        "积分消费 {0} 用在了 {1} 次兑换上",
        "SELECT spend_id, COUNT(*) FROM activity_redemption GROUP BY spend_id HAVING COUNT(*) > 1",
    ),
    (
        "优惠券 {0} 的券码 {1} 发给了 {2} 个人",
        "SELECT name, code, COUNT(*) FROM benefit_coupon WHERE member_id <> '' GROUP BY name, code HAVING COUNT(*) > 1",
    ),
    (
        "发券 {0} 给出了 {1} 张",
        "SELECT grant_key, COUNT(*) FROM benefit_coupon WHERE grant_key <> '' GROUP BY grant_key HAVING COUNT(*) > 1",
    ),
    ("订单 {0}：实付 {1}，退款 {2}", "SELECT order_no, paid_fen, refund_fen FROM shop_order WHERE refund_fen > paid_fen OR refund_fen < 0"),
)

PEOPLE = (
    *("points_lot", "points_spend", "points_movement", "points_order_earning", "points_notice"),
    *("cashback_card", "cashback_claim", "benefit_coupon", "shop_order", "fraud_evidence"),
    *("membership_order_growth", "membership_paid", "membership_gift"),
    *("stored_value_top_up", "stored_value_spend", "stored_value_movement"),
    *("activity_checkin", "activity_redemption", "activity_participant", "activity_entry", "activity_invite"),
    *("member_identity", "audience_tag", "outreach_touch", "journey_enrolment", "event"),
)
"""Tables whose rows belong to a member; an empty name is nobody yet, and who was erased goes on as ``gone_…``."""

PARENTS = (
    ("points_order_earning", "order_id", "shop_order", "id"),
    ("membership_order_growth", "order_id", "shop_order", "id"),
    ("shop_order_item", "order_id", "shop_order", "id"),
    ("order_word", "order_id", "shop_order", "id"),
    ("cashback_claim", "order_id", "shop_order", "id"),
    ("cashback_claim", "card_id", "cashback_card", "id"),
    ("cashback_card", "template_id", "cashback_template", "id"),
    ("activity_redemption", "item", "activity_item", "id"),
    ("activity_entry", "activity", "activity", "name"),
)
"""(table, column, table it must lead to, column there)."""


class Book:
    """A read-only connection, the same for both databases."""

    def __init__(self, where: str) -> None:
        if where.startswith(("postgresql://", "postgresql+psycopg://")):
            import psycopg

            self._connection: Any = psycopg.connect(where.replace("postgresql+psycopg://", "postgresql://", 1))
            self._connection.read_only = True
            return
        path = Path(where.removeprefix("sqlite:///"))
        if not path.is_file():
            raise FileNotFoundError(path)
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def close(self) -> None:
        """Lets go of what reading holds."""
        self._connection.close()

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        cursor = self._connection.cursor()
        cursor.execute(statement)
        yield from cursor


def differences(book: Book) -> Iterator[str]:
    """Everything that is wrong, one sentence each."""
    for words, statement in (*SUMS, *POINTS, *CASHBACK, *MEMBERSHIP, *STORED, *GOODS):
        for row in book.rows(statement):
            yield words.format(*row)
    yield from _negatives(book)
    yield from _payouts(book)
    yield from _ways(book)
    yield from _spends(book)
    yield from _orphans(book)


def _orphans(book: Book) -> Iterator[str]:
    """Every row leads to somebody, and to what it is about."""
    for table in PEOPLE:
        lost = f"SELECT DISTINCT t.member_id FROM {table} t LEFT JOIN member m ON m.id = t.member_id WHERE m.id IS NULL"
        for (member,) in book.rows(f"{lost} AND t.member_id <> '' AND t.member_id NOT LIKE 'gone%'"):
            yield f"{table} 里有记录属于不存在的会员 {member}"
    accounts = "SELECT DISTINCT SUBSTR(owner, 8) AS member_id FROM ledger_balance WHERE owner LIKE 'member:%' AND balance <> 0"
    lost = f"SELECT b.member_id FROM ({accounts}) b LEFT JOIN member m ON m.id = b.member_id WHERE m.id IS NULL"
    for (member,) in book.rows(f"{lost} AND b.member_id NOT LIKE 'gone%'"):
        yield f"账户 member:{member} 属于不存在的会员"
    for table, column, parent, key in PARENTS:
        lost = f"SELECT DISTINCT t.{column} FROM {table} t LEFT JOIN {parent} p ON p.{key} = t.{column} WHERE p.{key} IS NULL"
        for (number,) in book.rows(lost):
            yield f"{table} 的 {column} 指向不存在的 {number}"


def _negatives(book: Book) -> Iterator[str]:
    """Who is below zero may be so by a refund only; a brand's own accounts issue value and are not kept."""
    for owner, asset, pocket, balance in book.rows("SELECT owner, asset, pocket, balance FROM ledger_balance WHERE balance < 0"):
        if (asset, pocket) not in NEGATIVE:
            yield f"账户 {owner} {asset}/{pocket} 的余额是 {balance}，不允许为负"
    lowered = """SELECT e.owner, e.asset, e.pocket, e.amount, t.key FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id
                 WHERE e.amount < 0 AND e.balance_after < 0"""
    for owner, asset, pocket, amount, key in book.rows(lowered):
        if (asset, pocket) in NEGATIVE and not any(word in key for word in BY_REFUND):
            yield f"账户 {owner} {asset}/{pocket} 不是因为退款变成负数的：{key} 记了 {amount}"


def _payouts(book: Book) -> Iterator[str]:
    """Each claim was paid once, by one of its own bills, and by what it says; no money left for anything else."""
    left: dict[str, list[int]] = {}
    entries = "SELECT t.key, e.amount FROM ledger_entry e JOIN ledger_transaction t ON t.id = e.transaction_id"
    for key, amount in book.rows(f"{entries} WHERE e.owner = 'payout' AND e.asset = 'cashback'"):
        left.setdefault(key, []).append(amount)
    for claim, attempts, paid in book.rows("SELECT id, attempt, paid_fen FROM cashback_claim"):
        bills = [bill for attempt in range(1, attempts + 1) for bill in _bills(claim, attempt)]
        booked = [amount for bill in bills for amount in left.pop(f"{bill}:pay", [])]
        if sum(booked) != paid or len(booked) > 1:
            yield f"返现 {claim} 记着付了 {paid} 分，账上付出 {sum(booked)} 分，共 {len(booked)} 笔"
    for key, amounts in left.items():
        yield f"付款 {key}（{sum(amounts)} 分）不属于任何返现"


def _bills(claim: str, attempt: int) -> tuple[str, str]:
    """The payer's number of an attempt, as it is made now and as it was in older books."""
    digest = hashlib.sha256(f"bill\x1f{claim}\x1f{attempt}".encode()).hexdigest()[:24]
    return f"bill{digest}", f"bill_{digest}"


def _ways(book: Book) -> Iterator[str]:
    """Each claim has gone only along allowed ways, and its last step is its state."""
    last: dict[str, str] = {}
    statement = "SELECT name, subject FROM fact WHERE name LIKE 'cashback.%' AND subject LIKE 'claim:%' ORDER BY id"
    for name, subject in book.rows(statement):
        state, claim = name.removeprefix("cashback."), subject.removeprefix("claim:")
        if state not in NEXT or state == last.get(claim):
            continue
        before = last.get(claim)
        if before is None and state != "bound":
            yield f"返现 {claim} 的第一次记录是“{state}”，不是登记"
        if before is not None and state not in NEXT[before]:
            yield f"返现 {claim} 从“{before}”变成了“{state}”，这一步不允许"
        last[claim] = state
    for claim, state in book.rows("SELECT id, state FROM cashback_claim"):
        if claim not in last:
            yield f"返现 {claim} 没有任何记录"
        elif last[claim] != state:
            yield f"返现 {claim} 的状态是“{state}”，最后一次记录是“{last[claim]}”"


def _spends(book: Book) -> Iterator[str]:
    """What a spend drew is what it cost: points from lots, stored value from top-ups, what came back included."""
    for number, amount, parts in book.rows("SELECT id, amount, parts FROM points_spend"):
        drawn = sum(_amount(part) for part in (json.loads(parts) if isinstance(parts, str) else parts))
        if drawn != amount:
            yield f"积分消费 {number} 是 {amount}，从批次里取了 {drawn}"

    for reference, amount, returned, parts in book.rows("SELECT order_ref, amount, returned, parts FROM stored_value_spend"):
        taken = [tuple(part) for part in (json.loads(parts) if isinstance(parts, str) else parts)]
        drawn, back = sum(part[1] + part[2] for part in taken), sum(part[3] + part[4] for part in taken)
        if (drawn, back) != (amount, returned):
            yield f"储值支付 {reference} 是 {amount} 分、退回 {returned} 分，从充值单取了 {drawn} 分、退回 {back} 分"


def _amount(part: Any) -> int:
    return int(part["amount"] if isinstance(part, dict) else part[1])


def report(found: Iterable[str]) -> int:
    """Prints what is wrong and returns the exit code."""
    count = 0
    for line in found:
        count += 1
        if count <= MOST_LINES:
            print(line)
    print("账本核对无误" if not count else f"账本核对发现 {count} 处不一致")
    return 1 if count else 0


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        book = Book(arguments[0])
        try:
            return report(differences(book))
        finally:
            book.close()
    except Exception as error:
        print(f"读不了这个账本：{error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
