"""The rules of points for the page and the API alike: the versions, a draft, a trial over what has happened, the step to live."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from assistant.base.errors import Invalid
from assistant.domain import events, members, points
from assistant.store import View
from assistant.web.doors import Call
from assistant.web.shapes_points import AllRulesOut, RulesOut, SimulationOut


def all_rules(view: View) -> AllRulesOut:
    """Every version and the one in force; the built-in rules are version 0."""
    found, live = points.rule_versions(view), points.live_version(view)
    names = _names(view, found)
    return AllRulesOut(live=one_version(view, live), versions=[_shown(one, live, names) for one in found])


def one_version(view: View, version: int) -> RulesOut:
    """One version; raises Invalid if there is none."""
    found = points.rule_version(view, version)
    if found is None:
        raise Invalid(f"没有第 {version} 版积分规则", code="no_rules", version=version)
    return _shown(found, points.live_version(view), _names(view, [found]))


async def propose(call: Call, document: str, note: str) -> int:
    """Keeps a draft and tries it out."""
    request = points.ProposeRules(call.key, document, note)
    version: int = (await call.store.write(points.propose_rules, [request], call.who, cause="web"))[0].version
    await simulate(call, version)
    return version


async def simulate(call: Call, version: int) -> None:
    """Tries a version out on the last 90 days; reading takes its time, so it happens beside the writer and only the result is written."""
    result = await call.store.read(points.simulate, version, points.SIMULATED_DAYS, feed)
    request = points.KeepSimulation(f"{call.key}:{result.until}", version, result)
    await call.store.write(points.keep_simulation, [request], call.who, cause="web")


async def go_live(call: Call, version: int) -> None:
    """The version holds from now on."""
    await call.store.write(points.go_live, [points.GoLive(call.key, version)], call.who, cause="web")


def number(text: str) -> int:
    """A version in a path."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Invalid(f"“{text}”不是版本号", code="no_rules")
    return int(text)


def feed(view: View, since: datetime, until: datetime, names: Iterable[str]) -> Iterable[points.Behaviour]:
    """What members did by trusted sources, for trials."""
    for one in events.between(view, since, until, names):
        yield points.Behaviour(one.id, one.member_id, one.name, one.occurred_at, one.properties)


def _names(view: View, found: Iterable[points.RuleVersion]) -> Mapping[str, str]:
    ids = {one["member_id"] for version in found if version.simulation for one in version.simulation["differences"]}
    return {member_id: one.nickname for member_id, one in members.profiles(view, ids).items()}


def _shown(one: points.RuleVersion, live: int, names: Mapping[str, str]) -> RulesOut:
    return RulesOut(
        version=one.version,
        state=one.state,
        note=one.note,
        proposed_by=one.proposed_by,
        proposed_at=one.proposed_at,
        live_by=one.live_by,
        live_at=one.live_at,
        document=one.rules.model_dump(mode="json"),
        words=points.in_words(one.rules),
        simulation=_trial(one.simulation, names) if one.simulation else None,
        ready=one.state != "live" and bool(one.simulation) and (one.simulation or {})["compared_with"] == live,
    )


def _trial(found: Mapping[str, Any], names: Mapping[str, str]) -> SimulationOut:
    apart = [{**one, "name": names.get(one["member_id"], "")} for one in found["differences"]]
    values = {name: found[name] for name in SimulationOut.model_fields} | {"differences": apart}
    return SimulationOut.model_validate(values)
