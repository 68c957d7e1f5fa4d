"""A person's rights over what the book holds: a copy to read, and an erasure that leaves sums and other people untouched."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import Forbidden, Invalid, Refused
from assistant.base.principal import Principal, system
from assistant.channels import inbox
from assistant.channels.message import Address, InboundMessage
from assistant.dialogue import conversation
from assistant.dialogue.who import Speaker
from assistant.domain import cashback, members, orders, outreach, points, stored_value
from assistant.flows import erasing, exporting, personal
from assistant.flows.importing import import_lines
from assistant.store import Store, metadata
from tests.conftest import NOON
from tests.support.rooms import import_all_rooms

ME = system("test")
OWNER = Principal("operator", "operator_song", frozenset({"owner"}))
OPERATOR = Principal("operator", "operator_he", frozenset({"operator"}))
CANARIES = ("canary_shop_key", "13900001234", "wm_canary_person", "union_canary", "秘密备注金丝雀", "openid_canary", "金丝雀昵称")
LINES = [
    {
        "kind": "member",
        "key": CANARIES[0],
        "nickname": CANARIES[6],
        "phone": CANARIES[1],
        "birthday": "05-20",
        "tags": ["爱棉质"],
        "identities": [
            {"namespace": "wecom_external", "value": CANARIES[2]},
            {"namespace": "unionid", "value": CANARIES[3]},
            {"namespace": "openid:wx1", "value": CANARIES[5]},
        ],
    },
    {"kind": "member", "key": "canary_shop_key2", "nickname": "另一位", "phone": "13900005678"},
    {"kind": "opening_balance", "key": "ob:canary_shop_key", "member": CANARIES[0], "points": 300},
    {"kind": "opening_balance", "key": "ob:canary_shop_key2", "member": "canary_shop_key2", "points": 70},
    {
        "kind": "order",
        "source": "taobao",
        "order_no": "T1",
        "status": "finished",
        "at": (NOON - timedelta(days=1)).isoformat(),
        "buyer": {"namespace": "unionid", "value": CANARIES[3]},
        "items": [{"title": "棉质睡衣", "paid_fen": 19900}],
    },
    {
        "kind": "card",
        "key": "card1",
        "member": CANARIES[0],
        "issued_at": (NOON - timedelta(days=9)).isoformat(),
        "template": {"key": "t1", "name": "返现卡", "ratio_bp": 500},
    },
    {"kind": "event", "key": "e1", "name": "看直播", "at": NOON.isoformat(), "member": CANARIES[0], "properties": {"note": CANARIES[4]}},
]


@pytest.fixture
def shop(store: Store) -> Store:
    report = import_lines(store, "old.jsonl", [json.dumps(line, ensure_ascii=False).encode() for line in LINES], OWNER)
    assert report.bad == []
    owner = store.look(members.find, CANARIES[0])
    assert owner is not None
    talk(store, owner)
    return store


def talk(store: Store, owner: str) -> None:
    """The person has written, was written to, and something was noted about her."""
    address = Address("kf", "wk1", CANARIES[2])
    message = InboundMessage("kf", "m1", address, "customer", "text", NOON, f"我是{CANARIES[6]}，{CANARIES[4]}")
    store.do(lambda work, _: conversation.touch(work, address, Speaker(Principal("member", owner), owner, CANARIES[6])), None, ME)
    store.do(lambda work, _: inbox.accept(work, [message]), None, ME)
    store.do(outreach.note_inbound, [outreach.Inbound(f"in:{CANARIES[2]}:1", owner, NOON, "kf")], ME)
    store.do(members.opt_out, [members.Choice("o1", owner, "直播")], ME)


def erase(store: Store, who: Principal = OWNER, key: str = "e", alias: str = "gone_0123456789") -> erasing.Erased:
    done: erasing.Erased = store.do(erasing.erase, [erasing.Erase(key, CANARIES[0], alias, "本人要求")], who)[0]
    return done


def everything(store: Store) -> str:
    """Every value of every table."""
    found: list[str] = []
    for table in metadata.sorted_tables:
        found += [
            json.dumps(dict(row._mapping), ensure_ascii=False, default=str)
            for row in store.look(lambda view, t=table: view.all(t.select()))
        ]
    return "\n".join(found)


def sums(store: Store) -> dict[str, int]:
    entry = metadata.tables["ledger_entry"]
    statement = sa.select(entry.c.asset, sa.func.count(), sa.func.sum(entry.c.amount)).group_by(entry.c.asset)
    return {row[0]: (row[1], int(row[2])) for row in store.look(lambda view: view.all(statement))}  # type: ignore[misc]


def test_after_an_erasure_nothing_in_any_table_tells_who_it_was(shop: Store) -> None:
    owner = shop.look(members.find, CANARIES[0])
    before = everything(shop)
    assert all(canary in before for canary in CANARIES)
    erase(shop)
    left = everything(shop).replace("canary_shop_key2", "")
    assert [canary for canary in (*CANARIES, str(owner)) if canary in left] == []


def test_an_erasure_leaves_sums_statistics_and_other_people_as_they_were(shop: Store) -> None:
    other = shop.look(members.find, "canary_shop_key2")
    before = sums(shop), shop.look(points.balance, [other])
    done = erase(shop)
    assert (sums(shop), shop.look(points.balance, [other])) == before
    assert shop.look(points.balance, [done.alias])[done.alias].available == 300
    assert [order.member_id for order in shop.look(orders.by_number, "T1")] == [done.alias]
    assert shop.look(members.count) == 1


def test_who_comes_back_after_an_erasure_is_somebody_new(shop: Store) -> None:
    done = erase(shop)
    report = import_lines(shop, "again.jsonl", [json.dumps(LINES[0]).encode()], OWNER)
    again = shop.look(members.find, CANARIES[0])
    assert (report.bad, again not in (None, done.alias)) == ([], True)
    assert shop.look(points.balance, [again])[again].available == 0


def test_the_same_erasure_told_twice_is_one(shop: Store) -> None:
    assert erase(shop) == erase(shop)
    with pytest.raises(Invalid, match="找不到这位会员"):
        erase(shop, key="another")


def test_nobody_is_erased_or_exported_without_the_right(shop: Store) -> None:
    with pytest.raises(Forbidden, match="删除会员"):
        erase(shop, OPERATOR)
    with pytest.raises(Forbidden, match="导出会员"):
        shop.look(exporting.copy_of, CANARIES[0], OPERATOR)


def test_money_on_its_way_is_not_lost_by_an_erasure(shop: Store, clock: ManualClock) -> None:
    owner = str(shop.look(members.find, CANARIES[0]))
    claimed = shop.do(cashback.claim, [cashback.Claim("c1", owner, "T1")], ME)[0]
    clock.advance(timedelta(days=8))
    shop.do(lambda work, _: cashback.ripen(work), None, ME)
    shop.do(cashback.approve, [cashback.Approve("a1", claimed.claim_id)], OWNER)
    with pytest.raises(Refused, match="打款途中"):
        erase(shop)
    assert shop.look(members.find, CANARIES[0]) == owner


def test_cashback_that_nobody_has_approved_is_given_up(shop: Store) -> None:
    owner = str(shop.look(members.find, CANARIES[0]))
    shop.do(cashback.claim, [cashback.Claim("c1", owner, "T1")], ME)
    done = erase(shop)
    assert [claim.state for claim in shop.look(cashback.claims_of, done.alias)] == ["rejected"]


def test_a_copy_holds_everything_and_nothing_of_others(shop: Store) -> None:
    copy = shop.look(exporting.copy_of, CANARIES[0], OWNER)
    with zipfile.ZipFile(io.BytesIO(exporting.packed(copy))) as archive:
        page, data = archive.read(exporting.PAGE).decode(), archive.read(exporting.DATA).decode()
    assert [canary for canary in CANARIES if canary not in data] == []
    assert [heading for heading in ("积分明细", "订单", "返现卡", "行为", "发来的消息", "不想收到的主题") if heading not in page] == []
    assert ("另一位" in data, "13900005678" in data, "¥199.00" in page or "199.00" in page) == (False, False, True)


def test_hostile_text_in_a_copy_is_text() -> None:
    rows = [{"tag": "<script>alert(1)</script>", "at": NOON}]
    copy = exporting.Copy("m", "<b>", NOON, {"audience_tag": rows})
    with zipfile.ZipFile(io.BytesIO(exporting.packed(copy))) as archive:
        page = archive.read(exporting.PAGE).decode()
    assert ("<script>" in page, "<b>" in page) == (False, False)


def test_the_map_of_personal_data_names_every_table_and_every_text_of_it() -> None:
    import_all_rooms()
    known = set(personal.TABLES) | set(personal.OTHERS)
    ours = {table.name for table in metadata.sorted_tables}
    assert (ours - known, known - ours) == (set(), set())
    silent = []
    for name, holds in personal.TABLES.items():
        if not holds.drop:
            told = {*holds.blank, *holds.scrub, *holds.plain, "member_id"}
            silent += [f"{name}.{column.name}" for column in metadata.tables[name].c if _is_text(column) and column.name not in told]
    assert silent == []


def _is_text(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, (sa.String, sa.JSON))


def test_the_keys_of_another_member_whose_number_is_longer_stay(shop: Store) -> None:
    erase(shop)
    keys = metadata.tables["command_key"]
    left = {row.key for row in shop.look(lambda view: view.all(sa.select(keys.c.key).where(keys.c.key.contains("canary_shop_key"))))}
    assert "import:opening_balance:ob:canary_shop_key2" in left
    assert not left & {"import:opening_balance:ob:canary_shop_key", f"in:{CANARIES[2]}:1"}


def test_who_has_paid_money_in_is_erased_only_after_it_was_paid_back(shop: Store) -> None:
    owner = str(shop.look(members.find, CANARIES[0]))
    shop.do(stored_value.top_up, [stored_value.TopUp("t", owner, 5000, "wx1")], OWNER)
    with pytest.raises(Refused, match="储值本金"):
        erase(shop)
    shop.do(stored_value.refund, [stored_value.Refund("f", "wx1")], OWNER)
    erase(shop)
    assert shop.look(stored_value.top_ups, owner) == []
