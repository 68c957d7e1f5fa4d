"""Changing the rules: proposed as a draft, tried out on what has happened, then set live by somebody with the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from assistant import access
from assistant.base.errors import Conflict, Invalid, Refused
from assistant.domain import membership
from assistant.domain.points import facts, rulebook
from assistant.domain.points.rulebook import BUILT_IN, Rulebook
from assistant.domain.points.rules import Rules, rules_from
from assistant.domain.points.simulating import Simulation
from assistant.store import Work, once


@dataclass(frozen=True, slots=True)
class ProposeRules:
    """A draft from a JSON document as text."""

    key: str
    document: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Proposed:
    """The draft's number."""

    version: int


@dataclass(frozen=True, slots=True)
class KeepSimulation:
    """What trying a version out has shown."""

    key: str
    version: int
    simulation: Simulation


@dataclass(frozen=True, slots=True)
class GoLive:
    """A version that was tried out holds from now on."""

    key: str
    version: int


@dataclass(frozen=True, slots=True)
class Live:
    """The version in force, and the one before."""

    version: int
    before: int


def propose_rules(work: Work, requests: Sequence[ProposeRules]) -> list[Proposed]:
    """Keeps drafts; raises Invalid naming the place that is wrong. Changes nothing of what is earned."""
    return once(work, "points.propose_rules", requests, Proposed, _propose)


def keep_simulation(work: Work, requests: Sequence[KeepSimulation]) -> list[Proposed]:
    """Keeps the result of ``simulate`` with its version."""
    return once(work, "points.keep_simulation", requests, Proposed, _keep)


def go_live(work: Work, requests: Sequence[GoLive]) -> list[Live]:
    """Sets versions live, drafts and past ones alike. What has earned keeps its rules, lots keep their ends.

    Raises Refused(code="not_simulated") for a version that was not compared with the rules in force, Conflict where it is live already.
    """
    return once(work, "points.go_live", requests, Live, _go_live)


def _propose(work: Work, requests: list[ProposeRules]) -> list[Proposed]:
    access.require(work.principal, access.Permission.POINTS_EDIT)
    drafts = [(rules_from(one.document), one.note[:200]) for one in requests]
    for rules, _note in drafts:
        _known_names(work, rules)
    done = [Proposed(rulebook.add_version(work, rules, note)) for rules, note in drafts]
    work.record(*(facts.rules_changed("proposed", one.version) for one in done))
    return done


def _known_names(work: Work, rules: Rules) -> None:
    held = membership.rules(work)[1]
    known = [tier.name for tier in held.tiers]
    for name in rules.tiers:
        if name not in known:
            said = f"没有“{name}”这个会员等级，现在有：{'、'.join(known)}（tiers）"
            raise Invalid(said, code="bad_rules", place=f"tiers.{name}")
    plans = [plan.name for plan in held.plans]
    for name in rules.plans:
        if name not in plans:
            said = f"没有“{name}”这个付费方案，现在有：{'、'.join(plans) or '一个也没有'}（plans）"
            raise Invalid(said, code="bad_rules", place=f"plans.{name}")


def _keep(work: Work, requests: list[KeepSimulation]) -> list[Proposed]:
    access.require(work.principal, access.Permission.POINTS_EDIT)
    for one in requests:
        if rulebook.lock_version(work, one.version) is None:
            raise Invalid(f"没有第 {one.version} 版积分规则", code="no_rules", version=one.version)
        rulebook.keep_result(work, one.version, asdict(one.simulation))
    return [Proposed(one.version) for one in requests]


def _go_live(work: Work, requests: list[GoLive]) -> list[Live]:
    access.require(work.principal, access.Permission.POINTS_APPROVE)
    done = []
    for one in requests:
        found = rulebook.lock_version(work, one.version)
        before = Rulebook(work).live
        if found is None or one.version == BUILT_IN:
            raise Invalid(f"没有第 {one.version} 版积分规则", code="no_rules", version=one.version)
        if before == one.version:
            raise Conflict(f"第 {one.version} 版积分规则已经在用了", code="already_live", version=one.version)
        if not found.simulation or found.simulation["compared_with"] != before:
            raise Refused("请先用最近的订单试算这一版，和现在用的规则比一比，再让它生效", code="not_simulated", version=one.version)
        rulebook.make_live(work, one.version)
        work.record(facts.rules_changed("live", one.version, before=before))
        done.append(Live(one.version, before))
    return done
