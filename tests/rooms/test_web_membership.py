"""Tiers, paid plans and stored value over the API and in the console: rights, keys, payments, and a mistake that is named."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.domain import members
from assistant.store import Store
from tests.browser.web_house import HOSTILE, House, open_house
from tests.support import databases

TIERS: dict[str, Any] = {
    "tiers": [{"name": "普通", "growth": 0}, {"name": "金卡", "growth": 3000}],
    "plans": [{"id": "month", "name": "月卡", "months": 1, "price_fen": 3000, "tier": "金卡"}],
}
STEPS = {"steps": [{"pay_fen": 50000, "bonus_fen": 5000}]}


@pytest.fixture
def database(tmp_path: Path) -> str:
    """SQLite only: the rooms' own suites run on both databases."""
    return databases.sqlite(tmp_path)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    await store.write(members.register, [members.Register("r", "M1", (), members.Profile(nickname="阿香"))], system("test"))
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


async def answer(house: House, path: str, body: dict[str, Any], who: str = "song", key: str = "") -> tuple[int, dict[str, Any]]:
    headers = {"Idempotency-Key": key} if key else {}
    reply = await house.api("POST", path, who, json=body, headers=headers)
    return reply.status, await reply.json()


async def read(house: House, path: str) -> dict[str, Any]:
    found: dict[str, Any] = await (await house.api("GET", path)).json()
    return found


async def test_a_plan_is_set_sold_shown_and_refunded(house: House) -> None:
    assert (await answer(house, "/membership/rules", {"seen": 0, "document": TIERS}))[1]["version"] == 1
    sale = {"plan": "month", "payment": "wx1", "paid_fen": 3000}
    first = await answer(house, "/members/M1/plans", sale, key="k1")
    assert first == await answer(house, "/members/M1/plans", sale, key="k1")
    status, again = await answer(house, "/members/M1/plans", sale, key="k2")
    assert (status, again["error"]["code"]) == (409, "payment_used")
    shown = await read(house, "/members/M1/membership")
    assert (shown["tier"], shown["own"], shown["plan"], len(shown["purchases"])) == ("金卡", "普通", "月卡", 1)
    assert await answer(house, "/membership/refunds", {"payment": "wx1"}) == (200, {"refund_fen": 2900, "until": None})
    assert (await read(house, "/members/M1/membership"))["tier"] == "普通"


async def test_stored_value_is_paid_in_spent_returned_and_refunded(house: House) -> None:
    assert (await answer(house, "/stored-value/rules", {"seen": 0, "document": STEPS}))[0] == 200
    path = "/members/M1/stored-value"
    assert (await answer(house, f"{path}/top-ups", {"pay_fen": 50000, "payment": "wx1"}))[1]["bonus_fen"] == 5000
    assert (await answer(house, f"{path}/spends", {"amount_fen": 11000, "order": "o1"}))[1]["principal_left_fen"] == 40000
    assert (await answer(house, "/stored-value/returns", {"amount_fen": 11000, "order": "o1"}))[1]["bonus_left_fen"] == 5000
    assert (await answer(house, "/stored-value/refunds", {"payment": "wx1"}))[1]["principal_fen"] == 50000
    held = await read(house, path)
    assert (held["principal_fen"], held["bonus_fen"], len(held["lines"])) == (0, 0, 4)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/members/M1/stored-value/top-ups", {"pay_fen": "100", "payment": "wx"}),
        ("/members/M1/stored-value/top-ups", {"pay_fen": 10**18, "payment": "wx"}),
        ("/members/M1/stored-value/top-ups", {"pay_fen": -5, "payment": "wx"}),
        ("/members/M1/stored-value/top-ups", {"pay_fen": 100, "payment": ""}),
        ("/members/M1/stored-value/top-ups", {"pay_fen": 1.5, "payment": "wx"}),
        ("/members/nobody/stored-value/top-ups", {"pay_fen": 100, "payment": "wx"}),
        ("/members/M1/plans", {"plan": "month", "payment": "wx", "paid_fen": 0}),
        ("/membership/rules", {"seen": 0, "document": {"tiers": []}}),
        ("/membership/rules", {"seen": 0, "document": {"tiers": [{"name": "普通", "growth": 0, "gifts": [{}]}]}}),
        ("/stored-value/refunds", {"payment": "none"}),
    ],
)
async def test_bad_input_is_a_sentence_and_changes_nothing(house: House, path: str, body: dict[str, Any]) -> None:
    status, said = await answer(house, path, body)
    assert 400 <= status < 500
    assert said["error"]["message"]
    assert (await read(house, "/members/M1/stored-value"))["lines"] == []
    assert (await read(house, "/membership/rules"))["version"] == 0


async def test_each_right_is_asked_for(house: House) -> None:
    for path, who in (
        ("/membership/rules", "he"),
        ("/stored-value/rules", "lan"),
        ("/members/M1/plans", "lan"),
        ("/members/M1/stored-value/top-ups", "lan"),
        ("/stored-value/refunds", "he"),
        ("/membership/refunds", "he"),
    ):
        reply = await house.api("POST", path, who, json={})
        assert reply.status in (400, 403), path
        body = {"seen": 0, "document": {}, "plan": "x", "payment": "x", "paid_fen": 1, "pay_fen": 1}
        assert (await house.api("POST", path, who, json=body)).status == 403, path


async def test_the_console_sets_rules_sells_and_takes_in(house: House) -> None:
    await house.login("song")
    csrf = await house.csrf("/membership")
    wrong = await house.post("/membership/tiers", {"csrf": csrf, "seen": "0", "document": f'{{"tiers": "{HOSTILE.replace(chr(34), "")}"}}'})
    assert wrong.status == 422
    text = await wrong.text()
    assert "tiers" in text
    assert "<script>alert" not in text
    rules = '{"tiers":[{"name":"普通","growth":0}],"plans":[{"id":"m","name":"月卡","months":1,"price_fen":3000}]}'
    assert (await house.post("/membership/tiers", {"csrf": csrf, "seen": "0", "document": rules})).status == 303
    steps = '{"steps":[{"pay_fen":50000,"bonus_fen":5000}]}'
    assert (await house.post("/membership/stored", {"csrf": csrf, "seen": "0", "document": steps})).status == 303
    assert (await house.post("/members/M1/plans", {"csrf": csrf, "plan": "m", "payment": "wx1", "yuan": "30"})).status == 303
    assert (await house.post("/members/M1/stored", {"csrf": csrf, "payment": "wx2", "yuan": "500"})).status == 303
    assert (await house.post("/members/M1/stored/refund", {"csrf": csrf, "payment": "wx2", "yuan": "100"})).status == 303
    shown = await (await house.get("/members/M1")).text()
    assert "月卡" in shown
    assert "400.00" in shown
    assert (await house.post("/members/M1/stored", {"csrf": "no", "payment": "wx3", "yuan": "500"})).status == 403
    assert (await house.post("/members/M1/plans/refund", {"csrf": csrf, "payment": "wx1"})).status == 303
