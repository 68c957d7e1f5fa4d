"""From a rule to one SQL select of member ids, the same on both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.base.clock import parse_instant
from assistant.domain.audience.catalogue import Catalogue
from assistant.domain.audience.model import All, AnyOf, Compare, Not, Rule
from assistant.store import Feature, Instant


def members_of(rule: Rule, catalogue: Catalogue, now: datetime) -> sa.Select[Any]:
    """Selects ``member_id`` of everybody for whom the rule holds at ``now``, unordered, each once."""
    everyone = _rows(catalogue.everyone, now, {})
    return sa.select(everyone.c.member_id).where(_condition(rule, everyone.c.member_id, catalogue, now))


def holds(feature: Feature, part: Compare, value: Any, now: datetime) -> bool:
    """The same comparison in Python, for one value (the value of members without a row)."""
    if value is None:
        return part.op == "ne"
    wanted = _plain_value(feature, part)
    match part.op:
        case "eq" | "contains":
            return bool(value == wanted)
        case "ne":
            return bool(value != wanted)
        case "in":
            return value in wanted
        case "gt":
            return bool(value > wanted)
        case "gte":
            return bool(value >= wanted)
        case "lt":
            return bool(value < wanted)
        case "lte":
            return bool(value <= wanted)
        case "between":
            return bool(wanted[0] <= value <= wanted[1])
        case "within_days":
            return bool(now - timedelta(days=wanted) <= value <= now)


def _condition(rule: Rule, member: sa.ColumnElement[str], catalogue: Catalogue, now: datetime) -> sa.ColumnElement[bool]:
    match rule:
        case All():
            return sa.and_(sa.true(), *(_condition(part, member, catalogue, now) for part in rule.rules))
        case AnyOf():
            return sa.or_(sa.false(), *(_condition(part, member, catalogue, now) for part in rule.rules))
        case Not():
            return sa.not_(_condition(rule.rule, member, catalogue, now))
        case _:
            return _compare(rule, member, catalogue.feature(rule.feature), now)


def _compare(part: Compare, member: sa.ColumnElement[str], feature: Feature, now: datetime) -> sa.ColumnElement[bool]:
    """Who has no value counts as ``missing``; where that satisfies the comparison, those who have a value that does not are taken out."""
    rows = _rows(feature, now, part.arguments)
    value = sa.type_coerce(rows.c.value, Instant) if feature.kind == "instant" else rows.c.value
    wanted = _plain_value(feature, part)
    test = _test(part.op, value, wanted, now)
    present = sa.select(rows.c.member_id).where(value.is_not(None))
    if feature.kind == "texts":
        if part.op == "ne":
            return member.not_in(present.where(value == wanted))
        return member.in_(present.where(test))
    if holds(feature, part, feature.missing, now):
        return member.not_in(present.where(sa.not_(test)))
    return member.in_(present.where(test))


def _rows(feature: Feature, now: datetime, arguments: Any) -> sa.Subquery:
    columns = feature.select(now, arguments).subquery()
    first, second = list(columns.c)[:2]
    return sa.select(first.label("member_id"), second.label("value")).subquery()


def _test(op: str, value: Any, wanted: Any, now: datetime) -> sa.ColumnElement[bool]:
    tests = {
        "eq": lambda: value == wanted,
        "contains": lambda: value == wanted,
        "ne": lambda: value != wanted,
        "in": lambda: value.in_(wanted),
        "gt": lambda: value > wanted,
        "gte": lambda: value >= wanted,
        "lt": lambda: value < wanted,
        "lte": lambda: value <= wanted,
        "between": lambda: value.between(wanted[0], wanted[1]),
        "within_days": lambda: value.between(now - timedelta(days=wanted), now),
    }
    return tests[op]()  # type: ignore[no-any-return]


def _plain_value(feature: Feature, part: Compare) -> Any:
    if feature.kind == "instant" and part.op != "within_days":
        if isinstance(part.value, tuple):
            return tuple(parse_instant(str(value)) for value in part.value)
        return parse_instant(str(part.value))
    return part.value
