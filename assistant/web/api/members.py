"""Members and their book over the API."""

from __future__ import annotations

import json

from assistant.flows import exporting
from assistant.web import book, persons
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes_members import BookOut, CopyOut, ErasedOut, EraseIn, HouseholdIn, MemberOut, MembersOut


async def search(call: Call) -> MembersOut:
    """Members by nickname, phone, number or identity."""
    return MembersOut(members=await call.store.read(book.search, call.query("q")[:100]))


async def read_one(call: Call) -> MemberOut:
    """A profile by id, shop key or identity."""
    return await call.store.read(book.profile, call.part("ref"))


async def read_book(call: Call) -> BookOut:
    """What the member holds, each entry with its reason."""
    return await call.store.read(book.book, call.part("ref"))


async def set_household(call: Call) -> MemberOut:
    """The profile with the household the member belongs to from now on."""
    await persons.set_household(call, call.part("ref"), call.body.household)
    return await read_one(call)


async def read_copy(call: Call) -> CopyOut:
    """Everything the book holds about the member."""
    copy = await persons.copy(call, call.part("ref"))
    return CopyOut(member_id=copy.member_id, sections=json.loads(exporting.as_json(copy)))


async def erase(call: Call) -> ErasedOut:
    """Erases the member for good."""
    return ErasedOut.model_validate(await persons.erase(call, call.part("ref"), call.body.reason), from_attributes=True)


BASE = "/api/v1/members"
ROUTES = (
    ApiRoute("GET", BASE, "member:read", search, "按昵称、手机号或编号找会员", MembersOut, query=("q",)),
    ApiRoute("GET", f"{BASE}/{{ref}}", "member:read", read_one, "会员资料，手机号打码", MemberOut),
    ApiRoute(
        "POST",
        f"{BASE}/{{ref}}/household",
        "member:edit",
        set_household,
        "会员属于哪个家庭（家庭上限用）；空是不属于",
        MemberOut,
        HouseholdIn,
    ),
    ApiRoute("GET", f"{BASE}/{{ref}}/export", "member:export", read_copy, "账本里关于这位会员的全部资料", CopyOut),
    ApiRoute("POST", f"{BASE}/{{ref}}/erase", "member:erase", erase, "删除会员：个人资料清除，账目留在无名编号下", ErasedOut, EraseIn),
    ApiRoute("GET", f"{BASE}/{{ref}}/book", "book:read", read_book, "会员的账本：余额、批次、明细和原因", BookOut),
)
