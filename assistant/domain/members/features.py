"""What members differ by as persons, for the segment language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.domain.members.tables import group, in_group, member
from assistant.store import Feature

OWN = member.c.merged_into == ""
"""Who was merged into another is nobody of his own."""


def _plain(column: str) -> Any:
    def select(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
        return sa.select(member.c.id.label("member_id"), member.c[column].label("value")).where(OWN)

    return select


def _filled(column: str) -> Any:
    def select(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
        value = member.c[column]
        return sa.select(member.c.id.label("member_id"), value.label("value")).where(
            OWN, value.is_not(None), sa.cast(value, sa.String) != ""
        )

    return select


def _month(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    month = sa.cast(sa.func.substr(member.c.month_day, 1, 2), sa.Integer)
    return sa.select(member.c.id.label("member_id"), month.label("value")).where(OWN, member.c.month_day != "")


def _group(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    return sa.select(in_group.c.member_id.label("member_id"), in_group.c.chatid.label("value"))


def _persona(_now: datetime, _arguments: Mapping[str, Any]) -> sa.Select[Any]:
    joined = sa.select(in_group.c.member_id.label("member_id"), group.c.persona.label("value")).join(
        group, group.c.chatid == in_group.c.chatid
    )
    return joined.where(group.c.persona != "").distinct()


FEATURES = (
    Feature("city", "城市", "text", _filled("city")),
    Feature("gender", "性别", "text", _plain("gender"), missing="unknown", words={"female": "女", "male": "男", "unknown": "未知"}),
    Feature("birthday_month", "生日月份", "number", _month, unit="月"),
    Feature("birthday", "生日（月-日）", "text", _filled("month_day")),
    Feature("joined_at", "入会时间", "instant", _plain("joined_at")),
    Feature("group", "所在客户群", "texts", _group),
    Feature("group_persona", "所在群的人群画像", "texts", _persona),
    Feature("owner_staff", "归属导购", "text", _filled("owner_staff")),
    Feature("opted_out", "已退订全部消息", "flag", _plain("opted_out"), missing=False),
    Feature("blocked", "黑名单", "flag", _plain("blocked"), missing=False),
    Feature("is_employee", "内部员工", "flag", _plain("is_employee"), missing=False),
    Feature("open_complaint", "有未结投诉", "flag", _plain("open_complaint"), missing=False),
    Feature("preferred_hour", "方便联系的时间", "number", _filled("preferred_hour"), unit="点"),
)
