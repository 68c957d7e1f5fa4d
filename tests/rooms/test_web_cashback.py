"""Cashback over the API and in the console: kinds of cards, the queue decided in sets, limits, and who may do what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Refused
from assistant.base.principal import Principal
from assistant.domain import cashback, fraud
from assistant.domain.cashback import Rule
from assistant.flows import payout
from assistant.payments import Knobs, SimulatedPayout
from assistant.store import Store
from tests.browser.web_house import HOSTILE, House, open_house
from tests.rooms.test_cashback_shop import ANNA, BOSS, ME, made, ripened, wallet
from tests.support import databases

MATE = Principal("operator", "mei", frozenset({"approver"}))


@pytest.fixture
def database(tmp_path: Path) -> str:
    """SQLite only: the room's own suites run on both databases."""
    return databases.sqlite(tmp_path)


@pytest.fixture
async def house(store: Store, clock: ManualClock) -> AsyncIterator[House]:
    async with open_house(store, clock, simulate=False) as opened:
        yield opened


KIND = {
    "name": "双十一返现",
    "kind": "month",
    "ratio_bp": 500,
    "card_cap_fen": 5000,
    "uses": 9,
    "budget_fen": 20_000,
    "sources": ["douyin"],
}


async def test_a_kind_of_card_is_made_shown_and_edited(house: House) -> None:
    for _time in range(2):
        answer = await house.api("POST", "/cashback/cards", "he", json=KIND, headers={"Idempotency-Key": "k"})
        assert answer.status == 200, await answer.text()
    kinds = (await answer.json())["kinds"]
    assert [(one["name"], one["kind"], one["free_fen"], one["kept_fen"]) for one in kinds] == [("双十一返现", "月卡", 20_000, 0)]
    assert kinds[0]["rule"] == "返实付的 5%，每单最多返 200.00 元，整张卡最多返 50.00 元，限抖音"
    path = f"/cashback/cards/{kinds[0]['id']}"
    change = {"name": "新", "stock": 9, "budget_fen": 30_000, "auto_bind": True, "open": False}
    kinds = (await (await house.api("PATCH", path, "he", json=change)).json())["kinds"]
    assert (kinds[0]["name"], kinds[0]["stock"], kinds[0]["free_fen"], kinds[0]["open"]) == ("新", 9, 30_000, False)
    assert (await house.api("PATCH", path, "lan", json=change)).status == 403
    assert (await house.api("POST", "/cashback/cards", "lan", json=KIND)).status == 403


@pytest.mark.parametrize(
    "bad", [{"ratio_bp": "500"}, {"ratio_bp": 5.5}, {"budget_fen": -1}, {"budget_fen": 10**18}, {"kind": "周卡"}, {"card_cap_fen": None}]
)
async def test_a_kind_written_wrongly_is_refused_and_kept_nowhere(house: House, bad: dict[str, object]) -> None:
    assert (await house.api("POST", "/cashback/cards", "he", json=KIND | bad)).status == 400
    assert (await (await house.api("GET", "/cashback/cards")).json())["kinds"] == []


def two_claims(store: Store, clock: ManualClock) -> dict[str, str]:
    """One that one person may pay and one that two people must see."""
    wallet(store)
    return {
        "plain": ripened(store, clock, "T1"),
        "large": ripened(store, clock, "T2", Rule(fixed_fen=15_000), "large"),
    }


async def test_a_set_is_decided_each_by_itself(house: House, store: Store, clock: ManualClock) -> None:
    claims = two_claims(store, clock)
    store.do(fraud.note, [fraud.Evidence(f"e{one}", one, "payee", "W") for one in (ANNA, "bell", "carl")], ME)
    body = {"claims": [*claims.values(), "nothing"], "action": "approve"}
    assert (await house.api("POST", "/cashback/decide", "he", json=body)).status == 403
    done = await (await house.api("POST", "/cashback/decide", "ping", json=body)).json()
    assert done == {"done": 0, "second": 0, "held": 2, "problems": ["这笔返现申请不存在"]}
    waiting = (await (await house.api("GET", "/cashback/queue")).json())["claims"]
    assert all(one["hold"].startswith("风险分") and one["reasons"][0] == "另有 2 位会员用同一个收款微信" for one in waiting)
    release = {"claims": list(claims.values()), "action": "release", "reason": ""}
    assert len((await (await house.api("POST", "/cashback/decide", "ping", json=release)).json())["problems"]) == 2
    assert (await (await house.api("POST", "/cashback/decide", "ping", json=release | {"reason": "一家人"})).json())["done"] == 2
    body["claims"] = list(claims.values())
    done = await (await house.api("POST", "/cashback/decide", "ping", json=body)).json()
    assert (done["done"], done["second"], done["problems"]) == (1, 1, [])
    done = await (await house.api("POST", "/cashback/decide", "song", json={"claims": [claims["large"]], "action": "approve"})).json()
    assert done["done"] == 1


async def test_limits_are_set_by_the_owner(house: House) -> None:
    wanted = {"second_person_fen": 5000, "brand_day_fen": 1_000_000, "payee_day_fen": 30_000, "hold_score": 50}
    assert (await house.api("PUT", "/cashback/limits", "ping", json=wanted)).status == 403
    assert await (await house.api("PUT", "/cashback/limits", "song", json=wanted)).json() == wanted | {"today_fen": 0}
    assert (await house.api("PUT", "/cashback/limits", "song", json=wanted | {"hold_score": 0})).status == 400


