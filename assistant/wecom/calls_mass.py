"""Thin typed functions for 群发 and what is around it: who may send, moments, statistics, sensitive words of staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.wecom import fields
from assistant.wecom.calls import Listing, listing
from assistant.wecom.client import WeComClient


async def behavior(client: WeComClient, userid: str, start: int, end: int) -> list[dict[str, Any]]:
    """One row a day of one employee; at most 30 days, 180 back. Several employees at once would be summed."""
    body = {"userid": [userid], "start_time": start, "end_time": end}
    return fields.rows(await client.call("contact", "externalcontact/get_user_behavior_data", body, safety="read"), "behavior_data")


async def group_statistic(client: WeComClient, owners: Sequence[str], day: int) -> list[dict[str, Any]]:
    """One item per owner (at most 100 asked for) for the day that begins at this Unix second; yesterday back to 180 days."""
    found: list[dict[str, Any]] = []
    while True:
        body = {"day_begin_time": day, "owner_filter": {"userid_list": list(owners)}, "offset": len(found), "limit": 1000}
        answer = await client.call("contact", "externalcontact/groupchat/statistic", body, safety="read")
        rows = fields.rows(answer, "items")
        found += rows
        if not rows or len(found) >= int(answer.get("total") or 0):
            return found


async def intercept_rules(client: WeComClient) -> list[dict[str, Any]]:
    """Ids and names of all rules."""
    answer = await client.call("contact", "externalcontact/get_intercept_rule_list", method="GET", safety="read")
    return fields.rows(answer, "rule_list")


async def get_intercept_rule(client: WeComClient, rule_id: str) -> dict[str, Any]:
    """One rule in full; refused for one that is gone or another app's."""
    answer = await client.call("contact", "externalcontact/get_intercept_rule", {"rule_id": rule_id}, safety="read")
    rule = answer.get("rule")
    return rule if isinstance(rule, dict) else {}


async def add_intercept_rule(client: WeComClient, body: Mapping[str, Any]) -> str:
    """Makes a rule and returns its id. After Unknown look for it by its name."""
    return str((await client.call("contact", "externalcontact/add_intercept_rule", body)).get("rule_id") or "")


async def update_intercept_rule(
    client: WeComClient, rule_id: str, body: Mapping[str, Any], now: Sequence[str], wished: Sequence[str]
) -> None:
    """Changes a rule; ``now`` and ``wished`` are the employees it holds for and shall hold for. Doing it twice changes nothing."""
    changed = {name: value for name, value in body.items() if name != "semantics_list"}
    changed |= {"rule_id": rule_id, "extra_rule": {"semantics_list": body.get("semantics_list", [])}}
    added, gone = [one for one in wished if one not in now], [one for one in now if one not in wished]
    changed |= {"add_applicable_range": {"user_list": added}} if added else {}
    changed |= {"remove_applicable_range": {"user_list": gone}} if gone else {}
    await client.call("contact", "externalcontact/update_intercept_rule", changed, safety="keyed")


async def del_intercept_rule(client: WeComClient, rule_id: str) -> None:
    """Takes a rule away."""
    await client.call("contact", "externalcontact/del_intercept_rule", {"rule_id": rule_id}, safety="keyed")


async def add_moment_task(
    client: WeComClient, text: str, attachments: Sequence[Mapping[str, Any]], senders: Sequence[str], tags: Sequence[str]
) -> str:
    """Begins to make a moment and returns the job's id (24 h). After Unknown look for it with ``moments``, never make it again."""
    visible: dict[str, Any] = {"sender_list": {"user_list": list(senders)}} if senders else {}
    visible |= {"external_contact_list": {"tag_list": list(tags)}} if tags else {}
    body: dict[str, Any] = {"attachments": [dict(one) for one in attachments], "visible_range": visible}
    body |= {"text": {"content": text}} if text else {}
    return str((await client.call("contact", "externalcontact/add_moment_task", body)).get("jobid") or "")


async def moment_job(client: WeComClient, jobid: str) -> dict[str, Any]:
    """``status`` 1 begun, 2 running, 3 done with ``result``."""
    return await client.call("contact", f"externalcontact/get_moment_task_result?jobid={jobid}", method="GET", safety="read")


async def moments(client: WeComClient, start: int, end: int, *, cursor: str = "") -> Listing:
    """A page of the moments made between two Unix seconds, at most 30 days apart."""
    body = {"start_time": start, "end_time": end, "filter_type": 0, "limit": 20, "cursor": cursor}
    return await listing(client, "externalcontact/get_moment_list", body, "moment_list")


async def moment_staff(client: WeComClient, moment_id: str, *, cursor: str = "") -> Listing:
    """Per employee: ``publish_status`` 0 not yet, 1 published."""
    body = {"moment_id": moment_id, "limit": 1000, "cursor": cursor}
    return await listing(client, "externalcontact/get_moment_task", body, "task_list")


async def moment_reached(client: WeComClient, moment_id: str, userid: str, *, cursor: str = "") -> Listing:
    """The customers who can see what one employee has published."""
    body = {"moment_id": moment_id, "userid": userid, "limit": 5000, "cursor": cursor}
    return await listing(client, "externalcontact/get_moment_send_result", body, "customer_list")


async def moment_comments(client: WeComClient, moment_id: str, userid: str) -> tuple[int, int]:
    """How many comments and likes one employee's moment has got."""
    body = {"moment_id": moment_id, "userid": userid}
    answer = await client.call("contact", "externalcontact/get_moment_comments", body, safety="read")
    return len(fields.rows(answer, "comment_list")), len(fields.rows(answer, "like_list"))


async def cancel_moment_task(client: WeComClient, moment_id: str) -> None:
    """Who has not published it no longer can; what is published stays."""
    await client.call("contact", "externalcontact/cancel_moment_task", {"moment_id": moment_id}, safety="keyed")
