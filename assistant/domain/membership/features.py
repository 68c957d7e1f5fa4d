"""What members differ by in standing, for the segment language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.membership import store
from assistant.domain.membership.model import Standing
from assistant.store import Feature


def _tier(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.tier_select()


def _growth(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.growth_select()


def _since(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.since_select()


def _until(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.until_select()


def _plan(now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.plan_select(now)


def _plan_days(now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return store.plan_days_select(now)


FEATURES = (
    Feature("tier", "会员等级", "text", _tier, missing=Standing().tier),
    Feature("growth", "成长值", "number", _growth, missing=0),
    Feature("tier_since", "进入当前等级的时间", "instant", _since),
    Feature("tier_until", "等级到期复核时间", "instant", _until),
    Feature("paid_plan", "付费会员方案", "text", _plan, missing=""),
    Feature("paid_plan_days", "付费会员剩余天数", "number", _plan_days, unit="天"),
)
