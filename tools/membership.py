"""Tools over the member's own profile, tier, preferences and consent."""

from __future__ import annotations

from typing import Literal

from assistant.agent import ToolResult
from assistant.domain import members, membership
from tools.context import Arguments, Nothing, Recipe, ToolContext, day


class Preference(Arguments):
    """One preference as the member said it."""

    name: Literal["birthday", "size", "preferred_hour", "nickname"]
    value: str


class Topic(Arguments):
    """What the member does not want to hear about, or wants again; empty means everything."""

    topic: str = ""


async def my_profile(context: ToolContext, _arguments: Nothing, _key: str) -> ToolResult:
    profile = (await context.store.read(members.profiles, [context.member_id]))[context.member_id]
    standing = (await context.store.read(membership.standings, [context.member_id]))[context.member_id]
    return ToolResult(
        {
            "nickname": profile.nickname,
            "tier": standing.tier,
            "growth": standing.growth,
            "next_tier": standing.next_tier,
            "growth_needed": standing.growth_needed,
            "tier_until": day(standing.until),
            "keep_needed": standing.keep_needed,
            "paid_plan": standing.plan,
            "paid_until": day(standing.plan_until),
            "birthday": profile.birthday or "",
            "joined_at": day(profile.joined_at),
        }
    )


def _noted(said: Preference) -> str:
    """What was noted, in words the member can check."""
    if said.name == "birthday":
        year, month, number = ("", *said.value.split("-"))[-3:]
        return f"记下啦，您的生日是{year + ' 年 ' if year else ' '}{int(month)} 月 {int(number)} 日。"
    words = {"size": f"您的尺码是 {said.value}", "preferred_hour": f"以后尽量在 {said.value} 点前后联系您"}
    return f"记下啦，{words.get(said.name, f'以后就叫您{said.value}')}。"


async def set_preference(context: ToolContext, arguments: Preference, key: str) -> ToolResult:
    change = members.preference(arguments.name, arguments.value)
    await context.store.write(members.update, [members.Update(key, context.member_id, change)], context.principal, cause=context.turn)
    return ToolResult({"name": arguments.name, "value": arguments.value}, say=_noted(arguments))


async def opt_out(context: ToolContext, arguments: Topic, key: str) -> ToolResult:
    choice = members.Choice(key, context.member_id, arguments.topic)
    await context.store.write(members.opt_out, [choice], context.principal, cause=context.turn)
    what = f"「{arguments.topic}」类消息" if arguments.topic else "活动和营销消息"
    return ToolResult({"topic": arguments.topic, "say": f"好的，以后不再给您发{what}了。想再收到时，跟我说一声“恢复接收”就行。"})


async def opt_in(context: ToolContext, arguments: Topic, key: str) -> ToolResult:
    choice = members.Choice(key, context.member_id, arguments.topic)
    await context.store.write(members.opt_in, [choice], context.principal, cause=context.turn)
    return ToolResult({"topic": arguments.topic, "say": "好的，已经帮您恢复接收啦，我们会克制着来，不打扰您。"})


RECIPES = (
    Recipe(
        "my_profile",
        "READ",
        "查询会员本人的昵称、等级、成长值、离升级和保级还差多少、等级和付费会员到哪天、生日和入会日期",
        Nothing,
        my_profile,
    ),
    Recipe("set_preference", "SELF", "修改会员本人的生日、尺码、方便联系的时间或昵称", Preference, set_preference),
    Recipe("opt_out", "SELF", "会员不想再收到消息时退订；说了主题就只退订该主题", Topic, opt_out),
    Recipe("opt_in", "SELF", "会员想重新接收消息时恢复", Topic, opt_in),
)
