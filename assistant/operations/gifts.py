"""The benefits of a plan in the words of the benefits room."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.domain import benefits
from assistant.operations.language import Benefit
from assistant.operations.values import Stored
from assistant.store import View, Work


def cost_each(view: View, gifts: Sequence[Benefit]) -> int:
    """The most that one member's benefits can cost, fen."""
    return sum(benefits.worst_cost(view, benefits.from_dict(gift.model_dump())) for gift in gifts)


def grant(work: Work, stored: Stored, member_ids: Sequence[str]) -> None:
    """Grants every benefit step to the members from the plan's hold; keys are plan:step:member, so nobody gets a step twice."""
    requests = [
        benefits.BenefitGrant(
            f"{stored.id}:{step}:{member_id}", member_id, benefits.from_dict(gift.model_dump()), stored.hold_id or None, stored.plan.title
        )
        for step, gift in enumerate(stored.plan.benefits)
        for member_id in member_ids
    ]
    if requests:
        benefits.grant(work, requests)
