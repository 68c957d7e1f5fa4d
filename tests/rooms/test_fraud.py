"""Evidence and rings, the score and its words, and how well cheats and honest households are told apart."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.base.clock import ManualClock
from assistant.base.errors import Forbidden, Invalid, Refused
from assistant.base.principal import Principal
from assistant.domain import cashback, fraud, members
from assistant.domain.cashback import Approve, Limits, Reject, Release, SetLimits
from assistant.domain.events import Event
from assistant.domain.fraud import Evidence, Signs
from assistant.flows import payout, segment
from assistant.flows.import_kinds import KINDS
from assistant.flows.sightings import note_sightings
from assistant.payments import SimulatedPayout
from assistant.store import Store
from bench.fraud import FIRST_DAY, measured
from bench.fraud_set import drawn
from tests.rooms.test_cashback_shop import ANNA, BOSS, ME, claimed, issued, made, order, ripened, tick, told, wallet


def seen(store: Store, *found: tuple[str, str, str]) -> None:
    store.do(fraud.note, [Evidence(":".join(one), *one) for one in found], ME)


def test_evidence_is_kept_as_a_digest_and_once(store: Store) -> None:
    request = Evidence("k", ANNA, "address", "杭州市 西湖区，文三路１号")
    assert store.do(fraud.note, [request, request], ME)[0].new
    same = Evidence("k2", ANNA, "address", "杭州市西湖区文三路1号")
    assert not store.do(fraud.note, [same], ME)[0].new
    seen(store, ("bell", "address", "杭州市西湖区文三路1号"))
    assert store.look(fraud.circle, ANNA).address == {"bell"}
    for kind, value in (("shoe", "42"), ("device", "  "), ("device", "x" * 501)):
        with pytest.raises(Invalid):
            store.do(fraud.note, [Evidence("bad", ANNA, kind, value)], ME)


def test_evidence_comes_by_import_and_by_events(store: Store, clock: ManualClock) -> None:
    wallet(store)
    store.do(members.register, [members.Register("bell", "shop-bell")], ME)
    lines: list[dict[str, object]] = [
        {"kind": "evidence", "key": "1", "member": "shop-bell", "evidence": "device", "value": "D-1"},
        {"kind": "evidence", "key": "2", "member": "shop-anna", "evidence": "referrer", "value": "shop-bell"},
    ]
    store.do(KINDS["evidence"], lines, ME)
    told: dict[str, object] = {"device_id": "d1", "address": "！！", "payee_openid": 7, "other": "x"}
    store.do(note_sightings, [Event("e", "shop", "track", "Login", ANNA, True, clock.now(), clock.now(), told)], ME)
    found = store.look(fraud.circle, ANNA)
    assert (len(found.device), found.address, found.referrers) == (1, frozenset(), found.device)


def test_the_device_of_a_session_is_evidence_as_the_libraries_of_phones_send_it(store: Store, clock: ManualClock) -> None:
    for number, context in enumerate(
        ({"device": {"id": " D-1 "}}, {"device": {"id": 7}}, {"device": []}, [], {"device": {"id": "x" * 999}})
    ):
        item = {"type": "track", "event": "Login", "userId": "u", "messageId": f"m{number}", "context": context}
        heard = segment.read(item, "app", clock.now(), timedelta())
        event = Event(f"e{number}", "app", "track", "Login", f"member_{number}", True, clock.now(), clock.now(), heard.properties)
        store.do(note_sightings, [event], ME)
    seen(store, (ANNA, "device", "d1"))
    assert store.look(fraud.circle, ANNA).device == {"member_0"}
    assert store.look(fraud.all_rings, 2) == [frozenset({ANNA, "member_0"})]


def test_a_ring_is_followed_over_devices_and_wallets_but_not_over_addresses(store: Store) -> None:
    seen(
        store,
        ("a", "device", "D1"),
        ("b", "device", "D1"),
        ("b", "payee", "W1"),
        ("c", "payee", "W1"),
        ("c", "address", "H"),
        ("d", "address", "H"),
    )
    found = store.look(fraud.circle, "a")
    assert (found.device, found.payee, found.ring) == ({"b"}, frozenset(), {"b", "c"})
    assert store.look(fraud.circle, "d").ring == frozenset()
    assert store.look(fraud.all_rings) == [frozenset({"a", "b", "c"})]


runs = count()
pairs = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["1", "2", "3", "4", "5"])), max_size=14)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=pairs)
def test_the_ring_of_one_member_is_the_ring_of_all_found_by_union(store: Store, found: list[tuple[str, str]]) -> None:
    run = f"{next(runs)}:"
    named = [(f"{run}{member}", f"{run}{value}") for member, value in found]
    seen(store, *((member, "device", value) for member, value in named))
    for ring in fraud.rings(named):
        for member in ring:
            assert store.look(fraud.circle, member).ring == ring - {member}


def test_a_score_adds_up_and_says_why_the_heaviest_first() -> None:
    found = fraud.score(Signs(payee_mates=1, claimed_at_once=1, address_mates=2))
    assert (found.points, found.reasons) == (30, ("另有 1 位会员用同一个收款微信", "付款后一分钟内就申请"))
    assert fraud.score(Signs()).points == 0
    assert fraud.score(Signs(employee=1, payee_mates=5)).points == 100


@given(
    st.builds(Signs, **{name: st.integers(0, 40) for name in Signs.__dataclass_fields__}), st.sampled_from(list(Signs.__dataclass_fields__))
)
def test_more_of_any_sign_never_lowers_the_score(signs: Signs, name: str) -> None:
    more = replace(signs, **{name: getattr(signs, name) + 1})
    assert fraud.score(more).points >= fraud.score(signs).points


def held_claim(store: Store, clock: ManualClock) -> str:
    """Anna's claim, held because two others are paid to her wallet."""
    wallet(store)
    seen(store, (ANNA, "payee", "W"), ("bell", "payee", "W"), ("carl", "payee", "W"))
    return ripened(store, clock)


