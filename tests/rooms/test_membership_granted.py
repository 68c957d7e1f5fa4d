"""Growth value and days of a plan as benefits, and what a shop brings along from another system."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from assistant.base.errors import Invalid
from assistant.domain import benefits, members, membership, stored_value
from assistant.domain.benefits import BenefitGrant, Growth, MembershipDays
from assistant.domain.stored_value import Balance
from assistant.flows.importing import import_lines
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.test_membership import ANNA, ME, standing
from tests.rooms.test_membership_plans import RULES
from tests.rooms.test_membership_windows import obey


def test_growth_is_granted_once_and_raises_at_once(store: Store) -> None:
    gift = benefits.from_dict({"kind": "growth", "growth": 1000})
    for _ in range(2):
        store.do(benefits.grant, [BenefitGrant("g", ANNA, gift, None, "新客礼")], ME)
    assert (standing(store).growth, standing(store).tier) == (1000, "银卡")
    assert benefits.describe(gift) == "1000 成长值"
    assert store.look(benefits.worst_cost, Growth(5)) == 0


def test_days_of_a_plan_are_granted_once_at_their_share_of_the_price(store: Store) -> None:
    obey(store, RULES)
    for _ in range(2):
        store.do(benefits.grant, [BenefitGrant("g", ANNA, MembershipDays("month", 7), None, "体验")], ME)
    assert (standing(store).tier, standing(store).plan_until) == ("金卡", NOON + timedelta(days=7))
    assert store.look(benefits.worst_cost, MembershipDays("month", 7)) == 750
    with pytest.raises(Invalid, match="付费方案"):
        store.look(benefits.worst_cost, MembershipDays("life", 7))


def test_growth_and_stored_value_come_along_from_another_system_once(store: Store) -> None:
    lines = [
        {"kind": "member", "key": "M1"},
        {"kind": "opening_growth", "key": "g1", "member": "M1", "growth": 3200},
        {"kind": "opening_stored_value", "key": "s1", "member": "M1", "principal_fen": 32000, "bonus_fen": 3200},
        {"kind": "opening_stored_value", "key": "s2", "member": "M1", "principal_fen": 100, "bonus_fen": 101},
        {"kind": "opening_growth", "key": "g2", "member": "M1", "growth": "１００"},
        {"kind": "opening_growth", "key": "g3", "member": "M9", "growth": 5},
    ]
    raw = [json.dumps(line).encode() for line in lines]
    for name in ("first", "again"):
        report = import_lines(store, name, raw, ME)
        assert len(report.bad) == 3
    number = store.look(members.find, "M1")
    assert number
    assert (standing(store, number).tier, standing(store, number).growth) == ("金卡", 3200)
    assert store.look(stored_value.balance, [number])[number] == Balance(32000, 3200)
    assert [one.principal for one in store.look(stored_value.top_ups, number)] == [32000]
    assert store.look(membership.purchases, number) == []
