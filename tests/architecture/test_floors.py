"""The floors of the house, checked by import-linter; planted offences are found."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.rules import ROOT

BIN = Path(sys.executable).parent


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "lint-imports"), "--no-cache"]
    env = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources of the house in another place."""
    for name in ("assistant", "tools", "knowledge"):
        ignored = shutil.ignore_patterns("__pycache__", "static", "library", "*.pyc")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_import_goes_down() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("path", "line", "contract"),
    [
        ("assistant/base/planted.py", "import assistant.store", "A floor imports only floors below it"),
        ("assistant/jobs/planted.py", "import assistant.channels", "A floor imports only floors below it"),
        ("assistant/web/planted.py", "import assistant.settings", "Only the command line and the app"),
        ("assistant/domain/unheard_of/__init__.py", "", "Rooms of the domain"),
    ],
)
def test_a_planted_import_is_found(copy: Path, path: str, line: str, contract: str) -> None:
    planted = copy / path
    planted.parent.mkdir(exist_ok=True)
    planted.write_text(f'"""Planted."""\n{line}\n', encoding="utf-8")
    result = lint(copy)
    broken = [text for text in result.stdout.splitlines() if contract in text]
    assert result.returncode == 1
    assert any("BROKEN" in text for text in broken), result.stdout


def test_every_part_of_the_house_has_a_floor() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    floors = " ".join(next(contract for contract in contracts if contract["id"] == "floors")["layers"])
    parts = {name.strip("() ") for layer in floors.split("|") for name in layer.split()}
    found = {f"assistant.{path.stem}" for path in (ROOT / "assistant").iterdir() if path.suffix == ".py" and path.stem != "__init__"}
    found |= {f"assistant.{path.name}" for path in (ROOT / "assistant").iterdir() if (path / "__init__.py").exists()}
    assert found - parts == set()
