"""A plan changed by fields keeps the checks of a sentence, and every command on plans asks for its right."""

from __future__ import annotations

from typing import Any

import pytest

from assistant import operations
from assistant.base.errors import Conflict, Forbidden, Invalid, Refused
from assistant.base.principal import Principal
from assistant.operations import Approve, Draft, PlanDraft, Reject, Revise, ReviseFields, Steer, Submit
from assistant.store import Store
from tests.rooms.test_operations_world import MAKER, OWNER, message_plan, people, previewed, proposed

GOAL = "给上海的会员每人发 50 积分，预算 100 元"
COMMANDS: tuple[tuple[Any, Any, set[str]], ...] = (
    (operations.draft, Draft("k", GOAL), {"operator", "owner"}),
    (operations.propose, PlanDraft("k", message_plan()), {"operator", "owner"}),
    (operations.revise, Revise("k", "none", "预算改成30"), {"operator", "owner"}),
    (operations.revise_fields, ReviseFields("k", "none", {}), {"operator", "owner"}),
    (operations.submit, Submit("k", "none"), {"operator", "owner", "approver"}),
    (operations.approve, Approve("k", "none", "d"), {"owner", "approver"}),
    (operations.reject, Reject("k", "none", "不"), {"owner", "approver"}),
    (operations.pause, Steer("k", "none"), {"owner", "approver"}),
    (operations.resume, Steer("k", "none"), {"owner", "approver"}),
    (operations.stop, Steer("k", "none"), {"owner", "approver"}),
)


def drafted(store: Store, goal: str = GOAL) -> str:
    people(store, 2)
    return str(store.do(operations.draft, [Draft("g", goal)], MAKER)[0].plan_id)


def edit(store: Store, plan_id: str, fields: dict[str, Any], version: int = 0, who: Principal = MAKER) -> operations.Stored:
    key = f"edit:{sorted(fields)}:{version}:{who.id}"
    store.do(operations.revise_fields, [ReviseFields(key, plan_id, fields, version)], who)
    return store.look(operations.plan, plan_id)


@pytest.mark.parametrize("role", ["viewer", "staff", "operator", "approver", "owner"])
def test_every_command_on_a_plan_asks_for_its_right(store: Store, role: str) -> None:
    people(store, 1)
    who = Principal("operator", role, frozenset({role}))
    for verb, request, may in COMMANDS:
        if role in may:
            continue
        with pytest.raises(Forbidden, match="权限"):
            store.do(verb, [request], who)
    if role not in ("operator", "owner"):
        with pytest.raises(Forbidden):
            store.do(operations.preview, "none", who)


def test_a_member_changes_no_plan_whatever_role_is_claimed(store: Store) -> None:
    plan_id = drafted(store)
    with pytest.raises(Forbidden):
        edit(store, plan_id, {"holdout_percent": 20}, who=Principal("member", "m", frozenset({"owner"})))


def test_built_in_words_follow_a_changed_gift_and_own_words_stay(store: Store) -> None:
    plan_id = drafted(store)
    steps = store.look(operations.plan, plan_id).plan.model_dump(mode="json")["steps"]
    steps[0]["benefit"]["points"] = 80
    assert "80 积分" in edit(store, plan_id, {"steps": steps}).plan.message
    steps[1]["template"] = "{nickname}，天冷了"
    assert edit(store, plan_id, {"steps": steps}, 2).plan.message.startswith("{nickname}，天冷了")
    steps[0]["benefit"]["points"] = 60
    assert "60" not in edit(store, plan_id, {"steps": steps}, 3).plan.message


def test_new_people_answer_the_question_about_them_and_other_questions_stay(store: Store) -> None:
    plan_id = drafted(store, "给火星来的上海会员每人发 50 积分")
    assert store.look(operations.plan, plan_id).plan.questions
    assert edit(store, plan_id, {"holdout_percent": 30}).plan.questions
    assert not edit(store, plan_id, {"segment": {"kind": "compare", "feature": "city", "op": "eq", "value": "北京"}}).plan.questions


def test_who_has_seen_an_older_version_changes_nothing(store: Store) -> None:
    plan_id = drafted(store)
    assert edit(store, plan_id, {"holdout_percent": 30}, 1).version == 2
    with pytest.raises(Conflict):
        edit(store, plan_id, {"channel": "kf"}, 1)


@pytest.mark.parametrize(
    "fields", [{"kind": "care"}, {"goal": "别的"}, {"topic": ""}, {"ai_written": False}, {"questions": []}, {"x": 1}, {}]
)
def test_what_the_operator_did_not_say_in_the_form_cannot_be_changed_there(store: Store, fields: dict[str, Any]) -> None:
    plan_id = drafted(store)
    with pytest.raises(Invalid):
        edit(store, plan_id, fields)


def test_an_approved_plan_is_closed_to_the_form_too(store: Store) -> None:
    people(store, 2)
    plan_id = proposed(store, message_plan())
    shown = previewed(store, plan_id)
    store.do(operations.submit, [Submit("s", plan_id)], MAKER)
    store.do(operations.approve, [Approve("a", plan_id, shown.digest)], OWNER)
    with pytest.raises(Refused):
        edit(store, plan_id, {"holdout_percent": 10})


def test_who_changed_a_plan_last_is_its_maker(store: Store) -> None:
    plan_id = drafted(store)
    assert edit(store, plan_id, {"holdout_percent": 20}, who=OWNER).maker == OWNER.label
