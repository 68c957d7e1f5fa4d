"""Thin typed functions, one per WeCom endpoint we use; errors are those of ``WeComClient.call``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assistant.wecom import fields
from assistant.wecom.client import WeComClient

ChatType = Literal["single", "group"]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a KF account: store ``next_cursor`` in the same commit as ``messages``."""

    next_cursor: str
    messages: list[dict[str, Any]]
    has_more: bool = False
    restarted: bool = False
    """The place we had was not known any more: this and the next pages begin three days back."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a listing; ``next_cursor`` is empty at the end."""

    rows: list[dict[str, Any]]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class ServiceState:
    """0 new, 1 bot, 2 waiting pool, 3 human (``servicer_userid``), 4 ended; sending is possible in 0 and 1 only."""

    state: int
    servicer_userid: str


@dataclass(frozen=True, slots=True)
class MassTask:
    """A created task: nothing reaches a customer until an employee presses send. ``failed`` are customers or groups left out."""

    msgid: str
    failed: tuple[str, ...]


async def kf_sync_msg(client: WeComClient, open_kfid: str, *, cursor: str = "", token: str = "", limit: int = 1000) -> Page:
    """One page from ``cursor`` (empty: three days back); ``token`` of the callback lifts the throttle for ten minutes."""
    body: dict[str, Any] = {"open_kfid": open_kfid, "limit": limit, "voice_format": 0}
    body |= {key: value for key, value in (("cursor", cursor), ("token", token)) if value}
    answer = await client.call("kf", "kf/sync_msg", body, safety="read")
    return Page(str(answer.get("next_cursor") or ""), fields.rows(answer, "msg_list"), answer.get("has_more") == 1)


async def kf_send_msg(client: WeComClient, open_kfid: str, touser: str, msgtype: str, content: Mapping[str, Any], *, msgid: str) -> str:
    """Sends ``text`` or ``msgmenu``; the same ``msgid`` is refused with 95033 the second time, which makes a repeat safe."""
    body = {"touser": touser, "open_kfid": open_kfid, "msgid": msgid, "msgtype": msgtype, msgtype: dict(content)}
    answer = await client.call("kf", "kf/send_msg", body, safety="keyed")
    return str(answer.get("msgid") or msgid)


async def kf_send_msg_on_event(client: WeComClient, code: str, msgtype: str, content: Mapping[str, Any], *, msgid: str) -> str:
    """Answers an event with its ``welcome_code`` or ``msg_code``; each code works once."""
    body = {"code": code, "msgid": msgid, "msgtype": msgtype, msgtype: dict(content)}
    answer = await client.call("kf", "kf/send_msg_on_event", body, safety="keyed")
    return str(answer.get("msgid") or msgid)


async def kf_service_state_get(client: WeComClient, open_kfid: str, external_userid: str) -> ServiceState:
    """The state of the session with one customer."""
    body = {"open_kfid": open_kfid, "external_userid": external_userid}
    answer = await client.call("kf", "kf/service_state/get", body, safety="read")
    return ServiceState(int(answer.get("service_state") or 0), str(answer.get("servicer_userid") or ""))


async def kf_service_state_trans(client: WeComClient, open_kfid: str, external_userid: str, state: int, servicer_userid: str = "") -> str:
    """Changes the state and returns the ``msg_code`` (may be empty); state 3 needs the servicer. After 3 the API cannot send."""
    body: dict[str, Any] = {"open_kfid": open_kfid, "external_userid": external_userid, "service_state": state}
    if servicer_userid:
        body["servicer_userid"] = servicer_userid
    answer = await client.call("kf", "kf/service_state/trans", body, safety="keyed")
    return str(answer.get("msg_code") or "")


async def bot_response_url(client: WeComClient, url: str, markdown: str) -> None:
    """Markdown of at most 20480 bytes to a bot's one-shot URL; refused unless the URL is on the API's own origin."""
    await client.post_reply(url, {"msgtype": "markdown", "markdown": {"content": markdown}})


