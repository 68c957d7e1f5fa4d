"""The form of an activity: what every activity says and what its kind adds."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from assistant.base.clock import SHANGHAI
from assistant.base.errors import LaoyouError
from assistant.web import activity_rows, activity_who
from assistant.web.activity_rows import ALONE, Around
from assistant.web.fields import Field, Group, field, filled

FORMED = {
    "flash_sale": "秒杀",
    "exchange": "限时兑换",
    "check_in": "签到",
    "referral": "邀请好友",
    "lottery": "抽奖",
    "tasks": "任务中心",
    "survey": "问卷",
    "live": "直播预约",
    "wish": "心愿单",
    "post": "晒单",
    "koc": "KOC 认证",
}
"""Kinds that a form alone can begin."""

ADDS: dict[str, tuple[tuple[str, str, str, Any], ...]] = {
    "check_in": (
        ("daily_points", "每天送积分", "number", 5),
        ("streak_days", "连续几天有奖", "number", 7),
        ("streak_bonus", "连续奖励积分", "number", 20),
        ("makeups_a_month", "每月可补签几次", "number", 3),
        ("makeup_points", "补签花多少积分", "number", 10),
    ),
    "flash_sale": (("stock", "库存", "number", 20),),
    "exchange": (("stock", "库存", "number", 50),),
    "referral": (
        ("new_days", "入会几天内算新朋友", "number", 30),
        ("window_days", "首单收货几天后给奖励", "number", 7),
        ("patience_days", "最多等首单几天", "number", 90),
    ),
    "live": (("live_at", "开播时间", "instant", None), ("remind_minutes", "提前几分钟提醒", "number", 30)),
    "lottery": (("free", "人人送几次机会", "number", 0), ("free_a_day", "每天再送几次", "number", 1)),
    "survey": (("confidence", "答案打的标签有几分可信（满分 100）", "number", 90),),
    "koc": (("tag", "打上的标签", "text", "KOC"),),
}
THANKS = {"id": "thanks", "title": "谢谢参与", "odds": activity_rows.MILLION}
BEGINS: dict[str, dict[str, Any]] = {
    "lottery": {"prizes": [THANKS], "fallback": THANKS["id"], "limits": {"day": 5}, "points": 30},
    "tasks": {"tasks": []},
    "survey": {"questions": []},
    "koc": {"who": None},
}
"""Kind → what else its description begins with."""
PLACES = {
    "name": "编号",
    "title": "会员看到的名称",
    "words": "一句说明",
    "starts_at": "开始",
    "ends_at": "结束",
    "limits": "次数",
    "points": "每次花多少积分",
    "budget_fen": "奖励最多花多少元",
    "rewards": "奖励",
    "welcome": "新朋友得积分",
    "who": "什么样的会员算",
    "prizes": "奖品",
    "tasks": "任务",
    "questions": "问题",
}
"""Place in the description → what the form calls it, for what is not in ``ADDS``."""

REWARDED = {"referral": "邀请人得积分", "survey": "填完送积分", "koc": "认证时送积分"}
ONCE = ("tasks", "survey", "koc")
"""Kinds that count by themselves: a task, a survey and a recognition once a member."""

GIVES = {"referral": ("rewards", "welcome")}
"""Kind → the lists of rewards it has, where these are more than one."""


def begun(kind: str, now: datetime) -> dict[str, Any]:
    """An empty description of a kind, open for a week from tomorrow."""
    day = now.astimezone(SHANGHAI).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=1)
    plain = {
        "kind": kind,
        "name": "",
        "title": "",
        "words": "",
        "starts_at": day.isoformat(),
        "ends_at": (day + timedelta(days=7)).isoformat(),
    }
    more = {name: value for name, _label, _kind, value in ADDS.get(kind, ())}
    if kind == "live":
        more["live_at"] = (day + timedelta(days=7)).isoformat()
    return {
        **plain,
        "limits": {"member": 1},
        "points": 100 if "stock" in more else 0,
        "budget_fen": 0,
        "review": kind == "post",
        **more,
        **deepcopy(BEGINS.get(kind, {})),
    }


def groups(definition: Mapping[str, Any], new: bool, around: Around = ALONE) -> list[Group]:
    """What the form offers for this description; the name of one that exists stays."""
    full = _opened(definition, new)
    kind = str(full["kind"])
    basics = [field(full, ("name",), "编号（小写字母和下划线）")] if new else []
    basics += [
        field(full, ("title",), "会员看到的名称"),
        field(full, ("words",), "一句说明", "text", "没有"),
        field(full, ("starts_at",), "开始", "instant"),
        field(full, ("ends_at",), "结束", "instant"),
    ]
    limits = [
        field(full, ("limits", "member"), "每人一共几次", "number", "不限"),
        field(full, ("limits", "day"), "每人每天几次", "number", "不限"),
        field(full, ("limits", "total"), "总名额", "number", "不限"),
    ]
    return [
        Group("基本", tuple(basics)),
        Group("怎么参加", (*_kind_fields(full, kind), *(limits if kind not in ONCE else ()))),
        Group("什么样的会员算", tuple(activity_who.fields(full)) if "asks" in full else ()),
        *(activity_rows.groups(full, around) if kind in activity_rows.LISTS else ()),
        Group("奖励", tuple(_money(full, kind))),
    ]


def definition_of(definition: Mapping[str, Any], new: bool, form: Mapping[str, Any], around: Around = ALONE) -> dict[str, Any]:
    """The description as the form has it; Invalid names the field."""
    fields = [one for group in groups(definition, new, around) for one in group.fields]
    before = _opened(definition, new)
    full: dict[str, Any] = filled(before, fields, form)
    if full["kind"] in activity_rows.LISTS:
        activity_rows.closed(full, before)
    if "asks" in full:
        full["who"] = activity_who.closed(full.pop("asks"), definition.get("who"))
    full["words"] = full["words"] or ""
    full["limits"] = {name: value or 0 for name, value in full["limits"].items()}
    for name, given in full.pop("given").items():
        if given is not None or _only_points(full.get(name, ())):
            full[name] = [{"kind": "points", "points": given}] if given else []
    return {name: value for name, value in full.items() if value is not None}


def named(error: LaoyouError, definition: Mapping[str, Any]) -> str:
    """The sentence of an error with the form's own word for the place in the description."""
    place = str(error.detail.get("field", ""))
    head, _, rest = place.partition(".")
    word = PLACES.get(head) or next((label for rows in ADDS.values() for name, label, *_ in rows if name == head), "")
    if head in dict(activity_rows.LISTS.values()) and rest:
        word = activity_rows.named(definition, place)
    if not word:
        return error.say
    return error.say.replace("活动描述的", "").replace(f"“{place}”", f"“{word}”")


