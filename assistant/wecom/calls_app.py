"""Thin typed functions for messages of our own app to employees; errors are those of ``WeComClient.call``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.base.errors import Refused
from assistant.wecom.client import WeComClient

SAME_TEXT, SAME_MEDIA = 14_400, 600
"""For so many seconds WeCom drops a message equal to an earlier one. Our texts carry a mark of their own, so only a repeat is equal;
a picture cannot, and may be wanted again soon."""


@dataclass(frozen=True, slots=True)
class AppSent:
    """``invalid`` are the recipients that WeCom dropped, in lower case: errcode 0 does not mean that everybody was reached. ``code``
    (response_code) changes a card with buttons once, within 72 hours."""

    msgid: str
    invalid: tuple[str, ...]
    code: str = ""


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
    invalid = tuple(name.lower() for name in names.split("|") if name)
    return AppSent(str(answer.get("msgid") or ""), invalid, str(answer.get("response_code") or ""))


async def message_recall(client: WeComClient, msgid: str) -> None:
    """Takes a message of ours off the phones, within 24 hours (then 42052). Done twice it stays taken back."""
    await client.call("app", "message/recall", {"msgid": msgid}, safety="keyed")


async def update_template_card(client: WeComClient, agent_id: int, userids: Sequence[str], code: str, card: Mapping[str, Any]) -> None:
    """Shows ``card`` in place of the one that was pressed or sent; each code works once, for 72 hours (then 60140).

    Refused(code="wecom_no_recipient") where WeCom names one of them as invalid.
    """
    body = {"userids": list(userids), "agentid": agent_id, "response_code": code, "template_card": dict(card)}
    answer = await client.call("app", "message/update_template_card", body, safety="keyed")
    invalid = answer.get("invaliduser")
    if isinstance(invalid, list) and invalid:
        raise Refused("这位成员收不到应用消息，卡片没有改。", code="wecom_no_recipient")
