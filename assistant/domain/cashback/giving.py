"""Templates and the cards made from them: made, edited, given within stock and budget, closed when their time is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from assistant.access import Permission, require
from assistant.base.errors import Conflict, Forbidden, Invalid, Refused
from assistant.base.ids import derive
from assistant.domain.cashback import book, store
from assistant.domain.cashback.model import Issue, Issued
from assistant.domain.cashback.terms import (
    CLAIM_GRACE,
    MOST_FEN,
    CreateTemplate,
    EditTemplate,
    Rule,
    Scope,
    Template,
    TemplateMade,
    edited,
    made_of,
    template_id,
    valid_until,
)
from assistant.store import Fact, Work, once

VALID_DAYS = 90
AT_ONCE = 500
"""Cards that one run of the clock closes."""


def create_template(work: Work, requests: Sequence[CreateTemplate]) -> list[TemplateMade]:
    """Makes templates and sets their budgets aside; Conflict where the name stands for other content."""
    return once(work, "cashback.create_template", requests, TemplateMade, _create)


def import_templates(work: Work, lines: Sequence[Mapping[str, Any]]) -> list[TemplateMade]:
    """Makes templates from import lines on first sight; later lines with the same key change nothing."""
    requests = [_from_line(line) for line in lines]
    known = store.templates(work, {template_id(request.name_key) for request in requests})
    fresh = [request for request in requests if template_id(request.name_key) not in known]
    _create(work, list({request.name_key: request for request in fresh}.values()))
    return [TemplateMade(template_id(request.name_key)) for request in requests]


def _from_line(line: Mapping[str, Any]) -> CreateTemplate:
    cap = min(line.get("cap_fen") or MOST_FEN, MOST_FEN)
    names = ("shops", "sources", "live_rooms", "products", "categories")
    return CreateTemplate(
        f"import:{line['key']}",
        line["key"],
        line["name"],
        Rule(line.get("ratio_bp") or 0, line.get("fixed_fen") or 0, line.get("floor_fen") or 0, cap),
        Scope(**{name: tuple(line.get(name) or ()) for name in names}),
        line.get("valid_days") or VALID_DAYS,
        line.get("uses") or 1,
        line.get("stock"),
        line.get("budget_fen"),
        kind=line.get("card_kind", ""),
        card_cap_fen=line.get("card_cap_fen"),
        window_days=line.get("window_days", 7),
        auto_bind=line.get("auto_bind", False),
        nature=line.get("nature", "rebate"),
    )


def _create(work: Work, requests: list[CreateTemplate]) -> list[TemplateMade]:
    made = []
    for request in requests:
        wanted = made_of(request)
        store.insert_template(work, wanted)
        kept = store.templates(work, [wanted.id])[wanted.id]
        if replace(kept, issued=0, committed_fen=0, open=True) != wanted:
            raise Conflict("这个返现卡名称已经用在别的规则上了，请换一个", code="template_exists", template=wanted.id)
        book.fund(work, f"{wanted.id}:fund", wanted.id, wanted.budget_fen or 0)
        work.record(Fact("cashback.template_made", f"cardtype:{wanted.id}", {"template": wanted.id, "name": wanted.name}))
        made.append(TemplateMade(wanted.id))
    return made


def edit_template(work: Work, requests: Sequence[EditTemplate]) -> list[TemplateMade]:
    """Changes names, stock, budgets and switches; Invalid or Refused(code="insufficient") below what is already given."""
    return once(work, "cashback.edit_template", requests, TemplateMade, _edit)


def _edit(work: Work, requests: list[EditTemplate]) -> list[TemplateMade]:
    if work.principal.kind not in ("operator", "system"):
        raise Forbidden("返现卡要由有权限的同事修改", code="not_operator", principal=work.principal.label)
    require(work.principal, Permission.CASHBACK_EDIT)
    found = store.lock_templates(work, {request.template_id for request in requests})
    for request in requests:
        of = found.get(request.template_id)
        if of is None:
            raise Invalid("这种返现卡不存在", code="no_template", template=request.template_id)
        edited(of, request)
        if (request.budget_fen or 0) < (of.committed_fen if of.budget_fen is not None else 0):
            raise Refused("已发出的卡占用的预算比这更多，预算不能改得这么少", code="below_committed", template=of.id)
        changed = {name: getattr(request, name) for name in ("name", "stock", "budget_fen", "auto_bind", "open")}
        changed["name"] = request.name.strip()[:60]
        store.change_template(work, of.id, **changed)
        book.fund(work, f"{request.key}:budget", of.id, (request.budget_fen or 0) - (of.budget_fen or 0))
        found[of.id] = replace(of, **changed)
        work.record(Fact("cashback.template_edited", f"cardtype:{of.id}", {"template": of.id, **changed}))
    return [TemplateMade(request.template_id) for request in requests]


def issue(work: Work, requests: Sequence[Issue]) -> list[Issued]:
    """Gives cards; Refused(code="out_of_stock", "over_budget" or "closed") where the template has no more, and then none is given."""
    return once(work, "cashback.issue", requests, Issued, _issue)


def _issue(work: Work, requests: list[Issue]) -> list[Issued]:
    templates = store.lock_templates(work, {request.template_id for request in requests})
    made: list[tuple[str, Issue, Template]] = []
    for request in requests:
        of = templates.get(request.template_id)
        if of is None:
            raise Invalid("这种返现卡不存在", code="no_template", template=request.template_id)
        _spare(of)
        templates[of.id] = replace(of, issued=of.issued + 1, committed_fen=of.committed_fen + of.worst_fen)
        made.append((derive("card", request.key), request, of))
    for of in templates.values():
        store.change_template(work, of.id, issued=of.issued, committed_fen=of.committed_fen)
    book.keep(work, [(number, of.id, of.worst_fen) for number, _request, of in made if of.budget_fen is not None])
    store.insert_cards(work, made)
    for number, request, of in made:
        work.record(Fact("cashback.issued", f"card:{number}", {"card": number, "template": of.id, "name": of.name}, request.member_id))
    return [Issued(number, valid_until(of, one.issued_at or work.now)) for number, one, of in made]


def _spare(of: Template) -> None:
    """Raises Refused where no further card can be given."""
    if not of.open:
        raise Refused(f"「{of.name}」已经停止发放", code="closed", template=of.id)
    if of.stock is not None and of.issued >= of.stock:
        raise Refused(f"「{of.name}」已经发完了", code="out_of_stock", template=of.id)
    if of.budget_fen is not None and of.committed_fen + of.worst_fen > of.budget_fen:
        raise Refused(f"「{of.name}」的预算已经用完了", code="over_budget", template=of.id)


def close_cards(work: Work) -> int:
    """Closes cards whose time to claim is over; what they did not use is free budget again. Returns how many."""
    cards = store.lock_ended_cards(work, work.now - CLAIM_GRACE, AT_ONCE)
    templates = store.lock_templates(work, {card.template_id for card in cards})
    rests: list[tuple[str, str, int]] = []
    for card in cards:
        of = templates[card.template_id]
        rest = of.worst_fen - card.used_fen
        templates[of.id] = replace(of, committed_fen=of.committed_fen - rest)
        if rest and card.budgeted:
            rests.append((card.id, of.id, rest))
        work.record(
            Fact("cashback.card_closed", f"card:{card.id}", {"card": card.id, "template": of.id, "unused_fen": rest}, card.member_id)
        )
    for of in templates.values():
        store.change_template(work, of.id, committed_fen=of.committed_fen)
    book.let_go(work, rests)
    store.close_cards(work, [card.id for card in cards])
    return len(cards)
