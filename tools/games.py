"""Reading tools over activities: what is on, what I can draw with, what became of it. What is said in a group is the same for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from assistant.agent import ToolResult
from assistant.base.clock import SHANGHAI
from assistant.base.errors import Invalid
from assistant.domain import activities
from assistant.domain.activities import KINDS, Lottery, Referral, Sale, Stored, Survey, TaskCentre
from assistant.store import View
from tools.context import Arguments, Nothing, Recipe, ToolContext, day

MOST = 12
STATES = {
    "done": "完成",
    "reserved": "已预约",
    "reminded": "已提醒",
    "placed": "等我们寄出",
    "pending": "等审核",
    "approved": "已通过",
    "rejected": "没有通过",
    "fulfilled": "已发出",
    "cancelled": "已取消",
}


class Which(Arguments):
    """An activity by its code or title; empty where only one can be meant."""

    activity: str = Field(default="", max_length=60)


async def whats_on(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    return _told(await context.store.read(_on, context.member_id))


async def public(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    """What is on for everybody: nothing that only some were invited to, and nothing about who asks."""
    return _told(await context.store.read(_on, ""))


def _told(found: list[dict[str, Any]]) -> ToolResult:
    if not found:
        return ToolResult({"activities": []}, say="现在没有正在进行的活动，有新活动我会告诉您～")
    lines = [_line(one) for one in found]
    return ToolResult({"activities": found}, say="现在有这些活动：\n" + "\n".join(lines))


def _on(view: View, member_id: str) -> list[dict[str, Any]]:
    found = [one for one in activities.open_to(view, member_id) if one.kind != "check_in"]
    if not member_id:
        found = [one for one in found if one.activity.who is None and not one.activity.tiers]
    return [_shown(view, one) for one in found[:MOST]]


def _shown(view: View, one: Stored) -> dict[str, Any]:
    """What anybody may know of an activity."""
    activity, stock = one.activity, activities.stock(view, one.name)
    shown: dict[str, Any] = {
        "activity": one.name,
        "title": activity.title,
        "kind": KINDS[one.kind],
        "words": activity.words,
        "until": moment(one.ends_at),
        "points": activity.points,
    }
    match activity:
        case Lottery():
            shown["prizes"] = [{"title": prize.title, "odds": _odds(prize.odds)} for prize in activity.prizes]
            shown["seed_sha256"] = one.seed_digest
        case Sale():
            shown["left"] = stock["goods"].left
        case Survey():
            shown["questions"] = [
                {"text": question.text, "options": [option.text for option in question.options], "many": question.many}
                for question in activity.questions
            ]
        case TaskCentre():
            shown["tasks"] = [task.title for task in activity.tasks]
        case _:
            pass
    return shown


def _odds(parts: int) -> str:
    return f"{parts / 10_000:.4f}".rstrip("0").rstrip(".") + "%"


def _line(one: dict[str, Any]) -> str:
    text = f"· 【{one['kind']}】{one['title']}，{one['until']} 截止"
    if "left" in one:
        text += f"，{one['points']} 积分，还剩 {one['left']} 件"
    if "prizes" in one:
        text += "。" + "、".join(f"{prize['title']} {prize['odds']}" for prize in one["prizes"])
    return text + (f"。{one['words']}" if one["words"] else "")


async def my_chances(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    return await context.store.read(_my_chances, context.member_id)


def _my_chances(view: View, member_id: str) -> ToolResult:
    lotteries = [one for one in activities.open_to(view, member_id) if one.kind == "lottery"]
    shown, lines = [], []
    for one in lotteries:
        mine = activities.chances(view, one.name, member_id)
        shown.append({"activity": one.name, "title": one.activity.title, "free": mine.free, "won": mine.held, "points_each": mine.points})
        more = f"，之后 {mine.points} 积分抽一次" if mine.points else ""
        lines.append(f"· 「{one.activity.title}」您还有 {mine.free + mine.held} 次机会{more}")
    missed, price = activities.missed(view, member_id), activities.makeup_price(view, member_id)
    say = "\n".join(lines) or "现在没有可以抽奖的活动。"
    if missed:
        say += f"\n签到还能补 {missed[0].month} 月 {missed[0].day} 日" + (f"，{price} 积分一天。" if price else "，用一次补签机会。")
    return ToolResult({"lotteries": shown, "missed_days": [day(one) for one in missed], "makeup_points": price}, say=say)


async def my_entries(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    found = await context.store.read(activities.my_entries, context.member_id, "", MOST)
    friends = await context.store.read(_friends, context.member_id)
    shown = [
        {"date": day(one.at), "kind": KINDS[one.kind], "title": one.title, "state": STATES.get(one.state, one.state), "note": one.note}
        for one in found
    ]
    lines = [f"· {one['date']} {one['kind']}：{one['title']}，{one['state']}" for one in shown]
    if friends:
        lines.append(f"· 您邀请了 {friends['invited']} 位朋友，{friends['rewarded']} 位已经奖励")
    return ToolResult({"entries": shown, **friends}, say="\n".join(["您最近参加的：", *lines]) if lines else "您最近还没有参加过活动。")


def _friends(view: View, member_id: str) -> dict[str, int]:
    games = [one.name for one in activities.activities(view) if isinstance(one.activity, Referral)]
    found = [friend for name in games for friend in activities.invited(view, name, member_id)]
    if not found:
        return {}
    return {"invited": len(found), "rewarded": sum(friend.state == "rewarded" for friend in found)}


def moment(instant: datetime) -> str:
    """``11 月 28 日 20:00`` in Shanghai."""
    local = instant.astimezone(SHANGHAI)
    return f"{local.month} 月 {local.day} 日 {local:%H:%M}"


def meant(view: View, member_id: str, wanted: str, kinds: Sequence[str]) -> Stored:
    """The one open activity of these kinds that is meant; Invalid asks which, or says that there is none."""
    found = [one for one in activities.open_to(view, member_id) if one.kind in kinds]
    exact = [one for one in found if wanted in (one.name, one.activity.title)]
    close = exact or [one for one in found if wanted in one.activity.title or one.activity.title in wanted] if wanted else found
    if len(close) == 1:
        return close[0]
    if len(found) == 1 and not close:
        return found[0]
    if not found:
        names = "、".join(dict.fromkeys(KINDS[kind] for kind in kinds))
        raise Invalid(f"现在没有正在进行的{names}，有了我第一时间告诉您～", code="none_on")
    names = "、".join(f"「{one.activity.title}」" for one in (close or found)[:6])
    raise Invalid(f"您想参加哪一个呢？现在有：{names}", code="which_activity")


_WHATS_ON = "现在有哪些活动：抽奖（含公示概率）、秒杀、兑换、问卷、直播预约、邀请、任务等"
PUBLIC = Recipe("whats_on", "READ", _WHATS_ON, Nothing, public)
"""Stands in for ``whats_on`` where others listen."""

RECIPES = (
    Recipe("whats_on", "READ", _WHATS_ON, Nothing, whats_on),
    Recipe("my_chances", "READ", "会员本人还有几次抽奖机会、哪些天可以补签", Nothing, my_chances),
    Recipe("my_entries", "READ", "会员本人最近参加的活动和结果：中奖、兑换、心愿、预约、邀请了几位朋友", Nothing, my_entries),
)
