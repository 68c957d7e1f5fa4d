"""Plans for the page and the API alike: what operations keeps, in the shapes that leave the house; and every verb on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assistant import operations
from assistant.domain import staff
from assistant.operations import MomentReport, Preview, Stored
from assistant.store import View, Work
from assistant.web import plan_words, reach
from assistant.web.doors import Call
from assistant.web.shapes_plans import (
    AllowanceOut,
    FigureOut,
    LiftOut,
    MomentPreviewOut,
    MomentReportOut,
    PlanBriefOut,
    PlanOut,
    PreviewOut,
    ReportOut,
    SampleOut,
)
from assistant.web.shapes_reach import PublicationOut

STATES = {
    "draft": "草稿",
    "previewed": "看过预览",
    "awaiting_approval": "等批准",
    "approved": "已批准",
    "running": "执行中",
    "paused": "已暂停",
    "done": "已完成",
    "stopped": "已停止",
    "rejected": "已退回",
    "expired": "已过期",
}
ROUTES = {
    "kf": "微信客服（48 小时内聊过）",
    "mass": "导购群发（要员工点确认）",
    "group": "客户群群发（要群主点确认）",
    "moments": "朋友圈（员工发表后看得到）",
}
NEXT = {
    "previewed": ("submit", "approve", "reject"),
    "awaiting_approval": ("approve", "reject"),
    "approved": ("pause", "stop"),
    "running": ("pause", "stop"),
    "paused": ("resume", "stop"),
}
OPEN = ("draft", "previewed", "awaiting_approval")
BEGUN = ("approved", "running", "paused", "done", "stopped")
LISTED = 100
STEPS = 40
"""Steps of one preview done while the caller waits; what is left goes on as a job."""


def listed(view: View) -> list[PlanBriefOut]:
    """The latest plans."""
    return [_brief(one) for one in operations.plans(view, limit=LISTED)]


def plan(view: View, plan_id: str) -> PlanOut:
    """One plan with its preview and its progress."""
    stored = operations.plan(view, plan_id)
    shown = stored.preview
    return PlanOut(
        **_brief(stored).model_dump(),
        segment=plan_words.who(stored.plan),
        assumptions=list(stored.plan.assumptions),
        questions=list(stored.plan.questions),
        exclusions=plan_words.left_out(stored.plan),
        steps=plan_words.steps(stored.plan),
        limits=plan_words.limits(stored.plan),
        content=stored.plan.model_dump(mode="json"),
        version=stored.version,
        digest=stored.digest,
        approved_by=stored.decided_by,
        reason=stored.reason,
        preview=_preview(shown) if shown is not None else None,
        previewing=shown is None and bool(stored.progress),
        progress=progress(view, stored) if stored.state in BEGUN else [],
    )


def _brief(stored: Stored) -> PlanBriefOut:
    return PlanBriefOut(id=stored.id, goal=stored.plan.goal, state=stored.state, created_at=stored.created_at, created_by=stored.maker)


def _preview(shown: Preview) -> PreviewOut:
    return PreviewOut(
        people=shown.people,
        holdout=shown.holdout,
        reachable=shown.reachable,
        staff=shown.staff,
        routes=_figures(shown.routes, ROUTES),
        exclusions=_figures(shown.skipped),
        later=_figures(shown.deferred),
        expected_fen=shown.expected_fen,
        worst_fen=shown.worst_fen,
        budget_fen=shown.budget_fen,
        samples=[SampleOut(member_id=one["member_id"], name=one["nickname"], text=one["text"]) for one in shown.samples],
        warnings=shown.warnings,
        second_person=shown.second_person,
        digest=shown.digest,
        quota=[AllowanceOut(**line, say=operations.allowance(line)) for line in shown.quota],
        moment=MomentPreviewOut(**shown.moment) if shown.moment else None,
    )


def progress(view: View, stored: Stored) -> list[FigureOut]:
    """How far the run is."""
    found = operations.report(view, stored.id)
    skipped = sum(found.skipped.values())
    lines = (
        ("handled", "已处理", found.people),
        ("queued", "已排队", found.queued),
        ("task_created", "等员工确认", found.task_created),
        ("delivered", "已送达", found.delivered),
        ("skipped", "跳过", skipped),
        ("holdout", "对照组", found.holdout),
        ("unknown", "不知是否送达", found.unknown),
    )
    return [FigureOut(name=name, label=label, value=value) for name, label, value in lines]


def report(view: View, plan_id: str) -> ReportOut:
    """What came of it."""
    found = operations.report(view, plan_id)
    lines = (
        ("people", "已处理", found.people),
        ("queued", "已排队", found.queued),
        ("delivered", "已送达", found.delivered),
        ("replied", "有回复", found.replied),
        ("ordered", "下单", found.ordered),
    )
    lift, buyers = found.lift, found.lift.buyers if found.lift else None
    measured = LiftOut(
        touched=lift.treated.members if lift else 0,
        touched_share=_share(lift.treated.buyers, lift.treated.members) if lift else None,
        holdout=lift.holdout.members if lift else 0,
        holdout_share=_share(lift.holdout.buyers, lift.holdout.members) if lift else None,
        lift=buyers.value if buyers else None,
        low=buyers.low if buyers else None,
        high=buyers.high if buyers else None,
        say=found.conclusion,
    )
    return ReportOut(
        plan_id=plan_id,
        funnel=[FigureOut(name=name, label=label, value=value) for name, label, value in lines],
        skipped=_figures(found.skipped),
        spent_fen=found.spent_fen,
        budget_fen=found.budget_fen,
        net_paid_fen=found.net_paid_fen,
        lift=measured,
        moment=_moment(view, found.moment) if found.moment else None,
        notes=[lift.method] if lift else [],
    )


def _moment(view: View, told: MomentReport) -> MomentReportOut:
    names = staff.names(view)
    lines = [PublicationOut.model_validate({**reach.fields_of(one), "name": names.get(one.staff, one.staff)}) for one in told.staff]
    return MomentReportOut(**{**reach.fields_of(told), "staff": lines}, say=reach.MOMENT_SAYS.get(told.state, told.state))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _figures(counts: Mapping[str, int], words: Mapping[str, str] | None = None) -> list[FigureOut]:
    """The largest first."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [FigureOut(name=name, label=(words or {}).get(name, name), value=value) for name, value in ordered]


