"""No stage without a death: what the service names, the flow tests die at."""

from __future__ import annotations

import re
from pathlib import Path

from tests.flow import stages

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"stage\(\s*\"([a-z_.]+)\"")


def test_every_stage_the_service_names_is_listed_and_died_at_by_a_flow_test() -> None:
    named = {name for path in (ROOT / "assistant").rglob("*.py") for name in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert len(named) >= 26
    assert named <= stages.LISTED
    rooms = [ROOT / "tests/rooms" / f"test_{name}.py" for name in ("mass", "moments", "words", "statistics", "robots")]
    paths = [*(ROOT / "tests/flow").rglob("test_*.py"), *rooms]
    tests = "".join(path.read_text(encoding="utf-8") for path in paths)
    for chain in ("CAMPAIGN", "PAYOUT", "MEMBER", "CHAT", "MASS", "REACH", "HANDOVER", "CONTACT", "CONSENT", "MARKS", "ROBOTS"):
        assert any(f"{way}{chain}" in tests for way in ("in ", "enumerate(", "*", '"nth"), ')), chain
    for name in named & set(stages.SCHEDULE):
        assert f'"{name}"' in tests, name
