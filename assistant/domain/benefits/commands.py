"""Granting: the budget is spent first, then each kind of benefit is given by its own room, all in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.base.errors import Invalid, Refused
from assistant.base.ids import derive
from assistant.domain import cashback, ledger, members, membership, points
from assistant.domain.benefits import store
from assistant.domain.benefits.model import (
    BUDGET_ASSET,
    CHANCES,
    Benefit,
    BenefitGrant,
    CashbackCard,
    Chance,
    Coupon,
    Granted,
    Growth,
    LoadCodes,
    Loaded,
    MembershipDays,
    Points,
    chance_account,
)
from assistant.domain.benefits.queries import worst_cost
from assistant.store import Fact, Work, once

SPENT = ledger.Account("brand:benefits", BUDGET_ASSET)


def load_codes(work: Work, requests: Sequence[LoadCodes]) -> list[Loaded]:
    """Takes in codes of coupons; from then on a coupon of this name is given only while codes are left."""
    return once(work, "benefits.load_codes", requests, Loaded, _load)


def _load(work: Work, requests: list[LoadCodes]) -> list[Loaded]:
    for request in requests:
        if not request.name or not request.codes or any(not code.strip() or len(code) > 80 for code in request.codes):
            raise Invalid("优惠券需要名称和至少一个券码，券码不能为空、最长 80 字", code="bad_codes")
        store.add_codes(work, request.name, [code.strip() for code in request.codes])
    return [Loaded(store.left(work, request.name)) for request in requests]


def grant(work: Work, requests: Sequence[BenefitGrant]) -> list[Granted]:
    """Gives benefits, all or none; the same key gives once. Who was merged into another gets them as that other.

    Refused: "insufficient" where a hold has not enough left, "out_of_stock" or "over_budget" of a card, "no_codes" of a coupon.
    """
    return once(work, "benefits.grant", requests, Granted, _grant)


def _grant(work: Work, requests: list[BenefitGrant]) -> list[Granted]:
    current = members.find_all(work, {one.member_id for one in requests})
    requests = [replace(one, member_id=current.get(one.member_id, one.member_id)) for one in requests]
    costs = _spend(work, requests)
    refs = _points(work, requests) | _cards(work, requests) | _coupons(work, requests) | _chances(work, requests)
    refs |= _growth(work, requests) | _days(work, requests)
    done = [Granted(one.benefit.kind, refs[one.key], costs[one.key]) for one in requests]
    for one, granted in zip(requests, done, strict=True):
        payload = {"kind": granted.kind, "ref": granted.ref, "cost_fen": granted.cost_fen, "reason": one.reason}
        work.record(Fact("benefits.granted", f"member:{one.member_id}", payload, one.member_id))
    return done


def _spend(work: Work, requests: list[BenefitGrant]) -> dict[str, int]:
    known = {benefit: worst_cost(work, benefit) for benefit in {one.benefit for one in requests}}
    spends = [
        ledger.SpendHold(f"benefit:{one.key}", one.hold_id, SPENT, known[one.benefit], one.reason[:200])
        for one in requests
        if one.hold_id is not None and known[one.benefit]
    ]
    if spends:
        ledger.spend_hold(work, spends)
    return {one.key: known[one.benefit] if one.hold_id is not None else 0 for one in requests}


def _points(work: Work, requests: list[BenefitGrant]) -> dict[str, str]:
    grants = [
        points.Grant(f"benefit:{one.key}", one.member_id, one.benefit.points, one.reason or "活动赠送")
        for one in requests
        if isinstance(one.benefit, Points)
    ]
    keys = [one.key for one in requests if isinstance(one.benefit, Points)]
    done = points.grant(work, grants) if grants else []
    return {key: lot.lot_id for key, lot in zip(keys, done, strict=True)}


def _cards(work: Work, requests: list[BenefitGrant]) -> dict[str, str]:
    issues = [
        cashback.Issue(f"benefit:{one.key}", one.member_id, one.benefit.template, reason=one.reason)
        for one in requests
        if isinstance(one.benefit, CashbackCard)
    ]
    keys = [one.key for one in requests if isinstance(one.benefit, CashbackCard)]
    done = cashback.issue(work, issues) if issues else []
    return {key: card.card_id for key, card in zip(keys, done, strict=True)}


def _coupons(work: Work, requests: list[BenefitGrant]) -> dict[str, str]:
    wanted = [(one, one.benefit) for one in requests if isinstance(one.benefit, Coupon)]
    pools = store.lock_pools(work, {of.name for _one, of in wanted})
    given: dict[str, str] = {}
    for name in {of.name for _one, of in wanted}:
        same = [(one, of) for one, of in wanted if of.name == name]
        if name not in pools:
            for one, of in same:
                given[one.key] = derive("cp", one.key)
                store.make_code(work, given[one.key], one, of)
            continue
        codes = store.free_codes(work, name, len(same))
        if len(codes) < len(same):
            raise Refused(f"优惠券「{name}」的券码不够了", code="no_codes", left=len(codes))
        for code, (one, of) in zip(codes, same, strict=True):
            given[one.key] = code
            store.give_code(work, code, one, of)
    return given


def _chances(work: Work, requests: list[BenefitGrant]) -> dict[str, str]:
    wanted = [(one, one.benefit) for one in requests if isinstance(one.benefit, Chance)]
    postings = [
        ledger.Posting(f"chance:{one.key}", CHANCES, chance_account(one.member_id, of.activity), of.chances, one.reason[:200])
        for one, of in wanted
    ]
    done = ledger.post(work, postings)
    return {one.key: posted.transaction for (one, _of), posted in zip(wanted, done, strict=True)}


def _growth(work: Work, requests: list[BenefitGrant]) -> dict[str, str]:
    wanted = [
        (one.key, membership.AddGrowth(f"benefit:{one.key}", one.member_id, one.benefit.growth, one.reason or "活动赠送"))
        for one in requests
        if isinstance(one.benefit, Growth)
    ]
    if wanted:
        membership.add_growth(work, [growth for _key, growth in wanted])
    return {key: growth.key for key, growth in wanted}


def _days(work: Work, requests: list[BenefitGrant]) -> dict[str, str]:
    wanted = [
        (one.key, membership.GiveDays(f"benefit:{one.key}", one.member_id, one.benefit.plan, one.benefit.days))
        for one in requests
        if isinstance(one.benefit, MembershipDays)
    ]
    done = membership.give_days(work, [days for _key, days in wanted]) if wanted else []
    return {key: bought.paid_id for (key, _days), bought in zip(wanted, done, strict=True)}


def available(work: Work, gifts: Sequence[Benefit]) -> bool:
    """Whether loaded codes and the stock of cards still allow giving all of these; the codes are held until the commit."""
    coupons = [gift.name for gift in gifts if isinstance(gift, Coupon)]
    pools = store.lock_pools(work, coupons) if coupons else set()
    cards = [gift.template for gift in gifts if isinstance(gift, CashbackCard)]
    templates = {number: cashback.template(work, number) for number in set(cards)}
    return all(store.left(work, name) >= coupons.count(name) for name in pools) and all(
        of is not None and (of.stock is None or of.issued + cards.count(number) <= of.stock) for number, of in templates.items()
    )
