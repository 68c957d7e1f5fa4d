"""Templates, cards and claims: the writes before any money is let go. Orders are believed, words are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from assistant.base.errors import Conflict, Invalid, Refused
from assistant.base.ids import derive
from assistant.domain import orders
from assistant.domain.cashback import book, store
from assistant.domain.cashback.model import (
    MOST_FEN,
    Card,
    Claim,
    Claimed,
    CreateTemplate,
    Issue,
    Issued,
    RebateClaim,
    Rule,
    Scope,
    Template,
    TemplateMade,
    checked,
    rebate,
    standing,
    template_id,
)
from assistant.domain.cashback.saying import NEUTRAL, say_state
from assistant.domain.cashback.states import said
from assistant.domain.orders import Order
from assistant.store import Fact, Work, once

VALID_DAYS = 90


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
    rule = Rule(line.get("ratio_bp") or 0, line.get("fixed_fen") or 0, line.get("floor_fen") or 0, cap)
    names = ("shops", "sources", "live_rooms", "products", "categories")
    scope = Scope(**{name: tuple(line.get(name) or ()) for name in names})
    days, uses = line.get("valid_days") or VALID_DAYS, line.get("uses") or 1
    return CreateTemplate(
        f"import:{line['key']}", line["key"], line["name"], rule, scope, days, uses, line.get("stock"), line.get("budget_fen")
    )


def _create(work: Work, requests: list[CreateTemplate]) -> list[TemplateMade]:
    made = []
    for request in requests:
        number = template_id(checked(request).name_key)
        store.insert_template(work, request)
        kept = store.templates(work, [number])[number]
        wanted = Template(
            number, request.name[:60], request.rule, request.scope, request.valid_days, request.uses, request.stock, request.budget_fen
        )
        if replace(kept, issued=0, committed_fen=0) != wanted:
            raise Conflict("这个返现卡名称已经用在别的规则上了，请换一个", code="template_exists", template=number)
        if request.budget_fen:
            book.fund(work, number, request.budget_fen)
        work.record(Fact("cashback.template_made", f"cardtype:{number}", {"template": number, "name": request.name}))
        made.append(TemplateMade(number))
    return made


def issue(work: Work, requests: Sequence[Issue]) -> list[Issued]:
    """Gives cards; Refused(code="out_of_stock" or "over_budget") where the template has no more, and then none is given."""
    return once(work, "cashback.issue", requests, Issued, _issue)


def _issue(work: Work, requests: list[Issue]) -> list[Issued]:
    templates = store.lock_templates(work, {request.template_id for request in requests})
    made: list[tuple[str, Issue, Template]] = []
    for request in requests:
        of = templates.get(request.template_id)
        if of is None:
            raise Invalid("这种返现卡不存在", code="no_template", template=request.template_id)
        if of.stock is not None and of.issued >= of.stock:
            raise Refused(f"「{of.name}」已经发完了", code="out_of_stock", template=of.id)
        if of.budget_fen is not None and of.committed_fen + of.worst_fen > of.budget_fen:
            raise Refused(f"「{of.name}」的预算已经用完了", code="over_budget", template=of.id)
        templates[of.id] = replace(of, issued=of.issued + 1, committed_fen=of.committed_fen + of.worst_fen)
        made.append((derive("card", request.key), request, of))
    for of in templates.values():
        store.count_issued(work, of.id, of.issued, of.committed_fen)
    store.insert_cards(work, made)
    for number, request, of in made:
        work.record(Fact("cashback.issued", f"card:{number}", {"card": number, "template": of.id, "name": of.name}, request.member_id))
    return [Issued(number, (one.issued_at or work.now) + timedelta(days=of.valid_days)) for number, one, of in made]


def claim(work: Work, requests: Sequence[Claim]) -> list[Claimed]:
    """Binds an order to a card, once for ever.

    Refused: "no_such_order" (the same sentence for numbers that do not exist and for those of others), "already_claimed", "not_paid",
    "no_card", "not_eligible". Eligibility comes from the order alone.
    """
    return once(work, "cashback.claim", requests, Claimed, _claim)


def _claim(work: Work, requests: list[Claim]) -> list[Claimed]:
    return [_claim_one(work, request) for request in requests]


def _claim_one(work: Work, request: Claim) -> Claimed:
    order = _own_order(work, request)
    chosen, amount = _choose(work, request, order)
    state, ripe_at = standing(order, work.now)
    one = RebateClaim(
        id=derive("claim", order.id),
        member_id=request.member_id,
        order_id=order.id,
        order_no=order.order_no,
        card_id=chosen.id,
        template_id=chosen.template_id,
        rule=chosen.terms,
        scope=chosen.scope,
        amount_fen=amount,
        recovered_fen=0,
        paid_fen=0,
        clawed_fen=0,
        state=state,
        reason="",
        attempt=1,
        first_approver="",
        approver="",
        payee="",
        created_at=work.now,
        ripe_at=ripe_at,
        settled_at=None,
    )
    store.insert_claim(work, one)
    store.add_uses(work, chosen.id, -1)
    book.set_aside(work, one)
    said(work, one, "bound")
    said(work, one, state)
    return Claimed(one.id, one.state, one.payable_fen, say_state(one))


def _own_order(work: Work, request: Claim) -> Order:
    number = request.order_no.strip()
    own = [order for order in orders.by_number(work, number) if order.member_id == request.member_id] if request.member_id else []
    claimed = store.claim_ids_of_orders(work, [order.id for order in own])
    free = [order for order in own if order.id not in claimed]
    if not own:
        raise Refused(NEUTRAL, code="no_such_order")
    if not free:
        earlier = store.claims(work, store.with_ids([claimed[own[0].id]]))[0]
        if earlier.member_id != request.member_id:
            raise Refused(NEUTRAL, code="no_such_order")
        raise Refused(f"这个订单已经申请过返现了：{say_state(earlier)}", code="already_claimed", claim=earlier.id)
    if free[0].paid_at is None or free[0].status == "created":
        raise Refused("这个订单还没有付款，付款之后再来申请就好", code="not_paid")
    return free[0]


def _choose(work: Work, request: Claim, order: Order) -> tuple[Card, int]:
    """The card asked for, or the one that gives most, then the one that ends first."""
    cards = [card for card in store.lock_cards(work, request.member_id) if request.card_id in (None, card.id)]
    left = [card for card in cards if card.remaining > 0]
    if not left:
        say = "这张返现卡已经用过了" if cards else "您现在没有可以用的返现卡"
        raise Refused(say, code="no_card")
    if order.net_fen <= 0:
        raise Refused("这个订单已退款或关闭，不能申请返现了", code="not_eligible")
    timely = [card for card in left if order.paid_at is not None and card.issued_at <= order.paid_at < card.valid_until]
    if not timely:
        raise Refused("返现卡要先领再下单，并且在有效期内付款才能用，这个订单不符合", code="not_eligible")
    amounts = [(rebate(card.terms, card.scope, order), card) for card in timely]
    amount, chosen = max(amounts, key=lambda pair: (pair[0], -pair[1].valid_until.timestamp(), pair[1].id))
    if amount <= 0:
        raise Refused(f"这个订单不符合返现卡的使用条件：{timely[0].rule}", code="not_eligible")
    return chosen, amount
