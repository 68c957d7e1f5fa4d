"""How many order numbers a member may get wrong in a day, whatever they name them for; then guessing ends until the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from assistant.base.clock import business_day
from assistant.domain.orders.tables import wrong_number
from assistant.store import View, Work, once

WRONG_A_DAY = 5
TOO_MANY = "今天核对订单号的次数用完了，请明天再试，或者回复“人工”让同事帮您查"


@dataclass(frozen=True, slots=True)
class WrongNumber:
    """A number that was no order of the member's, nor one that nobody owns."""

    key: str
    member_id: str
    order_no: str


def guesses_left(view: View, member_id: str) -> int:
    """How many more order numbers the member may get wrong today."""
    today = (wrong_number.c.member_id == member_id, wrong_number.c.day == business_day(view.now).isoformat())
    return WRONG_A_DAY - int(view.scalar(sa.select(sa.func.count()).select_from(wrong_number).where(*today)) or 0)


def note_wrong(work: Work, requests: Sequence[WrongNumber]) -> list[int]:
    """Counts wrong numbers; returns how many more may follow. Two at once want the same row, so that each is counted."""
    return once(work, "orders.note_wrong", requests, int, lambda work, fresh: [_note(work, one) for one in fresh])


def _note(work: Work, one: WrongNumber) -> int:
    left = guesses_left(work, one.member_id)
    if left <= 0:
        return 0
    row = {"member_id": one.member_id, "day": business_day(work.now).isoformat(), "place": WRONG_A_DAY - left + 1}
    work.insert(wrong_number, [row | {"order_no": one.order_no.strip()[:120], "at": work.now}])
    return left - 1
