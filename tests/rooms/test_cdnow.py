"""Real input: the CDNOW purchases (69,659 rows) imported as orders with refunds agree with a ten-line independent recomputation."""

from __future__ import annotations

import importlib.util
import json
import random
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
ROWS = 8_000
LATER = "1998-07-01T12:00:00+08:00"
"""A prefix keeps the suite quick; ``make bench`` imports all of it."""


def purchases() -> list[tuple[str, str, int]]:
    """(customer, yyyymmdd, fen) of the data set's rows, in file order: the row number is the only key, rows repeat exactly."""
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or spec.origin is None:
        pytest.skip("the lifetimes wheel (CDNOW data) is not installed: make install-dev")
    path = Path(spec.origin).parent / "datasets" / "CDNOW_master.txt"
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()[:1].isdigit()]
    return [(customer, day, round(float(amount) * 100)) for customer, day, _count, amount in rows[:ROWS]]


def refunds(rows: list[tuple[str, str, int]]) -> dict[int, list[int]]:
    """Row → refunds in fen, drawn by a seed: one row in eight, whole or in up to three parts."""
    chance = random.Random(1997)
    drawn: dict[int, list[int]] = {}
    for number, (_customer, _day, fen) in enumerate(rows):
        if fen and chance.random() < 0.125:
            left, parts = fen, []
            for _part in range(chance.randint(1, 3)):
                parts.append(chance.randint(1, left))
                left -= parts[-1]
                if not left:
                    break
            drawn[number] = parts
    return drawn


def lines(rows: list[tuple[str, str, int]], drawn: dict[int, list[int]]) -> Iterator[bytes]:
    for customer in sorted({row[0] for row in rows}):
        yield json.dumps({"kind": "member", "key": customer}).encode()
    for number, (customer, day, fen) in enumerate(rows):
        at = f"{day[:4]}-{day[4:6]}-{day[6:]}T12:00:00+08:00"
        times = {"at": at, "paid_at": at}
        money = {"paid_fen": fen, "total_fen": fen}
        yield json.dumps(
            {"kind": "order", "source": "cdnow", "order_no": f"C{number}", "member": customer, "status": "paid", **times, **money}
        ).encode()
    for number, parts in drawn.items():
        for part, fen in enumerate(parts):
            yield json.dumps(
                {"kind": "refund", "source": "cdnow", "order_no": f"C{number}", "refund_no": f"R{part}", "refund_fen": fen, "at": LATER}
            ).encode()


def test_points_of_the_cdnow_purchases_agree_with_an_independent_recomputation(store: Store) -> None:
    rows = purchases()
    drawn = refunds(rows)
    report = import_lines(store, "cdnow", lines(rows, drawn), OWNER)
    assert report.bad == []
    expected: dict[str, int] = defaultdict(int)
    for number, (customer, _day, fen) in enumerate(rows):
        expected[customer] += (fen - sum(drawn.get(number, []))) // 100
    assert sum(map(len, drawn.values())) > 1000
    from assistant.domain import members

    found = store.look(lambda view: members.find_all(view, list(expected)))
    balances = store.look(points.balance, list(found.values()))
    held = {customer: balances[member].pending + balances[member].available for customer, member in found.items()}
    assert held == dict(expected)
    from assistant.domain import ledger

    assert set(store.look(ledger.totals).values()) == {0}
    assert store.look(lambda view: view.scalar(sa.text("SELECT count(*) FROM command_key"))) > 0
