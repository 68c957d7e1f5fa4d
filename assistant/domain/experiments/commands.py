"""Assigning members. The rows themselves are the memory, so repeating a command changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.base.errors import Conflict
from assistant.domain.experiments import store
from assistant.domain.experiments.model import Assign, Assigned, checked, choose
from assistant.store import Work


def assign(work: Work, requests: Sequence[Assign]) -> list[Assigned]:
    """Assigns by hash and keeps it; who is assigned is never assigned anew. Conflict if an experiment comes with another design."""
    return [_assign(work, request) for request in requests]


def _assign(work: Work, request: Assign) -> Assigned:
    store.keep_design(work, request.experiment, checked(request.design))
    design = store.design_of(work, request.experiment)
    if design != request.design:
        raise Conflict("这个实验已经按别的分组方案开始了，请换一个实验名", code="design_changed", experiment=request.experiment)
    known = store.variants_of(work, request.experiment, request.member_ids)
    fresh = [member for member in request.member_ids if member not in known]
    store.keep(work, request.experiment, {member: choose(request.experiment, member, design) for member in fresh})
    known |= store.variants_of(work, request.experiment, fresh)
    return Assigned({member: known[member] for member in request.member_ids})
