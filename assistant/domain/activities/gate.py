"""The one gate into every described activity, and the one way out of it for rewards: window, people, limits, stock, budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.base.clock import SHANGHAI, business_day
from assistant.base.errors import Forbidden, Invalid, Refused
from assistant.base.ids import derive
from assistant.domain import benefits, members, membership
from assistant.domain.activities import book
from assistant.domain.activities.values import Entry, Stored
from assistant.store import Fact, View, Work

GONE = ("cancelled", "rejected")


@dataclass(frozen=True, slots=True)
class Place:
    """A member inside an activity until the commit: what is known of them there, and the number of the entry to come."""

    one: Stored
    member_id: str
    number: int
    entries: tuple[Entry, ...]

    def counted(self, **fields: Any) -> int:
        """How much the member has taken part and kept, of entries with these fields only."""
        kept = [entry for entry in self.entries if entry.state not in GONE]
        return sum(entry.quantity for entry in kept if all(getattr(entry, name) == value for name, value in fields.items()))


def own(work: Work, member_id: str) -> None:
    """Forbidden for a member who acts for somebody else."""
    if work.principal.kind == "member" and work.principal.id != member_id:
        raise Forbidden("只能为自己参加活动", code="not_yours")


def open_now(view: View, name: str, kinds: Sequence[str]) -> Stored:
    """The activity, if members can take part now; Refused says why not."""
    one = book.find(view, name)
    if one is None or one.kind not in kinds or one.state == "draft":
        raise Refused("没有找到这个活动，问问我“有什么活动”可以看看现在有的", code="no_activity", activity=name)
    if one.over(view.now):
        raise Refused(f"「{one.activity.title}」已经结束啦，下次早点来哦", code="over")
    if one.state == "paused":
        raise Refused(f"「{one.activity.title}」暂时停一下，稍后再来看看", code="paused")
    if view.now < one.starts_at:
        start = one.starts_at.astimezone(SHANGHAI)
        raise Refused(f"「{one.activity.title}」{start.month} 月 {start.day} 日 {start:%H:%M} 开始，到时候见", code="not_yet")
    return one


def admit(work: Work, name: str, member_id: str, kinds: Sequence[str], quantity: int = 1) -> Place:
    """Lets a member in and holds their place until the commit; Refused says kindly why not. A place of the whole is taken with it."""
    own(work, member_id)
    one = open_now(work, name, kinds)
    meant_for(work, one, member_id)
    number = book.enter(work, name, member_id) + 1
    place = Place(one, member_id, number, tuple(book.entries_of(work, member_id, name, limit=100_000)))
    limits = one.activity.limits
    if limits.member and place.counted() + quantity > limits.member:
        raise Refused(f"「{one.activity.title}」每人最多 {limits.member} 次，您已经参加过啦", code="limit_reached", limit=limits.member)
    if limits.day and place.counted(day=business_day(work.now)) + quantity > limits.day:
        raise Refused(f"「{one.activity.title}」每人每天最多 {limits.day} 次，明天再来哦", code="limit_today", limit=limits.day)
    if not book.take(work, name, book.PLACES, quantity):
        raise Refused(f"「{one.activity.title}」的名额已经满啦", code="full")
    return place


def meant_for(view: View, one: Stored, member_id: str) -> None:
    """Refused for a member whom the activity is not meant for."""
    activity = one.activity
    if not activity.employees:
        person = members.profiles(view, [member_id]).get(member_id)
        if person is not None and person.is_employee:
            raise Refused("自己人就不参加啦，把机会留给会员～", code="employee")
    if activity.tiers and membership.standings(view, [member_id])[member_id].tier not in activity.tiers:
        raise Refused(f"「{activity.title}」是{'、'.join(activity.tiers)}会员专享的", code="not_for_tier")
    if activity.who is not None and not book.fits(view, activity.who, [member_id]):
        raise Refused(f"「{activity.title}」这次只邀请了一部分会员，下次有合适的我再告诉您", code="not_invited")


def enter(work: Work, place: Place, state: str, **fields: Any) -> Entry:
    """Writes the entry down and says that it happened."""
    one = place.one
    number = derive("entry", one.name, place.member_id, place.number)
    made = Entry(number, one.name, one.version, one.kind, place.member_id, place.number, business_day(work.now), state, work.now, **fields)
    book.add_entry(work, made)
    payload = {"activity": one.name, "kind": one.kind, "entry": made.id, "number": made.number, "item": made.item, "title": made.title}
    work.record(Fact("activities.entered", f"entry:{made.id}", payload | {"points": made.points}, place.member_id, one.cause))
    return made


def cost_of(view: View, gifts: Sequence[benefits.Benefit]) -> int:
    """The most that giving these once can cost, fen."""
    return sum(benefits.worst_cost(view, gift) for gift in gifts)


def affordable(work: Work, one: Stored, gifts: Sequence[benefits.Benefit]) -> bool:
    """Sets the cost of these aside from the activity's budget and says whether there was enough; codes and cards must be left too.

    True is a promise: ``give`` of the same gifts in this commit does not fail for want of money.
    """
    if not benefits.available(work, gifts):
        return False
    cost = cost_of(work, gifts)
    return not one.hold_id or not cost or book.take(work, one.name, book.BUDGET, cost)


def give(work: Work, one: Stored, key: str, member_id: str, gifts: Sequence[benefits.Benefit]) -> tuple[str, ...]:
    """Gives what was found affordable; returns it in words."""
    requests = [
        benefits.BenefitGrant(f"activity:{one.name}:{key}:{place}", member_id, gift, one.hold_id or None, one.activity.title)
        for place, gift in enumerate(gifts)
    ]
    if requests:
        benefits.grant(work.acting(work.principal, one.cause), requests)
    return tuple(benefits.describe(gift) for gift in gifts)


def reward(work: Work, one: Stored, key: str, member_id: str, gifts: Sequence[benefits.Benefit]) -> tuple[str, ...]:
    """``affordable`` and ``give``; Refused("rewards_out") where the budget or the codes are used up."""
    if not affordable(work, one, gifts):
        raise Refused(f"「{one.activity.title}」的奖励已经发完啦，谢谢您的支持", code="rewards_out")
    return give(work, one, key, member_id, gifts)


def quantity_of(number: int) -> int:
    """The quantity itself; Invalid outside 1 to 99."""
    if not 1 <= number <= 99:
        raise Invalid("一次可以兑换 1 到 99 件", code="bad_quantity")
    return number
