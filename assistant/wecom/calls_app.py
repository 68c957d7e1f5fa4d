"""Thin typed functions for messages of our own app to employees; errors are those of ``WeComClient.call``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.wecom.client import WeComClient

SAME_TEXT, SAME_MEDIA = 14_400, 600
"""For so many seconds WeCom drops a message equal to an earlier one. Our texts carry a mark of their own, so only a repeat is equal;
a picture cannot, and may be wanted again soon."""


@dataclass(frozen=True, slots=True)
class AppSent:
    """``invalid`` are the recipients that WeCom dropped, in lower case: errcode 0 does not mean that everybody was reached."""

    msgid: str
    invalid: tuple[str, ...]


async def message_send(client: WeComClient, agent_id: int, userids: Sequence[str], msgtype: str, content: Mapping[str, Any]) -> AppSent:
    """One message to employees: ``text`` (at most 2048 bytes), ``markdown``, ``textcard``, ``news``, ``image``, ``template_card`` …"""
    body = {
        "touser": "|".join(userids),
        "msgtype": msgtype,
        "agentid": agent_id,
        msgtype: dict(content),
        "enable_duplicate_check": 1,
        "duplicate_check_interval": SAME_TEXT if msgtype == "text" else SAME_MEDIA,
    }
    answer = await client.call("app", "message/send", body, safety="keyed")
    names = "|".join(str(answer.get(key) or "") for key in ("invaliduser", "unlicenseduser"))
    return AppSent(str(answer.get("msgid") or ""), tuple(name.lower() for name in names.split("|") if name))
