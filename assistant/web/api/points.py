"""The rules of points over the API."""

from __future__ import annotations

import json

from assistant.web import points_rules
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import Nothing
from assistant.web.shapes_points import AllRulesOut, RulesIn, RulesOut


async def list_all(call: Call) -> AllRulesOut:
    """All versions."""
    return await call.store.read(points_rules.all_rules)


async def propose(call: Call) -> RulesOut:
    """A draft with its trial."""
    version = await points_rules.propose(call, json.dumps(call.body.document, ensure_ascii=False), call.body.note)
    return await call.store.read(points_rules.one_version, version)


async def simulate(call: Call) -> RulesOut:
    """Another trial beside the rules in force now."""
    version = points_rules.number(call.part("version"))
    await points_rules.simulate(call, version)
    return await call.store.read(points_rules.one_version, version)


async def go_live(call: Call) -> RulesOut:
    """The version holds from now on."""
    version = points_rules.number(call.part("version"))
    await points_rules.go_live(call, version)
    return await call.store.read(points_rules.one_version, version)


BASE = "/api/v1/points/rules"
ROUTES = (
    ApiRoute("GET", BASE, "plan:read", list_all, "积分规则的各个版本和现在用的一版", AllRulesOut),
    ApiRoute("POST", BASE, "points:edit", propose, "提一版积分规则，并用最近 90 天试算", RulesOut, RulesIn),
    ApiRoute("POST", f"{BASE}/{{version}}/simulate", "points:edit", simulate, "再试算一次", RulesOut, Nothing),
    ApiRoute("POST", f"{BASE}/{{version}}/live", "points:approve", go_live, "让试算过的一版生效", RulesOut, Nothing),
)
