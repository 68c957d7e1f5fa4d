"""Gifts of tiers and plans: membership says what is due, benefits give it; rules are saved only with gifts that can be given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.base.errors import Invalid
from assistant.domain import benefits, membership
from assistant.domain.membership import RulesSet, SetRules
from assistant.store import Work


def give(work: Work, gift_id: str) -> None:
    """Gives a gift that is due, once; an error of the benefit (no codes left) leaves it due, for a person to see among the held work."""

    def grant(gift: membership.DueGift) -> Any:
        benefit = benefits.from_dict(gift.benefit)
        return benefits.grant(work, [benefits.BenefitGrant(gift.id, gift.member_id, benefit, None, gift.name)])

    membership.give_gift(work, gift_id, grant)


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
