"""Tools by which a member takes part in activities. Where points leave the account it asks once; what is free is done at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from pydantic import Field

from assistant.agent import Confirmation, ToolResult
from assistant.base.errors import Invalid
from assistant.channels import confirm
from assistant.domain import activities
from assistant.domain.activities import Answer, Buy, ClaimTasks, Draw, Drawn, Join, MakeUp, MyCode, Survey, UseCode
from assistant.store import Work
from tools.context import Arguments, Nothing, Recipe, ToolContext, day
from tools.games import Which, meant

SALES = ("flash_sale", "exchange")


class Bought(Which):
    """How many of what a sale offers."""

    quantity: int = Field(default=1, ge=1, le=99, description="一次要几件，1 到 99 的整数")


class Said(Which):
    """The member's own words."""

    text: str = Field(min_length=1, max_length=300)


class Chosen(Which):
    """The texts of the options chosen, of all questions together."""

    choices: list[str] = Field(min_length=1, max_length=60)


class InviteCode(Arguments):
    """The code a friend gave."""

    code: str = Field(min_length=4, max_length=20)


async def draw(context: ToolContext, arguments: Which, key: str) -> ToolResult:
    one = await context.store.read(meant, context.member_id, arguments.activity, ("lottery",))
    mine = await context.store.read(activities.chances, one.name, context.member_id)
    title = one.activity.title
    if not mine.free and not mine.held and mine.points:
        request = Draw(f"try:{key}", context.member_id, one.name, mine.points)
        await context.store.preview(activities.draw, [request], context.principal, cause=context.turn)
        text = f"「{title}」的免费机会用完了，用 {mine.points} 积分再抽一次，确认吗？回复“确认”就帮您抽。"
        return await _ask(context, key, "draw", {"activity": one.name}, mine.points, text)
    request = Draw(key, context.member_id, one.name)
    done = (await context.store.write(activities.draw, [request], context.principal, cause=context.turn))[0]
    return ToolResult({"number": done.number, "prize": done.title, "done": True}, say=_drawn(done))


def _drawn(done: Drawn) -> str:
    if done.why:
        return f"这次是「{done.title}」，您抽中的奖品刚好发完了，谢谢您来玩～"
    return f"开奖啦：「{done.title}」！"


async def exchange(context: ToolContext, arguments: Bought, key: str) -> ToolResult:
    one = await context.store.read(meant, context.member_id, arguments.activity, SALES)
    cost = one.activity.points * arguments.quantity
    request = Buy(f"try:{key}", context.member_id, one.name, arguments.quantity, cost)
    await context.store.preview(activities.buy, [request], context.principal, cause=context.turn)
    text = f"用 {cost} 积分换「{one.activity.title}」× {arguments.quantity}，确认吗？数量有限，回复“确认”就帮您抢。"
    chosen: dict[str, str | int] = {"activity": one.name, "title": one.activity.title, "quantity": arguments.quantity}
    return await _ask(context, key, "exchange", chosen, cost, text)


async def make_up(context: ToolContext, _arguments: Nothing, key: str) -> ToolResult:
    missed = await context.store.read(activities.missed, context.member_id)
    if not missed:
        raise Invalid("最近没有漏掉的签到，不用补～", code="nothing_missed")
    price = await context.store.read(activities.makeup_price, context.member_id)
    request = MakeUp(f"try:{key}", context.member_id, missed[0], price)
    await context.store.preview(activities.make_up, [request], context.principal, cause=context.turn)
    paid = f"用 {price} 积分" if price else "用一次补签机会"
    text = f"{paid}补签 {missed[0].month} 月 {missed[0].day} 日，确认吗？回复“确认”就帮您补上。"
    return await _ask(context, key, "make_up", {"day": day(missed[0])}, price, text)


async def _ask(context: ToolContext, key: str, action: str, chosen: Mapping[str, str | int], cost: int, text: str) -> ToolResult:
    question = confirm.Ask(key, context.conversation, context.member_id, action, chosen, cost, text)
    token = await context.store.write(confirm.ask, question, context.principal, cause=context.turn)
    return ToolResult({**chosen, "points": cost}, say=text, confirm=Confirmation(action, token, text))


async def reserve_live(context: ToolContext, arguments: Which, key: str) -> ToolResult:
    one = await context.store.read(meant, context.member_id, arguments.activity, ("live",))
    done = (await _join(context, Join(key, context.member_id, one.name)))[0]
    say = "您已经预约过啦" if done.already else "预约好啦"
    return ToolResult({"title": done.title, "done": True}, say=f"「{done.title}」{say}，开播前我会提醒您～")


async def make_wish(context: ToolContext, arguments: Said, key: str) -> ToolResult:
    one = await context.store.read(meant, context.member_id, arguments.activity, ("wish",))
    await _join(context, Join(key, context.member_id, one.name, arguments.text))
    return ToolResult({"done": True}, say="您的心愿记下啦，同事都会看到，有消息告诉您～")


async def show_post(context: ToolContext, arguments: Said, key: str) -> ToolResult:
    one = await context.store.read(meant, context.member_id, arguments.activity, ("post",))
    await _join(context, Join(key, context.member_id, one.name, arguments.text))
    return ToolResult({"done": True}, say="收到您的分享啦，好的坏的都欢迎说。同事看过之后会告诉您结果～")


async def _join(context: ToolContext, request: Join) -> list[activities.Joined]:
    done: list[activities.Joined] = await context.store.write(activities.join, [request], context.principal, cause=context.turn)
    return done


