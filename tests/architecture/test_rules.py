"""The house keeps its own rules; exceptions are one line each, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.architecture import rules
from tests.architecture.rules import EVERYTHING, OURS, ROOT

EXCEPTIONS = {
    "assistant/store/migrations/versions/": "revisions are written by Alembic",
}
"""Beginning of a file name → why the size limits do not hold there."""

Rule = Callable[[str, str], Iterator[str]]


def offences(rule: Rule, *tops: str) -> list[str]:
    found: list[str] = []
    for path in rules.files(*tops):
        found += rule(path.as_posix(), (ROOT / path).read_text(encoding="utf-8"))
    return found


def test_no_function_and_no_file_is_too_long() -> None:
    found = offences(rules.sizes, *EVERYTHING)
    assert [line for line in found if not line.startswith(tuple(EXCEPTIONS))] == []


def test_every_exception_is_still_needed() -> None:
    found = offences(rules.sizes, *EVERYTHING)
    assert [name for name in EXCEPTIONS if not any(line.startswith(name) for line in found)] == []


def test_every_module_begins_with_its_purpose() -> None:
    assert offences(rules.purpose, *OURS) == []


@pytest.mark.parametrize("rule", [rules.clock_reads, rules.chance_reads, rules.commits, rules.environment_reads, rules.back_doors])
def test_what_only_few_may_do_is_done_there_only(rule: Rule) -> None:
    assert offences(rule, *OURS) == []


def test_nobody_patches() -> None:
    assert offences(rules.patches, *EVERYTHING) == []


def test_rooms_are_entered_by_their_door_in_tests_too() -> None:
    assert offences(rules.back_doors, "tests", "bench") == []


def test_lock_files_have_hashes_and_no_address() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert len(locks) >= 3
    assert [line for lock in locks for line in rules.addresses(lock.name, lock.read_text(encoding="utf-8"))] == []
