"""Members and their book over the API."""

from __future__ import annotations

from assistant.web import book
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes_members import BookOut, MemberOut, MembersOut


async def search(call: Call) -> MembersOut:
    """Members by nickname, phone, number or identity."""
    return MembersOut(members=await call.store.read(book.search, call.query("q")[:100]))


async def read_one(call: Call) -> MemberOut:
    """A profile by id, shop key or identity."""
    return await call.store.read(book.profile, call.part("ref"))


async def read_book(call: Call) -> BookOut:
    """What the member holds, each entry with its reason."""
    return await call.store.read(book.book, call.part("ref"))


BASE = "/api/v1/members"
ROUTES = (
    ApiRoute("GET", BASE, "member:read", search, "按昵称、手机号或编号找会员", MembersOut, query=("q",)),
    ApiRoute("GET", f"{BASE}/{{ref}}", "member:read", read_one, "会员资料，手机号打码", MemberOut),
    ApiRoute("GET", f"{BASE}/{{ref}}/book", "book:read", read_book, "会员的账本：余额、批次、明细和原因", BookOut),
)
