"""An operator's goal carried through: sentence, plan in a closed language, preview, approval, execution, report. Not for the gate."""

from assistant.operations.allowing import sentence as allowance
from assistant.operations.approving import approve, expire_plans, reject, submit
from assistant.operations.drafting import draft, propose, revise, revise_fields
from assistant.operations.executing import CHUNK, Ran, pause, resume, run_chunk, stop
from assistant.operations.goals import compile_goal
from assistant.operations.grouping import foreseen as foreseen_groups
from assistant.operations.language import Plan, plan_from, plan_json
from assistant.operations.moments import MomentReport
from assistant.operations.previewing import candidates, preview
from assistant.operations.queries import approval, describe, goals_of, plan, plans, subject
from assistant.operations.refusing import refuse_forbidden
from assistant.operations.reporting import Report, report
from assistant.operations.revising import revise_plan
from assistant.operations.running import handlers, preview_all, step_preview
from assistant.operations.values import (
    Approve,
    Changed,
    Draft,
    Drafted,
    PlanDraft,
    Preview,
    Reject,
    Revise,
    ReviseFields,
    Steer,
    Stored,
    Submit,
)
from assistant.operations.vocabulary import Vocabulary
from assistant.operations.words import vocabulary

__all__ = [
    "CHUNK",
    "Approve",
    "Changed",
    "Draft",
    "Drafted",
    "MomentReport",
    "Plan",
    "PlanDraft",
    "Preview",
    "Ran",
    "Reject",
    "Report",
    "Revise",
    "ReviseFields",
    "Steer",
    "Stored",
    "Submit",
    "Vocabulary",
    "allowance",
    "approval",
    "approve",
    "candidates",
    "compile_goal",
    "describe",
    "draft",
    "expire_plans",
    "foreseen_groups",
    "goals_of",
    "handlers",
    "pause",
    "plan",
    "plan_from",
    "plan_json",
    "plans",
    "preview",
    "preview_all",
    "propose",
    "refuse_forbidden",
    "reject",
    "report",
    "resume",
    "revise",
    "revise_fields",
    "revise_plan",
    "run_chunk",
    "step_preview",
    "stop",
    "subject",
    "submit",
    "vocabulary",
]
