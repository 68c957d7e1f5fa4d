"""The forms of tiers, paid plans and stored value: rows as people write them; gifts that are no points stay as they are."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from assistant.web.fields import Field, Group, Path, at, field, filled, written

NONE = "不要这一行"
WHEN = {"entry": ("入会送积分", "入会礼"), "monthly": ("每月送积分", "月礼"), "birthday": ("生日送积分", "生日礼")}
SPENDS = (("proportion", "本金和赠送按比例一起用"), ("principal_first", "先用本金"))
TIER: dict[str, Any] = {"name": "", "growth": 0, "keep": None, "gifts": []}
PLAN: dict[str, Any] = {"id": "", "name": "", "months": 12, "price_fen": 0, "tier": "", "skus": [], "gifts": []}
STEP: dict[str, Any] = {"pay_fen": None, "bonus_fen": 0}


def tier_groups(document: Mapping[str, Any]) -> list[Group]:
    """What the form offers for tiers and plans, an empty row at the end of each list."""
    full = _padded(document)
    general = (
        field(full, ("window_days",), "等级多少天复核一次", "number"),
        field(full, ("soft_landing",), "保不住时最多降一级", "flag"),
        field(full, ("lower_on_refund",), "退款立刻影响等级", "flag"),
    )
    names = (("", "不给等级"), *((tier["name"], tier["name"]) for tier in document["tiers"]))
    found = [Group("基本", general)]
    found += [
        Group("等级", tuple(_tier(full, place)), tier["name"] or "再加一行", not tier["name"]) for place, tier in enumerate(full["tiers"])
    ]
    found += [
        Group("付费方案", tuple(_plan(full, place, names)), plan["name"] or "再加一行", not plan["name"])
        for place, plan in enumerate(full["plans"])
    ]
    return found


def tiers_of(document: Mapping[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
    """The rules as the form has them; Invalid names the field."""
    full: dict[str, Any] = filled(_padded(document), [one for group in tier_groups(document) for one in group.fields], form)
    for row in [*full["tiers"], *full["plans"]]:
        row["gifts"] = _gifts(row)
    full["tiers"] = [tier for tier in full["tiers"] if tier["name"]]
    full["plans"] = [plan for plan in full["plans"] if plan["name"]]
    return full


def step_groups(document: Mapping[str, Any]) -> list[Group]:
    """What the form offers for stored value."""
    full = _stepped(document)
    rows = [
        Group("充值档位", tuple(_step(full, place)), written(step["pay_fen"], "money") or "再加一行", step["pay_fen"] is None)
        for place, step in enumerate(full["steps"])
    ]
    general = (
        field(full, ("most_fen",), "余额最多多少元", "money"),
        field(full, ("spend",), "支付时", "choice", choices=SPENDS),
    )
    return [Group("基本", general), *rows]


def steps_of(document: Mapping[str, Any], form: Mapping[str, Any]) -> dict[str, Any]:
    """The rules as the form has them; Invalid names the field."""
    full: dict[str, Any] = filled(_stepped(document), [one for group in step_groups(document) for one in group.fields], form)
    full["steps"] = [step for step in full["steps"] if step["pay_fen"] is not None]
    return full


def _padded(document: Mapping[str, Any]) -> dict[str, Any]:
    """An empty row at the end of each list; gifts of points stand beside their row, by when they are given."""
    full = deepcopy(dict(document))
    full["tiers"] = [*full["tiers"], deepcopy(TIER)]
    full["plans"] = [*full.get("plans", ()), deepcopy(PLAN)]
    for row in [*full["tiers"], *full["plans"]]:
        row["given"] = {when: at(_first(row, when), ("benefit", "points")) for when in WHEN}
    return full


def _stepped(document: Mapping[str, Any]) -> dict[str, Any]:
    return deepcopy(dict(document)) | {"steps": [*deepcopy(list(document["steps"])), deepcopy(STEP)]}


def _step(full: Mapping[str, Any], place: int) -> list[Field]:
    row: Path = ("steps", place)
    return [field(full, (*row, "pay_fen"), "充多少元", "money", NONE), field(full, (*row, "bonus_fen"), "送多少元", "money")]


def _tier(full: Mapping[str, Any], place: int) -> list[Field]:
    row: Path = ("tiers", place)
    return [
        field(full, (*row, "name"), "等级名称", "text", NONE),
        field(full, (*row, "growth"), "升级成长值", "number"),
        field(full, (*row, "keep"), "保级成长值", "number", "和升级一样"),
        *_gift_fields(full, row, tuple(WHEN)),
    ]


def _plan(full: Mapping[str, Any], place: int, names: tuple[tuple[str, str], ...]) -> list[Field]:
    row: Path = ("plans", place)
    return [
        field(full, (*row, "name"), "方案名称", "text", NONE),
        field(full, (*row, "id"), "编号（小写字母）", "text", "还没有"),
        field(full, (*row, "months"), "几个月", "number"),
        field(full, (*row, "price_fen"), "价格（元）", "money"),
        field(full, (*row, "tier"), "给的等级", "choice", choices=names),
        field(full, (*row, "skus"), "商品编码（逗号隔开）", "words"),
        *_gift_fields(full, row, ("entry", "monthly")),
    ]


def _gift_fields(full: Mapping[str, Any], row: Path, moments: tuple[str, ...]) -> list[Field]:
    """Only where the gift of that moment is points or there is none yet."""
    plain = [when for when in moments if (found := _first(at(full, row), when)) is None or at(found, ("benefit", "kind")) == "points"]
    return [field(full, (*row, "given", when), WHEN[when][0], "number", "不送") for when in plain]


def _first(row: Mapping[str, Any], when: str) -> dict[str, Any] | None:
    return next((gift for gift in row["gifts"] if gift["when"] == when), None)


def _gifts(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The gifts of a row after its points by moment were changed."""
    gifts = list(row["gifts"])
    for when, points in row.pop("given").items():
        known = _first(row, when)
        if known is not None and at(known, ("benefit", "kind")) != "points":
            continue
        if known is not None and points is None:
            gifts.remove(known)
        elif known is not None:
            known["benefit"]["points"] = points
        elif points is not None:
            name = f"{row['name'] or ''}{WHEN[when][1]}"
            gifts.append({"name": name, "when": when, "benefit": {"kind": "points", "points": points}, "value_fen": points})
    return gifts
