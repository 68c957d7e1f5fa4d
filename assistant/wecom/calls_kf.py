"""The endpoints of 微信客服 that tell of accounts and people; errors are those of ``WeComClient.call``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assistant.channels.accounts import ANYBODY, Listed, Receives
from assistant.wecom import fields
from assistant.wecom.client import WeComClient

ACCOUNTS = 100
CUSTOMERS = 100


async def account_list(client: WeComClient) -> list[Listed]:
    """All accounts the app can see, with whether it may manage them; page after page until one is not full."""
    found: list[Listed] = []
    while True:
        answer = await client.call("kf", "kf/account/list", {"offset": len(found), "limit": ACCOUNTS}, safety="read")
        rows = fields.rows(answer, "account_list")
        found += [Listed(str(row.get("open_kfid") or ""), str(row.get("name") or ""), row.get("manage_privilege") is True) for row in rows]
        if len(rows) < ACCOUNTS:
            return [one for one in found if one.id]


async def servicer_list(client: WeComClient, open_kfid: str) -> list[Receives]:
    """Who receives customers at an account (status 0 here, 1 in the event); departments stand as such."""
    answer = await client.call("kf", f"kf/servicer/list?open_kfid={open_kfid}", method="GET", safety="read")
    found = []
    for row in fields.rows(answer, "servicer_list"):
        userid = str(row.get("userid") or "")
        if userid:
            found.append(Receives(open_kfid, userid, row.get("status") == 0))
        elif row.get("department_id") is not None:
            found.append(Receives(open_kfid, f"{ANYBODY}{row['department_id']}", False))
    return found


async def customer_batchget(client: WeComClient, external_userids: Sequence[str]) -> list[dict[str, Any]]:
    """Nickname and, where the corp has bound it, unionid of at most a hundred customers who wrote within 48 hours; others are missing."""
    body = {"external_userid_list": list(external_userids), "need_enter_session_context": 0}
    answer = await client.call("kf", "kf/customer/batchget", body, safety="read")
    return fields.rows(answer, "customer_list")
