"""Nonsense at every door of the book: a sentence that says what is wrong and where, and a book in which nothing has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.agent.planner import slots
from assistant.base.clock import ManualClock
from assistant.base.principal import Principal
from assistant.domain import activities, cashback, members, orders
from assistant.flows.importing import import_lines
from assistant.store import Store, View, metadata
from tests.browser.web_house import House, open_house
from tests.conftest import NOON
from tests.rooms.test_cashback_shop import BOSS, ME
from tests.rooms.test_cashback_shop import order as told
from tests.rooms.test_order_files import TAOBAO, reasons, table, taken, taobao
from tools.context import ToolContext
from tools.toolbox import toolbox_for

HUGE = 10**18
AMOUNTS: dict[str, Any] = {
    "text": "100",
    "float": 99.5,
    "whole float": 100.0,
    "negative": -5,
    "full width": "１００",
    "huge": HUGE,
    "nothing": None,
    "yes": True,
}
TIMES = ("2026-11-22T10:00:00", "2026-11-22", "2026-02-30T10:00:00+08:00", "昨天", 1763776800)
COUNTED = ("order_wrong_number", "member_evidence", "member_proposal", "confirmation", "command_key", "fact")
"""What may grow although nothing has changed: wrong numbers are counted and may be a hint, questions and answers have keys."""


@pytest.fixture
def shop(store: Store) -> Store:
    """Anna and Bell; Anna has points, a card that is used up, one that is over and orders of one number on two platforms; Bell a card."""
    at = NOON.isoformat()
    template = {"key": "t1", "name": "返现卡", "ratio_bp": 500}
    lines: list[dict[str, Any]] = [
        {"kind": "member", "key": "anna", "nickname": "安娜"},
        {"kind": "member", "key": "bell", "nickname": "贝尔"},
        {"kind": "opening_balance", "key": "ob", "member": "anna", "points": 500},
        {"kind": "card", "key": "bells", "member": "bell", "template": template},
        *(
            {"kind": "order", "source": source, "order_no": number, "status": "paid", "at": at, "member": who, "paid_fen": 19_900}
            for source, number, who in (("taobao", "TWICE-1", "anna"), ("jd", "TWICE-1", "anna"), ("taobao", "BELL-1", "bell"))
        ),
    ]
    assert import_lines(store, "shop", [json.dumps(line).encode() for line in lines], BOSS).bad == []
    store.do(activities.stock_mall, [activities.StockItem("s", "sock", "纯棉袜", 10, 5)], ME)
    return store


@cache
def everything() -> list[tuple[str, sa.TextClause]]:
    """Every table that may not change, read as the driver reads it."""
    return [(one.name, sa.text(f'SELECT * FROM "{one.name}"')) for one in metadata.sorted_tables if one.name not in COUNTED]


def digest(store: Store) -> str:
    """The whole book as one number."""

    def read(view: View) -> str:
        told = hashlib.sha256()
        for name, statement in everything():
            told.update(f"{name}{sorted(map(repr, view.all(statement)))}".encode())
        return told.hexdigest()

    return store.look(read)


def imported(store: Store, line: dict[str, Any] | bytes) -> str:
    """What is said of the one bad line, with its place; the book is as it was."""
    before = digest(store)
    raw = line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode()
    report = import_lines(store, "old.jsonl", [b"", raw], BOSS)
    assert (report.applied, len(report.bad), digest(store)) == ({}, 1, before), report
    said = str(report.bad[0])
    assert said.startswith("old.jsonl 第 2 行：")
    return said


def order(**fields: Any) -> dict[str, Any]:
    return {"kind": "order", "source": "taobao", "order_no": "N1", "status": "paid", "at": NOON.isoformat(), "member": "anna"} | fields


def with_amount(kind: str, amount: Any) -> tuple[dict[str, Any], str]:
    """A line of this kind with the amount, and the name of its field."""
    item = {"title": "睡衣", "paid_fen": amount}
    opening = {"key": "x", "member": "anna"}
    refund = {"kind": "refund", "source": "taobao", "order_no": "BELL-1", "refund_no": "R", "at": NOON.isoformat()}
    return {
        "order": (order(paid_fen=amount), "paid_fen"),
        "item": (order(items=[item]), "items.0.paid_fen"),
        "refund": (refund | {"refund_fen": amount}, "refund_fen"),
        "balance": (opening | {"kind": "opening_balance", "points": amount}, "points"),
        "growth": (opening | {"kind": "opening_growth", "growth": amount}, "growth"),
        "stored": (opening | {"kind": "opening_stored_value", "principal_fen": amount}, "principal_fen"),
        "card": (
            opening | {"kind": "card", "template": {"key": "t", "name": "卡", "ratio_bp": amount}},
            "template.ratio_bp",
        ),
    }[kind]


# What is refused leaves the book as it was, so one shop serves all the nonsense of a kind.
@pytest.mark.parametrize("kind", ["order", "item", "refund", "balance", "growth", "stored", "card"])
def test_an_import_takes_whole_amounts_only_and_names_the_field(shop: Store, kind: str) -> None:
    for amount, value in AMOUNTS.items():
        line, field = with_amount(kind, value)
        assert f"字段 {field} " in imported(shop, line), amount


@pytest.mark.parametrize("field", ["at", "created_at", "paid_at", "finished_at"])
def test_an_import_takes_no_time_without_a_zone(shop: Store, field: str) -> None:
    for time in TIMES:
        said = imported(shop, order(paid_fen=100) | {field: time})
        assert f"字段 {field} " in said, time
        assert str(time)[:10] in said


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (order(paid_fen=100, currency="USD"), "有不认识的字段 currency"),
        (order(paid_fen=100, status="已付款"), "只能是 created、paid"),
        (order(paid_fen=100, member="nobody"), "找不到会员 nobody"),
        ({"kind": "coupon"}, "不认识的 kind “coupon”，可用：member、"),
        (b'{"kind": "order", "paid_fen": NaN}', "不是有效的 JSON"),
        (b'{"kind": "order", "paid_fen": 1' + b"0" * 5000 + b"}", "不是有效的 JSON"),
        ("订单号,金额\n".encode("gbk"), "不是有效的 JSON（需要 UTF-8 编码，一行一个对象）"),
        (b"[" * 100_000, "不是有效的 JSON"),
        ({"kind": "claim", "key": "c", "member": "anna", "order_no": "BELL-1", "card": "bells"}, "订单"),
        ({"kind": "claim", "key": "c", "member": "anna", "order_no": "TWICE-1", "card": "bells"}, "平台"),
    ],
)
def test_an_import_says_what_else_is_wrong(shop: Store, line: Any, wanted: str) -> None:
    assert wanted in imported(shop, line)


def test_ten_thousand_bad_lines_are_each_told_and_the_good_one_is_taken(shop: Store) -> None:
    bad = json.dumps(order(paid_fen="免费"), ensure_ascii=False).encode()
    before = digest(shop)
    report = import_lines(shop, "old.jsonl", [bad] * 10_000, BOSS)
    assert ([one.number for one in report.bad], digest(shop)) == (list(range(1, 10_001)), before)
    good = b"\xef\xbb\xbf" + json.dumps(order(paid_fen=100)).encode()
    assert import_lines(shop, "old.jsonl", [good], BOSS).applied == {"order": 1}


ROWS: dict[str, tuple[list[list[str]], str]] = {
    "shifted columns": ([["", *taobao()]], "第 2 行：这一行有 13 格，表头有 12 格"),
    "a second header": ([TAOBAO], "第 2 行：这一行又是表头"),
    "an amount as words": ([taobao(paid="免费")], "第 2 行：“买家实际支付金额”列的“免费”不是有效的金额"),
    "an amount in full width": ([taobao(paid="１９９．００")], "第 2 行：“买家实际支付金额”列"),
    "a negative amount": ([taobao(paid="-1.00")], "第 2 行：“买家实际支付金额”列"),
    "an amount without end": ([taobao(paid=str(HUGE))], "第 2 行：“买家实际支付金额”列"),
    "another currency": ([taobao(paid="$19.00")], "第 2 行：“买家实际支付金额”列"),
    "no time": ([taobao(订单付款时间="昨天")], "第 2 行：“订单付款时间”列的“昨天”不是时间"),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_a_shops_file_says_row_and_column(shop: Store, tmp_path: Path, encoding: str) -> None:
    before = digest(shop)
    for what, (rows, wanted) in ROWS.items():
        report = taken(shop, table(tmp_path, TAOBAO, *rows, encoding=encoding))
        assert wanted in reasons(report)[0], what
        assert (report.applied, digest(shop)) == ({}, before), what


@pytest.fixture
async def house(shop: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(shop, clock, simulate=False) as opened:
        yield opened


async def refused(house: House, method: str, path: str, **options: Any) -> str:
    """What the API says; the book is as it was."""
    before = digest(house.store)
    answer = await house.api(method, path, **options)
    body = await answer.json()
    assert (answer.status in (400, 403, 409), digest(house.store)) == (True, before), body
    return str(body["error"]["message"])


LIMITS = {"second_person_fen": 10_000, "brand_day_fen": 5_000_000, "payee_day_fen": 200_000, "hold_score": 60}
CARD = {"name": "卡", "kind": "single", "ratio_bp": 500}
BODIES: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "a top-up": ("POST", "/members/anna/stored-value/top-ups", {"payment": "wx1"}, "pay_fen"),
    "a spend": ("POST", "/members/anna/stored-value/spends", {"order": "V1"}, "amount_fen"),
    "limits": ("PUT", "/cashback/limits", LIMITS, "second_person_fen"),
    "a kind of card": ("POST", "/cashback/cards", CARD, "fixed_fen"),
}


@pytest.mark.parametrize("door", BODIES)
async def test_the_api_takes_whole_amounts_only_and_names_the_field(house: House, door: str) -> None:
    method, path, body, field = BODIES[door]
    for amount in [name for name in AMOUNTS if name != "nothing"]:
        said = await refused(house, method, path, json=body | {field: AMOUNTS[amount]})
        assert field in said or "金额" in said, (amount, said)


@pytest.mark.parametrize("kind", ["order", "refund", "balance", "stored"])
async def test_lines_over_the_api_are_told_by_their_number(house: House, kind: str) -> None:
    before = digest(house.store)
    for amount, value in AMOUNTS.items():
        line, field = with_amount(kind, value)
        answer = await (await house.api("POST", "/import", data=b"\n" + json.dumps(line).encode())).json()
        assert [one["line"] for one in answer["bad"]] == [2], amount
        assert field in answer["bad"][0]["reason"], amount
        assert (answer["applied"], digest(house.store)) == ({}, before), amount


CLAIM = {"kind": "claim", "key": "c", "member": "anna", "order_no": "ONCE-1", "card": "bells"}
OVER_HTTP: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown currency": (order(paid_fen=100, currency="USD"), "这一行 有不认识的字段 currency"),
    **{f"a time like {time}": (order(paid_fen=100, at=time), "字段 at ") for time in TIMES},
    **{f"a time of payment like {time}": (order(paid_fen=100, paid_at=time), "字段 paid_at ") for time in TIMES},
    "a card of another member": (CLAIM, "您现在没有可以用的返现卡"),
    "an order of another member": (CLAIM | {"order_no": "BELL-1"}, cashback.NEUTRAL),
    "a number that orders of two platforms have": (
        CLAIM | {"order_no": "TWICE-1"},
        "您在京东、淘宝都有这个订单号，请告诉我是哪个平台的订单",
    ),
}


async def test_a_line_over_the_api_is_told_in_one_sentence_with_its_number(house: House) -> None:
    once = order(order_no="ONCE-1", paid_fen=19_900)
    assert import_lines(house.store, "shop", [json.dumps(once).encode()], BOSS).bad == []
    before = digest(house.store)
    for what, (line, wanted) in OVER_HTTP.items():
        answer = await (await house.api("POST", "/import", data=b"\n" + json.dumps(line).encode())).json()
        assert [(one["line"], one["reason"].count("。")) for one in answer["bad"]] == [(2, 0)], what
        assert wanted in answer["bad"][0]["reason"], what
        assert (answer["applied"], digest(house.store)) == ({}, before), what


async def test_an_order_of_another_platform_with_the_same_number_is_another_order(house: House) -> None:
    """What one platform says of its number changes nothing about the other's."""
    told_of = order(source="douyin", order_no="BELL-1", paid_fen=500)
    known = house.store.look(orders.get, "taobao", "BELL-1")
    answer = await (await house.api("POST", "/import", data=json.dumps(told_of).encode())).json()
    assert (answer["applied"], answer["bad"]) == ({"order": 1}, [])
    assert house.store.look(orders.get, "taobao", "BELL-1") == known
    assert [(one.source, one.paid_fen) for one in house.store.look(orders.by_number, "BELL-1")] == [("douyin", 500), ("taobao", 19_900)]


