"""The archive: lines once by msgid, only of people who agreed, only of customer groups; recalls, retention, statistics, erasure."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assistant import triggers
from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.base.principal import Principal, system
from assistant.domain import archive, insights, members, staff
from assistant.domain.archive.tables import message
from assistant.domain.members import Identity
from assistant.flows import archiving, erasing, exporting
from assistant.store import Store

ME = system("test")
OWNER = Principal("operator", "boss", frozenset({"owner"}))
START = 1_795_300_000_000
"""Milliseconds: 2026-11-22 in the morning."""


def line(number: int, sender: str = "wmA", text: str = "你好", seconds: int | None = None, **more: Any) -> dict[str, Any]:
    at = START + 1000 * (number if seconds is None else seconds)
    base = {"msgid": f"m{number}", "action": "send", "from": sender, "tolist": ["wang", "wmA"], "roomid": "wr1", "msgtime": at}
    return base | {"msgtype": "text", "text": {"content": text}} | more


def agree(peer: str = "wmA", status: str = "Agree", seconds: int = 0) -> dict[str, Any]:
    return {"action": "agree", "external_userid": peer, "agree_status": status, "status_change_time": START // 1000 + seconds}


def take(store: Store, *lines: Any) -> archiving.Report:
    return archiving.take_lines(store, [one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines], OWNER)


def texts(store: Store) -> list[str]:
    return [one.text for one in reversed(store.look(archive.said, "wr1"))]


def test_who_did_not_agree_is_not_kept_and_who_takes_it_back_is_forgotten(store: Store) -> None:
    report = take(store, line(1), line(2, "wang", "在的"))
    assert (report.kept, report.silent, texts(store)) == (1, 1, ["在的"])
    report = take(store, agree(), line(1), line(2, "wang", "在的"), line(3, text="还有货吗"))
    assert (report.kept, report.known, report.agreements, texts(store)) == (2, 1, 1, ["你好", "在的", "还有货吗"])
    take(store, agree(status="Disagree", seconds=-60))
    assert len(texts(store)) == 3
    take(store, agree(status="Disagree", seconds=60), line(4, text="别留"))
    assert texts(store) == ["在的"]
    assert store.look(archive.agreed) == (0, 1)


def test_employees_who_are_called_as_customers_are_make_no_customer_group_and_need_not_agree(store: Store) -> None:
    store.do(staff.register, [staff.Register("woody", "woody", "伍迪")], ME)
    among_us = [line(1, "woody", "周会改到三点", tolist=["wang"]), line(2, "wang", "好的", tolist=["woody"])]
    report = take(store, *among_us, line(3, "woody", "您好，有货", tolist=["wang", "wmA"]))
    assert (report.kept, report.elsewhere, report.silent) == (1, 2, 0)
    assert [(one.sender, one.by_staff, one.text) for one in store.look(archive.said, "wr1")] == [("woody", True, "您好，有货")]


def test_who_agrees_in_wecom_is_kept_from_then_on(store: Store) -> None:
    member_id = register(store)
    store.do(archive.agree_member, member_id, ME)
    assert take(store, line(1)).kept == 1
    assert "wecom.contact_archive_agreed" in triggers.ON_FACT


def test_the_same_lines_again_change_nothing_and_only_customer_groups_are_kept(store: Store) -> None:
    lines = [
        agree(),
        line(1),
        line(2, roomid=""),
        line(3, "wang", tolist=["li"]),
        {"msgid": "s", "action": "switch", "time": START, "user": "w"},
    ]
    first, again = take(store, *lines), take(store, *lines)
    assert (first.kept, first.elsewhere, again.kept, again.known) == (1, 2, 0, 1)
    assert take(store, line(5, "wang", "内部", tolist=["li"])).kept == 0


@pytest.mark.parametrize("recall_first", [False, True])
def test_what_was_recalled_has_no_words_left_whichever_came_first(store: Store, recall_first: bool) -> None:
    recall = {"msgid": "r1", "action": "recall", "from": "wmA", "tolist": ["wang"], "roomid": "wr1", "msgtime": START, "msgtype": "revoke"}
    recall["revoke"] = {"pre_msgid": "m1"}
    pair = [line(1, text="身份证 CANARY"), recall]
    for one in [agree(), *(reversed(pair) if recall_first else pair), *pair]:
        take(store, one)
    (kept,) = store.look(archive.said, "wr1")
    assert (kept.recalled, kept.text) == (True, "")
    assert "CANARY" not in str(store.look(lambda view: view.all(sa.select(message))))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"{", "不是 JSON"),
        (b"[1]", "不是一个 JSON 对象"),
        ({"action": "steal"}, "action“steal”不认识"),
        (line(1) | {"msgid": ""}, "缺少 msgid"),
        (line(1) | {"from": 7}, "缺少 from"),
        (line(1) | {"msgtime": "soon"}, "缺少 msgtime"),
        (line(1) | {"msgtime": True}, "缺少 msgtime"),
        (line(1) | {"msgtime": 10**20}, "缺少 msgtime"),
        (line(1) | {"tolist": "all"}, "tolist 应是一个列表"),
        (line(1) | {"action": "recall"}, "缺少 pre_msgid"),
        (b'{"msgid":"' + b"x" * 1024 * 1024 + b'"}', "一行超过 1 MiB"),
    ],
)
def test_a_bad_line_is_named_and_its_neighbours_are_kept(store: Store, bad: Any, words: str) -> None:
    report = take(store, agree(), bad, line(2))
    ((number, why),) = report.bad
    assert (number, report.kept) == (2, 1)
    assert words in why


def test_a_file_goes_on_where_it_was_left_and_a_half_written_line_waits(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "archive.jsonl"
    rows = [json.dumps(one).encode() + b"\n" for one in [agree(), *(line(number) for number in range(1, 1201))]]
    path.write_bytes(b"".join(rows[:700]) + rows[700][:20])
    first = archiving.take_file(store, path, OWNER)
    path.write_bytes(b"".join(rows))
    second = archiving.take_file(store, path, OWNER)
    assert (first.kept, second.kept, second.known, second.skipped) == (699, 501, 0, sum(map(len, rows[:700])))
    assert archiving.take_file(store, path, OWNER).known == 0
    with pytest.raises(Invalid, match="找不到文件"):
        archiving.take_file(store, tmp_path / "none.jsonl", OWNER)


def test_messages_go_when_they_are_as_old_as_the_setting_says(store: Store, clock: ManualClock) -> None:
    take(store, agree(), line(1), line(2, seconds=40 * 86400))
    clock.advance(datetime.fromtimestamp(START / 1000, UTC) + timedelta(days=31) - clock.now())
    assert store.do(lambda work, _request: archive.sweep(work), None, ME) == 0
    store.do(archive.keep_for, 30, ME)
    assert store.do(lambda work, _request: archive.sweep(work), None, ME) == 1
    assert len(texts(store)) == 1


def register(store: Store, peer: str = "wmA") -> str:
    store.do(members.register, [members.Register("k1", "c1", (Identity("wecom_external", peer),))], ME)
    return str(store.look(members.find, f"wecom_external:{peer}"))


def test_the_life_of_a_group_counts_speakers_and_the_waits_of_customers(store: Store) -> None:
    take(store, agree(), agree("wmB"))
    said = [
        ("wmA", 0),
        ("wmB", 30),
        ("wang", 90),
        ("wang", 95),
        ("wmA", 200),
        ("wang", 230),
        ("wmB", 100_000),
        ("wang", 200_000),
        ("wmA", 200_010),
    ]
    take(store, *(line(number, sender, seconds=seconds) for number, (sender, seconds) in enumerate(said)))
    since = datetime.fromtimestamp(START / 1000, UTC)
    (life,) = store.look(insights.group_life, since, since + timedelta(days=7))
    assert (life.chatid, life.speakers, life.customer_messages, life.staff_messages) == ("wr1", 2, 5, 4)
    assert (life.answered, life.unanswered, life.median_answer) == (2, 2, timedelta(seconds=60))
    assert store.look(insights.group_life, since + timedelta(days=9), since + timedelta(days=10)) == []


def test_an_erased_member_leaves_no_words_and_an_export_holds_them(store: Store) -> None:
    take(store, agree(), line(1, text="我的地址是 CANARY"))
    member_id = register(store)
    store.do(archive.match, [member_id], ME)
    take(store, line(2, text="又说 CANARY"))
    copy = store.look(exporting.copy_of, member_id, OWNER)
    assert "CANARY" in str(copy)
    store.do(erasing.erase, [erasing.Erase("e1", member_id, "gone_1", "会员要求")], OWNER)
    assert texts(store) == []
    assert take(store, line(1, text="我的地址是 CANARY")).silent == 1
