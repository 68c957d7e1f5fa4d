"""Assignment by hash and the interval of a lift."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.base.errors import Conflict, Invalid
from assistant.base.principal import system
from assistant.domain import experiments
from assistant.domain.experiments import Arm, Assign, Design, choose, lift
from assistant.store import Store

ME = system("test")
PEOPLE = tuple(f"m{n}" for n in range(1000))


def test_who_is_assigned_stays_where_they_are(store: Store) -> None:
    design = Design(2000, (("a", 1), ("b", 3)))
    first = store.do(experiments.assign, [Assign("1", "wake", PEOPLE[:600], design)], ME)[0].variants
    again = store.do(experiments.assign, [Assign("2", "wake", PEOPLE, design)], ME)[0].variants
    assert {member: again[member] for member in first} == first
    assert store.look(experiments.assignments, "wake", PEOPLE) == again
    sizes = store.look(experiments.sizes, "wake")
    assert sum(sizes.values()) == 1000
    assert 150 < sizes["holdout"] < 250
    assert 2.2 < sizes["b"] / sizes["a"] < 4.0


def test_an_experiment_keeps_the_design_it_began_with(store: Store) -> None:
    store.do(experiments.assign, [Assign("1", "wake", PEOPLE[:5], Design(5000))], ME)
    with pytest.raises(Conflict):
        store.do(experiments.assign, [Assign("2", "wake", PEOPLE[:5], Design(1000))], ME)
    assert store.look(experiments.design, "wake") == Design(5000)


@pytest.mark.parametrize(
    "design", [Design(-1), Design(10001), Design(0, ()), Design(0, (("a", 1), ("a", 1))), Design(0, (("holdout", 1),))]
)
def test_a_design_that_assigns_nobody_is_invalid(store: Store, design: Design) -> None:
    with pytest.raises(Invalid):
        store.do(experiments.assign, [Assign("1", "wake", ("m1",), design)], ME)


def test_sixteen_assignments_at_once_agree(store: Store) -> None:
    async def together() -> list[list[experiments.Assigned]]:
        return await asyncio.gather(
            *(store.write(experiments.assign, [Assign(str(n), "race", PEOPLE[n : n + 100])], ME) for n in range(16))
        )

    for number, answer in enumerate(asyncio.run(together())):
        assert answer[0].variants == {member: choose("race", member, Design()) for member in PEOPLE[number : number + 100]}


@given(st.text(max_size=10), st.text(max_size=10), st.integers(0, 10_000))
def test_a_larger_holdout_only_adds_members(experiment: str, member: str, share: int) -> None:
    smaller, larger = Design(share), Design(min(10_000, share + 500))
    if choose(experiment, member, smaller) == "holdout":
        assert choose(experiment, member, larger) == "holdout"
    assert choose(experiment, member, Design(10_000)) == "holdout"
    assert choose(experiment, member, Design(0)) == "treated"


@st.composite
def arms(draw: st.DrawFn) -> Arm:
    paid = draw(st.lists(st.integers(0, 50_000), min_size=2, max_size=60))
    return Arm(len(paid), sum(1 for each in paid if each), sum(paid), sum(each * each for each in paid))


@given(arms(), arms())
def test_an_interval_holds_its_estimate_and_turns_with_its_arms(one: Arm, two: Arm) -> None:
    here, there = lift(one, two), lift(two, one)
    for interval, mirror in ((here.buyers, there.buyers), (here.paid_fen, there.paid_fen)):
        assert interval is not None
        assert mirror is not None
        assert interval.low <= interval.value <= interval.high
        assert interval.low == pytest.approx(-mirror.high, abs=1e-6)
    assert here.buyers is not None
    assert -1 <= here.buyers.low <= here.buyers.high <= 1


def test_the_interval_is_newcombes() -> None:
    """56 of 70 against 48 of 80, the published example of Newcombe (1998), at 90 %."""
    interval = lift(Arm(70, 56, 0, 0), Arm(80, 48, 0, 0)).buyers
    assert interval is not None
    assert (interval.value, interval.low, interval.high) == pytest.approx((0.2, 0.0767, 0.3147), abs=0.003)


def test_an_empty_arm_says_nothing() -> None:
    result = lift(Arm(0, 0, 0, 0), Arm(10, 1, 100, 10_000))
    assert (result.buyers, result.paid_fen) == (None, None)
