"""Merging while a rebate waits or is on its way: paid once, to the person it belongs to."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.domain import cashback, members
from assistant.domain.members import Identity, Profile, Register
from assistant.flows import merging, payout
from assistant.payments import Knobs, SimulatedPayout, bills, paid_total
from assistant.store import Store, due
from tests.conftest import NOON
from tests.rooms.merging_help import merge, undo
from tests.rooms.merging_help import wrong as differences
from tests.rooms.test_cashback_shop import ANNA, ME, approved, ripened, state_of

OPENID = Identity("openid:wx1", "open-anna")


def both(store: Store, *identities: Identity) -> str:
    """Anna, and the member she turns out to be."""
    store.do(members.register, [Register("anna", "shop-anna", (), Profile(joined_at=NOON))], ME)
    request = Register("chat", "", (Identity("wecom_external", "wm_anna"), *identities), Profile(joined_at=NOON))
    return str(store.do(members.register, [request], ME)[0].member_id)


def test_a_rebate_that_waited_for_a_wallet_goes_out_when_a_merge_brings_one(store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)
    chat = both(store, OPENID)
    approved(store, claim_id)
    assert asyncio.run(payout.carry(store, SimulatedPayout(store), claim_id, "1")) == "approved"
    merge(store, ANNA, chat)
    row = store.look(lambda view: view.one(sa.select(due).where(due.c.kind == "payout")))
    assert row is not None
    assert row.due_at == clock.now()
    assert asyncio.run(payout.carry(store, SimulatedPayout(store), claim_id, "2")) == "paid"
    assert [one[1] for one in store.look(bills)] == ["open-anna"]


def test_a_payout_whose_reply_was_lost_before_the_merge_is_paid_once(store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)
    chat = both(store)
    store.do(members.bind, [members.Bind("b", ANNA, OPENID)], ME)
    approved(store, claim_id)
    payer = SimulatedPayout(store, Knobs(lose_replies=1))
    assert asyncio.run(payout.carry(store, payer, claim_id, "1")) == "unknown"
    done = merge(store, ANNA, chat)
    assert asyncio.run(payout.carry(store, payer, claim_id, "2")) == "paid"
    assert (state_of(store, claim_id), store.look(paid_total), len(store.look(bills))) == ("paid", 995, 1)
    assert differences(store) == []
    undo(store, done)
    assert [one.id for one in store.look(cashback.claims_of, ANNA)] == [claim_id]
    assert differences(store) == []


def test_a_merge_between_asking_and_hearing_pays_once(store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)
    chat = both(store)
    store.do(members.bind, [members.Bind("b", ANNA, OPENID)], ME)
    approved(store, claim_id)
    begun = store.do(cashback.begin_payout, [cashback.BeginPayout("1", claim_id)], ME)[0]
    merge(store, ANNA, chat)
    clock.advance(timedelta(minutes=1))
    assert asyncio.run(payout.carry(store, SimulatedPayout(store), claim_id, "2")) == "paid"
    assert [one[0] for one in store.look(bills)] == [begun.bill_no]
    store.do(lambda work, _: merging.catch_up(work), None, ME)
    assert differences(store) == []
