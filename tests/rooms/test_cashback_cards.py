"""What cards promise: their kinds, stock and budget in the book, binding by themselves, and the kind answers where one does not fit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from assistant.base.clock import SHANGHAI, ManualClock
from assistant.base.errors import Conflict, Forbidden, Invalid, LaoyouError, Refused
from assistant.base.principal import Principal
from assistant.domain import cashback
from assistant.domain.cashback import ALLOWED, Claim, CreateTemplate, EditTemplate, Issue, Rule, Scope
from assistant.store import Store, View, Work
from tests.rooms.test_cashback_shop import ANNA, BOSS, ME, claimed, issued, made, order, ripened, sound, state_of, told

OPERATOR = Principal("operator", "lan", frozenset({"operator"}))


def china(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("kind", "given_at", "ends"),
    [
        ("month", "2026-11-22T00:00", "2026-12-23T00:00"),
        ("month", "2026-11-22T23:59", "2026-12-23T00:00"),
        ("month", "2027-01-31T12:00", "2027-03-01T00:00"),
        ("quarter", "2026-11-30T12:00", "2027-03-01T00:00"),
        ("year", "2028-02-29T12:00", "2029-03-01T00:00"),
        ("single", "2026-11-22T12:00", "2026-12-02T12:00"),
    ],
)
def test_a_card_lasts_as_long_as_its_kind_says_by_the_calendar_of_shanghai(store: Store, kind: str, given_at: str, ends: str) -> None:
    number = made(store, kind, kind=kind, valid_days=10, card_cap_fen=5000)
    done = store.do(cashback.issue, [Issue("i", ANNA, number, issued_at=china(given_at))], ME)[0]
    assert done.expires_at == china(ends)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2032, 1, 1)), st.sampled_from(["month", "quarter", "year"]))  # noqa: DTZ001 - naive on purpose
def test_a_period_ends_at_a_midnight_of_shanghai_within_a_day_of_its_length(given_at: datetime, kind: str) -> None:
    months = {"month": 1, "quarter": 3, "year": 12}[kind]
    of = cashback.Template("t", "卡", Rule(500), Scope(), 1, 1, None, None, kind=kind, card_cap_fen=1000)
    end = cashback.valid_until(of, given_at.replace(tzinfo=UTC)).astimezone(SHANGHAI)
    start = given_at.replace(tzinfo=UTC).astimezone(SHANGHAI)
    assert (end.hour, end.minute) == (0, 0)
    last = end - timedelta(days=1)
    assert (last.year * 12 + last.month) - (start.year * 12 + start.month) == months
    assert last.day == start.day or (last.day < start.day and end.day == 1)


def test_a_month_card_pays_up_to_its_cap_and_then_says_so(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store, kind="month", uses=31, card_cap_fen=1500))
    for number in ("T1", "T2"):
        order(store, clock, number)
        claimed(store, number)
        clock.advance(timedelta(minutes=1))
    claims = store.look(cashback.claims_of, ANNA)
    assert [one.amount_fen for one in claims] == [995, 505]
    order(store, clock, "T3")
    with pytest.raises(Refused) as refused:
        claimed(store, "T3")
    assert refused.value.say == "这张返现卡已经返满了，下次有新卡再来找我吧"
    order(store, clock, "T1", refund=19_900)
    assert claimed(store, "T3")
    assert store.look(cashback.claims_of, ANNA)[-1].amount_fen == 995
    assert sound(store)


def test_a_budget_lies_in_the_book_and_what_cards_do_not_use_comes_back(store: Store, clock: ManualClock) -> None:
    number = made(store, rule=Rule(500, cap_fen=2000), budget_fen=5000, valid_days=10)
    for name in "ab":
        issued(store, name, number)
    with pytest.raises(Refused) as refused:
        issued(store, "c", number)
    assert (refused.value.code, store.look(cashback.budgets, [number])) == ("over_budget", {number: (1000, 4000)})
    order(store, clock, "T1")
    claim_id = claimed(store, "T1")
    assert store.look(cashback.budgets, [number]) == {number: (1000, 3005)}
    clock.advance(timedelta(days=41))
    assert store.do(closing, None, ME) == 2
    assert store.look(cashback.budgets, [number]) == {number: (4005, 0)}
    assert sound(store)
    order(store, clock, "T1", refund=19_900)
    assert state_of(store, claim_id) == "void"
    assert store.look(cashback.budgets, [number]) == {number: (5000, 0)}
    assert store.do(closing, None, ME) == 0
    assert sound(store)


def closing(work: Work, _none: object) -> int:
    return cashback.close_cards(work)


def test_sixteen_issues_at_once_never_take_more_than_the_budget(store: Store) -> None:
    number = made(store, rule=Rule(fixed_fen=500), budget_fen=2600)

    async def together() -> list[object]:
        issues = [store.write(cashback.issue, [Issue(f"i{n}", f"m{n}", number)], ME) for n in range(16)]
        return await asyncio.gather(*issues, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 5
    assert {result.code for result in results if isinstance(result, LaoyouError)} == {"over_budget"}
    assert store.look(cashback.budgets, [number]) == {number: (100, 2500)}
    assert sound(store)


def test_an_order_of_a_holder_is_bound_by_itself_to_the_best_card(store: Store, clock: ManualClock) -> None:
    by_hand = made(store, "hand", Rule(900))
    small, large = (
        made(store, name, Rule(ratio), auto_bind=True, valid_days=days) for name, ratio, days in (("s", 300, 5), ("l", 500, 90))
    )
    later = made(store, "later", Rule(500), auto_bind=True, valid_days=95)
    cards = [issued(store, f"c{n}", number) for n, number in enumerate((by_hand, small, later, large))]
    for _ in range(2):
        order(store, clock, "T1")
    claims = store.look(cashback.claims_of, ANNA)
    assert [(one.card_id, one.state, one.amount_fen, one.how) for one in claims] == [(cards[3], "waiting_receipt", 995, "itself")]
    order(store, clock, "FOREIGN", member="bell")
    order(store, clock, "UNPAID", status="created")
    assert len(store.look(cashback.claims_of, ANNA)) == 1
    with pytest.raises(Refused) as refused:
        claimed(store, "T1")
    assert refused.value.code == "already_claimed"
    assert sound(store)


def test_an_order_found_later_to_be_the_holders_is_bound_then(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store, auto_bind=True))
    order(store, clock, "T1", member="")
    assert store.look(cashback.claims_of, ANNA) == []
    order(store, clock, "T1", status="finished")
    assert [one.state for one in store.look(cashback.claims_of, ANNA)] == ["waiting_window"]


def test_asking_and_binding_by_itself_at_once_bind_once(store: Store, clock: ManualClock) -> None:
    number = made(store, uses=5)
    issued(store, "c", number)
    order(store, clock, "T1")
    store.do(cashback.edit_template, [EditTemplate("e", number, "返现卡", None, None, True, True)], BOSS)
    found = store.look(lambda view: view.scalar(sa.text("SELECT id FROM shop_order")))

    async def together() -> list[object]:
        asked = [store.write(cashback.claim, [Claim(f"k{n}", ANNA, "T1")], ME) for n in range(8)]
        told = [store.write(cashback.advance_for_orders, [found], ME) for _n in range(8)]
        return await asyncio.gather(*asked, *told, return_exceptions=True)

    results = asyncio.run(together())
    assert {result.code for result in results if isinstance(result, LaoyouError)} <= {"already_claimed"}
    assert not [result for result in results if isinstance(result, Exception) and not isinstance(result, LaoyouError)]
    assert (len(store.look(cashback.claims_of, ANNA)), store.look(cashback.cards_of, ANNA)[0].remaining) == (1, 4)
    assert sound(store)


def _other_card(store: Store, clock: ManualClock) -> str:
    return issued(store, "bell", made(store, "of_bell"), "bell")


def _expired(store: Store, clock: ManualClock) -> str:
    card = issued(store, "old", made(store, "old", valid_days=1))
    clock.advance(timedelta(days=2))
    return card


def _exhausted(store: Store, clock: ManualClock) -> str:
    card = issued(store, "used", made(store, "used"))
    order(store, clock, "EARLIER")
    store.do(cashback.claim, [Claim("earlier", ANNA, "EARLIER", card)], ME)
    return card


def _elsewhere(store: Store, clock: ManualClock) -> str:
    return issued(store, "douyin", made(store, "douyin", scope=Scope(sources=("douyin",), categories=("家居",))))


@pytest.mark.parametrize(
    ("prepare", "say"),
    [
        (_other_card, "您现在没有可以用的返现卡"),
        (_expired, "返现卡要先领再下单，并且在有效期内付款才能用，这个订单不符合"),
        (_exhausted, "这张返现卡已经用过了"),
        (_elsewhere, "这个订单不符合返现卡的使用条件：返实付的 5%，每单最多返 200.00 元，限抖音，家居类商品"),
    ],
)
def test_a_card_that_does_not_fit_is_told_kindly_and_nothing_changes(
    store: Store, clock: ManualClock, prepare: Callable[[Store, ManualClock], str], say: str
) -> None:
    card = prepare(store, clock)
    order(store, clock, "T9")
    before = store.look(rows)
    with pytest.raises(Refused) as refused:
        store.do(cashback.claim, [Claim("k", ANNA, "T9", card)], ME)
    assert (refused.value.say, store.look(rows)) == (say, before)


def rows(view: View) -> list[object]:
    """Everything that a claim could have changed."""
    return [
        view.scalar(sa.text(f"SELECT COUNT(*) FROM {table}")) for table in ("cashback_claim", "ledger_entry", "command_key", "fact")
    ] + [card.remaining for card in cashback.cards_of(view, ANNA)]


def test_the_same_number_on_two_platforms_is_asked_about_and_somebody_elses_stays_unknown(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store, uses=5))
    order(store, clock, "T1", member="bell", source="jd")
    order(store, clock, "T1", source="taobao")
    assert claimed(store, "T1")
    order(store, clock, "T2", source="douyin")
    order(store, clock, "T2", source="taobao")
    with pytest.raises(Refused) as refused:
        claimed(store, "T2")
    assert refused.value.say == "您在抖音、淘宝都有这个订单号，请告诉我是哪个平台的订单"
    done = store.do(cashback.claim, [Claim("k", ANNA, "T2", source="douyin")], ME)[0]
    assert done.state == "waiting_receipt"
    with pytest.raises(Refused) as refused:
        store.do(cashback.claim, [Claim("k1", ANNA, "T1", source="jd")], ME)
    assert refused.value.say == cashback.NEUTRAL


def test_what_was_given_keeps_its_terms_and_only_the_rest_can_be_edited(store: Store) -> None:
    number = made(store, stock=5, budget_fen=60_000)
    issued(store, "c", number)

    def edit(key: str, stock: int | None, budget: int | None, name: str = "新名字", who: Principal = OPERATOR) -> None:
        store.do(cashback.edit_template, [EditTemplate(key, number, name, stock, budget, False, True)], who)

    edit("e1", 3, 30_000)
    kept = store.look(cashback.template, number)
    assert kept is not None
    assert (kept.name, kept.stock, kept.budget_fen, store.look(cashback.budgets, [number])[number]) == (
        "新名字",
        3,
        30_000,
        (10_000, 20_000),
    )
    for key, stock, budget, name in (("e2", 0, 30_000, "卡"), ("e3", 3, 19_999, "卡"), ("e4", 3, None, "卡"), ("e5", 3, 30_000, " ")):
        with pytest.raises((Invalid, Refused)):
            edit(key, stock, budget, name)
    with pytest.raises(Forbidden):
        edit("e6", 3, 30_000, who=Principal("operator", "x", frozenset({"viewer"})))
    store.do(cashback.edit_template, [EditTemplate("stop", number, "卡", 3, 30_000, False, False)], OPERATOR)
    with pytest.raises(Refused) as refused:
        issued(store, "late", number)
    assert refused.value.code == "closed"
    assert sound(store)


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "month"},
        {"kind": "single", "uses": 2},
        {"kind": "week"},
        {"nature": "gift"},
        {"card_cap_fen": 5},
        {"window_days": -1},
        {"budget_fen": -1},
        {"stock": -1},
        {"budget_fen": 10**18},
        {"valid_days": 0},
    ],
)
def test_a_template_that_could_not_pay_or_end_is_refused(store: Store, options: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        store.do(cashback.create_template, [CreateTemplate("k", "t", "卡", Rule(500), **options)], ME)  # type: ignore[arg-type]
    assert store.look(cashback.templates) == []


def test_a_name_stands_for_one_set_of_terms(store: Store) -> None:
    made(store, "t", window_days=15)
    with pytest.raises(Conflict):
        store.do(cashback.create_template, [CreateTemplate("other", "t", "返现卡", Rule(500), window_days=7)], ME)


def test_the_days_that_are_promised_are_those_of_the_card(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store, window_days=15))
    order(store, clock, "T1")
    claim_id = claimed(store, "T1")
    assert told(store, claim_id) == "还在等您确认收货哦，收货满 15 天后就能返 9.95 元"
    order(store, clock, "T1", status="finished")
    assert told(store, claim_id) == "已确认收货，12月7日退货期结束后就能返 9.95 元"


def test_an_order_received_long_ago_is_due_at_once_and_says_so(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store))
    order(store, clock, "T1")
    order(store, clock, "T1", status="finished")
    clock.advance(timedelta(days=8))
    done = store.do(cashback.claim, [Claim("k", ANNA, "T1")], ME)[0]
    assert (done.state, done.say, done.when) == ("due", "已经满足返现条件，9.95 元正在等工作人员审核", "审核通过后")


@pytest.mark.parametrize(
    ("floor", "paid", "refund", "state", "say"),
    [
        (0, 400, 250, "expired", "退款之后可返的金额不到 0.10 元，微信转不了这么小的金额，这笔返现就结束了"),
        (300, 400, 150, "void", "退款之后不满 3.00 元的使用门槛，这笔返现也就取消了"),
        (0, 400, 400, "void", "订单已退款或关闭，这笔返现也就取消了"),
    ],
)
def test_what_a_refund_leaves_too_small_ends_by_rule(
    store: Store, clock: ManualClock, floor: int, paid: int, refund: int, state: str, say: str
) -> None:
    issued(store, "c", made(store, rule=Rule(500, floor_fen=floor)))
    order(store, clock, "T1", paid=paid)
    claim_id = claimed(store, "T1")
    order(store, clock, "T1", refund=refund)
    assert (state_of(store, claim_id), told(store, claim_id)) == (state, say)
    assert sound(store)


def test_every_state_has_a_sentence_of_its_own(store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)
    one = store.look(cashback.claims_by_id, [claim_id])[claim_id]
    said = {state: cashback.say_state(replace(one, state=state)) for state in ALLOWED}
    assert len(said) == len(set(said.values())) == 14
    for state, sentence in said.items():
        assert ("确认收货哦" in sentence) == (state == "waiting_receipt")
        assert "{" not in sentence
        assert not sentence.endswith("。")
