"""Members: find one, and read their book with the reason for every entry."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from assistant import access
from assistant.base.errors import Invalid
from assistant.flows import exporting
from assistant.store import View
from assistant.web import book, contacts, memberships, persons, shapes_members
from assistant.web.console import membership
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route

STATUSES = {"created": "待付款", "paid": "已付款", "shipped": "已发货", "finished": "已收货", "closed": "已关闭"}
TOUCHES = {
    "queued": "待发",
    "sending": "发送中",
    "task_created": "等员工确认",
    "delivered": "已送达",
    "refused": "没发出",
    "unknown": "不知是否送达",
    "expired": "已过期",
    "cancelled": "已取消",
    "skipped": "跳过",
    "past": "以前联系过",
}


async def find(call: Call) -> web.StreamResponse:
    """The search."""
    wanted = call.query("q").strip()[:100]
    return render(call, "members.html", wanted=wanted, found=await call.store.read(book.search, wanted))


async def show(call: Call) -> web.StreamResponse:
    """One member."""
    member, held = await call.store.read(_both, call.part("id"))
    beside: dict[str, Any] = {
        "standing": await call.store.read(memberships.standing, member.id),
        "stored": await call.store.read(memberships.stored, member.id),
        "plans": membership.plans((await call.store.read(memberships.membership_rules)).document),
        "rights": membership.rights(call),
        "friends": await call.store.read(contacts.of_member, member.id),
    }
    may = {name: access.allowed(call.who, f"member:{name}") for name in ("edit", "export", "erase")}
    return render(call, "member.html", member=member, book=held, statuses=STATUSES, states=TOUCHES, may=may, **beside)


async def set_household(call: Call) -> web.StreamResponse:
    """Whom the member lives with."""
    await persons.set_household(call, call.part("id"), call.field("household"))
    return see(f"/members/{call.part('id')}")


async def download(call: Call) -> web.StreamResponse:
    """Everything about the member as a file."""
    copy = await persons.copy(call, call.part("id"))
    headers = {"Content-Disposition": f'attachment; filename="{copy.member_id}.zip"'}
    return web.Response(body=exporting.packed(copy), content_type="application/zip", headers=headers)


async def erase(call: Call) -> web.StreamResponse:
    """Erases the member for good; the word must be typed."""
    if call.field("word") != "删除":
        raise Invalid("请输入“删除”两个字来确认", code="not_confirmed")
    await persons.erase(call, call.part("id"), call.field("reason"))
    return see("/members")


def _both(view: View, ref: str) -> tuple[shapes_members.MemberOut, shapes_members.BookOut]:
    return book.profile(view, ref), book.book(view, ref)


ROUTES = (
    Route("GET", "/members", "member:read", find),
    Route("GET", "/members/{id}", "book:read", show),
    Route("POST", "/members/{id}/household", "member:edit", set_household),
    Route("POST", "/members/{id}/export", "member:export", download),
    Route("POST", "/members/{id}/erase", "member:erase", erase),
)
