"""The daily check-in: once per member and business day, more points for every full streak, and days missed that can be made up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from assistant.base.clock import business_day
from assistant.base.errors import Forbidden, Invalid, Refused
from assistant.domain import ledger, points
from assistant.domain.activities import book, gate, store
from assistant.domain.activities.language import DEFAULT_CHECK_IN, CheckInGame
from assistant.domain.activities.model import CheckedIn, CheckIn, bonus_due
from assistant.domain.activities.values import MakeUp
from assistant.domain.benefits import CHANCES, chance_account
from assistant.store import Fact, View, Work, once


def check_in(work: Work, requests: Sequence[CheckIn]) -> list[CheckedIn]:
    """Checks in and gives the points; a second time on the same day is told so and gives nothing."""
    return once(work, "activities.check_in", requests, CheckedIn, _check_in)


def make_up(work: Work, requests: Sequence[MakeUp]) -> list[CheckedIn]:
    """Makes up days missed: no points of their own, but the streak goes on, and what it fills brings its bonus.

    Paid with a chance of the check-in where the member has one, else with points. Refused: "not_missed", "too_long_ago",
    "makeups_used", "price_changed", "insufficient".
    """
    return once(work, "activities.make_up", requests, CheckedIn, _make_up)


def game(view: View) -> CheckInGame:
    """The check-in in force: the published one, else the house's own."""
    found = [one.activity for one in book.listed(view, ("published",), "check_in") if one.on(view.now)]
    return next((one for one in found if isinstance(one, CheckInGame)), DEFAULT_CHECK_IN)


def missed(view: View, member_id: str) -> list[date]:
    """Days that can still be made up, the latest first: between the first check-in ever and yesterday, within the game's reach."""
    rules, today = game(view), business_day(view.now)
    days = store.checkins_since(view, member_id, today - timedelta(days=rules.makeup_days))
    first = store.first_checkin(view, member_id)
    reach = [today - timedelta(days=back) for back in range(1, rules.makeup_days + 1)]
    return [day for day in reach if day not in days and first is not None and day > first]


def makeup_price(view: View, member_id: str) -> int:
    """What making up a day costs the member in points now; 0 where a chance is held."""
    rules = game(view)
    account = chance_account(member_id, rules.name)
    return 0 if ledger.balances(view, [account])[account] else rules.makeup_points


def _check_in(work: Work, requests: list[CheckIn]) -> list[CheckedIn]:
    return [_one(work, request.member_id) for request in requests]


def _one(work: Work, member_id: str) -> CheckedIn:
    _own(work, member_id)
    rules, today = game(work), business_day(work.now)
    book.enter(work, rules.name, member_id)
    earlier = store.checkin_on(work, member_id, today)
    if earlier is not None:
        return earlier
    yesterday = store.checkin_on(work, member_id, today - timedelta(days=1))
    streak = (yesterday.streak if yesterday else 0) + 1
    given = store.bonuses(work, member_id, today - timedelta(days=streak - 1), today)
    full = streak % rules.streak_days == 0
    bonus = rules.streak_bonus * bonus_due(streak, given, rules.streak_days) if full else 0
    done = CheckedIn(today, rules.daily_points + bonus, streak)
    store.insert_checkin(work, member_id, done, bonus)
    points.grant(work, [points.Grant(f"checkin:{member_id}:{today}", member_id, done.points, f"签到第 {streak} 天", "checkin")])
    _said(work, member_id, done)
    return done


def _make_up(work: Work, requests: list[MakeUp]) -> list[CheckedIn]:
    return [_made_up(work, request) for request in requests]


def _made_up(work: Work, request: MakeUp) -> CheckedIn:
    _own(work, request.member_id)
    rules, member_id = game(work), request.member_id
    book.enter(work, rules.name, member_id)
    _may_make_up(work, rules, request)
    _pay(work, rules, request)
    before = store.checkin_on(work, member_id, request.day - timedelta(days=1))
    streak = (before.streak if before else 0) + 1
    store.insert_checkin(work, member_id, CheckedIn(request.day, 0, streak), 0, made_up=True)
    last = store.lengthen(work, member_id, request.day, streak)
    length = streak + (last - request.day).days
    first = last - timedelta(days=length - 1)
    bonus = rules.streak_bonus * bonus_due(length, store.bonuses(work, member_id, first, last), rules.streak_days)
    if bonus:
        store.add_bonus(work, member_id, request.day, bonus)
        grant = points.Grant(f"checkin:{member_id}:{request.day}", member_id, bonus, f"补签后连续 {length} 天", "checkin")
        points.grant(work, [grant])
    done = CheckedIn(request.day, bonus, length)
    _said(work, member_id, done, made_up=True)
    return done


def _may_make_up(work: Work, rules: CheckInGame, request: MakeUp) -> None:
    today, member_id = business_day(work.now), request.member_id
    if not today - timedelta(days=rules.makeup_days) <= request.day < today:
        raise Refused(f"只能补签最近 {rules.makeup_days} 天里漏掉的", code="too_long_ago")
    if request.day not in missed(work, member_id):
        raise Refused("那一天不用补签哦", code="not_missed")
    if store.makeups_since(work, member_id, today.replace(day=1)) >= rules.makeups_a_month:
        raise Refused(f"这个月的 {rules.makeups_a_month} 次补签机会用完啦，下个月再来", code="makeups_used")


def _pay(work: Work, rules: CheckInGame, request: MakeUp) -> None:
    price = makeup_price(work, request.member_id)
    if price != request.expected_points:
        raise Refused(f"补签一天现在需要 {price} 积分，还没有办理。想补的话再跟我说一次", code="price_changed", points=price)
    key = f"makeup:{request.member_id}:{request.day}"
    if price:
        points.spend(work, [points.Spend(key, request.member_id, price, f"补签 {request.day.month} 月 {request.day.day} 日")])
    else:
        ledger.post(work, [ledger.Posting(key, chance_account(request.member_id, rules.name), CHANCES, 1, "补签")])


def _own(work: Work, member_id: str) -> None:
    if not member_id:
        raise Invalid("签到缺少会员", code="no_member")
    if work.principal.kind == "member" and work.principal.id != member_id:
        raise Forbidden("只能为自己签到", code="not_yours")
    one = book.find(work, game(work).name)
    if one is not None:
        gate.meant_for(work, one, member_id)


def _said(work: Work, member_id: str, done: CheckedIn, made_up: bool = False) -> None:
    payload = {"day": done.day.isoformat(), "streak": done.streak, "points": done.points}
    name = "activities.made_up" if made_up else "activities.checked_in"
    work.record(Fact(name, f"member:{member_id}", payload, member_id))
