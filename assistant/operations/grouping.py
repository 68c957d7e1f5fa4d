"""Plans that address customer groups: which ones, what each may still get, their messages queued, what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assistant.base import ids
from assistant.channels import quota
from assistant.domain import members, outreach
from assistant.operations import allowing
from assistant.operations.language import Plan
from assistant.operations.values import Stored
from assistant.store import View, Work

PAGE = 200
NO_OWNER = "不知道群主是谁，没有人能群发"
SECOND_PERSON_SHARE = 20


def chosen(view: View, plan: Plan) -> list[members.CustomerGroup]:
    """The groups that a plan addresses, by their ids."""
    wanted = plan.groups
    return members.choose_groups(view, wanted.chats, wanted.owners, wanted.names, wanted.personas)


def described(plan: Plan) -> str:
    """The groups in words."""
    wanted = plan.groups
    said = [f"名字含“{'”或“'.join(wanted.names)}”"] if wanted.names else []
    said += [f"群主是{'、'.join(wanted.owners)}"] if wanted.owners else []
    said += [f"画像是{'、'.join(wanted.personas)}"] if wanted.personas else []
    said += [f"指定的 {len(wanted.chats)} 个"] if wanted.chats else []
    return f"客户群：{'，'.join(said)}" if said else "全部客户群"


def foreseen(view: View, plan: Plan, at: datetime | None = None) -> list[tuple[members.CustomerGroup, str]]:
    """Each group with the reason why it cannot be written to, empty where it can."""
    groups = chosen(view, plan)
    rooms = quota.rooms(view, quota.MASS_GROUP, [group.chatid for group in groups], at)
    return [(group, NO_OWNER if not group.owner else "" if rooms[group.chatid].left else outreach.GROUP_FULL) for group in groups]


def tally(view: View, plan: Plan, at: datetime) -> tuple[dict[str, Any], list[str]]:
    """What a preview shows of a plan for groups, in the fields of the preview's progress, and the groups that are frozen with it."""
    seen = foreseen(view, plan, at)
    skipped: dict[str, int] = {}
    for _, reason in seen:
        if reason:
            skipped[reason] = skipped.get(reason, 0) + 1
    open_to = [group for group, reason in seen if not reason]
    text = plan.text_for("", "group")
    lines: allowing.Lines = {}
    owned = [group.chatid for group, reason in seen if reason != NO_OWNER]
    allowing.added(lines, quota.MASS_GROUP, quota.forecast(view, quota.MASS_GROUP, owned, at))
    progress = {
        "after": "",
        "people": len(seen),
        "holdout": 0,
        "routes": {"group": len(open_to)} if open_to else {},
        "skipped": skipped,
        "deferred": {},
        "staff": sorted({group.owner for group in open_to}),
        "samples": [{"member_id": "", "nickname": group.name, "route": "group", "text": text} for group in open_to[:3]],
        "quota": lines,
    }
    return progress, [group.chatid for group, _ in seen]


def second_person(view: View, chats: list[str]) -> bool:
    """Whether the groups hold so many members that the maker may not approve alone."""
    return members.inside_groups(view, chats) * SECOND_PERSON_SHARE > members.count(view)


def queue(work: Work, stored: Stored) -> tuple[list[str], int]:
    """Queues the next groups of an approved plan, each once; returns their ids and how many were not passed over."""
    here = [chat for chat in stored.progress.get("groups", ()) if chat > stored.after][:PAGE]
    known = {group.chatid: group for group in members.group_list(work)}
    cap = stored.plan.caps.people
    wanted = [known[chat] for chat in here if chat in known and known[chat].owner]
    if cap is not None:
        wanted = wanted[: max(0, cap - stored.sent)]
    why = dict.fromkeys(here, "已经没有这个群") | {chat: NO_OWNER for chat in here if chat in known and not known[chat].owner}
    why |= {chat: f"达到上限 {cap} 个群" for chat in here if chat in known and known[chat].owner}
    why |= {group.chatid: "" for group in wanted}
    text = stored.plan.text_for("", "group")
    requests = [
        outreach.QueueGroup(
            key=f"{stored.id}:{chat}",
            chatid=chat,
            name=known[chat].name if chat in known else chat,
            staff=known[chat].owner if chat in known else "",
            cause=stored.cause,
            text=text,
            attachments=stored.plan.attachments,
            skipped=why[chat],
        )
        for chat in here
    ]
    passed = outreach.queue_within(work, requests)
    return here, sum(not one.reason for one in passed)


def digest(chats: list[str]) -> str:
    """What an approval signs of the groups."""
    return ids.digest_of(sorted(chats))
