"""Real input: the CDNOW purchases (69,659 rows) imported as orders agree with a ten-line independent recomputation."""

from __future__ import annotations

import importlib.util
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from assistant.base.principal import Principal
from assistant.domain import points
from assistant.flows.importing import import_lines
from assistant.store import Store

OWNER = Principal("operator", "test", frozenset({"owner"}))
ROWS = 12_000
"""A prefix keeps the suite quick; ``make bench`` imports all of it."""


def purchases() -> list[tuple[str, str, int]]:
    """(customer, yyyymmdd, fen) of the data set's rows, in file order: the row number is the only key, rows repeat exactly."""
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or spec.origin is None:
        pytest.skip("the lifetimes wheel (CDNOW data) is not installed: make install-dev")
    path = Path(spec.origin).parent / "datasets" / "CDNOW_master.txt"
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()[:1].isdigit()]
    return [(customer, day, round(float(amount) * 100)) for customer, day, _count, amount in rows[:ROWS]]


def lines(rows: list[tuple[str, str, int]]) -> Iterator[bytes]:
    for customer in sorted({row[0] for row in rows}):
        yield json.dumps({"kind": "member", "key": customer}).encode()
    for number, (customer, day, fen) in enumerate(rows):
        at = f"{day[:4]}-{day[4:6]}-{day[6:]}T12:00:00+08:00"
        times = {"at": at, "paid_at": at}
        money = {"paid_fen": fen, "total_fen": fen}
        yield json.dumps(
            {"kind": "order", "source": "cdnow", "order_no": f"C{number}", "member": customer, "status": "paid", **times, **money}
        ).encode()


def test_points_of_the_cdnow_purchases_agree_with_an_independent_recomputation(store: Store) -> None:
    rows = purchases()
    report = import_lines(store, "cdnow", lines(rows), OWNER)
    assert report.bad == []
    expected: dict[str, int] = defaultdict(int)
    for customer, _day, fen in rows:
        expected[customer] += fen // 100
    from assistant.domain import members

    found = store.look(lambda view: members.find_all(view, list(expected)))
    balances = store.look(points.balance, list(found.values()))
    held = {customer: balances[member].pending + balances[member].available for customer, member in found.items()}
    assert held == dict(expected)
    from assistant.domain import ledger

    assert set(store.look(ledger.totals).values()) == {0}
    assert store.look(lambda view: view.scalar(sa.text("SELECT count(*) FROM command_key"))) > 0
