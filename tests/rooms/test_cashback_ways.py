"""Every way a claim may go is a fact of its own, every other way is refused, and each state tells its member the truth."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.errors import Broken
from assistant.domain import cashback
from assistant.domain.cashback import ALLOWED, State
from assistant.domain.cashback.model import RebateClaim
from assistant.domain.cashback.states import move
from assistant.store import Store, View, Work, fact
from tests.conftest import NOON
from tests.rooms.test_cashback_shop import ME, claimed, issued, made, order

STORED = [state for state in ALLOWED if state not in ("issued", "bound")]
"""A card that is issued has no claim, and binding is a claim's first fact."""


def facts(view: View, claim_id: str) -> list[str]:
    rows = view.all(sa.select(fact.c.name).where(fact.c.subject == f"claim:{claim_id}").order_by(fact.c.id))
    return [row.name for row in rows]


def test_the_states_are_the_fourteen_of_the_product() -> None:
    assert set(ALLOWED) == set(get_args(State))
    assert len(ALLOWED) == 14
    assert all(later in ALLOWED for ways in ALLOWED.values() for later in ways)


def test_each_allowed_way_is_a_fact_and_every_other_changes_nothing(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store))
    order(store, clock, "T1")
    claim_id = claimed(store, "T1")
    one = store.look(cashback.claims_by_id, [claim_id])[claim_id]

    def go(work: Work, way: tuple[RebateClaim, str]) -> None:
        move(work, *way)

    for earlier, later in product(STORED, STORED):
        before = store.look(facts, claim_id)
        standing = replace(one, state=earlier)
        if later in ALLOWED[earlier]:
            store.do(go, (standing, later), ME)
            assert store.look(facts, claim_id) == [*before, f"cashback.{later}"]
            assert store.look(cashback.claims_by_id, [claim_id])[claim_id].state == later
            continue
        kept = store.look(cashback.claims_by_id, [claim_id])
        with pytest.raises(Broken):
            store.do(go, (standing, later), ME)
        assert (store.look(facts, claim_id), store.look(cashback.claims_by_id, [claim_id])) == (before, kept)


@pytest.mark.parametrize(
    ("state", "changes", "say"),
    [
        ("issued", {}, "返现卡已经在您的卡包里，下单后把订单号发给我就能申请"),
        ("bound", {}, "订单已经记在返现卡上了，最多返 9.95 元，正在核对订单"),
        ("waiting_receipt", {}, "还在等您确认收货哦，收货满 7 天后就能返 9.95 元"),
        ("waiting_receipt", {"window_days": 0}, "还在等您确认收货哦，确认收货后就能返 9.95 元"),
        ("due", {}, "已经满足返现条件，9.95 元正在等工作人员审核"),
        ("due", {"attempt": 2}, "上次转账没有成功，9.95 元还在，正在等工作人员重新审核"),
        ("approved", {}, "审核通过了，9.95 元马上为您打款"),
        ("paying", {}, "9.95 元正在打款，请稍等"),
        ("wait_user_confirm", {}, "9.95 元已经发起转账，请在 24 小时内到微信里点“确认收款”"),
        ("paid", {"paid_fen": 995}, "9.95 元已到账，请到微信零钱查看"),
        ("paid", {"paid_fen": 500, "recovered_fen": 495}, "5.00 元已到账，另有 4.95 元抵扣了之前退款订单的返现"),
        ("paid", {"recovered_fen": 995}, "这笔返现 9.95 元已用来抵扣之前退款订单的返现"),
        ("unknown", {}, "9.95 元的打款结果正在和微信核对，不会少给您，请稍等"),
        ("void", {}, "这个订单已退款或关闭，返现也就取消了"),
        ("expired", {}, "这个订单一直没有确认收货，返现申请已过期"),
        ("expired", {"reason": "订单一直没有确认收货"}, "订单一直没有确认收货，这笔返现就结束了"),
        ("rejected", {}, "这笔返现没有通过审核，有疑问可以找我们的工作人员"),
        ("rejected", {"reason": "{amount}。"}, "这笔返现没有通过：{amount}"),
        ("clawed_back", {"clawed_fen": 495}, "订单有退款，之前返的 4.95 元会从您以后的返现里抵扣，不会另外向您收取"),
    ],
)
def test_each_state_is_told_truly(state: str, changes: dict[str, object], say: str) -> None:
    assert cashback.say_state(replace(PLAIN, state=state, **changes)) == say  # type: ignore[arg-type]


PLAIN = RebateClaim(
    id="k",
    member_id="m",
    order_id="o",
    order_no="T1",
    card_id="c",
    template_id="t",
    rule=cashback.Rule(500),
    scope=cashback.Scope(),
    amount_fen=995,
    recovered_fen=0,
    paid_fen=0,
    clawed_fen=0,
    state="due",
    reason="",
    attempt=1,
    first_approver="",
    approver="",
    payee="",
    created_at=NOON,
    ripe_at=None,
    settled_at=None,
)
