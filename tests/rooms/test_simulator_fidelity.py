"""The table of fidelity is whole: every rule of the simulator has a row with a standing, and every test it names exists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "simulator-fidelity.md").read_text()
ROWS = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in TABLE.splitlines() if re.match(r"\| [^-r]", line)]
STANDINGS = ("documented", "inferred", "guessed", "reported", "editions differ", "several receivers", "the adversary's own")


@cache
def _tests() -> dict[str, set[str]]:
    """Module → its tests."""
    found = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        found[path.stem] = set(re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE))
    return found


@pytest.mark.parametrize("rule", range(1, 41))
def test_a_rule_has_a_row_with_its_standing_and_a_test(rule: int) -> None:
    rows = [row for row in ROWS if row[0] == str(rule)]
    assert rows, f"rule {rule} has no row"
    assert all(len(row) == 4 and any(word in row[2] for word in STANDINGS) for row in rows)
    assert any("`test_" in row[3] for row in rows)


def test_every_test_the_table_names_exists() -> None:
    every = set().union(*_tests().values())
    for _, behaviour, _, cell in ROWS:
        module = ""
        for part in re.split(r"[;,](?=\s*`)|;", cell):
            name = re.match(r"\s*`(\w+)`:?", part)
            assert not name or name[1] in every or name[1] in _tests(), f"{behaviour}: there is no {name and name[1]}"
            module = name[1] if name and name[1] in _tests() else "" if name else module
            words = (part[name.end() :] if name else part).strip()
            if module and words:
                assert _named(module, words), f"{behaviour}: {module} has no test “{words}”"


def _named(module: str, words: str) -> bool:
    """A test given by its words, with … for what is left out."""
    pattern = ".*".join(re.sub(r"\W+", "_", piece.strip()) for piece in words.rstrip(".").split("…"))
    return any(re.search(pattern, test) for test in _tests()[module])


def test_the_guide_leads_to_the_table() -> None:
    assert "(simulator-fidelity.md)" in (ROOT / "docs" / "simulator.md").read_text()
