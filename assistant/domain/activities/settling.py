"""A person's word on entries that wait: goods sent, wishes and posts reviewed, exchanges taken back to the original lots."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.base.errors import Forbidden, Invalid, Refused
from assistant.domain import benefits
from assistant.domain.activities import book, exchanging, gate
from assistant.domain.activities.values import Entry, Settle, Settled, Stored
from assistant.store import Fact, Work, once

REASONS: dict[str, str] = {
    "off_topic": "和活动无关",
    "not_own": "不是本人的内容",
    "unlawful": "内容违规",
    "private": "露出了别人的隐私",
    "duplicate": "重复提交",
    "cannot": "暂时办不到",
}
"""Why an entry may be turned down. What somebody thinks of the goods is no reason, so no reward can hang on praise."""

FROM = {"approved": "pending", "rejected": "pending", "fulfilled": "placed", "cancelled": "placed"}


def settle(work: Work, requests: Sequence[Settle]) -> list[Settled]:
    """Settles entries once. Refused("not_waiting") for one that is settled, "rewards_out" where nothing is left to give.

    Members may only take back their own exchanges that were not sent. Invalid("bad_reason") for a rejection without a reason of REASONS.
    """
    return once(work, "activities.settle", requests, Settled, _settle)


def _settle(work: Work, requests: list[Settle]) -> list[Settled]:
    return [_one(work, request) for request in requests]


def _one(work: Work, request: Settle) -> Settled:
    entry = book.lock_entries(work, [request.entry_id]).get(request.entry_id)
    if entry is None:
        raise Invalid("没有这条参与记录", code="no_entry", entry=request.entry_id)
    mine = work.principal.kind == "member" and work.principal.id == entry.member_id and request.to == "cancelled"
    if work.principal.kind in ("member", "guest") and not mine:
        raise Forbidden("只有工作人员可以处理", code="not_staff")
    if entry.state != FROM[request.to]:
        raise Refused("这条记录已经处理过，不能再改了", code="not_waiting", state=entry.state)
    if request.to == "rejected" and request.note not in REASONS:
        raise Invalid(f"退回要从这些理由里选：{'、'.join(REASONS.values())}", code="bad_reason")
    one = book.find(work, entry.activity)
    if one is None:
        raise Invalid("这个活动不见了", code="no_activity")
    book.turn_entry(work, entry.id, request.to, request.note[:500])
    if request.to == "rejected":
        book.put_back(work, one.name, book.PLACES, entry.quantity)
    if request.to == "approved":
        gate.reward(work, one, entry.id, entry.member_id, [benefits.from_dict(gift) for gift in one.activity.rewards])
    if request.to == "fulfilled" and entry.spend_id:
        exchanging.sent(work, entry.id, entry.spend_id)
    if request.to == "cancelled":
        _back(work, one, entry)
    payload = {"activity": entry.activity, "kind": entry.kind, "entry": entry.id, "title": entry.title, "note": request.note[:200]}
    work.record(Fact(f"activities.{request.to}", f"entry:{entry.id}", payload, entry.member_id, one.cause))
    return Settled(entry.id, request.to)


def _back(work: Work, one: Stored, entry: Entry) -> None:
    """Goods, place and points return; a prize that was won stays drawn."""
    if entry.kind == "lottery":
        raise Refused("抽中的奖品不能取消", code="drawn")
    book.put_back(work, one.name, book.PLACES, entry.quantity)
    book.put_back(work, one.name, entry.item, entry.quantity)
    if entry.spend_id:
        exchanging.taken_back(work, entry.id, entry.spend_id)