async def test_the_api_reads_nothing_but_its_json(house: House) -> None:
    for body in (b"", b"{", b"[]", b"\xff\xfe", b'{"pay_fen": 1e999, "payment": "x"}', "订单号,金额".encode("gbk")):
        assert await refused(house, "POST", "/members/anna/stored-value/top-ups", data=body), body


async def test_the_api_knows_no_stranger(house: House) -> None:
    said = await refused(house, "POST", "/members/nobody/stored-value/top-ups", json={"payment": "wx1", "pay_fen": 100})
    assert "会员" in said


async def said_by(store: Store, name: str, arguments: dict[str, Any], turn: str = "t") -> str:
    """What Anna is told by a tool; the book is as it was."""
    anna = str(store.look(members.find, "anna"))
    before = digest(store)
    context = ToolContext(store, Principal("member", anna), anna, "kf:wk:anna", turn, ("",), None, None)
    result = await toolbox_for(context, group=False).call(name, arguments, f"{turn}:{name}")
    assert (result.failed or not result.data.get("taken", True), digest(store)) == (True, before), result
    return str(result.say or result.data.get("say") or result.data["error"])


@pytest.mark.parametrize("tool", ["redeem", "exchange"])
async def test_a_member_who_asks_for_a_strange_number_is_asked_kindly(shop: Store, tool: str) -> None:
    wanted = {"item": "sock"} if tool == "redeem" else {"activity": "fair"}
    for amount, value in AMOUNTS.items():
        said = await said_by(shop, tool, wanted | {"quantity": value})
        assert said == "这里我没有看懂，请换个说法再告诉我一次：一次要几件，1 到 99 的整数", amount