def _opened(definition: Mapping[str, Any], new: bool) -> dict[str, Any]:
    """The description with limits that are none blank, rewards of points as a number, and lists as rows."""
    full = deepcopy(dict(definition))
    if full["kind"] in activity_rows.LISTS:
        activity_rows.opened(full, new)
    if full["kind"] == "koc" and (asks := activity_who.opened(full.get("who"))) is not None:
        full["asks"] = asks
    limits = full.get("limits", {})
    full["limits"] = {name: limits.get(name) or None for name in ("member", "day", "total")}
    full["given"] = {
        name: full[name][0]["points"] if _only_points(full.get(name, ())) and full.get(name) else None
        for name in GIVES.get(str(full["kind"]), ("rewards",))
    }
    return full


def _only_points(gifts: Any) -> bool:
    return not gifts or (len(gifts) == 1 and gifts[0].get("kind") == "points")


def _kind_fields(full: Mapping[str, Any], kind: str) -> list[Field]:
    found = [field(full, (name,), label, as_kind) for name, label, as_kind, _value in ADDS.get(kind, ()) if name in full]  # type: ignore[arg-type]
    if kind in ("flash_sale", "exchange", "lottery"):
        found.append(field(full, ("points",), "每次花多少积分", "number"))
    if kind == "wish":
        found.append(field(full, ("review",), "先由人审核", "flag"))
    return found


def _money(full: Mapping[str, Any], kind: str) -> list[Field]:
    found = []
    if kind not in ("lottery", "tasks", "check_in") and _only_points(full.get("rewards", ())):
        label, empty = REWARDED.get(kind, "参加送积分"), "实物，由人发货" if "stock" in full else "不送"
        found.append(field(full, ("given", "rewards"), label, "number", empty))
    if kind == "referral" and _only_points(full.get("welcome", ())):
        found.append(field(full, ("given", "welcome"), "新朋友得积分", "number", "不送"))
    return [*found, field(full, ("budget_fen",), "奖励最多花多少元", "money")]
