"""Customer contact over the API: codes to scan, tags, reconciliation, customers passed on, callbacks nobody understood."""

from __future__ import annotations

from assistant.web import contacts
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import Nothing
from assistant.web.shapes_contacts import (
    ContactsOut,
    FriendsOut,
    RemarkIn,
    TagIn,
    TransferAskedOut,
    TransferIn,
    WayIn,
    WayMadeOut,
)


async def show(call: Call) -> ContactsOut:
    """All of it."""
    return await call.store.read(contacts.overview)


async def friends(call: Call) -> FriendsOut:
    """One member's."""
    return await call.store.read(contacts.of_member, call.part("id"))


async def add_way(call: Call) -> WayMadeOut:
    """Makes a code."""
    return WayMadeOut(way_id=await contacts.save_way(call, call.body))


async def change_way(call: Call) -> WayMadeOut:
    """Changes a code."""
    return WayMadeOut(way_id=await contacts.save_way(call, call.body, call.part("id")))


async def delete_way(call: Call) -> Nothing:
    """Deletes a code."""
    await contacts.delete_way(call, call.part("id"))
    return Nothing()


async def make_again(call: Call) -> Nothing:
    """Makes a code of which WeCom knows nothing."""
    await contacts.make_again(call, call.part("id"))
    return Nothing()


async def reconcile(call: Call) -> Nothing:
    """Begins a reconciliation."""
    await contacts.reconcile(call)
    return Nothing()


async def map_tag(call: Call) -> Nothing:
    """Maps a tag."""
    await contacts.map_tag(call, call.part("id"), call.body.ours)
    return Nothing()


async def transfer(call: Call) -> TransferAskedOut:
    """Passes customers on."""
    return TransferAskedOut(count=await contacts.transfer(call, call.body))


async def remark(call: Call) -> Nothing:
    """Sets a remark."""
    await contacts.remark(call, call.part("id"), call.body.staff, call.body.text)
    return Nothing()


ROUTES = (
    ApiRoute(
        "GET", "/api/v1/contacts", "contact:read", show, "客户联系：员工、渠道码、客户群、标签、对账、转接、看不懂的回调", ContactsOut
    ),
    ApiRoute("GET", "/api/v1/members/{id}/friends", "contact:read", friends, "会员是哪些员工的好友、在哪些群里", FriendsOut),
    ApiRoute("POST", "/api/v1/members/{id}/remark", "member:edit", remark, "改员工给会员的企业微信备注", Nothing, RemarkIn),
    ApiRoute("POST", "/api/v1/contact-ways", "contact:edit", add_way, "新建渠道码（加好友或进群）", WayMadeOut, WayIn),
    ApiRoute("PUT", "/api/v1/contact-ways/{id}", "contact:edit", change_way, "修改渠道码", WayMadeOut, WayIn),
    ApiRoute("DELETE", "/api/v1/contact-ways/{id}", "contact:edit", delete_way, "删除渠道码", Nothing),
    ApiRoute(
        "POST", "/api/v1/contact-ways/{id}/again", "contact:edit", make_again, "企业微信里没有建好的渠道码，重新创建", Nothing, Nothing
    ),
    ApiRoute("POST", "/api/v1/contacts/reconcile", "contact:edit", reconcile, "现在和企业微信对账", Nothing, Nothing),
    ApiRoute("PUT", "/api/v1/corp-tags/{id}", "contact:edit", map_tag, "企业标签对应我们的哪个标签", Nothing, TagIn),
    ApiRoute("POST", "/api/v1/contact-transfers", "contact:transfer", transfer, "把客户转接给另一位员工", TransferAskedOut, TransferIn),
)
