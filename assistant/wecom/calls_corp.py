"""A thin typed read of the corp's own set-up, for checking it; errors are those of ``WeComClient.call``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant.wecom.client import WeComClient


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


def _count(answer: Mapping[str, Any], part: str, name: str) -> int:
    inside = answer.get(part)
    rows = inside.get(name) if isinstance(inside, dict) else None
    return len(rows) if isinstance(rows, list) else 0
