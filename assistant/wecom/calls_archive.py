"""What the message archive tells over the API: whose messages are archived, and which customers agreed. Messages come another way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assistant.wecom import fields
from assistant.wecom.client import WeComClient

AT_ONCE = 100
"""Pairs that one question may name."""

AGREED = frozenset({"Agree", "Default_Agree"})


@dataclass(frozen=True, slots=True)
class Word:
    """What a customer has said to being archived, as of then."""

    external: str
    agreed: bool
    at: datetime


async def permitted(client: WeComClient) -> list[str]:
    """The employees whose messages are archived."""
    answer = await client.call("archive", "msgaudit/get_permit_user_list", {}, safety="read")
    return sorted(str(one) for one in answer.get("ids") or () if one)


async def agreed_singly(client: WeComClient, pairs: Sequence[tuple[str, str]]) -> list[Word]:
    """What customers said to the archive of their chats with these employees, at most 100 (employee, customer)."""
    # The field is spelled so in WeCom's own documents.
    body = {"info": [{"userid": staff, "exteranalopenid": external} for staff, external in pairs]}
    return list(_words(await client.call("archive", "msgaudit/check_single_agree", body, safety="read")))


async def agreed_in_room(client: WeComClient, chatid: str) -> list[Word]:
    """What the customers of a group said to the archive of it."""
    return list(_words(await client.call("archive", "msgaudit/check_room_agree", {"roomid": chatid}, safety="read")))


def _words(answer: Mapping[str, Any]) -> Iterator[Word]:
    """Customers who were never asked have no time and say nothing."""
    for row in fields.rows(answer, "agreeinfo"):
        at, external = fields.instant(row.get("status_change_time")), fields.text(row, "exteranalopenid")
        if external and at is not None:
            yield Word(external, row.get("agree_status") in AGREED, at)