async def add_msg_template(
    client: WeComClient,
    *,
    text: str,
    chat_type: ChatType = "single",
    external_userids: Sequence[str] = (),
    chat_ids: Sequence[str] = (),
    sender: str = "",
    attachments: Sequence[Mapping[str, Any]] = (),
) -> MassTask:
    """Creates a mass-message task. After Unknown look for it with get_groupmsg_list_v2, never create it again."""
    body: dict[str, Any] = {"chat_type": chat_type, "text": {"content": text}}
    lists = {"external_userid": external_userids, "chat_id_list": chat_ids, "attachments": attachments}
    body |= {key: list(value) for key, value in lists.items() if value}
    if sender:
        body["sender"] = sender
    answer = await client.call("contact", "externalcontact/add_msg_template", body)
    return MassTask(str(answer.get("msgid") or ""), tuple(map(str, answer.get("fail_list") or ())))


async def get_groupmsg_list_v2(client: WeComClient, chat_type: ChatType, start: int, end: int, *, cursor: str = "") -> Listing:
    """Tasks created between two Unix seconds, at most a month apart, by the corp."""
    body = {"chat_type": chat_type, "start_time": start, "end_time": end, "filter_type": 0, "limit": 100, "cursor": cursor}
    return await listing(client, "externalcontact/get_groupmsg_list_v2", body, "group_msg_list")


async def get_groupmsg_task(client: WeComClient, msgid: str, *, cursor: str = "") -> Listing:
    """Per employee: ``status`` 0 not sent, 2 sent."""
    return await listing(client, "externalcontact/get_groupmsg_task", {"msgid": msgid, "limit": 1000, "cursor": cursor}, "task_list")


async def get_groupmsg_send_result(client: WeComClient, msgid: str, userid: str, *, cursor: str = "") -> Listing:
    """Per customer or group of one employee: ``status`` 0 unsent, 1 sent, 2 not a friend, 3 over the cap."""
    body = {"msgid": msgid, "userid": userid, "limit": 1000, "cursor": cursor}
    return await listing(client, "externalcontact/get_groupmsg_send_result", body, "send_list")


async def remind_groupmsg_send(client: WeComClient, msgid: str) -> None:
    """Reminds the employees who have not pressed send."""
    await client.call("contact", "externalcontact/remind_groupmsg_send", {"msgid": msgid})


async def cancel_groupmsg_send(client: WeComClient, msgid: str) -> None:
    """Stops a task; what was delivered stays delivered."""
    await client.call("contact", "externalcontact/cancel_groupmsg_send", {"msgid": msgid}, safety="keyed")


async def send_welcome_msg(client: WeComClient, welcome_code: str, text: str, attachments: Sequence[Mapping[str, Any]] = ()) -> None:
    """Greets a new friend; the code is valid for 20 seconds and one use."""
    body: dict[str, Any] = {"welcome_code": welcome_code, "text": {"content": text}}
    if attachments:
        body["attachments"] = list(attachments)
    await client.call("contact", "externalcontact/send_welcome_msg", body)


async def every(page: Callable[[str], Awaitable[Listing]]) -> AsyncIterator[dict[str, Any]]:
    """Every row of a listing, page after page; ``page`` asks for what is behind a cursor, empty for the beginning."""
    cursor = ""
    while True:
        found = await page(cursor)
        for row in found.rows:
            yield row
        cursor = found.next_cursor
        if not cursor:
            return


async def listing(client: WeComClient, path: str, body: Mapping[str, Any], name: str) -> Listing:
    """A page of what customer contact lists under ``name``."""
    sent = {key: value for key, value in body.items() if value != ""}
    answer = await client.call("contact", path, sent, safety="read")
    return Listing(fields.rows(answer, name), str(answer.get("next_cursor") or ""))