def actions(shown: PlanOut) -> tuple[str, ...]:
    """What may be done to a plan in this state, whoever asks. One that has queued everybody can be stopped while somebody still waits."""
    waits = any(line.value for line in shown.progress if line.name == "task_created")
    return ("stop",) if shown.state == "done" and waits else NEXT.get(shown.state, ())


def editable(shown: PlanOut) -> bool:
    """Whether it can still be changed."""
    return shown.state in OPEN


def reported(shown: PlanOut) -> bool:
    """Whether there is something to report."""
    return shown.state in BEGUN


async def propose(call: Call, text: str) -> str:
    """A sentence becomes a draft; returns its id."""
    done = await call.store.write(operations.draft, [operations.Draft(call.key, text)], call.who, cause="web")
    return str(done[0].plan_id)


async def revise(call: Call, plan_id: str, text: str) -> None:
    """Changes a plan by a sentence."""
    await call.store.write(operations.revise, [operations.Revise(call.key, plan_id, text)], call.who, cause=plan_id)


async def revise_fields(call: Call, plan_id: str, fields: Mapping[str, Any], version: int = 0) -> None:
    """Changes a plan by fields of its language; ``version`` is the one the caller has seen, 0 for whichever it is."""
    request = operations.ReviseFields(call.key, plan_id, dict(fields), version)
    await call.store.write(operations.revise_fields, [request], call.who, cause=plan_id)


async def preview(call: Call, plan_id: str) -> None:
    """Runs the preview; a very large one goes on by itself and the page follows it."""
    for _ in range(STEPS):
        if await call.store.write(operations.preview, plan_id, call.who, cause=plan_id) is not None:
            return


async def submit(call: Call, plan_id: str) -> None:
    """Asks for approval."""
    await call.store.write(operations.submit, [operations.Submit(call.key, plan_id)], call.who, cause=plan_id)


async def approve(call: Call, plan_id: str, digest: str) -> None:
    """Approves exactly what was seen; a previewed plan is submitted in the same commit."""
    await call.store.write(_approve, operations.Approve(call.key, plan_id, digest), call.who, cause=plan_id)


def _approve(work: Work, request: operations.Approve) -> None:
    if operations.plan(work, request.plan_id).state == "previewed":
        operations.submit(work, [operations.Submit(f"{request.key}:submit", request.plan_id)])
    operations.approve(work, [request])


async def reject(call: Call, plan_id: str, reason: str) -> None:
    """Back to its maker for good."""
    await call.store.write(operations.reject, [operations.Reject(call.key, plan_id, reason)], call.who, cause=plan_id)


async def pause(call: Call, plan_id: str) -> None:
    """No further chunk begins."""
    await _steer(call, operations.pause, plan_id)


async def resume(call: Call, plan_id: str) -> None:
    """Goes on where it was."""
    await _steer(call, operations.resume, plan_id)


async def stop(call: Call, plan_id: str) -> None:
    """Ends for good."""
    await _steer(call, operations.stop, plan_id)


async def _steer(call: Call, verb: Callable[[Work, Sequence[operations.Steer]], Any], plan_id: str) -> None:
    await call.store.write(verb, [operations.Steer(call.key, plan_id)], call.who, cause=plan_id)
