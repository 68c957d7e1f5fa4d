"""A small shop for plans: members with a staff member and an external id, approvers, and a way to let due chunks run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from assistant import operations
from assistant.base.clock import ManualClock
from assistant.base.principal import Principal, system
from assistant.domain import audience, cashback, journeys, members, membership, orders, outreach, points
from assistant.store import Store, View, Work, due
from tests.conftest import NOON

ME = system("test")
MAKER = Principal("operator", "he", frozenset({"operator"}))
BOSS = Principal("operator", "song", frozenset({"approver"}))
OWNER = Principal("operator", "owner", frozenset({"owner"}))
ROOMS = (members, orders, audience, membership, points, cashback, outreach)
FEATURES = tuple(feature for room in ROOMS for feature in room.FEATURES)


def people(store: Store, count: int, **profile: Any) -> list[str]:
    """Registers members M0…; all in Shanghai, looked after by lin, half a year old."""
    audience.use(FEATURES)
    plain = {"city": "上海", "owner_staff": "lin", "joined_at": NOON - timedelta(days=180)}

    def register(work: Work, _request: None) -> list[str]:
        requests = [
            members.Register(
                f"reg{n}",
                f"M{n}",
                (members.Identity("wecom_external", f"wm{n}"),),
                members.Profile(nickname=f"友{n}", **(plain | profile)),
            )
            for n in range(count)
        ]
        return [one.member_id for one in members.register(work, requests)]

    return store.do(register, None, ME)  # type: ignore[no-any-return]


def message_plan(**changes: Any) -> dict[str, Any]:
    """A plan as JSON: a message to everybody, without a holdout."""
    plain = {
        "goal": "给全体会员发新品",
        "title": "新品通知",
        "topic": "新品",
        "segment": {"kind": "all", "rules": []},
        "steps": [{"kind": "message", "template": "{nickname}，新品到了。"}],
    }
    return plain | changes


def proposed(store: Store, plan: dict[str, Any], key: str = "p") -> str:
    return store.do(operations.propose, [operations.PlanDraft(key, plan)], MAKER)[0].plan_id  # type: ignore[no-any-return]


def previewed(store: Store, plan_id: str) -> operations.Preview:
    for _ in range(50):
        found: operations.Preview | None = store.do(operations.preview, plan_id, MAKER)
        if found is not None:
            return found
    raise AssertionError("the preview does not end")


def approved(store: Store, plan: dict[str, Any], key: str = "p", boss: Principal = BOSS) -> str:
    """A plan taken to approval."""
    plan_id = proposed(store, plan, key)
    shown = previewed(store, plan_id)
    store.do(operations.submit, [operations.Submit(f"submit:{key}", plan_id)], MAKER)
    store.do(operations.approve, [operations.Approve(f"approve:{key}", plan_id, shown.digest)], boss)
    return plan_id


def ready(view: View, kind: str) -> list[tuple[str, dict[str, Any]]]:
    rows = view.all(sa.select(due).where(due.c.kind == kind, due.c.due_at <= view.now).order_by(due.c.due_at, due.c.id))
    return [(row.id, row.payload) for row in rows]


def run_due(store: Store, kind: str, handler: Callable[[Work, Any], Any]) -> int:
    """Runs what is due of one kind as an engine would: the handler, then the row is gone unless it was asked for again."""
    count = 0
    for row_id, payload in store.look(ready, kind):
        generation = store.look(lambda view, row_id=row_id: view.scalar(sa.select(due.c.generation).where(due.c.id == row_id)))
        store.do(handler, payload, ME)
        gone = due.delete().where(due.c.id == row_id, due.c.generation == generation)
        store.do(lambda work, statement: work.execute(statement) and None, gone, ME)
        count += 1
    return count


def run_plan(store: Store, clock: ManualClock, plan_id: str, most: int = 100) -> operations.Stored:
    """Lets a plan run to its end, the clock moving as needed."""
    for _ in range(most):
        stored = store.look(operations.plan, plan_id)
        if stored.state not in ("approved", "running"):
            return stored
        if not run_due(store, "plan.chunk", operations.run_chunk):
            clock.advance(timedelta(seconds=61))
    return store.look(operations.plan, plan_id)


def touched(store: Store, plan_id: str) -> list[str]:
    """The members with a touch of this plan, each as often as it has one."""
    return sorted(touch.member_id for touch in store.look(outreach.touches, plan_id, None, "", 5000))


@contextmanager
def killed_at(name: str) -> Iterator[Callable[[str], None]]:
    """A stage hook that dies at one stage."""

    def stage(reached: str) -> None:
        if reached == name:
            raise KilledError(name)

    yield stage


class KilledError(Exception):
    """The process died here."""


def test_the_small_shop_can_be_addressed(store: Store) -> None:
    ids = people(store, 3)
    decisions = store.look(outreach.decide, [outreach.Candidate(member_id, "marketing") for member_id in ids])
    assert [type(decision).__name__ for decision in decisions] == ["Send"] * 3
    assert journeys.JOBS.keys() == {"journey.enrol", "journey.step"}