def test_a_held_claim_stays_due_until_a_person_releases_it_with_a_reason(store: Store, clock: ManualClock) -> None:
    claim_id = held_claim(store, clock)
    one = store.look(cashback.claims_by_id, [claim_id])[claim_id]
    assert (one.state, one.score) == ("due", 80)
    assert one.hold == "风险分 80：另有 2 位会员用同一个收款微信；付款后一分钟内就申请；入会不到 3 天就下单申请"
    assert told(store, claim_id) == "已经满足返现条件，9.95 元正在等工作人员审核"
    done = store.do(cashback.approve, [Approve("a", claim_id)], BOSS)[0]
    assert (done.state, done.held, done.needs_second) == ("due", True, False)
    with pytest.raises(Invalid):
        store.do(cashback.release, [Release("r", claim_id, " ")], BOSS)
    with pytest.raises(Forbidden):
        store.do(cashback.release, [Release("r", claim_id, "家人")], Principal("operator", "x", frozenset({"operator"})))
    store.do(cashback.release, [Release("r2", claim_id, "一家三口，电话核对过")], BOSS)
    with pytest.raises(Refused):
        store.do(cashback.release, [Release("r3", claim_id, "再来一次")], BOSS)
    assert store.do(cashback.approve, [Approve("a2", claim_id)], BOSS)[0].state == "approved"
    assert asyncio.run(payout.carry(store, SimulatedPayout(store), claim_id, "c")) == "paid"
    assert store.look(cashback.claims_by_id, [claim_id])[claim_id].released_by == "operator:he"


def test_a_held_claim_may_be_refused(store: Store, clock: ManualClock) -> None:
    claim_id = held_claim(store, clock)
    store.do(cashback.reject, [Reject("r", claim_id, "同一个微信领了三份")], BOSS)
    assert told(store, claim_id) == "这笔返现没有通过：同一个微信领了三份"


