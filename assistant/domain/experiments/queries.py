"""The reads of experiments."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.domain.experiments import store
from assistant.domain.experiments.model import Design
from assistant.store import View


def assignments(view: View, experiment: str, member_ids: Sequence[str]) -> dict[str, str]:
    """The variant of each of these members that has one."""
    return store.variants_of(view, experiment, member_ids)


def design(view: View, experiment: str) -> Design | None:
    """The design an experiment began with."""
    return store.design_of(view, experiment)


def sizes(view: View, experiment: str) -> dict[str, int]:
    """Members per variant."""
    return store.counts(view, experiment)