async def test_a_member_hears_the_same_of_an_order_of_another_and_of_none(shop: Store) -> None:
    claims = [await said_by(shop, "claim_cashback", {"order_no": number}, number) for number in ("BELL-1", "NONE-1")]
    assert claims == [cashback.NEUTRAL] * 2
    named = [await said_by(shop, "claim_points", {"order_no": number}, number) for number in ("BELL-1", "NONE-1")]
    assert named[0] == named[1]
    assert "BELL" not in named[0]


async def test_a_member_without_a_whole_order_number_is_asked_for_it(shop: Store) -> None:
    for number in ("", "12", "1" * 65, 20261122, None):
        for tool in ("claim_cashback", "claim_points"):
            assert "完整的订单号" in await said_by(shop, tool, {"order_no": number}), number


CARDS: dict[str, tuple[int, int, str]] = {
    "a card of another": (0, 1, "您现在没有可以用的返现卡"),
    "a card that is used up": (1, 8, "这张返现卡已经用过了"),
    "a card that is over": (2, 95, "返现卡要先领再下单，并且在有效期内付款才能用，这个订单不符合"),
}


@pytest.mark.parametrize("card", CARDS)
async def test_a_member_is_told_kindly_why_a_card_does_not_count(shop: Store, clock: ManualClock, card: str) -> None:
    uses, days, wanted = CARDS[card]
    anna = str(shop.look(members.find, "anna"))
    if uses:
        line = {"kind": "card", "key": "annas", "member": "anna", "template": {"key": "t1", "name": "返现卡", "ratio_bp": 500}}
        assert import_lines(shop, "card", [json.dumps(line).encode()], BOSS).bad == []
    if uses == 1:
        told(shop, clock, "ANNA-1", member=anna)
        shop.do(cashback.claim, [cashback.Claim("first", anna, "ANNA-1")], ME)
    clock.advance(timedelta(days=days))
    told(shop, clock, "ANNA-2", member=anna)
    assert await said_by(shop, "claim_cashback", {"order_no": "ANNA-2"}) == wanted


