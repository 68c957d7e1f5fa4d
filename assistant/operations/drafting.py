"""Making and changing drafts."""

from __future__ import annotations

from collections.abc import Sequence

from assistant import access
from assistant.base import ids
from assistant.base.errors import Conflict, Refused
from assistant.operations import store, words
from assistant.operations.editing import edit_plan
from assistant.operations.goals import compile_goal
from assistant.operations.language import Plan, plan_from, plan_json
from assistant.operations.refusing import refuse_forbidden
from assistant.operations.revising import revise_plan
from assistant.operations.values import Draft, Drafted, PlanDraft, Revise, ReviseFields, Stored
from assistant.store import Work, once

OPEN = ("draft", "previewed", "awaiting_approval")


def draft(work: Work, requests: Sequence[Draft]) -> list[Drafted]:
    """Compiles goals into drafts. Raises Refused for what the house does not do, Invalid for a sentence that cannot be read."""
    access.require(work.principal, "goal:create")
    return once(work, "plan.draft", requests, Drafted, _draft)


def _draft(work: Work, requests: list[Draft]) -> list[Drafted]:
    done = []
    known = words.vocabulary(work)
    for request in requests:
        plan = plan_from(plan_json(compile_goal(request.goal, work.now, known)))
        plan_id = ids.derive("plan", "draft", request.key)
        store.insert(work, plan_id, plan)
        done.append(Drafted(plan_id, 1))
    return done


def propose(work: Work, requests: Sequence[PlanDraft]) -> list[Drafted]:
    """Takes plans as JSON: validated by the language and against the same refusals as an operator's words."""
    access.require(work.principal, "goal:create")
    return once(work, "plan.propose", requests, Drafted, _propose)


def _propose(work: Work, requests: list[PlanDraft]) -> list[Drafted]:
    done = []
    for request in requests:
        plan = plan_from(request.plan)
        refuse_forbidden(plan.goal)
        refuse_forbidden(plan.message)
        refuse_forbidden(plan.moment_text)
        plan_id = ids.derive("plan", "propose", request.key)
        store.insert(work, plan_id, plan)
        done.append(Drafted(plan_id, 1))
    return done


def revise(work: Work, requests: Sequence[Revise]) -> list[Drafted]:
    """Changes plans that are not approved yet; a changed plan is a draft again and must be previewed and approved anew."""
    access.require(work.principal, "plan:edit")
    return once(work, "plan.revise", requests, Drafted, _revise)


def _revise(work: Work, requests: list[Revise]) -> list[Drafted]:
    known = words.vocabulary(work)
    done = []
    for request in requests:
        stored = _open(work, request.plan_id)
        done.append(_change(work, stored, revise_plan(stored.plan, request.sentence, work.now, known)))
    return done


def revise_fields(work: Work, requests: Sequence[ReviseFields]) -> list[Drafted]:
    """Like ``revise``, by fields. Raises Conflict(code="plan_changed") where the writer has seen another version."""
    access.require(work.principal, "plan:edit")
    return once(work, "plan.revise_fields", requests, Drafted, _revise_fields)


def _revise_fields(work: Work, requests: list[ReviseFields]) -> list[Drafted]:
    known = words.vocabulary(work)
    done = []
    for request in requests:
        stored = _open(work, request.plan_id)
        if request.version not in (0, stored.version):
            raise Conflict("方案在您打开之后被别人改过，请看过新的再改", code="plan_changed", plan=stored.id)
        done.append(_change(work, stored, edit_plan(stored.plan, request.fields, work.now, known)))
    return done


def _open(work: Work, plan_id: str) -> Stored:
    stored = store.locked(work, plan_id)
    if stored.state not in OPEN:
        raise Refused("方案已经批准或结束，不能再改；请停止后另起一个方案", code="plan_closed", state=stored.state)
    return stored


def _change(work: Work, stored: Stored, changed: Plan) -> Drafted:
    """Whoever changes a plan is its maker from then on: above the limit somebody else must have seen the last change."""
    version = stored.version + 1
    empty = {"preview": {}, "digest": "", "snapshot_id": ""}
    store.change(work, stored, body=plan_from(plan_json(changed)), version=version, state="draft", maker=work.principal.label, **empty)
    return Drafted(stored.id, version)
