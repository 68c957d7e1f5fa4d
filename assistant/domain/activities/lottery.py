"""Draws: a chance is used, the committed seed names the prize, what is out falls to the fallback; all in one commit."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.base.clock import business_day
from assistant.base.errors import Invalid, Refused
from assistant.domain import benefits, ledger, points
from assistant.domain.activities import book, gate
from assistant.domain.activities.draws import player_of, prize_at, roll
from assistant.domain.activities.gate import Place
from assistant.domain.activities.language import Lottery, Prize
from assistant.domain.activities.values import Chances, Draw, Drawn, Entry, Stored
from assistant.domain.benefits import CHANCES, chance_account
from assistant.store import View, Work, once


def draw(work: Work, requests: Sequence[Draw]) -> list[Drawn]:
    """Draws, each with one chance: a free one first, then one that was won, then for points.

    Refused: "no_chance", "price_changed", "insufficient", and what the gate says ("over", "limit_today" …).
    """
    return once(work, "activities.draw", requests, Drawn, _draw)


def _draw(work: Work, requests: list[Draw]) -> list[Drawn]:
    return [_one(work, request) for request in requests]


def _one(work: Work, request: Draw) -> Drawn:
    place = gate.admit(work, request.activity, request.member_id, ("lottery",))
    lottery = _lottery(place.one)
    paid_with, spend_id = _pay(work, place, lottery, request)
    player = player_of(place.one.name, request.member_id)
    hit = prize_at(lottery.prizes, roll(place.one.seed, place.one.name, player, place.number))
    given, why = _given(work, place.one, lottery, hit)
    body = {"player": player, "hit": hit.id, "why": why, "paid_with": paid_with}
    state = "placed" if given.goods else "done"
    cost = lottery.points if paid_with == "points" else 0
    entry = gate.enter(work, place, state, item=given.id, title=given.title, points=cost, spend_id=spend_id, body=body)
    gate.give(work, place.one, entry.id, request.member_id, _gifts(given))
    return Drawn(entry.id, entry.number, hit.id, given.id, given.title, why, paid_with)


def _lottery(one: Stored) -> Lottery:
    if not isinstance(one.activity, Lottery):
        raise Invalid("这个活动不是抽奖", code="no_activity")
    return one.activity


def _gifts(prize: Prize) -> list[benefits.Benefit]:
    return [benefits.from_dict(prize.benefit)] if prize.benefit else []


def _given(work: Work, one: Stored, lottery: Lottery, hit: Prize) -> tuple[Prize, str]:
    """The prize itself, or the fallback and the reason where its stock or the budget is out."""
    fallback = next(prize for prize in lottery.prizes if prize.id == lottery.fallback)
    if hit.id == fallback.id:
        return hit, ""
    if not book.take(work, one.name, hit.id):
        return fallback, "stock"
    if not gate.affordable(work, one, _gifts(hit)):
        book.put_back(work, one.name, hit.id, 1)
        return fallback, "budget"
    return hit, ""


def _pay(work: Work, place: Place, lottery: Lottery, request: Draw) -> tuple[str, str]:
    """What the draw is paid with, and the spend where it is points."""
    if free_left(lottery, place.entries, business_day(work.now)) > 0:
        return "free", ""
    chances = chance_account(request.member_id, place.one.name)
    if ledger.balances(work, [chances])[chances] > 0:
        ledger.post(work, [ledger.Posting(f"draw:{place.one.name}:{request.member_id}:{place.number}", chances, CHANCES, 1, lottery.title)])
        return "chance", ""
    if not lottery.points:
        raise Refused(f"您在「{lottery.title}」的抽奖机会用完啦", code="no_chance")
    if request.expected_points != lottery.points:
        say = f"您在「{lottery.title}」没有免费机会了，抽一次需要 {lottery.points} 积分。想抽的话再跟我说一次"
        raise Refused(say, code="price_changed", points=lottery.points)
    spend = points.Spend(f"draw:{request.key}", request.member_id, lottery.points, f"抽奖「{lottery.title}」")
    return "points", points.spend(work, [spend])[0].spend_id


def free_left(lottery: Lottery, entries: Sequence[Entry], today: object) -> int:
    """Free draws a member still has: those of the day are used first."""
    used = [entry for entry in entries if entry.body.get("paid_with") == "free"]
    of_today = sum(entry.day == today for entry in used)
    per_day: dict[object, int] = {}
    for entry in used:
        per_day[entry.day] = per_day.get(entry.day, 0) + 1
    beyond = sum(max(0, count - lottery.free_a_day) for count in per_day.values())
    return max(0, lottery.free_a_day - of_today) + max(0, lottery.free - beyond)


def chances(view: View, one: Stored, member_id: str) -> Chances:
    """What a member can draw with now."""
    lottery = _lottery(one)
    account = chance_account(member_id, one.name)
    free = free_left(lottery, book.entries_of(view, member_id, one.name), business_day(view.now))
    return Chances(free, ledger.balances(view, [account])[account], lottery.points)
