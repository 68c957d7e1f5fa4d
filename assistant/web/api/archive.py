"""The message archive over the API: decrypted lines in, the life of groups and their words out."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from assistant import telemetry
from assistant.base.clock import parse_instant
from assistant.base.errors import Invalid
from assistant.domain import archive, insights
from assistant.flows.archiving import take_lines
from assistant.web import archive as pages
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import Nothing
from assistant.web.shapes_archive import ArchiveOut, ArchivePageOut, GroupLifeOut, GroupsOut, LineOut, SaidOut

MOST_DAYS = 92


async def take(call: Call) -> ArchiveOut:
    """Takes the lines of the body in; good lines are kept whatever the bad ones are."""
    report = await asyncio.to_thread(take_lines, call.store, bytes(call.body).splitlines(), call.who)
    bad = [f"第 {number} 行：{why}" for number, why in report.bad]
    return ArchiveOut(
        kept=report.kept,
        known=report.known,
        silent=report.silent,
        elsewhere=report.elsewhere,
        recalled=report.recalled,
        agreements=report.agreements,
        bad=bad,
    )


async def groups(call: Call) -> GroupsOut:
    """How lively each customer group was in the last days."""
    text = call.query("days", "7")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise Invalid(f"days 应是 1 到 {MOST_DAYS} 的整数", code="bad_days")
    until = call.store.clock.now()
    found = await call.store.read(insights.group_life, until - timedelta(days=int(text)), until)
    return GroupsOut(groups=[GroupLifeOut.of(one) for one in found])


async def said(call: Call) -> SaidOut:
    """The last messages of one group, phone numbers masked."""
    try:
        before = parse_instant(call.query("before")) if call.query("before") else None
    except ValueError:
        raise Invalid("before 应是 2026-11-22T10:00:00+08:00 这样的时间", code="bad_before") from None
    rows = await call.store.read(archive.said, call.part("chatid"), before)
    lines = [
        LineOut(
            at=one.at,
            staff=one.sender,
            member_id=one.member_id,
            by_staff=one.by_staff,
            kind=one.kind,
            text=telemetry.redact(one.text),
            recalled=one.recalled,
        )
        for one in rows
    ]
    return SaidOut(messages=lines)


async def show(call: Call) -> ArchivePageOut:
    """On or off, who agreed, groups, what is kept."""
    return await pages.show(call)


async def ask(call: Call) -> Nothing:
    """Asks WeCom who agreed, now."""
    await pages.ask(call)
    return Nothing()


ROUTES = (
    ApiRoute("GET", "/api/v1/archive", "archive:read", show, "会话存档：开没开、谁同意、群的活跃、留存", ArchivePageOut),
    ApiRoute("POST", "/api/v1/archive/ask", "archive:read", ask, "现在就向企业微信问谁同意了存档", Nothing),
    ApiRoute("POST", "/api/v1/archive", "import:run", take, "收进会话存档（已解密的 JSON 行），最多 1 MiB", ArchiveOut, raw=True),
    ApiRoute("GET", "/api/v1/archive/groups", "report:read", groups, "客户群的活跃：多少人说、说多少、多久回", GroupsOut, query=("days",)),
    ApiRoute("GET", "/api/v1/archive/groups/{chatid}", "archive:read", said, "一个客户群的发言，手机号已打码", SaidOut, query=("before",)),
)
