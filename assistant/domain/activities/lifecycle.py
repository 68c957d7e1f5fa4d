"""From draft to published to ended: what is published is lawful, its budget is held, its seed is committed; afterwards all is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from assistant.base.errors import Forbidden, Invalid, Refused
from assistant.domain import benefits, ledger
from assistant.domain.activities import book, referring
from assistant.domain.activities.checking import check, check_lawful
from assistant.domain.activities.draws import commitment
from assistant.domain.activities.language import Activity, Live, Lottery, Sale, activity_from, gifts
from assistant.domain.activities.values import Describe, Described, Move, Moved, Stored
from assistant.store import Due, Fact, Work, once

BRAND = ledger.Account("brand:marketing", benefits.BUDGET_ASSET)
REMIND = "activity.remind"
MOVES = {
    "published": ("draft", "paused"),
    "paused": ("published",),
    "ended": ("published", "paused"),
}
NO_BUDGET_NEEDED = ("exchange", "flash_sale")
"""Kinds whose rewards are paid for in points: a budget may be set and then holds, but need not be."""


def describe(work: Work, requests: Sequence[Describe]) -> list[Described]:
    """Keeps descriptions as drafts, or as the next version of an activity; the same words are no new version.

    Invalid names the place that is wrong. Refused("fixed") for changing the kind or the budget of what is published, the prizes of a
    published lottery, or for fewer goods than are gone; "no_budget" for rewards that nothing pays for.
    """
    return once(work, "activities.describe", requests, Described, _describe)


def _describe(work: Work, requests: list[Describe]) -> list[Described]:
    _staff_only(work)
    return [_keep(work, activity_from(request.body)) for request in requests]


def _keep(work: Work, activity: Activity) -> Described:
    check(activity)
    known = book.lock(work, activity.name)
    if known is not None and known.activity == activity:
        return Described(known.name, known.version)
    if known is None:
        one = Stored(activity.name, activity.kind, "draft", 1, activity, activity.start, activity.end, "", "", "", None)
    else:
        _may_change(known, activity)
        number = known.version + 1
        one = replace(known, kind=activity.kind, version=number, activity=activity, starts_at=activity.start, ends_at=activity.end)
    book.save(work, one, True)
    if one.published_at is not None:
        _check_budget(work, one)
        _stock(work, one)
        _remind(work, one)
    work.record(Fact("activities.described", f"activity:{one.name}", {"version": one.version, "kind": one.kind, "title": activity.title}))
    return Described(one.name, one.version)


def _may_change(known: Stored, activity: Activity) -> None:
    if known.state in ("ended", "closed"):
        raise Refused("活动已经结束，不能再改；想再办一次请换一个 name", code="fixed")
    if known.published_at is None:
        return
    before = known.activity
    check_lawful(activity)
    if before.kind != activity.kind or before.budget_fen != activity.budget_fen:
        raise Refused("发布过的活动不能改种类和预算", code="fixed")
    promised = [(one.prizes, one.fallback) for one in (before, activity) if isinstance(one, Lottery)]
    if len(promised) == 2 and promised[0] != promised[1]:
        raise Refused("发布过的抽奖不能改奖品和概率，会员看到的要算数", code="fixed")


def move(work: Work, requests: Sequence[Move]) -> list[Moved]:
    """Publishes, pauses and ends activities. Refused for texts the law forbids, "no_seed", or a state that does not lead there."""
    return once(work, "activities.move", requests, Moved, _move)


def _move(work: Work, requests: list[Move]) -> list[Moved]:
    _staff_only(work)
    done = []
    for request in requests:
        one = book.lock(work, request.name)
        if one is None:
            raise Invalid(f"没有“{request.name}”这个活动", code="no_activity")
        if one.state not in MOVES[request.to]:
            raise Refused("活动现在的状态不能这样改", code="wrong_state", state=one.state)
        done.append(_turn(work, _published(work, one) if request.to == "published" else one, request.to))
    return done


def _published(work: Work, one: Stored) -> Stored:
    if one.ends_at <= work.now:
        raise Refused("活动的结束时间已经过了，请先改时间", code="too_late")
    check_lawful(one.activity)
    if one.kind == "lottery" and not one.seed:
        raise Refused("抽奖还没有种子，不能发布", code="no_seed")
    if one.published_at is not None:
        return one
    hold_id = _reserve(work, one)
    one = replace(one, hold_id=hold_id, published_at=work.now)
    _stock(work, one)
    _remind(work, one)
    return one


def _turn(work: Work, one: Stored, state: str) -> Moved:
    book.save(work, replace(one, state=state), False)
    payload = {"version": one.version, "kind": one.kind, "title": one.activity.title, "seed_digest": one.seed_digest}
    work.record(Fact(f"activities.{state}", f"activity:{one.name}", payload))
    return Moved(one.name, state)


def keep_seed(work: Work, name: str, seed: str) -> str:
    """Keeps the secret seed of a lottery that has none yet; returns the commitment that is shown to everybody."""
    _staff_only(work)
    one = book.lock(work, name)
    if one is None or one.kind != "lottery" or one.seed:
        return one.seed_digest if one else ""
    if not 16 <= len(seed) <= 80:
        raise Invalid("抽奖的种子要有 16 到 80 个字符", code="bad_seed")
    book.save(work, replace(one, seed=seed, seed_digest=commitment(seed)), False)
    return commitment(seed)


def _check_budget(work: Work, one: Stored) -> None:
    """What costs money needs a budget that pays for each reward at least once, so that nothing is ever given beyond it."""
    amount = one.activity.budget_fen
    most = max((benefits.worst_cost(work, benefits.from_dict(gift)) for _place, gift in gifts(one.activity)), default=0)
    if not amount and most and one.kind not in NO_BUDGET_NEEDED:
        raise Refused("活动的奖励要花钱，请写上 budget_fen（最多花多少分钱）", code="no_budget")
    if amount and amount < most:
        raise Refused(f"预算 {amount} 分不够发一份最贵的奖励（{most} 分）", code="small_budget")


def _reserve(work: Work, one: Stored) -> str:
    """Holds the budget in the ledger; an activity without one has no hold."""
    _check_budget(work, one)
    amount = one.activity.budget_fen
    if not amount:
        return ""
    account = ledger.Account(f"budget:activity:{one.name}", benefits.BUDGET_ASSET)
    ledger.post(work, [ledger.Posting(f"activity:{one.name}:budget", BRAND, account, amount, one.activity.title)])
    return ledger.hold(work, [ledger.Hold(f"activity:{one.name}", account, amount)])[0].id


def _stock(work: Work, one: Stored) -> None:
    activity = one.activity
    totals = {book.PLACES: activity.limits.total} if activity.limits.total else {}
    totals |= {book.BUDGET: activity.budget_fen} if one.hold_id else {}
    if isinstance(activity, Lottery):
        totals |= {prize.id: prize.stock for prize in activity.prizes if prize.stock is not None}
    if isinstance(activity, Sale):
        totals[book.GOODS] = activity.stock
    gone = book.stock_of(work, one.name)
    short = next((item for item, there in gone.items() if totals.get(item, there.taken) < there.taken), None)
    if short is not None:
        raise Refused("数量不能少于已经发出去的", code="fixed", item=short, taken=gone[short].taken)
    book.set_stock(work, one.name, totals)


def _remind(work: Work, one: Stored) -> None:
    if isinstance(one.activity, Live):
        at = max(work.now, one.activity.at - timedelta(minutes=one.activity.remind_minutes))
        work.due(Due(REMIND, one.name, at, {"activity": one.name}, order_key=f"activity:{one.name}"))


def close(work: Work) -> int:
    """Ends what is over and gives back what is left of budgets once nothing waits any more; returns how many activities changed."""
    changed = 0
    for late in book.open_past(work, work.now):
        one = book.lock(work, late.name)
        if one is not None and one.state in ("published", "paused"):
            _turn(work, one, "ended")
            changed += 1
    for over in book.listed(work, ("ended",)):
        if not book.waiting(work, over.name) and not referring.waiting(work, over.name):
            one = book.lock(work, over.name)
            if one is not None and one.state == "ended":
                _release(work, one)
                _turn(work, one, "closed")
                changed += 1
    return changed


def _release(work: Work, one: Stored) -> None:
    if not one.hold_id:
        return
    left = ledger.release_hold(work, [ledger.ReleaseHold(f"activity:{one.name}:release", one.hold_id)])[0].amount
    if left:
        account = ledger.Account(f"budget:activity:{one.name}", benefits.BUDGET_ASSET)
        ledger.post(work, [ledger.Posting(f"activity:{one.name}:return", account, BRAND, left, one.activity.title)])


def _staff_only(work: Work) -> None:
    if work.principal.kind in ("member", "guest"):
        raise Forbidden("只有工作人员可以管理活动", code="not_staff")
