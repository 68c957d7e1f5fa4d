"""Thin typed functions for customer contact: customers, tags, groups, ways in, transfers. Errors are those of ``WeComClient.call``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from assistant.base.errors import LaoyouError
from assistant.wecom import fields
from assistant.wecom.calls import Listing
from assistant.wecom.client import WeComClient

AT_ONCE = 100
"""Staff of one listing, customers or groups of one page, customers of one transfer."""

NOBODY = 84061
"""A member of staff without customers, or a stranger: no error, an empty list."""


@dataclass(frozen=True, slots=True)
class Card:
    """A customer as WeCom shows them; ``unionid`` only where a mini-program of the corp is bound."""

    external: str
    name: str
    gender: int = 0
    unionid: str = ""


@dataclass(frozen=True, slots=True)
class Follow:
    """One pair of staff and customer."""

    staff: str
    since: datetime
    add_way: int = 0
    state: str = ""
    remark: str = ""
    description: str = ""
    mobiles: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FollowPage:
    """Pairs of a listing; ``next_cursor`` is empty at the end."""

    rows: list[tuple[Card, Follow]]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class GroupSeat:
    """Someone in a group; ``scene`` invited, link, qr or empty."""

    person: str
    kind: str
    joined_at: datetime
    scene: str = ""
    invited_by: str = ""
    unionid: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class GroupDetail:
    """A customer group with everybody inside; ``version`` is opaque."""

    chatid: str
    name: str
    owner: str
    notice: str
    version: str
    created_at: datetime | None
    seats: tuple[GroupSeat, ...]


@dataclass(frozen=True, slots=True)
class TagRow:
    """One tag of the corp."""

    id: str
    name: str
    group_id: str
    group_name: str


async def follow_users(client: WeComClient) -> list[str]:
    """Staff who may have customers."""
    answer = await client.call("contact", "externalcontact/get_follow_user_list", method="GET", safety="read")
    found = answer.get("follow_user")
    return [str(one) for one in found] if isinstance(found, list) else []


async def customer(client: WeComClient, external: str) -> tuple[Card, list[Follow]] | None:
    """A customer with all staff who follow them; None for a stranger."""
    card: Card | None = None
    follows: list[Follow] = []
    cursor = ""
    while True:
        query = {"external_userid": external} | ({"cursor": cursor} if cursor else {})
        try:
            answer = await client.call("contact", f"externalcontact/get?{urlencode(query)}", method="GET", safety="read")
        except LaoyouError as error:
            if error.code == "wecom_not_a_customer":
                return None
            raise
        card = card or _card(fields.part(answer, "external_contact"), external)
        follows += [_follow(row) for row in fields.rows(answer, "follow_user")]
        cursor = str(answer.get("next_cursor") or "")
        if not cursor:
            return card, follows


async def by_users(client: WeComClient, staff: Sequence[str], cursor: str = "") -> FollowPage:
    """The next pairs of at most a hundred staff; staff without customers are an empty page."""
    body: dict[str, Any] = {"userid_list": list(staff), "limit": AT_ONCE} | ({"cursor": cursor} if cursor else {})
    try:
        answer = await client.call("contact", "externalcontact/batch/get_by_user", body, safety="read")
    except LaoyouError as error:
        if error.detail.get("errcode") == NOBODY:
            return FollowPage([], "")
        raise
    rows = []
    for row in fields.rows(answer, "external_contact_list"):
        card = _card(fields.part(row, "external_contact"), "")
        if card.external:
            rows.append((card, _follow(fields.part(row, "follow_info"))))
    return FollowPage(rows, str(answer.get("next_cursor") or ""))


async def remark(client: WeComClient, staff: str, external: str, text: str) -> None:
    """The name under which a staff member sees a customer, at most 20 characters."""
    body = {"userid": staff, "external_userid": external, "remark": text}
    await client.call("contact", "externalcontact/remark", body, safety="keyed")


async def corp_tags(client: WeComClient, ids: Sequence[str] = ()) -> list[TagRow]:
    """The tag library, or some tags of it."""
    body = {"tag_id": list(ids)} if ids else {}
    answer = await client.call("contact", "externalcontact/get_corp_tag_list", body, safety="read")
    return [row for group in fields.rows(answer, "tag_group") for row in _tags(group)]


async def add_corp_tag(client: WeComClient, group_name: str, name: str) -> list[TagRow]:
    """Makes a tag in the group of this name, or finds it there; said again it stays one."""
    body = {"group_name": group_name, "tag": [{"name": name}]}
    answer = await client.call("contact", "externalcontact/add_corp_tag", body, safety="keyed")
    return _tags(fields.part(answer, "tag_group"))


async def mark_tag(client: WeComClient, staff: str, external: str, on: Sequence[str], off: Sequence[str]) -> None:
    """Tags of one pair; calls for one pair must not overlap (45035). Putting on what is there changes nothing."""
    body: dict[str, Any] = {"userid": staff, "external_userid": external}
    body |= {name: list(ids) for name, ids in (("add_tag", on), ("remove_tag", off)) if ids}
    await client.call("contact", "externalcontact/mark_tag", body, safety="keyed")


async def group_list(client: WeComClient, owners: Sequence[str] = (), cursor: str = "") -> Listing:
    """A page of customer groups: ``chat_id`` and ``status`` (0 fine, 1 the owner left, 2 and 3 being inherited)."""
    body: dict[str, Any] = {"status_filter": 0, "limit": AT_ONCE} | ({"cursor": cursor} if cursor else {})
    if owners:
        body["owner_filter"] = {"userid_list": list(owners)}
    answer = await client.call("contact", "externalcontact/groupchat/list", body, safety="read")
    return Listing(fields.rows(answer, "group_chat_list"), str(answer.get("next_cursor") or ""))


async def group_detail(client: WeComClient, chatid: str) -> GroupDetail:
    """One group with everybody inside."""
    answer = await client.call("contact", "externalcontact/groupchat/get", {"chat_id": chatid, "need_name": 0}, safety="read")
    group = fields.part(answer, "group_chat")
    scenes = {1: "invited", 2: "link", 3: "qr"}
    seats = tuple(
        GroupSeat(
            fields.text(row, "userid"),
            "staff" if row.get("type") == 1 else "customer",
            fields.instant(row.get("join_time")) or client.now(),
            scenes.get(fields.number(row.get("join_scene")), ""),
            fields.text(fields.part(row, "invitor"), "userid"),
            fields.text(row, "unionid"),
            fields.text(row, "state"),
        )
        for row in fields.rows(group, "member_list")
        if fields.text(row, "userid")
    )
    name, owner, notice = (fields.text(group, key) for key in ("name", "owner", "notice"))
    version = str(group.get("member_version") or "")
    return GroupDetail(chatid, name, owner, notice, version, fields.instant(group.get("create_time")), seats)


async def add_contact_way(client: WeComClient, body: Mapping[str, Any]) -> tuple[str, str]:
    """(config_id, qr_code). After Unknown look for it by its state, never make it again."""
    answer = await client.call("contact", "externalcontact/add_contact_way", body)
    return fields.text(answer, "config_id"), fields.text(answer, "qr_code")


async def list_contact_ways(client: WeComClient, start: int, end: int, cursor: str = "") -> Listing:
    """config_ids of ways made between two Unix seconds."""
    body = {"start_time": start, "end_time": end, "limit": 1000} | ({"cursor": cursor} if cursor else {})
    answer = await client.call("contact", "externalcontact/list_contact_way", body, safety="read")
    return Listing(fields.rows(answer, "contact_way"), str(answer.get("next_cursor") or ""))


async def get_contact_way(client: WeComClient, config_id: str) -> Mapping[str, Any]:
    """One way as WeCom keeps it."""
    answer = await client.call("contact", "externalcontact/get_contact_way", {"config_id": config_id}, safety="read")
    return fields.part(answer, "contact_way")


async def update_contact_way(client: WeComClient, config_id: str, body: Mapping[str, Any]) -> None:
    await client.call("contact", "externalcontact/update_contact_way", {"config_id": config_id, **body}, safety="keyed")


async def del_contact_way(client: WeComClient, config_id: str) -> None:
    await client.call("contact", "externalcontact/del_contact_way", {"config_id": config_id}, safety="keyed")


async def add_join_way(client: WeComClient, body: Mapping[str, Any]) -> str:
    """The config_id of a way to join groups. It cannot be looked for afterwards."""
    answer = await client.call("contact", "externalcontact/groupchat/add_join_way", body)
    return fields.text(answer, "config_id")


async def get_join_way(client: WeComClient, config_id: str) -> Mapping[str, Any]:
    """One way to join, with its ``qr_code``."""
    answer = await client.call("contact", "externalcontact/groupchat/get_join_way", {"config_id": config_id}, safety="read")
    return fields.part(answer, "join_way")


async def update_join_way(client: WeComClient, config_id: str, body: Mapping[str, Any]) -> None:
    await client.call("contact", "externalcontact/groupchat/update_join_way", {"config_id": config_id, **body}, safety="keyed")


async def del_join_way(client: WeComClient, config_id: str) -> None:
    await client.call("contact", "externalcontact/groupchat/del_join_way", {"config_id": config_id}, safety="keyed")


async def transfer_customer(
    client: WeComClient, handover: str, takeover: str, externals: Sequence[str], *, resigned: bool, message: str
) -> dict[str, int]:
    """Customer → errcode; 0 means that WeCom has begun. It ends by itself after a day."""
    path = "externalcontact/resigned/transfer_customer" if resigned else "externalcontact/transfer_customer"
    body: dict[str, Any] = {"handover_userid": handover, "takeover_userid": takeover, "external_userid": list(externals)}
    if message and not resigned:
        body["transfer_success_msg"] = message
    answer = await client.call("contact", path, body)
    return {fields.text(row, "external_userid"): fields.number(row.get("errcode")) for row in fields.rows(answer, "customer")}


async def transfer_result(client: WeComClient, handover: str, takeover: str, cursor: str = "", *, resigned: bool) -> Listing:
    """Per customer ``status``: 1 done, 2 waiting, 3 refused, 4 the taker is full."""
    path = "externalcontact/resigned/transfer_result" if resigned else "externalcontact/transfer_result"
    body = {"handover_userid": handover, "takeover_userid": takeover} | ({"cursor": cursor} if cursor else {})
    answer = await client.call("contact", path, body, safety="read")
    return Listing(fields.rows(answer, "customer"), str(answer.get("next_cursor") or ""))


async def unassigned(client: WeComClient, cursor: str = "") -> Listing:
    """Customers of staff who left: ``handover_userid``, ``external_userid``, ``dimission_time``."""
    body = {"page_size": 1000} | ({"cursor": cursor} if cursor else {})
    answer = await client.call("contact", "externalcontact/get_unassigned_list", body, safety="read")
    return Listing(fields.rows(answer, "info"), str(answer.get("next_cursor") or ""))


def _card(row: Mapping[str, Any], external: str) -> Card:
    number = fields.text(row, "external_userid") or external
    return Card(number, fields.text(row, "name"), fields.number(row.get("gender")), fields.text(row, "unionid"))


def _follow(row: Mapping[str, Any]) -> Follow:
    """``tags`` of one customer are objects, ``tag_id`` of the listing ids; only the corp's own tags have ids."""
    listed = row.get("tag_id")
    ids = [str(one) for one in listed] if isinstance(listed, list) else [fields.text(one, "tag_id") for one in fields.rows(row, "tags")]
    mobiles = row.get("remark_mobiles")
    return Follow(
        fields.text(row, "userid"),
        fields.instant(row.get("createtime")) or datetime.fromtimestamp(0, UTC),
        fields.number(row.get("add_way")),
        fields.text(row, "state"),
        fields.text(row, "remark"),
        fields.text(row, "description"),
        tuple(str(one) for one in mobiles if one) if isinstance(mobiles, list) else (),
        tuple(sorted({one for one in ids if one})),
    )


def _tags(group: Mapping[str, Any]) -> list[TagRow]:
    number, name = fields.text(group, "group_id"), fields.text(group, "group_name")
    if group.get("deleted") is True:
        return []
    return [
        TagRow(fields.text(row, "id"), fields.text(row, "name"), number, name)
        for row in fields.rows(group, "tag")
        if fields.text(row, "id") and row.get("deleted") is not True
    ]
