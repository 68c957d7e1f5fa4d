"""Goals, plans and reports over the API."""

from __future__ import annotations

from assistant.base.errors import Invalid
from assistant.store import View
from assistant.web import plan_people, plans
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import Nothing
from assistant.web.shapes_plans import ApproveIn, GoalIn, PeopleOut, PlanOut, PlansOut, ReasonIn, ReportOut, ReviseIn

MOST_PEOPLE = 500


async def propose(call: Call) -> PlanOut:
    """A sentence becomes a plan; nothing happens until it is approved."""
    return await _plan(call, await plans.propose(call, call.body.text))


async def list_all(call: Call) -> PlansOut:
    """All plans."""
    return PlansOut(plans=await call.store.read(plans.listed))


async def read_one(call: Call) -> PlanOut:
    """One plan."""
    return await _plan(call, call.part("id"))


async def people(call: Call) -> PeopleOut:
    """A page of people."""
    given = call.query("limit", "200")
    if not given.isascii() or not given.isdecimal() or not 1 <= int(given) <= MOST_PEOPLE:
        raise Invalid(f"limit 必须是 1 到 {MOST_PEOPLE} 的整数", code="bad_limit")
    return await call.store.read(_people, call.part("id"), call.query("after"), int(given), call.query("only"))


def _people(view: View, plan_id: str, after: str, limit: int, only: str) -> PeopleOut:
    return plan_people.people(view, plan_id, after, limit, only)


async def revise(call: Call) -> PlanOut:
    """A further sentence, or fields."""
    if bool(call.body.text) == bool(call.body.fields):
        raise Invalid("text 和 fields 请给其中一个", code="one_of")
    if call.body.text:
        await plans.revise(call, call.part("id"), call.body.text)
    else:
        await plans.revise_fields(call, call.part("id"), call.body.fields, call.body.version)
    return await _plan(call, call.part("id"))


async def preview(call: Call) -> PlanOut:
    """Runs the real thing and rolls it back."""
    await plans.preview(call, call.part("id"))
    return await _plan(call, call.part("id"))


async def submit(call: Call) -> PlanOut:
    """Asks for approval."""
    await plans.submit(call, call.part("id"))
    return await _plan(call, call.part("id"))


async def approve(call: Call) -> PlanOut:
    """Approves exactly this digest."""
    await plans.approve(call, call.part("id"), call.body.digest)
    return await _plan(call, call.part("id"))


async def reject(call: Call) -> PlanOut:
    """Sends it back with a reason."""
    await plans.reject(call, call.part("id"), call.body.reason)
    return await _plan(call, call.part("id"))


async def pause(call: Call) -> PlanOut:
    """No further step begins."""
    await plans.pause(call, call.part("id"))
    return await _plan(call, call.part("id"))


async def resume(call: Call) -> PlanOut:
    """Goes on where it paused."""
    await plans.resume(call, call.part("id"))
    return await _plan(call, call.part("id"))


async def stop(call: Call) -> PlanOut:
    """Ends for good."""
    await plans.stop(call, call.part("id"))
    return await _plan(call, call.part("id"))


async def report(call: Call) -> ReportOut:
    """Funnel, cost and lift."""
    return await call.store.read(plans.report, call.part("id"))


async def _plan(call: Call, plan_id: str) -> PlanOut:
    return await call.store.read(plans.plan, plan_id)


BASE = "/api/v1/plans"
ONE = f"{BASE}/{{id}}"
ROUTES = (
    ApiRoute("POST", "/api/v1/goals", "goal:create", propose, "一句话写成方案", PlanOut, GoalIn, status=201),
    ApiRoute("GET", BASE, "plan:read", list_all, "方案，新的在前", PlansOut),
    ApiRoute("GET", ONE, "plan:read", read_one, "一个方案", PlanOut),
    ApiRoute("GET", f"{ONE}/people", "plan:read", people, "名单，含被排除的人和原因", PeopleOut, query=("after", "limit", "only")),
    ApiRoute("PATCH", ONE, "plan:edit", revise, "用一句话修改，或用字段另存一份新草稿", PlanOut, ReviseIn),
    ApiRoute("POST", f"{ONE}/preview", "plan:edit", preview, "预览：人、排除、触达、最多花费、样例、摘要", PlanOut, Nothing),
    ApiRoute("POST", f"{ONE}/submit", "plan:edit", submit, "提交审批", PlanOut, Nothing),
    ApiRoute("POST", f"{ONE}/approve", "plan:approve", approve, "按摘要批准", PlanOut, ApproveIn),
    ApiRoute("POST", f"{ONE}/reject", "plan:approve", reject, "退回并说明理由", PlanOut, ReasonIn),
    ApiRoute("POST", f"{ONE}/pause", "plan:run", pause, "暂停", PlanOut, Nothing),
    ApiRoute("POST", f"{ONE}/resume", "plan:run", resume, "继续", PlanOut, Nothing),
    ApiRoute("POST", f"{ONE}/stop", "plan:run", stop, "停止", PlanOut, Nothing),
    ApiRoute("GET", f"{ONE}/report", "report:read", report, "报告：漏斗、花费、提升", ReportOut),
)
