"""After every flow test the independent checker holds the book that was left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.checking import differences


@pytest.fixture(autouse=True)
def sound_book(request: pytest.FixtureRequest) -> Iterator[None]:
    url = request.getfixturevalue("database") if "database" in request.fixturenames else ""
    yield
    assert not url or differences(url) == []
