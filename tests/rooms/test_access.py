"""Who may do what, and how operators prove who they are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from assistant import access
from assistant.access import AddOperator, Permission
from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Forbidden, Invalid
from assistant.base.principal import Principal, system
from assistant.store import Store, metadata

ME = system("test")


def principal(*roles: str, kind: Any = "operator") -> Principal:
    return Principal(kind, "x", frozenset(roles))


def add(store: Store, **fields: Any) -> access.Operator:
    request = AddOperator(**({"name": "阿林", "roles": ("operator",), "password": "correct horse"} | fields))
    return store.do(access.add_operators, [request], ME)[0]  # type: ignore[no-any-return]


def test_permissions_stand_in_alphabetical_order() -> None:
    names = [str(permission) for permission in access.PERMISSIONS]
    assert names == sorted(names)
    assert all(name.count(":") == 1 for name in names)


def test_the_owner_may_everything_and_a_viewer_only_reads() -> None:
    assert all(access.allowed(principal("owner"), permission) for permission in Permission)
    granted = [permission for permission in Permission if access.allowed(principal("viewer"), permission)]
    assert granted
    assert all(permission.endswith(":read") for permission in granted)


def test_who_makes_a_plan_may_not_approve_it_by_the_same_role() -> None:
    assert access.allowed(principal("operator"), "plan:edit")
    assert not access.allowed(principal("operator"), "plan:approve")
    assert access.allowed(principal("approver"), "plan:approve")
    assert not access.allowed(principal("approver"), "plan:edit")
    assert access.allowed(principal("operator", "approver"), "plan:approve")


@pytest.mark.parametrize("kind", ["member", "guest"])
def test_members_and_guests_hold_no_permission_whatever_role_they_claim(kind: str) -> None:
    assert not any(access.allowed(principal("owner", kind=kind), permission) for permission in Permission)


def test_require_says_in_a_sentence_what_is_missing() -> None:
    access.require(system("plan"), Permission.PLAN_RUN)
    with pytest.raises(Forbidden, match="批准方案"):
        access.require(principal("viewer"), Permission.PLAN_APPROVE)
    with pytest.raises(ValueError, match="plan:fly"):
        access.allowed(principal("owner"), "plan:fly")


def test_a_password_opens_only_for_its_operator(store: Store) -> None:
    added = add(store)
    assert store.look(access.verify_password, "阿林", "correct horse") == added
    assert store.look(access.verify_password, "阿林", "wrong horse") is None
    assert store.look(access.verify_password, "nobody", "correct horse") is None


def test_an_operator_without_password_or_token_cannot_enter_with_empty_ones(store: Store) -> None:
    add(store, password="", token="")
    assert store.look(access.verify_password, "阿林", "") is None
    assert store.look(access.by_token, "") is None
    assert store.look(access.operator_by_userid, "") is None


def test_a_token_and_a_userid_lead_to_the_operator(store: Store) -> None:
    added = add(store, token="t0ken-of-lin", userid="lin", roles=("viewer", "operator"))
    assert store.look(access.by_token, "t0ken-of-lin") == added
    assert store.look(access.by_token, "another") is None
    assert store.look(access.operator_by_userid, "lin") == Principal("operator", added.id, frozenset({"viewer", "operator"}), via="wecom")
    assert store.look(access.operators) == [added]


def test_a_session_lives_until_it_expires_or_is_closed(store: Store, clock: ManualClock) -> None:
    added = add(store)
    first = store.do(access.open_session, added.id, ME)
    assert store.look(access.by_session, first.secret) == added
    store.do(access.close_session, first.secret, ME)
    assert store.look(access.by_session, first.secret) is None
    second = store.do(access.open_session, added.id, ME)
    clock.advance(timedelta(days=8))
    assert store.look(access.by_session, second.secret) is None


def test_a_new_password_ends_all_sessions(store: Store) -> None:
    added = add(store)
    session = store.do(access.open_session, added.id, ME)
    store.do(lambda work, password: access.set_password(work, added.id, password), "another horse", ME)
    assert store.look(access.by_session, session.secret) is None
    assert store.look(access.verify_password, "阿林", "another horse") == added


def test_poor_requests_are_refused_with_a_sentence(store: Store) -> None:
    add(store)
    with pytest.raises(Conflict):
        add(store)
    with pytest.raises(Invalid):
        add(store, name="b", roles=("king",))
    with pytest.raises(Invalid):
        add(store, name="b", roles=())
    with pytest.raises(Invalid):
        add(store, name="b", password="short")


def test_no_key_is_stored_or_shown_in_the_open(store: Store) -> None:
    request = AddOperator("乙", ("owner",), "canary-password", "canary-token")
    added = store.do(access.add_operators, [request], ME)[0]
    session = store.do(access.open_session, added.id, ME)
    tables = [metadata.tables[name] for name in ("operator", "operator_session", "fact")]
    stored = str([store.look(lambda view, table=table: view.all(sa.select(table))) for table in tables])
    assert "canary" not in stored + repr(request)
    assert session.secret not in stored + repr(session)


def test_every_refusal_is_a_plain_sentence() -> None:
    viewer = Principal("operator", "lan", frozenset({"viewer"}))
    for permission in access.PERMISSIONS:
        if not access.allowed(viewer, permission):
            with pytest.raises(Forbidden) as refused:
                access.require(viewer, permission)
            assert ":" not in refused.value.say
