"""What cashback offers for selecting members by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.cashback.tables import card
from assistant.store import Feature


def _cards(now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return sa.select(card.c.member_id.label("member_id"), sa.func.count().label("value")).group_by(card.c.member_id)


def _unclaimed(now: datetime, arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return _cards(now, arguments).where(card.c.uses_left > 0, card.c.issued_at <= now, card.c.expires_at > now)


FEATURES = (
    Feature("cashback.unclaimed", "还能用的返现卡张数", "number", _unclaimed, missing=0, unit="张"),
    Feature("cashback.cards", "领过的返现卡张数", "number", _cards, missing=0, unit="张"),
)
