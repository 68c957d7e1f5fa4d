"""Thin typed functions for 群发 and what is around it: who may send, moments, statistics, sensitive words of staff."""

from __future__ import annotations

from collections.abc import Mapping

from assistant.wecom.client import WeComClient


async def follow_users(client: WeComClient) -> frozenset[str]:
    """The employees who may have customers: who left or was taken the right away is not among them."""
    answer = await client.call("contact", "externalcontact/get_follow_user_list", method="GET", safety="read")
    return frozenset(map(str, answer.get("follow_user") or ()))


async def friends_of(client: WeComClient, external_userid: str) -> list[str]:
    """The employees who have this customer, the latest friend first."""
    path = f"externalcontact/get?external_userid={external_userid}"
    answer = await client.call("contact", path, method="GET", safety="read")
    rows = [row for row in answer.get("follow_user") or () if isinstance(row, Mapping)]
    rows.sort(key=lambda row: -int(row.get("createtime") or 0))
    return [str(row.get("userid")) for row in rows]
