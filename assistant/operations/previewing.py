"""What a plan would do: its people frozen, every one of them put to the gate at the time of sending, costs, samples, the digest.

Large audiences are previewed in steps, each its own short transaction; the plan's row remembers how far it is.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from assistant import access
from assistant.base import ids
from assistant.base.clock import parse_instant
from assistant.base.errors import Refused
from assistant.channels import quota
from assistant.domain import audience, content, experiments, members, outreach
from assistant.operations import allowing, gifts, grouping, moments, store
from assistant.operations.language import Plan, plan_json
from assistant.operations.values import Preview, Stored
from assistant.store import Due, Work

PAGE = 500
SAMPLES = 3
SECOND_PERSON_FEN = 100_000
SECOND_PERSON_SHARE = 20
"""A plan that may spend more than 1,000 yuan or write to more than one twentieth of all members needs a second person."""


def preview(work: Work, plan_id: str) -> Preview | None:
    """One step of the preview; None while more are needed (they are due as ``plan.preview``, or call again).

    A finished preview is returned as it is. Needs plan:edit. Raises Refused while questions are open or when the plan is past drafting.
    """
    access.require(work.principal, "plan:edit")
    stored = store.locked(work, plan_id)
    if stored.preview is not None:
        return stored.preview
    if stored.state != "draft":
        raise Refused("这个方案已经不能再预览", code="plan_closed", state=stored.state)
    if stored.plan.questions:
        raise Refused("还有问题没有回答：" + "；".join(stored.plan.questions), code="open_questions")
    if stored.plan.only_moment:
        return _finish_moment(work, stored)
    if stored.plan.to_groups:
        return _finish_groups(work, stored)
    snapshot = audience.freeze(work, audience.Freeze(f"{plan_id}:{stored.version}", stored.plan.people.model_dump(mode="json")))
    progress = _blank() | stored.progress
    if snapshot.frozen:
        page = audience.page(work, snapshot.id, progress["after"], PAGE)
        _tally(work, stored, page, progress)
        if len(page) < PAGE:
            rule = audience.describe(stored.plan.people)
            return _finish(work, stored, Frozen(snapshot.id, snapshot.digest, snapshot.count, rule), progress)
    store.change(work, stored, preview=progress, snapshot_id=snapshot.id)
    work.due(Due("plan.preview", plan_id, work.now, {"plan": plan_id}, order_key=f"plan:{plan_id}"))
    return None


def design(plan: Plan) -> experiments.Design:
    """The experiment of a plan: the holdout against all others."""
    return experiments.Design(plan.holdout_percent * 100)


def is_held_out(stored: Stored, member_id: str) -> bool:
    """Whether this member belongs to the plan's holdout; the same at preview and at sending."""
    return experiments.choose(stored.id, member_id, design(stored.plan)) == experiments.HOLDOUT


def candidates(stored: Stored, member_ids: list[str]) -> list[outreach.Candidate]:
    plan = stored.plan
    channel: outreach.Preference = "auto" if plan.channel == "group" else plan.channel
    return [outreach.Candidate(member_id, plan.kind, plan.topic, channel) for member_id in member_ids]


def _blank() -> dict[str, Any]:
    return {"after": "", "people": 0, "holdout": 0, "routes": {}, "skipped": {}, "deferred": {}, "staff": [], "samples": [], "quota": {}}


def sending_time(plan: Plan, now: datetime) -> datetime:
    """When the first touch may go out: not in the past, not in quiet hours."""
    at = parse_instant(plan.schedule.send_at) if plan.schedule.send_at else now
    return outreach.quiet_ends(max(at, now))


def _tally(work: Work, stored: Stored, page: list[str], progress: dict[str, Any]) -> None:
    touched = [member_id for member_id in page if not is_held_out(stored, member_id)]
    at = sending_time(stored.plan, work.now)
    decisions = outreach.decide_all(candidates(stored, touched), outreach.standings(work, touched), outreach.DEFAULT, at)
    for decision in decisions:
        if isinstance(decision, outreach.Send):
            _add(progress["routes"], decision.route)
            if decision.staff and decision.staff not in progress["staff"]:
                progress["staff"].append(decision.staff)
        elif isinstance(decision, outreach.Defer):
            _add(progress["deferred"], decision.reason)
        else:
            _add(progress["skipped"], decision.reason)
    allowing.of_people(work, decisions, progress["quota"], at)
    progress["people"] += len(page)
    progress["holdout"] += len(page) - len(touched)
    sends = [decision for decision in decisions if isinstance(decision, outreach.Send)]
    _sample(work, stored, sends[: SAMPLES - len(progress["samples"])], progress)
    progress["after"] = page[-1] if page else progress["after"]


