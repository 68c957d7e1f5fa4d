"""What became of a plan: the funnel, skips by reason, cost, and lift against the holdout by assignment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import sqlalchemy as sa

from assistant.domain import benefits, experiments, ledger, orders, outreach
from assistant.operations import moments, store, tables
from assistant.operations.values import Stored
from assistant.store import View, fact


@dataclass(frozen=True, slots=True)
class Report:
    """People at each stage; ``skipped`` by reason; money in fen; ``lift`` None without a holdout, ``moment`` None without one."""

    state: str
    people: int
    holdout: int
    skipped: dict[str, int]
    queued: int
    task_created: int
    delivered: int
    refused: int
    unknown: int
    replied: int
    ordered: int
    net_paid_fen: int
    spent_fen: int
    budget_fen: int
    lift: experiments.Lift | None
    conclusion: str
    moment: moments.MomentReport | None = None


def report(view: View, plan_id: str) -> Report:
    """The report of one plan as of now; every figure can be counted again from the rows it names."""
    stored = store.get(view, plan_id)
    if stored.plan.only_moment:
        return _of_moment(view, stored)
    if stored.plan.to_groups:
        return replace(_of_groups(view, stored), moment=moments.report(view, stored))
    outcomes = store.outcome_counts(view, plan_id)
    states = outreach.state_counts(view, stored.cause)
    treated, holdout, ordered = _arms(view, stored, outcomes)
    measured = experiments.lift(treated, holdout) if holdout.members else None
    held = stored.preview.worst_fen if stored.preview and stored.hold_id else 0
    return Report(
        state=stored.state,
        people=sum(outcomes.values()),
        holdout=outcomes.get("holdout", 0),
        skipped=outreach.skip_counts(view, stored.cause),
        queued=sum(states.values()),
        task_created=states.get("task_created", 0),
        delivered=states.get("delivered", 0),
        refused=states.get("refused", 0),
        unknown=states.get("unknown", 0),
        replied=outreach.replied(view, stored.cause),
        ordered=ordered,
        net_paid_fen=treated.paid_fen,
        spent_fen=_spent(view, stored, held),
        budget_fen=held,
        lift=measured,
        conclusion=_conclusion(stored, measured),
        moment=moments.report(view, stored),
    )


def _of_groups(view: View, stored: Stored) -> Report:
    """Groups in the place of people; what their members do is not laid at one message's door."""
    states = outreach.group_state_counts(view, stored.cause)
    return Report(
        state=stored.state,
        people=sum(states.values()),
        holdout=0,
        skipped=outreach.group_skips(view, stored.cause),
        queued=sum(states.values()) - states.get("skipped", 0),
        task_created=states.get("task_created", 0),
        delivered=states.get("delivered", 0),
        refused=states.get("refused", 0),
        unknown=states.get("unknown", 0),
        replied=0,
        ordered=0,
        net_paid_fen=0,
        spent_fen=0,
        budget_fen=0,
        lift=None,
        conclusion="发到客户群的消息按群统计，不做对照",
    )


def _of_moment(view: View, stored: Stored) -> Report:
    """Employees in the place of people; who saw it is counted, what they do is not laid at its door."""
    told = moments.report(view, stored)
    asked, published = (told.asked, told.published) if told else (0, 0)
    waits = asked - published if told and told.state not in ("refused", "cancelled", "done", "unknown") else 0
    counts = {"people": asked, "queued": asked, "task_created": waits, "delivered": published}
    counts |= {"refused": asked if told and told.state == "refused" else 0, "unknown": asked if told and told.state == "unknown" else 0}
    counts |= dict.fromkeys(("holdout", "replied", "ordered", "net_paid_fen", "spent_fen", "budget_fen"), 0)
    conclusion = "朋友圈按发表的员工和看得到的客户统计，不做对照"
    return Report(state=stored.state, skipped={}, lift=None, conclusion=conclusion, moment=told, **counts)


def _spent(view: View, stored: Stored, held: int) -> int:
    """What left the hold for benefits; what was given back at the end is not spent."""
    if not held:
        return 0
    left = ledger.held(view, [stored.hold_id]).get(stored.hold_id, 0)
    if stored.state in ("done", "stopped"):
        key = ledger.transaction_id(f"plan:{stored.id}:return")
        entries = ledger.entries(view, f"budget:{stored.id}", benefits.BUDGET_ASSET, 10)
        left = sum(-entry.amount for entry in entries if entry.transaction == key)
    return held - left


def _arms(view: View, stored: Stored, outcomes: dict[str, int]) -> tuple[experiments.Arm, experiments.Arm, int]:
    """Both arms by assignment over the horizon, and how many of those sent to have bought."""
    bought: dict[str, dict[str, int]] = {"holdout": {}, "sent": {}, "skipped": {}}
    for member_id, outcome, net_fen in _orders(view, stored):
        bought[outcome][member_id] = bought[outcome].get(member_id, 0) + net_fen
    treated = {**bought["sent"], **bought["skipped"]}
    whole = sum(outcomes.values()) - outcomes.get("holdout", 0)
    return _arm(whole, treated), _arm(outcomes.get("holdout", 0), bought["holdout"]), len(bought["sent"])


def _orders(view: View, stored: Stored) -> list[tuple[str, str, int]]:
    if stored.started_at is None:
        return []
    table = tables.plan_member
    until = stored.started_at + timedelta(days=stored.plan.experiment.horizon_days)
    paid = sa.select(fact.c.member_id, fact.c.subject, table.c.outcome).join(table, table.c.member_id == fact.c.member_id)
    rows = view.all(
        paid.where(
            table.c.plan_id == stored.id, fact.c.name == "orders.paid", fact.c.occurred_at >= stored.started_at, fact.c.occurred_at < until
        )
    )
    whole = {row.subject.removeprefix("order:"): (row.member_id, row.outcome) for row in rows}
    known = orders.many(view, list(whole))
    return [(*whole[order_id], known[order_id].net_fen) for order_id in sorted(known)]


def _arm(size: int, bought: dict[str, int]) -> experiments.Arm:
    amounts = [amount for amount in bought.values() if amount > 0]
    return experiments.Arm(size, len(amounts), sum(amounts), sum(amount * amount for amount in amounts))


def _conclusion(stored: Stored, lift: experiments.Lift | None) -> str:
    if lift is None and stored.plan.holdout_percent and stored.state not in ("done", "stopped"):
        return "对照组还没有人，等方案多走一会儿再看"
    if lift is None or lift.buyers is None:
        return "没有对照组，无法判断效果是否由这次触达带来"
    low, high = lift.buyers.low, lift.buyers.high
    if low > 0:
        return f"购买率比对照组高 {lift.buyers.value:.1%}（90% 区间 {low:.1%} 到 {high:.1%}）"
    if high < 0:
        return f"购买率比对照组低 {-lift.buyers.value:.1%}（90% 区间 {low:.1%} 到 {high:.1%}），建议停用"
    return f"还看不出差别：90% 区间 {low:.1%} 到 {high:.1%} 包含 0"
