"""Exports of Taobao, JD and Douyin become orders; whatever is wrong with a row is told with its place, and changes nothing."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from assistant.base.errors import Invalid
from assistant.domain import members, orders
from assistant.flows import order_files
from assistant.flows.importing import Report, import_orders
from assistant.store import Store
from tests.rooms.test_cashback_shop import BOSS, ME

TAOBAO = [
    "订单编号",
    "买家会员名",
    "买家实际支付金额",
    "总金额",
    "订单状态",
    "订单创建时间",
    "订单付款时间",
    "确认收货时间",
    "宝贝标题",
    "宝贝总数量",
    "退款金额",
    "店铺名称",
]
DOUYIN = [
    "主订单编号",
    "子订单编号",
    "选购商品",
    "商品数量",
    "订单应付金额",
    "订单状态",
    "订单提交时间",
    "支付完成时间",
    "订单完成时间",
    "退款金额",
]
JD = ["订单号", "下单帐号", "结算金额", "订单金额", "订单状态", "下单时间", "付款确认时间", "订单完成时间", "商品名称", "订购数量"]


def taobao(number: str = "T1", paid: str = "199.00", status: str = "交易成功", refund: str = "0.00", **cells: str) -> list[str]:
    row = dict(
        zip(
            TAOBAO,
            [
                number,
                "tb_anna",
                paid,
                "219.00",
                status,
                "2026-11-20 09:00:00",
                "2026-11-20 09:01:00",
                "2026-11-21 10:00:00",
                "棉质睡衣",
                "1",
                refund,
                "棉语旗舰店",
            ],
            strict=True,
        )
    )
    return list((row | cells).values())


def table(folder: Path, *rows: list[str], encoding: str = "utf-8", name: str = "orders.csv") -> Path:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    path = folder / name
    path.write_bytes(out.getvalue().encode(encoding))
    return path


def taken(store: Store, path: Path, profile: str = "taobao") -> Report:
    return import_orders(store, path, order_files.load_profile(profile), BOSS)


def order(store: Store, number: str) -> orders.Order:
    return store.look(orders.by_number, number)[0]


def reasons(report: Report) -> list[str]:
    return [str(bad) for bad in report.bad]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
def test_a_taobao_export_in_any_of_its_encodings_becomes_an_order(store: Store, tmp_path: Path, encoding: str) -> None:
    owner = store.do(members.register, [members.Register("r", "m1", (members.Identity("taobao", "tb_anna"),))], ME)[0].member_id
    report = taken(store, table(tmp_path, TAOBAO, taobao('="T1"', "1,199.00", refund="20.00"), encoding=encoding))
    assert (report.bad, report.applied) == ([], {"orders": 1})
    one = order(store, "T1")
    assert (one.source, one.status, one.paid_fen, one.refund_fen, one.member_id, one.shop) == (
        "taobao",
        "finished",
        119_900,
        2_000,
        owner,
        "棉语旗舰店",
    )
    assert (one.paid_at, one.items[0].title) == (datetime.fromisoformat("2026-11-20T09:01:00+08:00"), "棉质睡衣")


def test_a_jd_export_becomes_an_order(store: Store, tmp_path: Path) -> None:
    row = ["J1\t", "jd_anna", "88.50", "100.00", "完成", "2026/11/20 09:00", "2026/11/20 09:01", "2026/11/22 09:01", "家居服", "3"]
    assert taken(store, table(tmp_path, JD, row), "jd").bad == []
    one = order(store, "J1")
    assert (one.source, one.status, one.paid_fen, one.total_fen, one.items[0].qty) == ("jd", "finished", 8850, 10_000, 3)
    assert one.buyer == members.Identity("jd", "jd_anna")


def test_the_rows_of_a_douyin_order_are_one_order_as_far_as_its_slowest_part(store: Store, tmp_path: Path) -> None:
    def row(sub: str, paid: str, status: str, refund: str = "") -> list[str]:
        return [
            "6920001\t",
            sub,
            f"睡衣 {sub}",
            "1",
            paid,
            status,
            "2026-11-20 09:00:00",
            "2026-11-20 09:01:00",
            "2026-11-21 09:00:00" if status == "已完成" else "",
            refund,
        ]

    path = table(tmp_path, DOUYIN, row("a", "99.90", "已完成"), row("b", "50.05", "已发货"), row("c", "20.00", "已关闭", "20.00"))
    assert taken(store, path, "douyin").bad == []
    one = order(store, "6920001")
    assert (one.status, one.paid_fen, one.refund_fen, [item.paid_fen for item in one.items]) == (
        "shipped",
        16_995,
        2_000,
        [9990, 5005, 2000],
    )


def test_an_amount_that_stands_on_every_row_counts_once(store: Store, tmp_path: Path) -> None:
    rows = [taobao(宝贝标题=title, 宝贝总数量=qty) for title, qty in (("睡衣", "1"), ("内裤", "2"))]
    assert taken(store, table(tmp_path, TAOBAO, *rows)).bad == []
    assert (order(store, "T1").paid_fen, [item.paid_fen for item in order(store, "T1").items]) == (19_900, [6634, 13_266])


def test_a_newer_export_tells_more_refunds_and_an_older_one_takes_none_back(store: Store, tmp_path: Path) -> None:
    for number, refund in enumerate(("10.00", "30.00", "10.00")):
        taken(
            store, table(tmp_path, TAOBAO, taobao(refund=refund, 确认收货时间=f"2026-11-2{1 + number % 2} 10:00:00"), name=f"{number}.csv")
        )
    assert order(store, "T1").refund_fen == 3_000


def test_a_refund_told_by_name_and_by_the_export_counts_once(store: Store, tmp_path: Path) -> None:
    taken(store, table(tmp_path, TAOBAO, taobao(refund="30.00")))
    at = datetime.fromisoformat("2026-11-22T10:00:00+08:00")
    store.do(orders.refund, [orders.Refund("r", "taobao", "T1", "R1", 3_000, at)], ME)
    assert order(store, "T1").refund_fen == 3_000


BAD: list[tuple[list[str], str]] = [
    (taobao(paid="１９９"), "“买家实际支付金额”列的“１９９”不是有效的金额，应像 199.00"),
    (taobao(paid="-5.00"), "“买家实际支付金额”列的“-5.00”不是有效的金额，应像 199.00"),
    (taobao(paid="19.999"), "“买家实际支付金额”列的“19.999”不是有效的金额，应像 199.00"),
    (taobao(paid="1000000000000000000"), "“买家实际支付金额”列的“1000000000000000000”不是有效的金额，应像 199.00"),
    (taobao(paid=""), "“买家实际支付金额”列是空的"),
    (taobao(paid="$19.00"), "“买家实际支付金额”列的“$19.00”不是有效的金额，应像 199.00"),
    (taobao(refund="300.00"), "订单 T1 的退款比实付还多"),
    (taobao(订单付款时间="昨天"), "“订单付款时间”列的“昨天”不是时间，应像 2026-11-22 10:00:00（北京时间）"),
    (taobao(宝贝总数量="0"), "“宝贝总数量”列的“0”不是有效的件数"),
    (taobao(number=""), "“订单号”列不对：不能为空，也不能是丢了精度的数字（请把这一列设为文本后重新导出）"),
    (taobao(number="2.1E+18"), "“订单号”列不对：不能为空，也不能是丢了精度的数字（请把这一列设为文本后重新导出）"),
    (taobao()[:-1], "这一行有 11 格，表头有 12 格，像是错位了"),
    ([*taobao(), "多出来"], "这一行有 13 格，表头有 12 格，像是错位了"),
    (TAOBAO, "这一行又是表头，已跳过"),
]


@pytest.mark.parametrize(("row", "reason"), BAD)
def test_a_bad_row_is_told_with_its_place_and_the_others_are_taken(store: Store, tmp_path: Path, row: list[str], reason: str) -> None:
    report = taken(store, table(tmp_path, TAOBAO, taobao("A1"), row, taobao("A2")))
    assert reasons(report) == [f"orders.csv 第 3 行：{reason}"]
    assert (report.applied, store.look(orders.by_number, "T1")) == ({"orders": 2}, [])


def test_an_unknown_state_is_told_with_those_that_are_known(store: Store, tmp_path: Path) -> None:
    report = taken(store, table(tmp_path, TAOBAO, taobao(status="神秘状态")))
    assert "“订单状态”列的“神秘状态”不认识，可用：等待买家付款、" in reasons(report)[0]


def test_an_unknown_currency_is_refused(store: Store, tmp_path: Path) -> None:
    report = taken(store, table(tmp_path, [*TAOBAO, "币种"], [*taobao("A1"), "CNY"], [*taobao("A2"), "USD"]))
    assert reasons(report) == ["orders.csv 第 3 行：“币种”列的“USD”不是人民币，不能导入"]


def douyin(number: str, paid: str) -> list[str]:
    return [number, f"{number}-{paid}", "睡衣", "1", paid, "已完成", "2026-11-20 09:00:00", "2026-11-20 09:01:00", "", ""]


def test_an_order_whose_rows_are_torn_apart_is_one_order(store: Store, tmp_path: Path) -> None:
    report = taken(store, table(tmp_path, DOUYIN, douyin("A1", "10.00"), douyin("A2", "5.00"), douyin("A1", "7.00")), "douyin")
    assert (reasons(report), report.applied) == ([], {"orders": 2})
    assert [item.paid_fen for item in order(store, "A1").items] == [1_000, 700]


@pytest.mark.parametrize("torn", [["A1", "多一格", *douyin("", "3.00")[:-1], "0.00"], ["看不出"], ["", *douyin("", "3.00")[1:]]])
def test_an_order_with_a_row_that_cannot_be_read_stays_out_whole(store: Store, tmp_path: Path, torn: list[str]) -> None:
    rows = [DOUYIN, douyin("A1", "10.00"), torn, douyin("A1", "7.00"), DOUYIN, douyin("A2", "5.00"), DOUYIN, douyin("A2", "6.00")]
    report = taken(store, table(tmp_path, *rows), "douyin")
    assert [bad.number for bad in report.bad] == [3, 2, 5, 7]
    assert str(report.bad[1]) == "orders.csv 第 2 行：订单 A1 另有一行读不懂，整单没有导入，请改好后再导一次"
    assert (store.look(orders.by_number, "A1"), order(store, "A2").paid_fen) == ([], 1_100)


def test_a_quote_that_is_never_closed_is_told(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, TAOBAO, taobao("A1"), taobao("A2"), taobao("A3"))
    path.write_text(path.read_text(encoding="utf-8").replace("A2,", '"A2,'), encoding="utf-8")
    report = taken(store, path)
    assert reasons(report) == ["orders.csv 第 3 行：这一行有 1 格，表头有 12 格，像是引号没有合上，后面 1 行也没有读到"]
    path.write_text(path.read_text(encoding="utf-8") + "长" * 140_000, encoding="utf-8")
    assert [bad.reason for bad in taken(store, path).bad] == ["这一行有一格太长，像是引号没有合上"]


def test_a_spreadsheet_saved_as_text_with_tabs_is_read(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes("\n".join("\t".join(row) for row in (TAOBAO, taobao("A1"))).encode("utf-16"))
    assert taken(store, path).applied == {"orders": 1}
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(Invalid, match="请重新导出"):
        taken(store, path)


def test_ten_thousand_bad_rows_leave_the_one_good_order(store: Store, tmp_path: Path) -> None:
    rows = [taobao(f"B{number}", paid="免费") for number in range(10_000)]
    report = taken(store, table(tmp_path, TAOBAO, *rows, taobao("GOOD")))
    assert (len(report.bad), report.bad[-1].number, report.applied) == (10_000, 10_001, {"orders": 1})


def test_the_same_file_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    path = table(tmp_path, TAOBAO, *(taobao(f"A{number}") for number in range(5)))
    assert taken(store, path).applied == {"orders": 5}
    again = taken(store, path)
    assert (again.applied, again.skipped) == ({}, 6)


@pytest.mark.parametrize(
    ("data", "say"),
    [
        (b"", "表头里没有“订单编号”“订单状态”“买家实际支付金额”列"),
        ("姓名,电话\n林小满,138\n".encode(), "这不像是淘宝 / 天猫卖家中心"),
        (b"\xff\xff\x00\x81", "既不是 UTF-8 也不是 GBK"),
    ],
)
def test_a_file_that_is_no_such_export_is_refused_whole(store: Store, tmp_path: Path, data: bytes, say: str) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(data)
    with pytest.raises(Invalid, match=say):
        taken(store, path)


def sheet(folder: Path, *rows: list[Any]) -> Path:
    book = Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    path = folder / "orders.xlsx"
    book.save(path)
    return path


def test_a_spreadsheet_is_read_like_a_csv(store: Store, tmp_path: Path) -> None:
    row: list[Any] = taobao("4812345678901234567")
    row[2], row[5] = 129.9, datetime(2026, 11, 20, 9, 0)  # noqa: DTZ001 - cells have no zone
    rounded: list[Any] = taobao()
    rounded[0] = 4812345678901234567
    report = taken(store, sheet(tmp_path, TAOBAO, row, rounded))
    assert [bad.number for bad in report.bad] == [3]
    one = order(store, "4812345678901234567")
    assert (one.paid_fen, one.created_at) == (12_990, datetime.fromisoformat("2026-11-20T09:00:00+08:00"))


def test_a_spreadsheet_that_is_none_is_refused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    path.write_bytes(b"PK\x03\x04 not a book")
    with pytest.raises(Invalid, match="打不开这个 xlsx 文件"):
        taken(store, path)


def test_a_profile_of_ones_own_is_a_file(store: Store, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text(
        '{"title":"自家小程序","source":"mini","paid_is":"order","columns":{"order_no":["单号"],"status":["状态"],"paid":["实付"],"created_at":["时间"]},"statuses":{"好了":"finished"}}',
        encoding="utf-8",
    )
    path = table(tmp_path, ["单号", "状态", "实付", "时间"], ["X1", "好了", "9.9", "2026-11-20 09:00:00"])
    assert import_orders(store, path, order_files.load_profile(own), BOSS).bad == []
    assert (order(store, "X1").source, order(store, "X1").paid_fen) == ("mini", 990)


@pytest.mark.parametrize(
    ("text", "say"),
    [
        ("{}", "“title”写得不对"),
        ('{"title":"t","source":"X!","paid_is":"order","columns":{},"statuses":{}}', "“source”写得不对"),
        ('{"title":"t","source":"x","paid_is":"order","columns":{"colour":["色"]},"statuses":{}}', "不认识的字段 colour"),
    ],
)
def test_a_bad_profile_is_told_by_its_field(tmp_path: Path, text: str, say: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Invalid, match=say):
        order_files.load_profile(path)


def test_every_bundled_profile_reads_and_an_unknown_one_names_them() -> None:
    assert list(order_files.profiles()) == ["douyin", "jd", "taobao"]
    with pytest.raises(Invalid, match="可用：douyin、jd、taobao"):
        order_files.load_profile("amazon")


@given(st.lists(st.lists(st.text(max_size=12), max_size=14), max_size=6))
def test_any_rows_are_orders_or_reasons(rows: list[list[str]]) -> None:
    profile = order_files.load_profile("taobao")
    for found in order_files._orders(lambda: order_files._named(iter([TAOBAO, *rows]), profile), profile):
        assert isinstance(found, order_files.BadRow) is not isinstance(found, order_files.FileOrder)
