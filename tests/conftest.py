"""Fixtures every suite shares: one store on each database, a clock that moves when told, the shop's principals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST
from hypothesis import HealthCheck, settings

from assistant.access import operators
from assistant.base.clock import ManualClock
from assistant.store import Store
from tests.support import databases

# How fast the machine is says nothing about the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# A password that costs 50 ms and 64 MB is meant for thieves, not for five hundred tests.
operators.hasher = PasswordHasher.from_parameters(CHEAPEST)

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""2026-11-22 12:00 in Shanghai, a Sunday."""


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database with all tables."""
    if request.param == "sqlite":
        return databases.sqlite(tmp_path)
    return databases.postgresql()


@pytest.fixture
def store(database: str, clock: ManualClock) -> Iterator[Store]:
    opened = Store(database, clock)
    yield opened
    opened.close()
