"""The shop that the tests of cashback share: Anna, her orders and cards, an operator, and a look at the book. No tests in here."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from assistant.base.clock import ManualClock
from assistant.base.ids import derive
from assistant.base.principal import Principal, system
from assistant.domain import cashback, ledger, members, orders
from assistant.domain.cashback import Approve, Claim, CreateTemplate, Issue, Rule, Scope
from assistant.flows import payout
from assistant.payments import SimulatedPayout, bills
from assistant.store import Store, Work

ME = system("test")
BOSS = Principal("operator", "he", frozenset({"owner"}))
ANNA = derive("member", "anna")


def made(store: Store, name: str = "t", rule: Rule | None = None, scope: Scope | None = None, **options: Any) -> str:
    request = CreateTemplate(f"make:{name}", name, "返现卡", rule or Rule(500), scope or Scope(), **options)
    return str(store.do(cashback.create_template, [request], ME)[0].template_id)


def issued(store: Store, key: str, template: str, member: str = ANNA) -> str:
    return str(store.do(cashback.issue, [Issue(key, member, template)], ME)[0].card_id)


def order(
    store: Store,
    clock: ManualClock,
    number: str,
    paid: int = 19_900,
    member: str = ANNA,
    status: str = "paid",
    refund: int = 0,
    source: str = "taobao",
) -> None:
    """Tells of an order and lets its claim follow, as the service does."""

    def tell(work: Work, _none: object) -> None:
        if refund:
            orders.refund(
                work, [orders.Refund(f"r:{number}:{refund}:{clock.now()}", source, number, f"{number}-{refund}", refund, clock.now())]
            )
        else:
            items = (orders.Item("S1", "棉睡衣", "睡衣", 1, paid),)
            key = f"o:{source}:{number}:{status}"
            update = orders.OrderUpdate(key, source, "棉语", number, clock.now(), status, paid, paid, member_id=member, items=items)  # type: ignore[arg-type]
            orders.intake(work, [update])
        cashback.advance_for_orders(work, [one.id for one in orders.by_number(work, number)])

    store.do(tell, None, ME)


def claimed(store: Store, number: str) -> str:
    return str(store.do(cashback.claim, [Claim(f"claim:{number}", ANNA, number)], ME)[0].claim_id)


def approved(store: Store, claim_id: str, key: str = "") -> None:
    store.do(cashback.approve, [Approve(f"approve:{claim_id}:{key}", claim_id)], BOSS)


def state_of(store: Store, claim_id: str) -> str:
    return store.look(cashback.claims_by_id, [claim_id])[claim_id].state


def told(store: Store, claim_id: str) -> str:
    return cashback.say_state(store.look(cashback.claims_by_id, [claim_id])[claim_id])


def sound(store: Store) -> bool:
    """The book adds up, and what is set aside is what unpaid claims promise."""
    promised = ledger.Account(f"member:{ANNA}", "cashback", "pending")
    claims = store.look(cashback.claims_of, ANNA)
    unpaid = sum(one.payable_fen for one in claims if one.settled_at is None and one.state not in ("void", "expired", "rejected"))
    adds_up = set(store.look(ledger.totals).values()) <= {0} and store.look(ledger.drift) == {}
    return adds_up and store.look(ledger.balances, [promised])[promised] == unpaid and within_budgets(store)


def within_budgets(store: Store) -> bool:
    """What a template has given away is what its budget lacks, and never more than the budget."""
    templates = [one for one in store.look(cashback.templates) if one.budget_fen is not None]
    held = store.look(cashback.budgets, [one.id for one in templates])
    return all(
        held[one.id][0] == (one.budget_fen or 0) - one.committed_fen and min(held[one.id]) >= 0 and one.committed_fen >= held[one.id][1]
        for one in templates
    )


def paid_out(store: Store) -> list[tuple[str, int]]:
    """Carries everything approved to a payer that works; returns who was paid what by claim."""
    payer = SimulatedPayout(store)
    wallet(store)
    claims = [one for one in store.look(cashback.claims_of, ANNA) if one.state in ("approved", "paying", "unknown", "wait_user_confirm")]
    for one in claims:
        asyncio.run(payout.carry(store, payer, one.id, f"carry:{one.id}"))
    numbers = {one.bill_no: one.id for one in store.look(cashback.claims_of, ANNA)}
    return [(numbers.get(number, "?"), amount) for number, _payee, amount, state in store.look(bills) if state == "paid"]


def wallet(store: Store) -> None:
    """Gives Anna an openid."""
    request = members.Register("anna", "shop-anna", (members.Identity("openid:wx1", "open-anna"),))
    assert store.do(members.register, [request], ME)[0].member_id == ANNA


def ripened(store: Store, clock: ManualClock, number: str = "T1", rule: Rule | None = None, card: str = "t") -> str:
    """A claim of an order received eight days ago: due."""
    issued(store, f"card:{number}", made(store, card, rule))
    order(store, clock, number)
    claim_id = claimed(store, number)
    order(store, clock, number, status="finished")
    clock.advance(timedelta(days=7))
    store.do(tick, None, ME)
    return claim_id


def tick(work: Work, _none: object) -> int:
    return cashback.ripen(work)
