"""Rows of membership to values and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from assistant.domain import ledger
from assistant.domain.membership.model import ASSET, TIERS, OrderGrowth, Standing, account, standing
from assistant.domain.membership.tables import counted, tier
from assistant.store import View, Work, chunks, upsert


def lock_tiers(work: Work, member_ids: Collection[str]) -> dict[str, str]:
    """The members' tiers, held until the commit in one order; new members begin in the first tier."""
    ids = sorted(set(member_ids))
    found = _locked(work, ids)
    missing = [number for number in ids if number not in found]
    if missing:
        work.insert_missing(tier, [{"member_id": number, "tier": TIERS[0].name, "since": work.now} for number in missing])
        found.update(_locked(work, missing))
    return found


def _locked(work: Work, ids: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in chunks(ids):
        statement = sa.select(tier.c.member_id, tier.c.tier).where(tier.c.member_id.in_(part)).order_by(tier.c.member_id)
        found.update({row.member_id: row.tier for row in work.all(work.locked(statement))})
    return found


def save_tiers(work: Work, tiers: Mapping[str, str]) -> None:
    rows = [{"member_id": number, "tier": tiers[number], "since": work.now} for number in sorted(tiers)]
    upsert(work, tier, rows, ["member_id"], ["tier", "since"])


def counted_for(view: View, order_ids: Collection[str]) -> dict[str, OrderGrowth]:
    found: dict[str, OrderGrowth] = {}
    for part in chunks(sorted(order_ids)):
        for row in view.all(sa.select(counted).where(counted.c.order_id.in_(part))):
            found[row.order_id] = OrderGrowth(row.order_id, row.member_id, row.counted, row.version)
    return found


def save_counted(work: Work, changed: Iterable[OrderGrowth]) -> None:
    rows = [
        {"order_id": one.order_id, "member_id": one.member_id, "counted": one.counted, "version": one.version}
        for one in sorted(changed, key=lambda one: one.order_id)
    ]
    upsert(work, counted, rows, ["order_id"], ["counted", "version"])


def growth_of(view: View, member_ids: Collection[str]) -> dict[str, int]:
    accounts = {number: account(number) for number in member_ids}
    balances = ledger.balances(view, accounts.values())
    return {number: balances[one] for number, one in accounts.items()}


def standings_of(view: View, member_ids: Collection[str]) -> dict[str, Standing]:
    growth = growth_of(view, member_ids)
    rows: dict[str, Any] = {}
    for part in chunks(sorted(member_ids)):
        rows.update({row.member_id: row for row in view.all(sa.select(tier).where(tier.c.member_id.in_(part)))})
    return {
        number: standing(rows[number].tier, growth[number], rows[number].since)
        if number in rows
        else standing(TIERS[0].name, growth[number], None)
        for number in member_ids
    }


def tier_select() -> sa.Select[Any]:
    return sa.select(tier.c.member_id.label("member_id"), tier.c.tier.label("value"))


def growth_select() -> sa.Select[Any]:
    return ledger.balance_select(ASSET)
