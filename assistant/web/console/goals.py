"""From a goal to its report: write, read, change, preview, approve, watch, measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from assistant import access, operations
from assistant.store import View
from assistant.web import chart, fields, mass, plan_form, plan_people, plans
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import part, render, say
from assistant.web.route import Route
from assistant.web.shapes_plans import PeopleOut, PlanOut, ReportOut

STATES = plans.STATES
TONES = {
    "running": "good",
    "done": "good",
    "approved": "good",
    "awaiting_approval": "warn",
    "paused": "warn",
    "rejected": "bad",
    "stopped": "bad",
}
PEOPLE = {"in": "会触达", "out": "被排除", "later": "晚一点", "holdout": "对照组", "sent": "已发出", "skipped": "跳过"}
PEOPLE_PAGE = 100
EXAMPLES = (
    "唤醒 60 天没下单的棉质睡衣老客，每人 50 积分，预算 5000 元，周五前",
    "给这个月过生日的金卡会员发一句祝福，送 100 积分",
    "提醒积分 30 天内到期的会员去积分商城看看",
)


@dataclass(frozen=True, slots=True)
class Action:
    """A button under a plan."""

    name: str
    word: str
    permission: str
    kind: str = ""
    confirm: str = ""


ACTIONS = {
    "submit": Action("submit", "提交审批", "plan:edit"),
    "approve": Action("approve", "批准执行", "plan:approve", "main", "批准之后会按预览的人和钱执行，确定吗？"),
    "reject": Action("reject", "退回", "plan:approve"),
    "pause": Action("pause", "暂停", "plan:run"),
    "resume": Action("resume", "继续", "plan:run", "main"),
    "stop": Action("stop", "停止", "plan:run", "risky", "停止之后不能再继续，已发出的收不回来，确定吗？"),
}


async def show_all(call: Call) -> web.StreamResponse:
    """The box for a goal, and all plans."""
    return await _goals(call, "")


async def _goals(call: Call, wanted: str) -> web.StreamResponse:
    allowed = access.allowed(call.who, "goal:create")
    found = await call.store.read(plans.listed)
    return render(call, "goals.html", plans=found, states=STATES, tones=TONES, allowed=allowed, examples=EXAMPLES, wanted=wanted)


async def propose(call: Call) -> web.StreamResponse:
    """A sentence becomes a plan."""
    plan_id = await plans.propose(call, call.field("text"))
    return see(f"/plans/{part(plan_id)}")


async def show(call: Call) -> web.StreamResponse:
    """One plan with everything one may do to it."""
    plan = await call.store.read(plans.plan, call.part("id"))
    names = {f"operator:{one.id}": one.name for one in await call.store.read(access.operators)}
    allowed = [ACTIONS[name] for name in plans.actions(plan)]
    actions = [action for action in allowed if access.allowed(call.who, action.permission)]
    waits = "要由有批准权限的人来批准。" if allowed and not actions else ""
    editable = plans.editable(plan) and access.allowed(call.who, "plan:edit")
    values: dict[str, Any] = {
        "plan": plan,
        "names": names,
        "actions": actions,
        "waits": waits,
        "editable": editable,
        "states": STATES,
        "tones": TONES,
    }
    return render(call, "plan.html", **values, fields=await _fields(call, plan.id) if editable else [], reported=plans.reported(plan))


async def _fields(call: Call, plan_id: str) -> list[fields.Field]:
    return plan_form.form_fields((await call.store.read(operations.plan, plan_id)).plan)


async def progress(call: Call) -> web.StreamResponse:
    """The figures alone, for refreshing; ``X-Finished`` tells the page to show the whole again."""
    plan = await call.store.read(plans.plan, call.part("id"))
    response = render(call, "plan_progress.html", plan=plan, states=STATES, tones=TONES)
    response.headers["X-Finished"] = "0" if plan.previewing or plan.state in ("approved", "running") else "1"
    return response


async def people(call: Call) -> web.StreamResponse:
    """Who, page by page."""
    only = call.query("only")
    found = await call.store.read(_people, call.part("id"), call.query("after"), only)
    return render(call, "people.html", plan_id=call.part("id"), found=found, only=only, words=PEOPLE)


def _people(view: View, plan_id: str, after: str, only: str) -> PeopleOut:
    return plan_people.people(view, plan_id, after, PEOPLE_PAGE, only)


async def report(call: Call) -> web.StreamResponse:
    """What came of it."""
    plan, found = await call.store.read(_report, call.part("id"))
    lift = found.lift
    known = lift.lift is not None and lift.low is not None and lift.high is not None
    interval = chart.interval(lift.low or 0.0, lift.lift or 0.0, lift.high or 0.0, "提升及其 90% 区间") if known else None
    funnel = chart.funnel([(say(call.language, line.label), line.value) for line in found.funnel], say(call.language, "漏斗"))
    staff = (await mass.show_funnel(call)).staff
    return render(call, "report.html", report=found, goal=plan.goal, funnel=funnel, interval=interval, staff=staff)


def _report(view: View, plan_id: str) -> tuple[PlanOut, ReportOut]:
    return plans.plan(view, plan_id), plans.report(view, plan_id)


async def revise(call: Call) -> web.StreamResponse:
    """A further sentence; or the fields of the form, for the version that was on the page."""
    plan_id, seen = call.part("id"), call.field("version")
    if not seen:
        await plans.revise(call, plan_id, call.field("text"))
    else:
        stored = await call.store.read(operations.plan, plan_id)
        form = {name: call.field(name) for name in call.body if name not in ("csrf", "version", "key")}
        fresh = seen == str(stored.version)
        await plans.revise_fields(call, plan_id, plan_form.changed(stored.plan, form) if fresh else {}, stored.version if fresh else -1)
    return _back(call)


async def preview(call: Call) -> web.StreamResponse:
    """The real thing, rolled back."""
    await plans.preview(call, call.part("id"))
    return _back(call)


async def submit(call: Call) -> web.StreamResponse:
    """Asks for approval."""
    await plans.submit(call, call.part("id"))
    return _back(call)


async def approve(call: Call) -> web.StreamResponse:
    """Exactly the digest that was on the page."""
    await plans.approve(call, call.part("id"), call.field("digest"))
    return _back(call)


async def reject(call: Call) -> web.StreamResponse:
    """Back to whoever wrote it, with a reason."""
    await plans.reject(call, call.part("id"), call.field("reason"))
    return _back(call)


async def pause(call: Call) -> web.StreamResponse:
    """No further step begins."""
    await plans.pause(call, call.part("id"))
    return _back(call)


async def resume(call: Call) -> web.StreamResponse:
    """Goes on where it paused."""
    await plans.resume(call, call.part("id"))
    return _back(call)


async def stop(call: Call) -> web.StreamResponse:
    """Ends for good."""
    await plans.stop(call, call.part("id"))
    return _back(call)


def _back(call: Call) -> web.StreamResponse:
    return see(f"/plans/{part(call.part('id'))}")


ROUTES = (
    Route("GET", "/goals", "plan:read", show_all),
    Route("POST", "/goals", "goal:create", propose),
    Route("GET", "/plans/{id}", "plan:read", show),
    Route("GET", "/plans/{id}/progress", "plan:read", progress),
    Route("GET", "/plans/{id}/people", "plan:read", people),
    Route("GET", "/plans/{id}/report", "report:read", report),
    Route("POST", "/plans/{id}/revise", "plan:edit", revise),
    Route("POST", "/plans/{id}/preview", "plan:edit", preview),
    Route("POST", "/plans/{id}/submit", "plan:edit", submit),
    Route("POST", "/plans/{id}/approve", "plan:approve", approve),
    Route("POST", "/plans/{id}/reject", "plan:approve", reject),
    Route("POST", "/plans/{id}/pause", "plan:run", pause),
    Route("POST", "/plans/{id}/resume", "plan:run", resume),
    Route("POST", "/plans/{id}/stop", "plan:run", stop),
)
