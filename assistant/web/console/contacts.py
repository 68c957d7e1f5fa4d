"""客户联系 on one page: reconciliation, codes to scan, groups, tags, customers passed on, welcomes, callbacks nobody understood."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from assistant import access
from assistant.web import contacts
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route
from assistant.web.shapes_contacts import TransferIn, WayIn

PAGE = "/contacts"
KINDS = {"tags": "企业标签", "contacts": "好友", "groups": "客户群", "marks": "标签写给大家"}
COUNTS = {
    "new": "新发现",
    "opened": "重新成为好友",
    "changed": "有变化",
    "ended": "已经不在",
    "dismissed": "已解散",
    "queued": "要写回",
    "written": "已写回",
    "adopted": "从企业微信收进来",
    "staff_passed_over": "不可见的员工",
    "group_passed_over": "读不到的群",
}


async def show(call: Call) -> web.StreamResponse:
    """All of it."""
    may = {name: access.allowed(call.who, f"contact:{name}") for name in ("edit", "transfer")}
    return render(call, "contacts.html", shown=await call.store.read(contacts.overview), may=may, kinds=KINDS, counted=COUNTS)


async def reconcile(call: Call) -> web.StreamResponse:
    """Begins one."""
    await contacts.reconcile(call)
    return see(f"{PAGE}#runs")


async def save_way(call: Call) -> web.StreamResponse:
    """A new code, or one that is changed by its fields."""
    way_id = call.request.match_info.get("id", "")
    link = {name: call.field(f"link_{name}") for name in ("title", "url", "desc")}
    body = WayIn(
        kind="group" if call.field("kind") == "group" else "person",
        name=call.field("name")[:100],
        channel=call.field("channel")[:100],
        staff=_ticked(call, "staff:")[:200],
        groups=_ticked(call, "group:")[:20],
        greeting=call.field("greeting")[:5000].replace("\r\n", "\n"),
        link={name: text for name, text in link.items() if text},
        tags=contacts.words(call.field("tags"))[:20],
        benefit=await _benefit(call, way_id),
        skip_verify=call.field("verify") != "on",
        state=call.field("state")[:100],
    )
    await contacts.save_way(call, body, way_id)
    return see(f"{PAGE}#ways")


def _ticked(call: Call, prefix: str) -> list[str]:
    return [name.removeprefix(prefix) for name in call.body if name.startswith(prefix) and call.field(name)]


async def _benefit(call: Call, way_id: str) -> dict[str, Any]:
    """Points as written; another benefit, made over the API, stays."""
    before = await call.store.read(contacts.benefit_of, way_id) if way_id else {}
    points = contacts.benefit("points", call.field("points"))
    return points or (before if before.get("kind") not in (None, "points") else {})


async def delete_way(call: Call) -> web.StreamResponse:
    """A code goes."""
    await contacts.delete_way(call, call.part("id"))
    return see(f"{PAGE}#ways")


async def make_again(call: Call) -> web.StreamResponse:
    """A code that WeCom does not have."""
    await contacts.make_again(call, call.part("id"))
    return see(f"{PAGE}#ways")


async def map_tag(call: Call) -> web.StreamResponse:
    """A tag of ours for a corp tag."""
    await contacts.map_tag(call, call.part("id"), call.field("ours")[:60])
    return see(f"{PAGE}#tags")


async def make_tag(call: Call) -> web.StreamResponse:
    """A corp tag for a tag of ours."""
    await contacts.make_tag(call, call.field("name")[:60])
    return see(f"{PAGE}#tags")


async def transfer(call: Call) -> web.StreamResponse:
    """Customers passed on."""
    body = TransferIn(
        handover=call.field("handover")[:64] or "?",
        takeover=call.field("takeover")[:64] or "?",
        members=contacts.words(call.field("members"))[:1000],
        resigned=call.field("resigned") == "on",
        message=call.field("message")[:500],
    )
    await contacts.transfer(call, body)
    return see(f"{PAGE}#transfers")


async def remark(call: Call) -> web.StreamResponse:
    """A remark on a member's page."""
    await contacts.remark(call, call.part("id"), call.field("staff")[:64], call.field("text")[:100])
    return see(f"/members/{call.part('id')}#friends")


ROUTES = (
    Route("GET", PAGE, "contact:read", show),
    Route("POST", f"{PAGE}/reconcile", "contact:edit", reconcile),
    Route("POST", f"{PAGE}/ways", "contact:edit", save_way),
    Route("POST", f"{PAGE}/ways/{{id}}", "contact:edit", save_way),
    Route("POST", f"{PAGE}/ways/{{id}}/delete", "contact:edit", delete_way),
    Route("POST", f"{PAGE}/ways/{{id}}/again", "contact:edit", make_again),
    Route("POST", f"{PAGE}/tags", "contact:edit", make_tag),
    Route("POST", f"{PAGE}/tags/{{id}}", "contact:edit", map_tag),
    Route("POST", f"{PAGE}/transfers", "contact:transfer", transfer),
    Route("POST", "/members/{id}/remark", "member:edit", remark),
)