def test_evidence_that_comes_after_it_was_due_counts_at_approval(store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)
    seen(store, (ANNA, "payee", "W"), ("bell", "payee", "W"), ("carl", "payee", "W"))
    done = store.do(cashback.approve, [Approve("a", claim_id)], BOSS)[0]
    assert (done.state, done.held) == ("due", True)


def test_who_is_paid_becomes_evidence(store: Store, clock: ManualClock) -> None:
    wallet(store)
    claim_id = ripened(store, clock)
    store.do(cashback.approve, [Approve("a", claim_id)], BOSS)
    asyncio.run(payout.carry(store, SimulatedPayout(store), claim_id, "c"))
    seen(store, ("bell", "payee", "open-anna"))
    assert store.look(fraud.circle, "bell").payee == {ANNA}


def test_staff_and_whoever_uses_their_phone_are_held(store: Store, clock: ManualClock) -> None:
    clerk = members.Register("clerk", "clerk", profile=members.Profile(is_employee=True))
    number = store.do(members.register, [clerk], ME)[0].member_id
    seen(store, (ANNA, "device", "D"), (number, "device", "D"))
    claim_id = ripened(store, clock)
    one = store.look(cashback.claims_by_id, [claim_id])[claim_id]
    assert one.signs[:2] == ("和员工用同一台设备或同一个收款微信", "另有 1 位会员用同一台设备")
    assert one.hold


def test_a_family_of_four_at_one_address_with_one_tablet_is_paid(store: Store, clock: ManualClock) -> None:
    home = [(one, "address", "H") for one in (ANNA, "bell", "carl", "dora")]
    seen(store, *home, (ANNA, "device", "tablet"), ("bell", "device", "tablet"))
    claim_id = ripened(store, clock)
    one = store.look(cashback.claims_by_id, [claim_id])[claim_id]
    assert (one.hold, one.score, one.signs[-1]) == ("", 0, "但这几位都住在同一个收货地址，像一家人")


def test_the_limit_from_which_claims_are_held_is_set_by_the_owner(store: Store, clock: ManualClock) -> None:
    with pytest.raises(Forbidden):
        store.do(cashback.set_limits, [SetLimits("s", Limits(hold_score=10))], Principal("operator", "x", frozenset({"approver"})))
    for bad in (Limits(hold_score=0), Limits(payee_day_fen=19_999), Limits(brand_day_fen=100_000), Limits(second_person_fen=5)):
        with pytest.raises(Invalid):
            store.do(cashback.set_limits, [SetLimits("bad", bad)], BOSS)
    store.do(cashback.set_limits, [SetLimits("s", Limits(hold_score=10))], BOSS)
    seen(store, (ANNA, "device", "D"), ("bell", "device", "D"))
    claim_id = ripened(store, clock)
    assert store.look(cashback.claims_by_id, [claim_id])[claim_id].hold


def test_many_claims_in_few_days_are_held(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store, uses=20))
    for n in range(9):
        order(store, clock, f"T{n}")
        claimed(store, f"T{n}")
        order(store, clock, f"T{n}", status="finished")
    clock.advance(timedelta(days=7))
    store.do(tick, None, ME)
    reasons = {one.signs[0] for one in store.look(cashback.waiting_approval)}
    assert reasons == {"前后 7 天里申请了 9 次返现"}
    assert all(one.hold for one in store.look(cashback.waiting_approval))


def test_cheats_are_found_and_honest_people_left_alone_on_a_set_the_weights_have_not_seen(database: str) -> None:
    clock = ManualClock(FIRST_DAY)
    store = Store(database, clock)
    try:
        found = measured(store, clock, drawn(3001, 250))
    finally:
        store.close()
    assert found.share(True) >= 0.9, found
    assert found.share(False) <= 0.02, found
