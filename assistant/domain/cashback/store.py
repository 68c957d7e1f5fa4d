"""Rows of cashback to values and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.cashback.model import Issue, RebateClaim
from assistant.domain.cashback.tables import card, claim, template
from assistant.domain.cashback.terms import Card, Rule, Scope, Template, valid_until
from assistant.store import View, Work, chunks

_RULE = (template.c.ratio_bp, template.c.fixed_fen, template.c.floor_fen, template.c.cap_fen, template.c.scope)
_TERMS = (*_RULE, template.c.card_cap_fen, template.c.window_days, template.c.budget_fen)


def insert_template(work: Work, one: Template) -> None:
    plain = {field.name: getattr(one, field.name) for field in fields(one) if field.name in template.columns}
    row = plain | {**asdict(one.rule), "scope": asdict(one.scope), "created_at": work.now}
    work.insert_missing(template, [row])


def templates(view: View, ids: Collection[str] | None = None) -> dict[str, Template]:
    statement = sa.select(template).order_by(template.c.name, template.c.id)
    if ids is not None:
        statement = statement.where(template.c.id.in_(sorted(ids)))
    return {row.id: _template(row) for row in view.all(statement)}


def lock_templates(work: Work, ids: Collection[str]) -> dict[str, Template]:
    statement = sa.select(template).where(template.c.id.in_(sorted(ids))).order_by(template.c.id)
    return {row.id: _template(row) for row in work.all(work.locked(statement))}


def change_template(work: Work, number: str, **values: Any) -> None:
    work.execute(template.update().where(template.c.id == number).values(**values))


def uncommit(work: Work, number: str, amount_fen: int) -> None:
    """So much of the budget can be given to others again."""
    work.execute(template.update().where(template.c.id == number).values(committed_fen=template.c.committed_fen - amount_fen))


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
                "expires_at": valid_until(of, at),
                "uses_left": of.uses,
                "used_fen": 0,
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


def use_card(work: Work, card_id: str, uses: int, amount_fen: int) -> None:
    """Changes how often a card can still be used and what its claims come to."""
    values = {"uses_left": card.c.uses_left + uses, "used_fen": card.c.used_fen + amount_fen}
    work.execute(card.update().where(card.c.id == card_id).values(**values))


def holders(view: View, member_ids: Collection[str]) -> set[str]:
    """Which of these members hold a card that binds by itself."""
    joined = card.join(template, template.c.id == card.c.template_id)
    statement = sa.select(card.c.member_id).distinct().select_from(joined)
    usable = (card.c.uses_left > 0, template.c.auto_bind, card.c.closed_at.is_(None))
    return {row.member_id for row in view.all(statement.where(view.among(card.c.member_id, member_ids), *usable))}


def lock_ended_cards(work: Work, before: datetime, limit: int) -> list[Card]:
    """Cards not closed yet that ended before this instant, held until the commit."""
    statement = sa.select(card.c.id).where(card.c.closed_at.is_(None), card.c.expires_at <= before)
    ids = [row.id for row in work.all(work.locked(statement.order_by(card.c.expires_at, card.c.id).limit(limit)))]
    return _cards(work, card.c.id.in_(ids)) if ids else []


def close_cards(work: Work, ids: Sequence[str]) -> None:
    for part in chunks(ids):
        work.execute(card.update().where(card.c.id.in_(part)).values(closed_at=work.now))


def insert_claim(work: Work, one: RebateClaim) -> None:
    names = {column.name for column in claim.columns} - {"updated_at", "signs"}
    work.insert(claim, [{name: getattr(one, name) for name in names} | {"signs": list(one.signs), "updated_at": work.now}])


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
    rows = view.all(sa.select(claim.c.order_id, claim.c.id).where(view.among(claim.c.order_id, order_ids)))
    return {row.order_id: row.id for row in rows}


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


def paid_since(since: datetime) -> sa.ColumnElement[bool]:
    return claim.c.settled_at >= since


def billed_as(bill_no: str) -> sa.ColumnElement[bool]:
    return claim.c.billed_no == bill_no


def stuck(before: datetime, halted: bool) -> sa.ColumnElement[bool]:
    """Unknown, approved and not going out, or begun before this instant without a word since."""
    waits = claim.c.state == "approved" if halted else sa.and_(claim.c.state == "approved", claim.c.attention != "")
    return sa.or_(claim.c.state == "unknown", waits, sa.and_(claim.c.state == "paying", claim.c.billed_at < before))


def with_ids(ids: Collection[str]) -> sa.ColumnElement[bool]:
    return claim.c.id.in_(sorted(ids))


def _claims(conditions: Iterable[sa.ColumnElement[bool]]) -> sa.Select[Any]:
    joined = claim.join(card, card.c.id == claim.c.card_id).join(template, template.c.id == card.c.template_id)
    columns = (*claim.c, card.c.template_id, card.c.closed_at, template.c.nature, *_TERMS)
    return sa.select(*columns).select_from(joined).where(*conditions)


def _cards(view: View, *conditions: sa.ColumnElement[bool]) -> list[Card]:
    joined = card.join(template, template.c.id == card.c.template_id)
    columns = (*card.c, template.c.name, template.c.kind, template.c.auto_bind, *_TERMS)
    rows = view.all(sa.select(*columns).select_from(joined).where(*conditions).order_by(card.c.expires_at, card.c.id))
    return [_card(row) for row in rows]


def _card(row: sa.Row[Any]) -> Card:
    return Card(
        id=row.id,
        template_id=row.template_id,
        member_id=row.member_id,
        name=row.name,
        terms=_rule(row),
        scope=_scope(row),
        issued_at=row.issued_at,
        valid_until=row.expires_at,
        remaining=row.uses_left,
        used_fen=row.used_fen,
        card_cap_fen=row.card_cap_fen,
        kind=row.kind,
        window_days=row.window_days,
        auto_bind=row.auto_bind,
        budgeted=row.budget_fen is not None,
        closed_at=row.closed_at,
    )


def _claim(row: sa.Row[Any]) -> RebateClaim:
    names = [column.name for column in claim.columns if column.name not in ("updated_at", "signs")]
    values = {name: getattr(row, name) for name in names}
    return RebateClaim(
        **values,
        signs=tuple(row.signs),
        template_id=row.template_id,
        rule=_rule(row),
        scope=_scope(row),
        window_days=row.window_days,
        budgeted=row.budget_fen is not None,
        card_closed=row.closed_at is not None,
        nature=row.nature,
    )


def _template(row: sa.Row[Any]) -> Template:
    names = [field.name for field in fields(Template) if field.name not in ("rule", "scope")]
    return Template(rule=_rule(row), scope=_scope(row), **{name: getattr(row, name) for name in names})


def _rule(row: sa.Row[Any]) -> Rule:
    return Rule(row.ratio_bp, row.fixed_fen, row.floor_fen, row.cap_fen)


def _scope(row: sa.Row[Any]) -> Scope:
    return Scope(**{name: tuple(values) for name, values in row.scope.items()})


def count_cards(view: View) -> int:
    return int(view.scalar(sa.select(sa.func.count()).select_from(card)) or 0)