def _add(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


def _sample(work: Work, stored: Stored, sends: list[outreach.Send], progress: dict[str, Any]) -> None:
    people = members.profiles(work, [send.candidate.member_id for send in sends])
    for send in sends:
        member_id = send.candidate.member_id
        name = people[member_id].nickname
        text = stored.plan.text_for(name, send.route)
        progress["samples"].append({"member_id": member_id, "nickname": name[:1] + "**", "route": send.route, "text": text})


def _finish_groups(work: Work, stored: Stored) -> Preview:
    """Groups are few: their preview is one step, and the list is frozen in the plan's own row."""
    progress, chats = grouping.tally(work, stored.plan, sending_time(stored.plan, work.now))
    return _finish(work, stored, Frozen("", grouping.digest(chats), len(chats), grouping.described(stored.plan), chats), progress)


def _finish_moment(work: Work, stored: Stored) -> Preview:
    """Nobody is written to: who could see the moment stands in the place of people."""
    moment = moments.foreseen(work, stored.plan)
    progress = moments.tally(stored.plan, moment)
    return _finish(work, stored, Frozen("", moments.digest(moment), progress["people"], "看得到朋友圈的客户"), progress)


@dataclass(frozen=True, slots=True)
class Frozen:
    """Whom a preview has counted: people by their snapshot, or customer groups by name."""

    snapshot_id: str
    digest: str
    count: int
    rule: str
    groups: list[str] | None = None


def _finish(work: Work, stored: Stored, frozen: Frozen, progress: dict[str, Any]) -> Preview:
    plan = stored.plan
    each = gifts.cost_each(work, plan.benefits)
    reachable = sum(progress["routes"].values())
    most = progress["people"] - progress["holdout"]
    if plan.caps.people is not None:
        most, reachable = min(most, plan.caps.people), min(reachable, plan.caps.people)
    budget = most * each if plan.budget_fen is None else plan.budget_fen
    worst = min(most * each, budget)
    texts = filter(None, (plan.message, plan.moment_text))
    findings = [found for text in texts for found in content.check(content.Draft(text, plan.ai_written))]
    moment = moments.foreseen(work, plan)
    if moment.get("staff"):
        at = sending_time(plan, work.now)
        allowing.added(progress["quota"], quota.MOMENTS, quota.forecast(work, quota.MOMENTS, [outreach.CORP], at))
    done = Preview(
        people=progress["people"],
        holdout=progress["holdout"],
        reachable=reachable,
        routes=progress["routes"],
        skipped=progress["skipped"],
        deferred=progress["deferred"],
        staff=len({*progress["staff"], *moment.get("staff", ())}),
        cost_each_fen=each,
        expected_fen=min(reachable * each, budget),
        worst_fen=worst,
        budget_fen=budget,
        samples=progress["samples"],
        warnings=[*_warnings(most, each, budget, findings), *moments.warnings(moment)],
        second_person=worst > SECOND_PERSON_FEN or _many(work, most, frozen) or moments.second_person(work, moment),
        rule=frozen.rule,
        digest="",
        quota=allowing.lines(progress["quota"], max(reachable, 1)),
        moment=moment,
    )
    return _keep(work, stored, frozen, done, content.blocked(findings))


def _keep(work: Work, stored: Stored, frozen: Frozen, done: Preview, blocked: bool) -> Preview:
    """The finished preview with its digest, on the plan's row."""
    signed = {"preview": asdict(done) | {"blocked": blocked}, "plan": plan_json(stored.plan), "snapshot": frozen.digest}
    done = replace(done, digest=ids.digest_of(signed | {"count": frozen.count}))
    groups = {} if frozen.groups is None else {"groups": frozen.groups}
    values: dict[str, Any] = {"preview": {"done": asdict(done), "blocked": blocked} | groups, "snapshot_id": frozen.snapshot_id}
    store.change(work, stored, **values, digest=done.digest, state="previewed", after="")
    return done


def _many(work: Work, most: int, frozen: Frozen) -> bool:
    if frozen.groups is not None:
        return grouping.second_person(work, frozen.groups)
    return most * SECOND_PERSON_SHARE > members.count(work)


def _warnings(most: int, each: int, budget: int, findings: list[content.Finding]) -> list[str]:
    said = [finding.say for finding in findings]
    if each and most * each > budget:
        said.append(f"预算最多够 {budget // each} 人，之后的人会跳过")
    if most == 0:
        said.append("没有可以发送的人")
    return said
