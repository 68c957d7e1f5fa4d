"""Referral of one level: a code to hand on, a welcome for who is new, a reward once their first order is past its return window."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from assistant.base.errors import Refused
from assistant.domain import benefits, fraud, members, orders
from assistant.domain.activities import book, gate
from assistant.domain.activities.language import Referral
from assistant.domain.activities.tables import invite, referral
from assistant.domain.activities.values import Invite, Joined, MyCode, Stored, UseCode
from assistant.store import Fact, View, Work, once

LETTERS = 8
SET = 200
LOOK_AGAIN = timedelta(days=1)
REFERRAL_STATES = {"joined": "等首单过退换期", "rewarded": "已奖励", "void": "不计奖励", "unpaid": "预算已用完，待处理"}


@dataclass(frozen=True, slots=True)
class Invited:
    """One who came by a member's code."""

    activity: str
    invitee_id: str
    inviter_id: str
    state: str
    reason: str
    at: datetime


def my_code(work: Work, requests: Sequence[MyCode]) -> list[Invite]:
    """A member's own code of a referral, always the same."""
    return once(work, "activities.my_code", requests, Invite, lambda work, fresh: [_code(work, one) for one in fresh])


def _code(work: Work, request: MyCode) -> Invite:
    gate.own(work, request.member_id)
    one = gate.open_now(work, request.activity, ("referral",))
    gate.meant_for(work, one, request.member_id)
    digest = hashlib.sha256(f"invite|{one.name}|{request.member_id}".encode()).digest()
    code = base64.b32encode(digest).decode()[:LETTERS]
    work.insert_missing(invite, [{"code": code, "activity": one.name, "member_id": request.member_id, "at": work.now}])
    return Invite(code, one.name)


def use_code(work: Work, requests: Sequence[UseCode]) -> list[Joined]:
    """A new member says who invited them, once in their life.

    Refused: "no_code", "own_code", "not_new", "same_person", "already_invited"; the sentences say nothing about who invited.
    """
    return once(work, "activities.use_code", requests, Joined, lambda work, fresh: [_use(work, one) for one in fresh])


def _use(work: Work, request: UseCode) -> Joined:
    gate.own(work, request.member_id)
    row = work.one(sa.select(invite).where(invite.c.code == request.code.strip().upper()))
    if row is None:
        raise Refused("没有这个邀请码，请再核对一下", code="no_code")
    one = gate.open_now(work, row.activity, ("referral",))
    rules = one.activity
    assert isinstance(rules, Referral)
    book.enter(work, one.name, request.member_id)
    _may_come(work, rules, request.member_id, row.member_id)
    words = gate.reward(work, one, f"welcome:{request.member_id}", request.member_id, _gifts(rules.welcome))
    work.insert(
        referral,
        [
            {
                "activity": one.name,
                "invitee_id": request.member_id,
                "inviter_id": row.member_id,
                "state": "joined",
                "look_at": work.now + timedelta(days=rules.window_days),
                "order_id": "",
                "reason": "",
                "at": work.now,
                "settled_at": None,
            }
        ],
    )
    fraud.seen(work, [fraud.Evidence(f"{one.name}:{request.member_id}", request.member_id, "referrer", row.member_id, "activity")])
    work.record(Fact("activities.invited", f"member:{request.member_id}", {"activity": one.name}, row.member_id, one.cause))
    return Joined(f"{one.name}:{request.member_id}", rules.title, "joined", 0, words)


def _may_come(work: Work, rules: Referral, invitee: str, inviter: str) -> None:
    if invitee == inviter:
        raise Refused("自己的邀请码不能给自己用哦，发给朋友吧", code="own_code")
    if work.one(sa.select(referral.c.activity).where(referral.c.invitee_id == invitee)) is not None:
        raise Refused("您已经填过邀请码啦", code="already_invited")
    people = members.profiles(work, [invitee, inviter])
    person = people.get(invitee)
    if person is None or person.joined_at < work.now - timedelta(days=rules.new_days) or orders.of_member(work, invitee, 1):
        raise Refused("邀请码是给新朋友用的，您已经是老朋友啦", code="not_new")
    other = people.get(inviter)
    known = members.identities(work, [invitee, inviter])
    shared = {one.value for one in known.get(invitee, ())} & {one.value for one in known.get(inviter, ())}
    same_phone = other is not None and person.phone and person.phone == other.phone
    if same_phone or shared or other is None or other.is_employee:
        raise Refused("这个邀请码暂时用不了，有疑问可以回复“人工”", code="same_person")


def _gifts(rewards: Sequence[dict[str, object]]) -> list[benefits.Benefit]:
    return [benefits.from_dict(gift) for gift in rewards]


