"""What an activity must keep beyond its form: it makes sense as a whole, its texts are lawful, and nobody is paid for praise. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from assistant.base.clock import SHANGHAI
from assistant.base.errors import Invalid, Refused
from assistant.domain import audience, content
from assistant.domain.activities.language import (
    MILLION,
    Activity,
    CheckInGame,
    Live,
    Lottery,
    Posts,
    Recognition,
    Sale,
    Survey,
    TaskCentre,
    gifts,
)
from assistant.domain.benefits import from_dict

PRAISE = re.compile(r"好评|五星|5\s?星|满星|满分评价|点赞|投票|给个?赞|集赞|[点求]个赞")
FREE_TO_SAY = re.compile(
    r"(?:不要求|不限|不需要|无需|无论|不管|不以)[^。！？!?\n，,]{0,6}(?:好评|五星|点赞)(?:[^。！？!?\n，,]{0,4}差评)?|好评差评都"
)
"""Words that leave people free in what they say."""

RESERVED = ("goods", "places", "budget")
"""What the stock of an activity calls things that are no prize."""

AWAKE = (9, 21)
"""The hours in which members may be written to; a reminder outside them would not go out."""

OWN_FACTS = ("activities.checked_in", "orders.paid", "orders.finished", "members.bound", "cashback.bound", "points.spent")
"""What a task can ask for, besides taking part in another activity and the names of events (``event:…``)."""


def check(activity: Activity) -> None:
    """Invalid for what could never work, naming the place."""
    _window(activity)
    for place, gift in gifts(activity):
        try:
            from_dict(gift)
        except Invalid as error:
            raise _wrong(place, error.say) from error
    if activity.who is not None:
        audience.catalogue().parse(activity.who)
    match activity:
        case Lottery():
            _lottery(activity)
        case TaskCentre():
            _tasks(activity)
        case Survey():
            _unique("questions", [one.id for one in activity.questions])
            for number, one in enumerate(activity.questions):
                _unique(f"questions.{number}.options", [option.text for option in one.options])
                if (len(one.options) < 2) != bool(one.identity):
                    raise _wrong(f"questions.{number}.options", "请写至少两个选项，或者写明 identity（问哪里的账号）而不写选项")
        case Live():
            _instant("live_at", activity.live_at)
            _live(activity)
        case Sale() if not activity.points:
            raise _wrong("points", "兑换和秒杀要有积分价格")
        case Posts() if not activity.review:
            raise _wrong("review", "晒单要由人审核，请写 true")
        case Recognition() if activity.who is None:
            raise _wrong("who", "KOC 认证要写清楚什么样的会员算")
        case CheckInGame() if activity.rewards or activity.budget_fen:
            raise _wrong("rewards", "签到的奖励写在 daily_points 和 streak_bonus 里，不占预算")
        case _:
            pass


def check_lawful(activity: Activity) -> None:
    """Refused for texts that may not be published, payment for praise first of all."""
    pays = bool(gifts(activity))
    for place, text in texts(activity):
        if pays and PRAISE.search(FREE_TO_SAY.sub("", text)):
            raise Refused(f"“{place}”不能用奖励换取好评、点赞或投票，请改成不论评价好坏都可以参加", code="review_for_cash", field=place)
        found = [one for one in content.check(content.Draft(text, mass=False)) if one.severity == "block"]
        if found:
            raise Refused(f"“{place}”不能发布：{found[0].say}", code=found[0].code, field=place)


def texts(activity: Activity) -> Iterator[tuple[str, str]]:
    """Everything that members will read, with its place; empty texts are left out."""
    for place, text in _texts(activity):
        if text.strip():
            yield place, text


def _texts(activity: Activity) -> Iterator[tuple[str, str]]:
    yield "title", activity.title
    yield "words", activity.words
    match activity:
        case Lottery():
            yield from ((f"prizes.{number}.title", prize.title) for number, prize in enumerate(activity.prizes))
        case TaskCentre():
            yield from ((f"tasks.{number}.title", task.title) for number, task in enumerate(activity.tasks))
        case Survey():
            for number, question in enumerate(activity.questions):
                yield f"questions.{number}.text", question.text
                yield from ((f"questions.{number}.options.{n}", option.text) for n, option in enumerate(question.options))
        case Live():
            yield "reminder", activity.reminder
        case _:
            pass


def _window(activity: Activity) -> None:
    if _instant("starts_at", activity.starts_at) >= _instant("ends_at", activity.ends_at):
        raise _wrong("ends_at", "结束时间要晚于开始时间")


def _instant(place: str, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text) if datetime.fromisoformat(text).tzinfo else _no_zone(place)
    except ValueError:
        raise _wrong(place, "要写成带时区的时间，例如 2026-12-01T10:00:00+08:00") from None


def _no_zone(place: str) -> datetime:
    raise _wrong(place, "时间缺少时区，例如 2026-12-01T10:00:00+08:00")


def _lottery(activity: Lottery) -> None:
    _unique("prizes", [*RESERVED, *(prize.id for prize in activity.prizes)])
    total = sum(prize.odds for prize in activity.prizes)
    if total != MILLION:
        raise _wrong("prizes", f"所有奖品的 odds 加起来要正好是 {MILLION}，现在是 {total}")
    fallback = next((prize for prize in activity.prizes if prize.id == activity.fallback), None)
    if fallback is None:
        raise _wrong("fallback", "要写奖品里有的一个 id")
    if fallback.stock is not None or fallback.benefit or fallback.goods:
        raise _wrong("fallback", "保底的奖品不能限量，也不能要花钱，别的奖发完了都落到它")
    for number, prize in enumerate(activity.prizes):
        if prize.goods and prize.benefit:
            raise _wrong(f"prizes.{number}", "实物和权益只能写一种")
    if activity.rewards:
        raise _wrong("rewards", "抽奖的奖励写在 prizes 里")


def _live(activity: Live) -> None:
    if not activity.start <= activity.at:
        raise _wrong("live_at", "直播不能早于活动开始")
    told = (activity.at - timedelta(minutes=activity.remind_minutes)).astimezone(SHANGHAI)
    if not AWAKE[0] <= told.hour < AWAKE[1]:
        raise _wrong("remind_minutes", f"提醒会落在 {told:%H:%M}，{AWAKE[1]}:00 到次日 {AWAKE[0]}:00 不打扰会员，请把提前的分钟数写大一些")


def _tasks(activity: TaskCentre) -> None:
    _unique("tasks", [task.id for task in activity.tasks])
    for number, task in enumerate(activity.tasks):
        known = task.fact in OWN_FACTS or task.fact.startswith("event:")
        if bool(task.fact) == bool(task.activity) or (task.fact and not known):
            raise _wrong(f"tasks.{number}", f"fact 和 activity 写其中一个；fact 可用 {'、'.join(OWN_FACTS)} 或 event:事件名")


def _unique(place: str, names: list[str]) -> None:
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None:
        raise _wrong(place, f"“{twice}”写了两次")


def _wrong(place: str, what: str) -> Invalid:
    return Invalid(f"活动描述的“{place}”写得不对：{what}", code="bad_activity", field=place)
