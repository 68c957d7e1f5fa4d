"""What a plan takes of the platforms' allowances: how many of what is left, and when the rest could go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from assistant.base.clock import business_day
from assistant.channels import quota
from assistant.channels.windows import period_ends
from assistant.domain import outreach
from assistant.store import View

FULL = ("platform_quota", "platform_daily")
"""Codes of the gate that speak of the platform's allowance."""

Lines = dict[str, dict[str, Any]]
"""Limit → ``takes``, ``left``, ``later`` (day → how many), ``never``."""

WHOSE = {
    quota.MASS: ("群发额度", "给 {n} 位客户各发 1 条", "他们这个月一共还能收", "位客户"),
    quota.MASS_GROUP: ("客户群群发额度", "给 {n} 个群各发 1 条", "这些群这个月一共还能收", "个群"),
    quota.MOMENTS: ("朋友圈任务额度", "用 {n} 条", "企业这个月还能发", "条"),
}


def added(lines: Lines, limit: str, one: quota.Forecast) -> None:
    """Adds a forecast for further subjects of a limit."""
    if not (one.takes or one.later or one.never):
        return
    line = lines.setdefault(limit, {"takes": 0, "left": 0, "later": {}, "never": 0})
    line["later"] = dict(sorted((Counter(line["later"]) + Counter(one.later)).items()))
    for name in ("takes", "left", "never"):
        line[name] += getattr(one, name)


def of_people(view: View, decisions: Iterable[outreach.Decision], lines: Lines, at: datetime) -> None:
    """What the 群发 among these decisions takes, and from when on those could be written to whom the platform lets wait."""
    sends, later = [], Counter[str]()
    for one in decisions:
        if isinstance(one, outreach.Send):
            sends += [one.peer] if one.route == "mass" else []
        elif one.code in FULL:
            until = one.until if isinstance(one, outreach.Defer) else period_ends("month", at)
            later.update([business_day(until).isoformat()])
    told = quota.forecast(view, quota.MASS, sends, at)
    added(lines, quota.MASS, quota.Forecast(told.takes, told.left, Counter(told.later) + later, told.never))


def lines(value: Lines, most: int) -> list[dict[str, Any]]:
    """The lines of a preview; no more are taken than are sent to."""
    return [{"limit": limit, **line, "takes": min(line["takes"], most)} for limit, line in sorted(value.items())]


def sentence(line: Mapping[str, Any]) -> str:
    """One line in words, for a page and a chat."""
    name, each, left, unit = WHOSE[line["limit"]]
    taken = each.format(n=f"{line['takes']:,}")
    said = f"{name}：这次{taken}，{left} {line['left']:,} 条"
    later = [f"{_day(day)}起 {count:,} {unit}" for day, count in line["later"].items()]
    if later:
        said += f"；现在发不了、以后才可以的：{'，'.join(later)}"
    return said + (f"；{line['never']:,} {unit}一直没有名额" if line["never"] else "")


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.month}月{day.day}日"