async def test_the_page_makes_edits_and_decides(house: House, store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)
    await house.login("song")
    csrf = {"csrf": await house.csrf("/cashback")}
    form = csrf | {
        "name": HOSTILE,
        "kind": "multi",
        "nature": "rebate",
        "percent": "5",
        "uses": "3",
        "budget_fen": "200",
        "sources": "douyin，taobao",
    }
    assert (await house.post("/cashback/cards", form | {"percent": "５"})).status == 400
    assert (await house.post("/cashback/cards", form)).status == 303
    text = await (await house.get("/cashback")).text()
    assert HOSTILE not in text
    assert "限抖音、淘宝" in text
    number = next(one.id for one in store.look(cashback.templates) if one.budget_fen)
    edit = csrf | {"name": "新名", "stock": "10", "budget_fen": "300.00", "open": "1"}
    assert (await house.post(f"/cashback/cards/{number}", edit)).status == 303
    kept = store.look(cashback.template, number)
    assert kept is not None
    assert (kept.name, kept.stock, kept.budget_fen) == ("新名", 10, 30_000)
    text = await (await house.post("/cashback/decide", csrf | {f"claim:{claim_id}": "1", "action": "approve", "reason": ""})).text()
    assert "办好 1 笔" in text
    assert store.look(cashback.claims_by_id, [claim_id])[claim_id].state == "approved"
    assert (await house.post("/cashback/decide", csrf | {"action": "approve"})).status == 400
    limits = csrf | {"second_person_fen": "50", "brand_day_fen": "9000", "payee_day_fen": "300", "hold_score": "70"}
    await house.post("/cashback/limits", limits)
    assert store.look(cashback.limits_now).hold_score == 70


async def test_whoever_may_only_look_is_shown_no_buttons(house: House, store: Store, clock: ManualClock) -> None:
    ripened(store, clock)
    made(store, "b", budget_fen=40_000)
    await house.login("lan")
    text = await (await house.get("/cashback")).text()
    assert 'name="action"' not in text
    assert "新建一种返现卡" not in text
    assert "预算 ¥400.00" in text


async def unknown(store: Store, clock: ManualClock, number: str, fen: int) -> str:
    """A claim of which the payer said nothing."""
    claim_id = ripened(store, clock, number, Rule(fixed_fen=fen), f"fixed{fen}")
    for who in (BOSS, MATE):
        with suppress(Refused):
            store.do(cashback.approve, [cashback.Approve(f"{who.id}{claim_id}", claim_id)], who)
    payer = SimulatedPayout(store, Knobs(lose_requests=1))
    assert await payout.carry(store, payer, claim_id, f"carry{claim_id}") == "unknown"
    return claim_id


async def test_payouts_nobody_knows_of_are_listed_asked_about_and_noted_as_paid_by_hand(
    house: House, store: Store, clock: ManualClock
) -> None:
    wallet(store)
    small, large = await unknown(store, clock, "T1", 995), await unknown(store, clock, "T2", 15_000)
    listed = await (await house.api("GET", "/cashback/payouts", "lan")).json()
    assert [(one["id"], one["word"], one["amount_fen"]) for one in listed["payouts"]] == [
        (small, "不知道付没付", 995),
        (large, "不知道付没付", 15_000),
    ]
    path = f"/cashback/payouts/{large}"
    for who in ("lan", "he"):
        assert (await house.api("POST", f"{path}/ask", who, json={})).status == 403
        assert (await house.api("POST", f"{path}/paid-by-hand", who, json={"reference": "V-123"})).status == 403
    assert (await house.api("POST", f"{path}/ask", "ping", json={})).status == 200
    assert (await house.api("POST", f"{path}/paid-by-hand", "ping", json={"reference": "V"})).status == 400
    first = await (await house.api("POST", f"{path}/paid-by-hand", "ping", json={"reference": "V-123"})).json()
    assert (first["state"], first["needs_second"]) == ("unknown", True)
    assert (await house.api("POST", f"{path}/paid-by-hand", "ping", json={"reference": "V-123"})).status == 409
    second = await (await house.api("POST", f"{path}/paid-by-hand", "song", json={"reference": "V-123"})).json()
    assert second["state"] == "paid"
    assert (await house.api("POST", f"{path}/ask", "ping", json={})).status == 409
    alone = await (await house.api("POST", f"/cashback/payouts/{small}/paid-by-hand", "ping", json={"reference": "V-124"})).json()
    assert alone["state"] == "paid"
    assert (await (await house.api("GET", "/cashback/payouts")).json()) == {"halted": "", "payouts": []}


async def test_the_page_shows_what_halted_the_payouts_and_lets_them_go_on(house: House, store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)
    store.do(cashback.approve, [cashback.Approve("a", claim_id)], BOSS)
    store.do(cashback.stop_payouts, [cashback.Halt("h", f"余额不足{HOSTILE}")], ME)
    await house.login("lan")
    text = await (await house.get("/cashback")).text()
    assert "打款已暂停" in text
    assert "已批准，还没有发起" in text
    assert HOSTILE not in text
    assert "继续打款" not in text
    house.session.cookie_jar.clear()
    await house.login("song")
    csrf = {"csrf": await house.csrf("/cashback")}
    assert (await house.post(f"/cashback/payouts/{claim_id}/ask", csrf)).status == 409
    assert (await house.post("/cashback/payouts/go-on", csrf)).status == 303
    assert "打款已暂停" not in await (await house.get("/cashback")).text()
    assert await payout.carry(store, SimulatedPayout(store), claim_id, "c") == "approved"
    assert "会员还没有 openid" in await (await house.get("/cashback")).text()
    assert (await house.post(f"/cashback/payouts/{claim_id}/hand", csrf | {"reference": "回单 20261122"})).status == 303
    assert store.look(cashback.claims_by_id, [claim_id])[claim_id].reason == "人工打款，凭证号 回单 20261122"
