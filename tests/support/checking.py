"""The independent checker run in this process, on any book."""

from __future__ import annotations

import runpy
from contextlib import closing
from pathlib import Path

CHECKER = Path(__file__).parents[2] / "scripts" / "check_book.py"


def differences(url: str) -> list[str]:
    """What the checker finds; its connection is closed, since an open one would keep the next test from emptying the tables."""
    found = runpy.run_path(str(CHECKER))
    with closing(found["Book"](url)) as book:
        return list(found["differences"](book))