async def answer_survey(context: ToolContext, arguments: Chosen, key: str) -> ToolResult:
    one = await context.store.read(meant, context.member_id, arguments.activity, ("survey",))
    assert isinstance(one.activity, Survey)
    request = Answer(key, context.member_id, one.name, _sorted(one.activity, arguments.choices))
    done = (await context.store.write(activities.answer, [request], context.principal, cause=context.turn))[0]
    thanks = f"送您 {'、'.join(done.rewards)}～" if done.rewards else "谢谢您告诉我们～"
    return ToolResult({"done": True, "rewards": list(done.rewards)}, say=f"问卷收到啦，{thanks}")


def _sorted(survey: Survey, choices: list[str]) -> dict[str, tuple[str, ...]]:
    """Each choice under the question it answers, what is no option under those that ask for an account; the rest is refused."""
    chosen = list(dict.fromkeys(choice.strip() for choice in choices))
    found = {one.id: tuple(option.text for option in one.options if option.text in chosen) for one in survey.questions}
    known = {text for texts in found.values() for text in texts}
    free = [choice for choice in chosen if choice not in known]
    accounts = [one.id for one in survey.questions if one.identity]
    found |= {number: (text,) for number, text in zip(accounts, free, strict=False)}
    strange = next(iter(free[len(accounts) :]), None)
    open_questions = [one for one in survey.questions if not found[one.id] and not one.identity]
    if strange is not None or open_questions:
        one = (open_questions or [one for one in survey.questions if not one.identity] or list(survey.questions))[0]
        raise Invalid(f"“{one.text}”请从这里选：{'、'.join(option.text for option in one.options)}", code="bad_answer")
    return found


async def claim_tasks(context: ToolContext, arguments: Which, key: str) -> ToolResult:
    one = await context.store.read(meant, context.member_id, arguments.activity, ("tasks",))
    request = ClaimTasks(key, context.member_id, one.name)
    done = (await context.store.write(activities.claim_tasks, [request], context.principal, cause=context.turn))[0]
    return ToolResult(
        {"tasks": done.title, "rewards": list(done.rewards)}, say=f"完成了「{done.title}」，奖励 {'、'.join(done.rewards)} 到账啦～"
    )


async def my_invite_code(context: ToolContext, arguments: Which, key: str) -> ToolResult:
    one = await context.store.read(meant, context.member_id, arguments.activity, ("referral",))
    request = MyCode(key, context.member_id, one.name)
    done = (await context.store.write(activities.my_code, [request], context.principal, cause=context.turn))[0]
    say = f"您的邀请码是 {done.code}。朋友第一次来时告诉我这个码就行，朋友的首单过了退换期，您的奖励就到。"
    return ToolResult({"code": done.code}, say=say)


async def use_invite_code(context: ToolContext, arguments: InviteCode, key: str) -> ToolResult:
    request = UseCode(key, context.member_id, arguments.code)
    done = (await context.store.write(activities.use_code, [request], context.principal, cause=context.turn))[0]
    gift = f"送您 {'、'.join(done.rewards)}，" if done.rewards else ""
    return ToolResult({"done": True, "rewards": list(done.rewards)}, say=f"欢迎新朋友！{gift}有什么想问的随时找我～")


def _perform_draw(work: Work, pending: confirm.Pending) -> str:
    request = Draw(pending.token, pending.member_id, pending.arguments["activity"], pending.amount)
    return _drawn(activities.draw(work, [request])[0])


def _perform_exchange(work: Work, pending: confirm.Pending) -> str:
    chosen = pending.arguments
    done = activities.buy(work, [Buy(pending.token, pending.member_id, chosen["activity"], chosen["quantity"], pending.amount)])[0]
    got = f"「{done.title}」× {chosen['quantity']}"
    return f"抢到啦！用 {pending.amount} 积分换到{got}，" + ("已经放进您的账户。" if done.rewards else "我们会尽快为您寄出。")


def _perform_make_up(work: Work, pending: confirm.Pending) -> str:
    request = MakeUp(pending.token, pending.member_id, date.fromisoformat(pending.arguments["day"]), pending.amount)
    done = activities.make_up(work, [request])[0]
    bonus = f"，满签奖励 {done.points} 积分也到账了" if done.points else ""
    return f"补好啦，您已经连续签到 {done.streak} 天{bonus}～"


DEEDS: dict[str, Callable[[Work, confirm.Pending], str]] = {
    "draw": _perform_draw,
    "exchange": _perform_exchange,
    "make_up": _perform_make_up,
}
"""What is done once the member has agreed, by the action of the question."""

RECIPES = (
    Recipe("draw", "SELF", "为会员本人抽一次奖；先用免费机会，要花积分时会先请会员确认", Which, draw),
    Recipe("exchange", "SELF", "为会员本人抢秒杀或限时兑换；会先请会员确认", Bought, exchange),
    Recipe("make_up", "SELF", "为会员本人补签最近漏掉的一天；会先请会员确认", Nothing, make_up),
    Recipe("reserve_live", "SELF", "为会员本人预约直播，开播前提醒", Which, reserve_live),
    Recipe("make_wish", "SELF", "记下会员本人的心愿", Said, make_wish),
    Recipe("show_post", "SELF", "提交会员本人的晒单，等人审核", Said, show_post),
    Recipe("answer_survey", "SELF", "提交会员本人的问卷答案（所选选项的原文）", Chosen, answer_survey),
    Recipe("claim_tasks", "SELF", "领取会员本人已完成任务的奖励", Which, claim_tasks),
    Recipe("my_invite_code", "SELF", "给会员本人的邀请码，用来邀请新朋友", Which, my_invite_code),
    Recipe("use_invite_code", "SELF", "新会员填写朋友给的邀请码", InviteCode, use_invite_code),
)
