"""Gifts of tiers and plans: membership says what is due, benefits give it; rules are saved only with gifts that can be given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.base.errors import Invalid
from assistant.domain import benefits, membership
from assistant.domain.membership import RulesSet, SetRules
from assistant.store import Due, Work

SWEEP = "membership.gifts"
"""The row of the clock that sweeps; a set makes it due again for the next."""


def give(work: Work, gift_id: str) -> None:
    """Gives a gift that is due, once; an error of the benefit (no codes left) leaves it due, for a person to see among the held work."""

    def grant(gift: membership.DueGift) -> Any:
        benefit = benefits.from_dict(gift.benefit)
        return benefits.grant(work, [benefits.BenefitGrant(gift.id, gift.member_id, benefit, None, gift.name)])

    membership.give_gift(work, gift_id, grant)


def sweep(work: Work) -> int:
    """Gives this month's gifts to the next set of members in one commit and goes on at once while there are more; returns how many members.

    What may be refused (cards, coupons whose codes run out) goes the way of single gifts instead, so that it stands among the held work.
    """
    looked, due = membership.next_gifts(work)
    sure = _sure(work, due)
    given: list[membership.DueGift] = []
    work.quietly(lambda quiet: given.extend(membership.keep_gifts(quiet, [one for one in due if one.id in sure], given=True)))
    grants = [benefits.BenefitGrant(one.id, one.member_id, benefits.from_dict(one.benefit), None, one.name) for one in given]
    if grants:
        benefits.grant(work, grants)
    membership.keep_gifts(work, [one for one in due if one.id not in sure])
    if looked:
        work.due(Due(SWEEP, "next", work.now, order_key=SWEEP))
    return looked


def _sure(work: Work, due: Sequence[membership.DueGift]) -> set[str]:
    """The gifts that cannot be refused in this commit: all but cards, and coupons only while there are codes for everybody."""
    sure, coupons = set[str](), dict[str, benefits.Benefit]()
    for one in due:
        benefit = benefits.from_dict(one.benefit)
        if isinstance(benefit, benefits.Coupon):
            coupons[one.id] = benefit
        elif not isinstance(benefit, benefits.CashbackCard):
            sure.add(one.id)
    return sure | (coupons.keys() if benefits.available(work, list(coupons.values())) else set())


def set_rules(work: Work, requests: Sequence[SetRules]) -> list[RulesSet]:
    """``membership.set_rules``, after every gift was read by the room that gives it; Invalid names the tier or plan at fault."""
    for request in requests:
        for where, gifts in membership.gifts(membership.rules_from(request.body)).items():
            for gift in gifts:
                try:
                    benefits.worst_cost(work, benefits.from_dict(gift.benefit))
                except Invalid as error:
                    raise Invalid(f"{where}的礼遇「{gift.name}」：{error.say}", code="bad_gift", where=where) from None
    return membership.set_rules(work, requests)
