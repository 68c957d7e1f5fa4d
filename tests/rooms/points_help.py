"""What suites about points share: rules put live the way an operator does it."""

from __future__ import annotations

import json
from typing import Any

from assistant.base.principal import Principal
from assistant.domain import points
from assistant.domain.points import GoLive, KeepSimulation, ProposeRules
from assistant.store import Store

OWNER = Principal("operator", "owner", frozenset({"owner"}))


def propose(store: Store, document: dict[str, Any], key: str = "") -> int:
    """A draft, tried out."""
    key = key or f"p{len(store.look(points.rule_versions))}"
    version = int(store.do(points.propose_rules, [ProposeRules(key, json.dumps(document))], OWNER)[0].version)
    found = store.look(points.simulate, version)
    store.do(points.keep_simulation, [KeepSimulation(f"k:{key}:{version}:{found.compared_with}", version, found)], OWNER)
    return version


def put_live(store: Store, document: dict[str, Any], key: str = "") -> int:
    """The rules hold from now on; returns their version."""
    version = propose(store, document, key)
    store.do(points.go_live, [GoLive(f"l:{key}:{version}", version)], OWNER)
    return version
