"""Making and changing drafts."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.base import ids
from assistant.base.errors import Refused
from assistant.operations import store, words
from assistant.operations.goals import compile_goal
from assistant.operations.language import plan_from, plan_json
from assistant.operations.refusing import refuse_forbidden
from assistant.operations.revising import revise_plan
from assistant.operations.values import Draft, Drafted, PlanDraft, Revise
from assistant.store import Work, once

OPEN = ("draft", "previewed", "awaiting_approval")


def draft(work: Work, requests: Sequence[Draft]) -> list[Drafted]:
    """Compiles goals into drafts. Raises Refused for what the house does not do, Invalid for a sentence that cannot be read."""
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
    return once(work, "plan.propose", requests, Drafted, _propose)


def _propose(work: Work, requests: list[PlanDraft]) -> list[Drafted]:
    done = []
    for request in requests:
        plan = plan_from(request.plan)
        refuse_forbidden(plan.goal)
        refuse_forbidden(plan.message)
        plan_id = ids.derive("plan", "propose", request.key)
        store.insert(work, plan_id, plan)
        done.append(Drafted(plan_id, 1))
    return done


def revise(work: Work, requests: Sequence[Revise]) -> list[Drafted]:
    """Changes plans that are not approved yet; a changed plan is a draft again and must be previewed and approved anew."""
    return once(work, "plan.revise", requests, Drafted, _revise)


def _revise(work: Work, requests: list[Revise]) -> list[Drafted]:
    done = []
    known = words.vocabulary(work)
    for request in requests:
        stored = store.locked(work, request.plan_id)
        if stored.state not in OPEN:
            raise Refused("方案已经批准或结束，不能再改；请停止后另起一个方案", code="plan_closed", state=stored.state)
        plan = plan_from(plan_json(revise_plan(stored.plan, request.sentence, work.now, known)))
        version = stored.version + 1
        store.change(work, stored, body=plan, version=version, state="draft", preview={}, digest="", snapshot_id="")
        done.append(Drafted(stored.id, version))
    return done
