"""Thin typed reads of the corp's own set-up, for checking it; errors are those of ``WeComClient.call``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.wecom.client import WeComClient

PAGE = 100


@dataclass(frozen=True, slots=True)
class Agent:
    """An app of ours and how many it shows itself to."""

    name: str
    closed: bool
    members: int
    departments: int
    tags: int

    @property
    def anybody(self) -> bool:
        return bool(self.members or self.departments or self.tags)


@dataclass(frozen=True, slots=True)
class KfAccount:
    """A customer-service account; ``managed``: the API may send and receive for it."""

    open_kfid: str
    name: str
    managed: bool


async def agent_get(client: WeComClient, agent_id: int) -> Agent:
    """Our app, as the admin has set it up."""
    answer = await client.call("app", f"agent/get?agentid={agent_id}", method="GET", safety="read")
    members = _count(answer, "allow_userinfos", "user")
    return Agent(
        str(answer.get("name") or agent_id),
        answer.get("close") == 1,
        members,
        _count(answer, "allow_partys", "partyid"),
        _count(answer, "allow_tags", "tagid"),
    )


async def follow_users(client: WeComClient) -> list[str]:
    """The employees who may have customers."""
    answer = await client.call("contact", "externalcontact/get_follow_user_list", method="GET", safety="read")
    return [str(one) for one in answer.get("follow_user") or ()]


async def kf_accounts(client: WeComClient) -> list[KfAccount]:
    """All customer-service accounts that this app can see."""
    found: list[KfAccount] = []
    while True:
        answer = await client.call("kf", "kf/account/list", {"offset": len(found), "limit": PAGE}, safety="read")
        rows = [row for row in answer.get("account_list") or () if isinstance(row, dict)]
        found += [
            KfAccount(str(row.get("open_kfid")), str(row.get("name") or ""), row.get("manage_privilege") is not False) for row in rows
        ]
        if len(rows) < PAGE:
            return found


async def kf_servicers(client: WeComClient, open_kfid: str) -> list[bool]:
    """Of each servicer of the account whether he is receiving."""
    answer = await client.call("kf", f"kf/servicer/list?open_kfid={open_kfid}", method="GET", safety="read")
    return [row.get("status") == 0 for row in answer.get("servicer_list") or () if isinstance(row, dict) and row.get("userid")]


def _account(row: Mapping[str, Any]) -> KfAccount:
    return KfAccount(str(row.get("open_kfid")), str(row.get("name") or ""), row.get("manage_privilege") is not False)


def _count(answer: Mapping[str, Any], part: str, name: str) -> int:
    inside = answer.get(part)
    rows = inside.get(name) if isinstance(inside, dict) else None
    return len(rows) if isinstance(rows, list) else 0
