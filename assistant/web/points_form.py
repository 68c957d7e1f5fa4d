"""The form of the points rules: the fields that are changed most; the rest of the document stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from assistant.web.fields import Field, Group, field, filled

MODES = (("rolling", "生效后若干天"), ("fixed", "年底或月底"), ("inactivity", "多久没动静就到期"), ("never", "长期有效"))
WHO = (("member", "每位会员"), ("household", "每个家庭"), ("all", "全部会员合计"))
EVERY = (("day", "每天"), ("month", "每月"), ("year", "每年"), ("ever", "一共"))
NONE = "不要这一条"
ROWS: dict[str, dict[str, Any]] = {
    "rates": {"id": "", "title": "", "per_hundred": 200, "where": {"categories": []}},
    "campaigns": {"id": "", "title": "", "times_percent": 200, "bonus": 0, "min_fen": 0, "starts": None, "ends": None},
    "caps": {"id": "", "title": "", "points": 500, "who": "member", "every": "day"},
}
"""List → what a new row begins with. A row without a title is taken out."""


def padded(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with an empty row at the end of each list."""
    full = deepcopy(dict(document))
    for name, row in ROWS.items():
        full[name] = [*full.get(name, ()), deepcopy(row)]
    return full


def groups(document: Mapping[str, Any], tiers: Sequence[str], plans: Sequence[str]) -> list[Group]:
    """What the form offers for these rules; ``tiers`` and ``plans`` are the names there are."""
    full = padded(document)
    found = [Group("基本", tuple(_basics(full)))]
    held = [field(full, ("tiers", name), f"{name} %", "number", "不加倍") for name in _names(tiers, full["tiers"])]
    held += [field(full, ("plans", name), f"{name} %", "number", "不加倍") for name in _names(plans, full["plans"])]
    found.append(Group("等级和付费方案的倍数，150 是一倍半", tuple(held)))
    for name, one, make in (("rates", "按品类", _rate), ("campaigns", "限时活动", _campaign), ("caps", "上限", _cap)):
        rows = range(len(full[name]))
        titles = [full[name][place]["title"] for place in rows]
        found += [Group(one, tuple(make(full, (name, place))), title or "再加一条", not title) for place, title in enumerate(titles)]
    return found


def document_of(document: Mapping[str, Any], tiers: Sequence[str], plans: Sequence[str], form: Mapping[str, Any]) -> dict[str, Any]:
    """The rules as the form has them; Invalid names the field."""
    fields = [one for group in groups(document, tiers, plans) for one in group.fields]
    full: dict[str, Any] = filled(padded(document), fields, form)
    for name in ("tiers", "plans"):
        full[name] = {key: value for key, value in full[name].items() if value is not None}
    for name in ROWS:
        full[name] = _named([row for row in full[name] if row["title"]], name[0])
    return full


def _named(rows: list[dict[str, Any]], letter: str) -> list[dict[str, Any]]:
    """New rows are given an id that no other row has."""
    taken = {row["id"] for row in rows}
    for row in rows:
        if not row["id"]:
            row["id"] = next(name for number in range(1, 1000) if (name := f"{letter}{number}") not in taken)
            taken.add(row["id"])
    return rows


def _names(there: Sequence[str], used: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys([*there, *used]))


def _basics(full: Mapping[str, Any]) -> list[Field]:
    return [
        field(full, ("per_hundred",), "每消费 100 元得多少积分", "number"),
        field(full, ("wait_days",), "收货几天后生效", "number"),
        field(full, ("fen_per_hundred",), "每 100 积分成本（元）", "money"),
        field(full, ("expiry", "mode"), "有效期", "choice", choices=MODES),
        field(full, ("expiry", "days"), "有效期天数", "number"),
        field(full, ("grace_days",), "退回的过期积分还能用几天", "number"),
    ]


def _rate(full: Mapping[str, Any], row: tuple[str, int]) -> list[Field]:
    return [
        field(full, (*row, "title"), "名称", "text", NONE),
        field(full, (*row, "per_hundred"), "每消费 100 元得多少积分", "number"),
        field(full, (*row, "where", "categories"), "哪些品类（逗号隔开）", "words"),
    ]


def _campaign(full: Mapping[str, Any], row: tuple[str, int]) -> list[Field]:
    return [
        field(full, (*row, "title"), "名称", "text", NONE),
        field(full, (*row, "times_percent"), "倍数（%，200 是双倍）", "number"),
        field(full, (*row, "bonus"), "另外加送积分", "number"),
        field(full, (*row, "min_fen"), "满多少元", "money"),
        field(full, (*row, "starts"), "开始", "instant", "现在"),
        field(full, (*row, "ends"), "结束", "instant", "长期"),
    ]


def _cap(full: Mapping[str, Any], row: tuple[str, int]) -> list[Field]:
    return [
        field(full, (*row, "title"), "名称", "text", NONE),
        field(full, (*row, "points"), "最多多少积分", "number"),
        field(full, (*row, "who"), "对谁", "choice", choices=WHO),
        field(full, (*row, "every"), "多久", "choice", choices=EVERY),
    ]
