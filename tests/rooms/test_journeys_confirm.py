"""Money that waits for the member's tap: the SOP that answers it reminds once, and not whoever has it already."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.base.clock import ManualClock
from assistant.domain import journeys
from assistant.store import Fact, Store, Work
from assistant.triggers import Happened, enter_journeys, leave_journeys
from tests.rooms.test_journeys import run, sent, switch
from tests.rooms.test_operations_world import ME, people

NAME = "cashback_confirm"


def happens(store: Store, name: str, members: Sequence[str]) -> None:
    """The fact, answered as the reactor answers it."""

    def tell(work: Work, _none: None) -> None:
        for one in members:
            work.record(Fact(name, f"claim:{one}", {}, one))
            reaction = leave_journeys if name == "cashback.paid" else enter_journeys
            reaction(work, Happened(name, f"claim:{one}", one, {}, "", work.now))

    store.do(tell, None, ME)


def test_who_has_to_confirm_is_reminded_once_and_who_has_the_money_is_not(store: Store, clock: ManualClock) -> None:
    slow, quick = people(store, 2)
    switch(store, NAME)
    for _ in range(2):
        happens(store, "cashback.wait_user_confirm", [slow, quick])
    happens(store, "cashback.paid", [quick])
    run(store, clock)
    assert [touch.member_id for touch in sent(store, NAME)] == [slow]
    assert "确认收款" in sent(store, NAME)[0].text
    assert store.look(journeys.counts, NAME) == {"done": 1, "exited": 1}


def test_an_sop_that_is_off_reminds_nobody(store: Store, clock: ManualClock) -> None:
    happens(store, "cashback.wait_user_confirm", people(store, 1))
    run(store, clock)
    assert sent(store, NAME) == []
