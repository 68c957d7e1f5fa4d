"""The book: what is posted, refused, reversed and held, on both databases."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.base.errors import Conflict, Invalid, Refused
from assistant.base.principal import system
from assistant.domain import ledger
from assistant.domain.ledger import Account, Hold, Posting, ReleaseHold, Reversal, SpendHold
from assistant.domain.ledger.model import settle
from assistant.store import Store

ME = system("test")
BRAND = Account("brand", "points")
ANNA = Account("member:anna", "points")
BELL = Account("member:bell", "points")


def balance(store: Store, account: Account) -> int:
    return store.look(ledger.balances, [account])[account]


def sound(store: Store) -> bool:
    """All entries sum to zero and every kept balance is the sum of its entries."""
    return set(store.look(ledger.totals).values()) <= {0} and store.look(ledger.drift) == {}


def fund(store: Store, account: Account, amount: int) -> str:
    return str(
        store.do(ledger.post, [Posting(f"fund:{account.owner}", Account("brand", account.asset), account, amount)], ME)[0].transaction
    )


def test_a_posting_moves_value_and_both_sides_show_it(store: Store) -> None:
    fund(store, ANNA, 100)
    done = store.do(ledger.post, [Posting("a", ANNA, BELL, 30, "转给贝尔")], ME, cause="test")
    assert (done[0].source_balance, done[0].destination_balance) == (70, 30)
    assert (balance(store, ANNA), balance(store, BELL), balance(store, BRAND)) == (70, 30, -100)
    line = store.look(ledger.entries, ANNA.owner, "points", 1)[0]
    assert (line.account, line.amount, line.balance_after, line.memo, line.cause) == (ANNA, -30, 70, "转给贝尔", "test")
    assert sound(store)


def test_lines_are_read_in_pages_from_the_newest(store: Store) -> None:
    store.do(ledger.post, [Posting(f"p{n}", BRAND, ANNA, n) for n in range(1, 6)], ME)
    newest = store.look(ledger.entries, ANNA.owner, "points", 2)
    older = store.look(ledger.entries, ANNA.owner, "points", 9, newest[-1].id)
    assert [line.amount for line in newest + older] == [5, 4, 3, 2, 1]


def test_nobody_goes_below_zero_and_a_refused_set_changes_nothing(store: Store) -> None:
    fund(store, ANNA, 100)
    with pytest.raises(Refused) as refused:
        store.do(ledger.post, [Posting("a", ANNA, BELL, 60), Posting("b", ANNA, BELL, 41)], ME)
    assert refused.value.code == "insufficient"
    assert (balance(store, ANNA), balance(store, BELL)) == (100, 0)


def test_an_allowed_debt_is_kept_and_paid_back_by_what_comes_in(store: Store) -> None:
    fund(store, ANNA, 10)
    store.do(ledger.post, [Posting("a", ANNA, BRAND, 25, allow_negative=True)], ME)
    store.do(ledger.post, [Posting("b", BRAND, ANNA, 5)], ME)
    assert balance(store, ANNA) == -10
    with pytest.raises(Refused):
        store.do(ledger.post, [Posting("c", ANNA, BELL, 1)], ME)
    store.do(ledger.post, [Posting("d", BRAND, ANNA, 12)], ME)
    assert balance(store, ANNA) == 2
    assert sound(store)


def test_the_same_key_books_once_and_answers_the_same(store: Store) -> None:
    fund(store, ANNA, 100)
    first = store.do(ledger.post, [Posting("a", ANNA, BELL, 30)], ME)
    again = store.do(ledger.post, [Posting("a", ANNA, BELL, 30), Posting("b", ANNA, BELL, 1), Posting("b", ANNA, BELL, 1)], ME)
    assert again[0] == first[0]
    assert again[1] == again[2]
    assert balance(store, ANNA) == 69
    with pytest.raises(Conflict):
        store.do(ledger.post, [Posting("a", ANNA, BELL, 31)], ME)


def test_a_malformed_posting_is_invalid(store: Store) -> None:
    sides = [
        (ANNA, ANNA, 1),
        (ANNA, BELL, 0),
        (ANNA, BELL, -5),
        (ANNA, Account("member:bell", "growth"), 5),
        (Account("", "points"), BELL, 5),
    ]
    for bad in [*(Posting("k", *side) for side in sides), Posting("", ANNA, BELL, 5)]:
        with pytest.raises(Invalid):
            store.do(ledger.post, [bad], ME)


def test_a_reversal_is_the_exact_negative_and_happens_once(store: Store) -> None:
    number = fund(store, ANNA, 100)
    first = store.do(ledger.reverse, [Reversal("r", number)], ME)
    assert balance(store, ANNA) == 0
    assert store.do(ledger.reverse, [Reversal("r", number)], ME) == first
    with pytest.raises(Conflict) as twice:
        store.do(ledger.reverse, [Reversal("other", number)], ME)
    assert twice.value.code == "already_reversed"
    with pytest.raises(Invalid):
        store.do(ledger.reverse, [Reversal("x", "txn_nothing")], ME)
    assert sound(store)


def test_reversing_what_is_already_spent_is_refused_unless_a_debt_is_allowed(store: Store) -> None:
    number = fund(store, ANNA, 100)
    store.do(ledger.post, [Posting("spend", ANNA, BRAND, 40)], ME)
    with pytest.raises(Refused):
        store.do(ledger.reverse, [Reversal("r", number)], ME)
    store.do(ledger.reverse, [Reversal("r2", number, allow_negative=True)], ME)
    assert balance(store, ANNA) == -40


def test_two_reversals_at_once_take_effect_once(store: Store) -> None:
    number = fund(store, ANNA, 100)

    async def together() -> list[object]:
        writes = [store.write(ledger.reverse, [Reversal(f"r{n}", number)], ME) for n in range(16)]
        return await asyncio.gather(*writes, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 1
    assert balance(store, ANNA) == 0


def test_sixteen_at_once_cannot_overspend(store: Store) -> None:
    fund(store, ANNA, 100)

    async def together() -> list[object]:
        writes = [store.write(ledger.post, [Posting(f"s{n}", ANNA, BELL, 15)], ME) for n in range(16)]
        return await asyncio.gather(*writes, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 6
    assert (balance(store, ANNA), balance(store, BELL)) == (10, 90)
    assert sound(store)


def test_sixteen_crossing_sets_neither_lock_up_nor_lose_a_point(store: Store) -> None:
    many = [Account(f"member:{n}", "points") for n in range(8)]
    store.do(ledger.post, [Posting(f"f{n}", BRAND, account, 1000) for n, account in enumerate(many)], ME)

    async def together() -> None:
        sets = [[Posting(f"x{i}:{n}", many[(n + i) % 8], many[(n * 3 + i + 1) % 8], 1) for n in (0, 2, 4)] for i in range(16)]
        await asyncio.gather(*(store.write(ledger.post, postings, ME) for postings in sets))

    asyncio.run(together())
    assert sum(store.look(ledger.balances, many).values()) == 8000
    assert sound(store)


def test_a_first_debit_of_an_unknown_account_is_refused_in_a_race_with_its_first_credit(store: Store) -> None:
    async def together() -> list[object]:
        writes = [store.write(ledger.post, [Posting(f"c{n}", BRAND, ANNA, 1)], ME) for n in range(8)]
        debits = [store.write(ledger.post, [Posting(f"d{n}", ANNA, BELL, 2)], ME) for n in range(8)]
        return await asyncio.gather(*writes, *debits, return_exceptions=True)

    results = asyncio.run(together())
    assert all(isinstance(result, (list, Refused)) for result in results)
    assert balance(store, ANNA) >= 0
    assert sound(store)


def test_a_hold_keeps_its_amount_from_everybody_else_until_spent_or_released(store: Store) -> None:
    budget = Account("budget:plan", "fen_budget")
    fund(store, budget, 5000)
    held = store.do(ledger.hold, [Hold("h", budget, 3000)], ME)[0]
    assert balance(store, budget) == 2000
    with pytest.raises(Refused):
        store.do(ledger.hold, [Hold("h2", budget, 2001)], ME)
    payout = Account("payout", "fen_budget")
    store.do(ledger.spend_hold, [SpendHold("s1", held.id, payout, 1000)], ME)
    with pytest.raises(Refused):
        store.do(ledger.spend_hold, [SpendHold("s2", held.id, payout, 2001)], ME)
    assert store.look(ledger.held, [held.id]) == {held.id: 2000}
    assert store.do(ledger.release_hold, [ReleaseHold("r", held.id)], ME)[0].amount == 2000
    assert store.do(ledger.release_hold, [ReleaseHold("r", held.id)], ME)[0].amount == 2000
    assert store.do(ledger.release_hold, [ReleaseHold("again", held.id)], ME)[0].amount == 0
    assert balance(store, budget) == 4000
    assert store.do(ledger.hold, [Hold("h", budget, 3000)], ME)[0] == held
    assert sound(store)


def test_sixteen_steps_cannot_spend_a_hold_twice(store: Store) -> None:
    budget = Account("budget:plan", "points_budget")
    fund(store, budget, 100)
    held = store.do(ledger.hold, [Hold("h", budget, 100)], ME)[0]
    target = Account("brand", "points_budget")

    async def together() -> list[object]:
        writes = [store.write(ledger.spend_hold, [SpendHold(f"s{n}", held.id, target, 9)], ME) for n in range(15)]
        release = store.write(ledger.release_hold, [ReleaseHold("r", held.id)], ME)
        return await asyncio.gather(*writes, release, return_exceptions=True)

    results = asyncio.run(together())
    spent = 9 * sum(isinstance(result, list) for result in results[:-1])
    released = results[-1][0].amount  # type: ignore[index]
    assert spent + released == 100
    assert balance(store, budget) == released
    assert sound(store)


def test_the_database_itself_refuses_a_balance_below_zero(store: Store) -> None:
    fund(store, ANNA, 5)
    with pytest.raises(sa.exc.IntegrityError):
        store.do(lambda work, _none: work.execute(sa.text("UPDATE ledger_balance SET balance = -1")), None, ME)
    with pytest.raises(sa.exc.IntegrityError):
        store.do(lambda work, _none: work.execute(sa.text("UPDATE ledger_entry SET amount = 0")), None, ME)


MOVES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 50)).filter(lambda move: move[0] != move[1]), max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES)
def test_no_sequence_of_allowed_moves_makes_or_loses_value(moves: list[tuple[int, int, int]]) -> None:
    people = [BRAND, ANNA, BELL, Account("member:cleo", "points")]
    kept: dict[Account, int] = {}
    issued = 0
    for number, (source, destination, amount) in enumerate(moves):
        posting = Posting(str(number), people[source], people[destination], amount)
        try:
            settle([posting], kept)
        except Refused:
            continue
        issued += amount if source == 0 else 0
        issued -= amount if destination == 0 else 0
    assert sum(kept.values()) == issued
    assert all(value >= 0 for value in kept.values())
