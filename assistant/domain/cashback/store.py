"""Rows of cashback to values and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.domain.cashback.model import Card, CreateTemplate, Issue, RebateClaim, Rule, Scope, Template, template_id
from assistant.domain.cashback.tables import card, claim, template
from assistant.store import View, Work, chunks

_RULE = (template.c.ratio_bp, template.c.fixed_fen, template.c.floor_fen, template.c.cap_fen, template.c.scope)


def insert_template(work: Work, request: CreateTemplate) -> None:
    row = {
        "id": template_id(request.name_key),
        "name": request.name[:60],
        **asdict(request.rule),
        "scope": asdict(request.scope),
        "valid_days": request.valid_days,
        "uses": request.uses,
        "stock": request.stock,
        "budget_fen": request.budget_fen,
        "issued": 0,
        "committed_fen": 0,
        "created_at": work.now,
    }
    work.insert_missing(template, [row])


def templates(view: View, ids: Collection[str] | None = None) -> dict[str, Template]:
    statement = sa.select(template).order_by(template.c.name, template.c.id)
    if ids is not None:
        statement = statement.where(template.c.id.in_(sorted(ids)))
    return {row.id: _template(row) for row in view.all(statement)}


def lock_templates(work: Work, ids: Collection[str]) -> dict[str, Template]:
    statement = sa.select(template).where(template.c.id.in_(sorted(ids))).order_by(template.c.id)
    return {row.id: _template(row) for row in work.all(work.locked(statement))}


def count_issued(work: Work, number: str, issued: int, committed_fen: int) -> None:
    work.execute(template.update().where(template.c.id == number).values(issued=issued, committed_fen=committed_fen))


def insert_cards(work: Work, made: Sequence[tuple[str, Issue, Template]]) -> None:
    rows = []
    for number, request, of in made:
        at = request.issued_at or work.now
        rows.append(
            {
                "id": number,
                "template_id": of.id,
                "member_id": request.member_id,
                "shop_key": request.shop_key or None,
                "issued_at": at,
                "expires_at": at + timedelta(days=of.valid_days),
                "uses_left": of.uses,
                "reason": request.reason[:200],
            }
        )
    work.insert(card, rows)


def cards_of(view: View, member_id: str) -> list[Card]:
    return _cards(view, card.c.member_id == member_id)


def lock_cards(work: Work, member_id: str) -> list[Card]:
    """A member's cards, held until the commit."""
    work.all(work.locked(sa.select(card.c.id).where(card.c.member_id == member_id).order_by(card.c.id)))
    return _cards(work, card.c.member_id == member_id)


def card_by_shop_key(view: View, shop_key: str) -> str | None:
    found: str | None = view.scalar(sa.select(card.c.id).where(card.c.shop_key == shop_key))
    return found


def add_uses(work: Work, card_id: str, by: int) -> None:
    work.execute(card.update().where(card.c.id == card_id).values(uses_left=card.c.uses_left + by))


def insert_claim(work: Work, one: RebateClaim) -> None:
    names = {column.name for column in claim.columns} - {"updated_at"}
    work.insert(claim, [{name: getattr(one, name) for name in names} | {"updated_at": work.now}])


def change_claim(work: Work, claim_id: str, **values: Any) -> None:
    work.execute(claim.update().where(claim.c.id == claim_id).values(**values, updated_at=work.now))


def claims(view: View, *conditions: sa.ColumnElement[bool], limit: int | None = None) -> list[RebateClaim]:
    """Claims with the rule of their card, oldest first."""
    return [_claim(row) for row in view.all(_claims(conditions).order_by(claim.c.created_at, claim.c.id).limit(limit))]


def lock_claims(work: Work, ids: Iterable[str]) -> dict[str, RebateClaim]:
    """Claims by id, held until the commit."""
    found: dict[str, RebateClaim] = {}
    for part in chunks(sorted(set(ids))):
        work.all(work.locked(sa.select(claim.c.id).where(claim.c.id.in_(part)).order_by(claim.c.id)))
        found.update((row.id, _claim(row)) for row in work.all(_claims([claim.c.id.in_(part)])))
    return found


def claim_ids_of_orders(view: View, order_ids: Iterable[str]) -> dict[str, str]:
    """Order id → claim id."""
    found: dict[str, str] = {}
    for part in chunks(sorted(set(order_ids))):
        rows = view.all(sa.select(claim.c.order_id, claim.c.id).where(claim.c.order_id.in_(part)))
        found.update((row.order_id, row.id) for row in rows)
    return found


def ripe(view: View, limit: int) -> list[str]:
    """Claims whose return window has ended."""
    statement = sa.select(claim.c.id).where(claim.c.state == "waiting_window", claim.c.ripe_at <= view.now)
    return [row.id for row in view.all(statement.order_by(claim.c.ripe_at, claim.c.id).limit(limit))]


def forgotten(view: View, before: datetime, limit: int) -> list[str]:
    """Claims whose orders nobody received."""
    statement = sa.select(claim.c.id).where(claim.c.state == "waiting_receipt", claim.c.created_at < before)
    return [row.id for row in view.all(statement.order_by(claim.c.created_at, claim.c.id).limit(limit))]


def of_member(member_id: str) -> sa.ColumnElement[bool]:
    return claim.c.member_id == member_id


def in_states(states: Sequence[str]) -> sa.ColumnElement[bool]:
    return claim.c.state.in_(states)


def with_ids(ids: Collection[str]) -> sa.ColumnElement[bool]:
    return claim.c.id.in_(sorted(ids))


def _claims(conditions: Iterable[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    joined = claim.join(card, card.c.id == claim.c.card_id).join(template, template.c.id == card.c.template_id)
    return sa.select(*claim.c, card.c.template_id, *_RULE).select_from(joined).where(*conditions)


def _cards(view: View, *conditions: sa.ColumnElement[bool]) -> list[Card]:
    joined = card.join(template, template.c.id == card.c.template_id)
    statement = sa.select(*card.c, template.c.name, *_RULE).select_from(joined).where(*conditions)
    rows = view.all(statement.order_by(card.c.expires_at, card.c.id))
    return [
        Card(row.id, row.template_id, row.member_id, row.name, _rule(row), _scope(row), row.issued_at, row.expires_at, row.uses_left)
        for row in rows
    ]


def _claim(row: sa.Row[Any]) -> RebateClaim:
    names = [column.name for column in claim.columns if column.name != "updated_at"]
    values = {name: getattr(row, name) for name in names}
    return RebateClaim(**values, template_id=row.template_id, rule=_rule(row), scope=_scope(row))


def _template(row: sa.Row[Any]) -> Template:
    return Template(
        row.id, row.name, _rule(row), _scope(row), row.valid_days, row.uses, row.stock, row.budget_fen, row.issued, row.committed_fen
    )


def _rule(row: sa.Row[Any]) -> Rule:
    return Rule(row.ratio_bp, row.fixed_fen, row.floor_fen, row.cap_fen)


def _scope(row: sa.Row[Any]) -> Scope:
    return Scope(**{name: tuple(values) for name, values in row.scope.items()})
