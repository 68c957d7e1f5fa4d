"""Experiments: assignment by hash, variants, holdouts, the difference between two arms. Not for gathering results (insights)."""

from assistant.domain.experiments.commands import assign
from assistant.domain.experiments.model import HOLDOUT, Arm, Assign, Assigned, Design, Interval, Lift, choose, lift
from assistant.domain.experiments.queries import assignments, design, sizes

__all__ = [
    "HOLDOUT",
    "Arm",
    "Assign",
    "Assigned",
    "Design",
    "Interval",
    "Lift",
    "assign",
    "assignments",
    "choose",
    "design",
    "lift",
    "sizes",
]