def settle_referrals(work: Work) -> int:
    """Rewards those who invited, for up to 200 friends whose first order may be past its return window; returns how many were settled."""
    due = sa.select(referral).where(referral.c.state == "joined", referral.c.look_at <= work.now)
    rows = work.all(work.locked(due.order_by(referral.c.look_at, referral.c.invitee_id).limit(SET)))
    return sum(_settle(work, row) for row in rows)


def _settle(work: Work, row: sa.Row[tuple[object, ...]]) -> bool:
    one = book.find(work, row.activity)
    rules = one.activity if one is not None else None
    if one is None or not isinstance(rules, Referral):
        return _turn(work, row, "void", "活动不在了", "")
    current = members.find_all(work, [row.invitee_id, row.inviter_id])
    if current.get(row.invitee_id, row.invitee_id) == current.get(row.inviter_id, row.inviter_id):
        return _turn(work, row, "void", "邀请人和被邀请人是同一个人", "")
    first = _first_order(work, current.get(row.invitee_id, row.invitee_id), row.at)
    if first is None:
        if work.now >= row.at + timedelta(days=rules.patience_days):
            return _turn(work, row, "void", f"{rules.patience_days} 天内没有下单", "")
        return _later(work, row, work.now + LOOK_AGAIN)
    if first.refund_fen or first.status == "closed":
        return _turn(work, row, "void", "首单退款或关闭", first.id)
    ripe = first.finished_at + timedelta(days=rules.window_days) if first.finished_at and first.status == "finished" else None
    if ripe is None or ripe > work.now:
        return _later(work, row, ripe or work.now + LOOK_AGAIN)
    return _reward(work, one, rules, row, first.id)


def _first_order(work: Work, member_id: str, since: datetime) -> orders.Order | None:
    paid = [order for order in orders.of_member(work, member_id, 1000) if order.paid_at is not None and order.paid_at >= since]
    return min(paid, key=lambda order: (order.paid_at, order.id), default=None)


def _reward(work: Work, one: Stored, rules: Referral, row: sa.Row[tuple[object, ...]], order_id: str) -> bool:
    book.enter(work, one.name, row.inviter_id)
    if rules.limits.member and rewarded(work, one.name, row.inviter_id) >= rules.limits.member:
        return _turn(work, row, "void", f"超过每人 {rules.limits.member} 位的上限", order_id)
    gifts = _gifts(rules.rewards)
    if not gate.affordable(work, one, gifts):
        return _turn(work, row, "unpaid", "预算或券码用完了", order_id)
    gate.give(work, one, f"invited:{row.invitee_id}", row.inviter_id, gifts)
    return _turn(work, row, "rewarded", "", order_id)


def _turn(work: Work, row: sa.Row[tuple[object, ...]], state: str, reason: str, order_id: str) -> bool:
    _change(work, row, {"state": state, "reason": reason, "order_id": order_id, "settled_at": work.now})
    payload = {"activity": row.activity, "invitee": row.invitee_id, "reason": reason, "order_id": order_id}
    work.record(Fact(f"activities.referral_{state}", f"member:{row.invitee_id}", payload, row.inviter_id))
    return True


def _later(work: Work, row: sa.Row[tuple[object, ...]], at: datetime) -> bool:
    _change(work, row, {"look_at": at})
    return False


def _change(work: Work, row: sa.Row[tuple[object, ...]], values: dict[str, object]) -> None:
    mine = sa.and_(referral.c.activity == row.activity, referral.c.invitee_id == row.invitee_id)
    work.execute(referral.update().where(mine).values(**values))


def rewarded(view: View, name: str, inviter_id: str) -> int:
    """How many friends have brought this member a reward."""
    mine = (referral.c.activity == name, referral.c.inviter_id == inviter_id, referral.c.state == "rewarded")
    return int(view.scalar(sa.select(sa.func.count()).select_from(referral).where(*mine)) or 0)


def waiting(view: View, name: str) -> int:
    """How many friends' first orders are still awaited."""
    mine = (referral.c.activity == name, referral.c.state == "joined")
    return int(view.scalar(sa.select(sa.func.count()).select_from(referral).where(*mine)) or 0)


def invited(view: View, name: str, inviter_id: str = "", limit: int = 500) -> list[Invited]:
    """Who came, the newest first; by one member's code where asked."""
    statement = sa.select(referral).where(referral.c.activity == name).order_by(referral.c.at.desc(), referral.c.invitee_id).limit(limit)
    if inviter_id:
        statement = statement.where(referral.c.inviter_id == inviter_id)
    return [Invited(row.activity, row.invitee_id, row.inviter_id, row.state, row.reason, row.at) for row in view.all(statement)]
