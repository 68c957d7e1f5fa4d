"""Two members turn out to be one, or not to be: lots and spends follow, and every invariant of points holds on both sides."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from assistant.base.errors import Refused
from assistant.base.ids import derive
from assistant.domain import ledger
from assistant.domain.ledger import Posting, Span
from assistant.domain.points import store
from assistant.domain.points.model import ASSET, Lot, Part, SpendRow, account
from assistant.domain.points.sheet import Sheet
from assistant.store import Work

LOT = re.compile(r"lot_[0-9a-f]{24}")
STAYS = timedelta(days=365)
"""How long points that have no lot of their own to come back to can be used."""

SPEND = re.compile(r"spend_[0-9a-f]{24}")


def still(work: Work, member_ids: Sequence[str], *, apart: bool = False) -> None:
    """Holds the members and does what is due. What is set aside moves with them; only going ``apart`` it is in the way:
    Refused(code="reservation_open")."""
    sheet = store.open_sheet(work, member_ids)
    sheet.refresh()
    store.close_sheet(work, sheet)
    accounts = [account(number, "held") for number in member_ids]
    if apart and any(ledger.balances(work, accounts).values()):
        raise Refused("有兑换还没有发货，积分正留着；请先发货或取消，再撤销合并", code="reservation_open")


def joined(work: Work, member_id: str) -> None:
    """After the accounts of two were joined: what one owed is paid from the lots of the other."""
    sheet = store.open_sheet(work, [member_id])
    _level(sheet, member_id, max(sheet.available[member_id], 0), None)
    store.close_sheet(work, sheet)


def part(work: Work, key: str, kept: str, absorbed: str, moved: int, spans: Sequence[Span]) -> int:
    """Gives the absorbed member, whose lots and spends carry its name again, what is its own: ``moved`` points available when the two
    were joined, and what its own orders and spends did to the joined account in the ``spans``. Returns what it has then.

    A spend that drew on the other's lots is put on its spender, who may owe points for it as after a refund.
    """
    spends = store.spends_by_members(work, [kept, absorbed])
    sheet = store.open_sheet(work, [kept, absorbed], {one.lot_id for row in spends for one in row.parts})
    own = moved + _since(work, sheet, spends, absorbed, spans)
    waiting = sum(lot.remaining for lot in sheet.lots.values() if lot.member_id == absorbed and lot.state == "pending")
    for pocket, amount in (("available", own), ("pending", waiting)):
        ledger.post(work, _give(f"{key}:{pocket}", kept, absorbed, pocket, amount))
    sheet.available = {kept: sheet.available[kept] - own, absorbed: sheet.available[absorbed] + own}
    changed = _untangle(sheet, spends, key, work.now)
    for number in (kept, absorbed):
        _level(sheet, number, max(sheet.available[number], 0), _landing(sheet, key, number, work.now))
    store.close_sheet(work, sheet)
    store.change_parts(work, changed)
    store.even_history(work, [kept, absorbed], "撤销会员合并")
    return own


def _since(work: Work, sheet: Sheet, spends: Sequence[SpendRow], absorbed: str, spans: Sequence[Span]) -> int:
    """What the absorbed member's own doings did to the joined account."""
    ours = {row.id for row in spends if row.member_id == absorbed}
    transactions = {row.transaction for row in spends if row.member_id == absorbed}
    total = 0
    for line in ledger.later(work, ASSET, "available", spans):
        lots, named = LOT.findall(line.key), SPEND.findall(line.key)
        total += line.amount if _caused(sheet, work, lots, absorbed) or ours & set(named) or line.transaction in transactions else 0
    return total


def _caused(sheet: Sheet, work: Work, lot_ids: Sequence[str], absorbed: str) -> bool:
    known = {number: sheet.lots[number].member_id for number in lot_ids if number in sheet.lots}
    known.update({number: lot.member_id for number, lot in store.lots_named(work, set(lot_ids) - known.keys()).items()})
    return absorbed in known.values()


def _give(key: str, kept: str, absorbed: str, pocket: str, amount: int) -> list[Posting]:
    one, other = account(kept, pocket), account(absorbed, pocket)
    giver, taker = (one, other) if amount > 0 else (other, one)
    return [Posting(key, giver, taker, abs(amount), "撤销会员合并", allow_negative=True)] if amount else []


def _untangle(sheet: Sheet, spends: Sequence[SpendRow], key: str, now: datetime) -> list[SpendRow]:
    """Parts that drew on the other's lots go back there; the spend keeps a lot of its own to come back to."""
    changed = []
    for row in spends:
        foreign = [one for one in row.parts if sheet.lots[one.lot_id].member_id != row.member_id]
        if not foreign or row.state != "spent":
            continue
        landing = _landing(sheet, key, row.member_id, now)
        for one in foreign:
            lot = sheet.lots[one.lot_id]
            lot.remaining += one.amount
            landing.amount += one.amount
            sheet.touch(lot)
        sheet.adopt(landing)
        kept = tuple(one for one in row.parts if one not in foreign)
        changed.append(replace(row, parts=(*kept, Part(landing.id, sum(one.amount for one in foreign)))))
    return changed


def _landing(sheet: Sheet, key: str, member_id: str, now: datetime) -> Lot:
    number = derive("lot", key, member_id)
    found = sheet.lots.get(number)
    return found or Lot(number, member_id, 0, 0, "available", "撤销会员合并", now, None, now + STAYS)


def _level(sheet: Sheet, member_id: str, wanted: int, landing: Lot | None) -> None:
    """What remains in the member's lots becomes what is wanted: the first to end give first, what lacks comes into the landing lot."""
    more = wanted - sheet.left(member_id)
    if more < 0:
        sheet.drain(member_id, -more)
    elif more and landing:
        landing.amount += more
        landing.remaining += more
        sheet.adopt(landing)
