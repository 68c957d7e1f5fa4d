"""Control totals of another system: what agrees, what differs and by how much, over the command line and the API; nothing is changed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistant import cli
from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.base.principal import system
from assistant.domain import members, points
from assistant.flows import control
from assistant.flows.importing import import_lines
from assistant.store import Store
from tests.browser.web_house import House, open_house

ME = system("test")
TAOBAO: dict[str, Any] = {"kind": "order", "source": "taobao", "status": "paid", "paid_fen": 12900}
LINES: list[dict[str, Any]] = [
    {"kind": "member", "key": "M1", "household": "home-1"},
    {"kind": "member", "key": "M2"},
    {"kind": "opening_balance", "key": "o1", "member": "M1", "points": 1000},
    {"kind": "opening_growth", "key": "g1", "member": "M1", "growth": 500},
    {"kind": "opening_stored_value", "key": "s1", "member": "M2", "principal_fen": 20000, "bonus_fen": 1000},
    TAOBAO | {"member": "M1", "order_no": "T1", "at": "2026-11-20T10:00:00+08:00", "paid_at": "2026-11-20T10:00:00+08:00"},
    TAOBAO | {"order_no": "T2", "at": "2026-11-20T10:00:00+08:00", "paid_at": "2026-11-20T10:00:00+08:00"},
]
GOOD: dict[str, Any] = {
    "members": 2,
    "balances": {"points": 1129, "growth": 500, "stored_principal": 20000, "stored_bonus": 1000},
    "lots": 2,
    "cards": 0,
    "orders": {"count": 2, "paid_fen": 25800, "refund_fen": 0},
    "orders_by_source": {"taobao": {"count": 2}},
    "accounts": [{"member": "M1", "points": 1129, "growth": 500}, {"member": "M2", "points": 0, "stored_principal": 20000}],
}


def lines() -> list[bytes]:
    return [json.dumps(line).encode() for line in LINES]


@pytest.fixture
def brought(store: Store) -> Store:
    assert import_lines(store, "test", lines(), ME).bad == []
    return store


def rows(store: Store, **changes: Any) -> list[control.Row]:
    return store.look(control.compare, control.totals_from(json.dumps(GOOD | changes)))


def test_figures_that_agree_are_all_named(brought: Store) -> None:
    found = rows(brought)
    assert len(found) == 15
    assert [str(row) for row in found if not row.same] == []
    assert str(found[0]) == "对  会员数：旧系统 2，账本 2"


def test_each_figure_that_differs_is_a_row_with_both_sides(brought: Store) -> None:
    wrong = [{"member": "M1", "points": 1130}, {"member": "M2", "stored_bonus": 999}, {"member": "M9", "points": 7}]
    apart = [row for row in rows(brought, members=3, balances={"points": 1000}, orders={"paid_fen": 1}, accounts=wrong) if not row.same]
    assert [str(row) for row in apart] == [
        "差  会员数：旧系统 3，账本 2，相差 -1",
        "差  积分合计：旧系统 1000，账本 1129，相差 +129",
        "差  订单实付（分）：旧系统 1，账本 25800，相差 +25799",
        "差  会员 M1 的积分：旧系统 1130，账本 1129，相差 -1",
        "差  会员 M2 的储值赠送（分）：旧系统 999，账本 1000，相差 +1",
        "差  会员 M9 的积分：旧系统 7，账本里没有这位会员",
    ]


def test_points_set_aside_count_and_what_is_not_said_is_not_compared(brought: Store) -> None:
    member = brought.look(members.find, "M1")
    brought.do(points.reserve, [points.Reserve("r", member, 400, "兑换")], ME)
    assert all(row.same for row in rows(brought))
    assert brought.look(control.compare, control.totals_from("{}")) == []
    assert brought.look(points.household_of, member) == "home-1"


@pytest.mark.parametrize(
    "text", ["", "[]", '{"memebers": 2}', '{"members": 2.0}', '{"members": "2"}', '{"members": -1}', '{"accounts": [{"points": 1}]}']
)
def test_totals_that_are_none_are_refused_with_their_place(text: str) -> None:
    with pytest.raises(Invalid, match="控制总数"):
        control.totals_from(text)


def test_a_report_shows_what_differs_first(brought: Store) -> None:
    found = control.report(rows(brought, cards=5), most=3)
    assert (found["compared"], found["different"], len(found["rows"]), found["rows"][0].what) == (15, 1, 3, "返现卡张数")


def run(tmp_path: Path, *arguments: str) -> int:
    return cli.main(["import", *arguments])


def test_the_command_imports_compares_and_tells_by_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAOYOU_HOME", str(tmp_path / "home"))
    data, totals = tmp_path / "old.jsonl", tmp_path / "totals.json"
    data.write_bytes(b"\n".join(lines()))
    totals.write_text(json.dumps(GOOD))
    assert run(tmp_path, str(data), "--totals", str(totals)) == 0
    assert "核对 15 项，全部一致" in capsys.readouterr().out
    totals.write_text(json.dumps(GOOD | {"lots": 9}))
    assert run(tmp_path, "--totals", str(totals)) == 3
    said = capsys.readouterr().out
    assert said.splitlines()[0] == "差  还有余额的积分批次数：旧系统 9，账本 2，相差 -7"
    assert "核对 15 项，1 项有差异" in said
    assert run(tmp_path, "--totals", str(tmp_path / "none.json")) == 2
    assert run(tmp_path) == 2


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


async def test_the_api_compares_for_who_may_import_and_changes_nothing(house: House) -> None:
    sent = await house.api("POST", "/import", data=b"\n".join(lines()))
    assert (await sent.json())["bad"] == []
    answer = await house.api("POST", "/import/totals", data=json.dumps(GOOD | {"cards": 4}))
    found = await answer.json()
    assert (found["compared"], found["different"]) == (15, 1)
    assert found["rows"][0] == {"what": "返现卡张数", "theirs": 4, "ours": 0, "same": False}
    assert (await house.api("POST", "/import/totals", data=b"{]")).status == 400
    assert (await house.api("POST", "/import/totals", "wu", data=b"{}")).status == 403


async def test_a_household_is_set_over_the_api_and_on_the_page(house: House) -> None:
    await house.api("POST", "/import", data=b"\n".join(lines()))
    assert (await (await house.api("POST", "/members/M2/household", json={"household": " home-1 "})).json())["household"] == "home-1"
    assert (await house.api("POST", "/members/M2/household", json={"household": "x" * 65})).status == 400
    await house.login("song")
    csrf = await house.csrf("/members/M2")
    assert (await house.post("/members/M2/household", {"csrf": csrf, "household": "home-2"})).status == 303
    assert 'value="home-2"' in await (await house.get("/members/M2")).text()
    assert (await house.post("/members/M2/household", {"csrf": "no", "household": "x"})).status == 403
    assert (await house.post("/members/M2/household", {"csrf": csrf, "household": ""})).status == 303
    assert (await (await house.api("GET", "/members/M2")).json())["household"] == ""