async def test_a_member_is_asked_which_platform_an_order_is_of(shop: Store) -> None:
    line = {"kind": "card", "key": "annas", "member": "anna", "template": {"key": "t1", "name": "返现卡", "ratio_bp": 500}}
    assert import_lines(shop, "card", [json.dumps(line).encode()], BOSS).bad == []
    assert "请告诉我是哪个平台的订单" in await said_by(shop, "claim_cashback", {"order_no": "TWICE-1"})
    assert await said_by(shop, "claim_cashback", {"order_no": "TWICE-1", "source": "抖音"}, "t2") == cashback.NEUTRAL


@pytest.mark.parametrize(
    ("text", "count"),
    [("换两双", 2), ("换１双", 1), ("换-3双", 0), ("换1.5双", 0), ("换零双", 0), ("换袜子", 1), (f"换{HUGE}双", HUGE), ("换３．５双", 0)],
)
def test_what_is_no_count_is_not_taken_for_one(text: str, count: int) -> None:
    assert slots.quantity(text) == count


def said(store: Store, line: dict[str, Any]) -> list[str]:
    return [bad.reason for bad in import_lines(store, "one.jsonl", [json.dumps(line).encode()], BOSS).bad]


def test_a_line_that_is_wrong_is_told_in_the_operators_language(store: Store) -> None:
    line = {"kind": "order", "source": "taobao", "order_no": "T1", "status": "paid", "at": "2026-11-01T10:00", "items": []}
    assert said(store, line | {"buyer": {"namespace": "taobao", "value": "t1"}})[0] == (
        "字段 at 的格式不对：“2026-11-01T10:00”，应写成 2026-11-22T10:00:00+08:00 这样"
    )
    assert said(store, {"kind": "identity", "member": "M1", "namespace": "taobao", "value": 7}) == [
        "字段 value 的类型不对，需要文字，现在是 “7”"
    ]
