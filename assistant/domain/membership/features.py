"""What members differ by in standing, for the segment language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.membership import store
from assistant.domain.membership.model import TIERS
from assistant.store import Feature


def _tier(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.tier_select()


def _growth(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.growth_select()


FEATURES = (
    Feature("tier", "会员等级", "text", _tier, missing=TIERS[0].name),
    Feature("growth", "成长值", "number", _growth, missing=0),
)
