"""Two members turn out to be one, or not to be: money that each paid in goes on being its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from assistant.base.ids import derive
from assistant.domain import ledger
from assistant.domain.ledger import Account, Posting, Span
from assistant.domain.stored_value import store
from assistant.domain.stored_value.model import ASSETS, PRINCIPAL, Lot, Part, account, brand
from assistant.domain.stored_value.store import Spent
from assistant.domain.stored_value.wallet import Wallet
from assistant.store import Work

LOT = re.compile(r"topup_[0-9a-f]{24}")
SPEND = re.compile(r"stored_[0-9a-f]{24}")
MEMO = "撤销会员合并"


def still(work: Work, member_ids: Sequence[str]) -> None:
    """Holds the members."""
    store.lock(work, member_ids)


def part(work: Work, key: str, kept: str, absorbed: str, moved: Mapping[str, int], spans: Sequence[Span]) -> int:
    """Gives the absorbed member, whose top-ups and spends carry its name again, what is its own: what it brought (``moved``, asset →
    fen) and what its own top-ups and spends did in the ``spans``. Returns the fen that the brand makes good.

    Who spent more of the other's money than he had owes nothing: the mistake was the brand's, which pays it.
    """
    wallet = store.open_wallet(work, [kept, absorbed])
    spends = store.spends_of(work, [kept, absorbed])
    ours = {lot.id for lot in wallet.of(absorbed)} | {one.id for one in spends if one.member_id == absorbed}
    own, good = {}, 0
    for asset in ASSETS:
        joint = account(kept, asset)
        lines = ledger.later(work, asset, joint.pocket, spans)
        share = moved.get(asset, 0) + sum(one.amount for one in lines if ours & {*LOT.findall(one.key), *SPEND.findall(one.key)})
        rest = ledger.balances(work, [joint])[joint] - share
        own[absorbed, asset], own[kept, asset] = max(share, 0), max(rest, 0)
        good += max(-share, 0) + max(-rest, 0)
        ledger.post(work, _postings(f"{key}:{asset}", joint, account(absorbed, asset), share, rest))
    changed = _untangle(wallet, spends, key, work.now)
    for (number, asset), wanted in own.items():
        _level(wallet, key, number, asset, wanted, work.now)
    store.close_wallet(work, wallet)
    store.save_spends(work, changed)
    store.even_history(work, [kept, absorbed], f"{MEMO} {key}")
    return good


def _postings(key: str, joint: Account, other: Account, share: int, rest: int) -> list[Posting]:
    """``share`` goes to the other; a side below zero is lifted to it by the brand first."""
    lack = max(-rest, 0)
    found = [Posting(f"{key}:good", brand(joint.asset), joint, lack, f"{MEMO}，品牌补足")] if lack else []
    if share > 0:
        found.append(Posting(key, joint, other, share, MEMO))
    if share < 0:
        found.append(Posting(f"{key}:good", brand(joint.asset), joint, -share, f"{MEMO}，品牌补足"))
    return found


def _untangle(wallet: Wallet, spends: Sequence[Spent], key: str, now: datetime) -> list[Spent]:
    changed = []
    for one in spends:
        foreign = [part for part in one.parts if wallet.lots[part.lot_id].member_id != one.member_id]
        if not foreign:
            continue
        landing = _landing(wallet, key, one.member_id, now)
        new = Part(landing.id, 0, 0)
        for part in foreign:
            lot = wallet.lots[part.lot_id]
            lot.principal_left += part.principal - part.principal_back
            lot.bonus_left += part.bonus - part.bonus_back
            landing.principal += part.principal
            landing.bonus += part.bonus
            landing.principal_left += part.principal_back
            landing.bonus_left += part.bonus_back
            new = Part(
                landing.id,
                new.principal + part.principal,
                new.bonus + part.bonus,
                new.principal_back + part.principal_back,
                new.bonus_back + part.bonus_back,
            )
            wallet.touch(lot)
        wallet.touch(landing)
        one.parts = [*(part for part in one.parts if part not in foreign), new]
        one.version += 1
        changed.append(one)
    return changed


def _landing(wallet: Wallet, key: str, member_id: str, now: datetime) -> Lot:
    """A top-up that stands for what a side has of its own outside its top-ups; nobody paid for it, so its payment is the parting."""
    number = derive("topup", key, member_id)
    return wallet.lots.get(number) or Lot(number, member_id, f"{MEMO} {number}", now, 0, 0, 0, 0)


def _level(wallet: Wallet, key: str, member_id: str, asset: str, wanted: int, now: datetime) -> None:
    """What is left in the member's top-ups becomes what is wanted: the oldest gives first, what lacks comes into the landing one."""
    name = "principal" if asset == PRINCIPAL else "bonus"
    left = f"{name}_left"
    more = wanted - sum(getattr(lot, left) for lot in wallet.of(member_id))
    for lot in wallet.of(member_id):
        less = min(-more, getattr(lot, left))
        if less > 0:
            setattr(lot, left, getattr(lot, left) - less)
            more += less
            wallet.touch(lot)
    if more > 0:
        landing = _landing(wallet, key, member_id, now)
        setattr(landing, name, getattr(landing, name) + more)
        setattr(landing, left, getattr(landing, left) + more)
        wallet.touch(landing)
