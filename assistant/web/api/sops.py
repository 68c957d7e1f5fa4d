"""SOPs and cashback approval over the API."""

from __future__ import annotations

from assistant.base.errors import Invalid
from assistant.web import claims, sops
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import Nothing
from assistant.web.shapes_members import DecidedOut, DueClaimsOut, SopIn, SopsOut
from assistant.web.shapes_plans import ReasonIn


async def list_all(call: Call) -> SopsOut:
    """All SOPs."""
    return SopsOut(sops=await call.store.read(sops.sops))


async def change(call: Call) -> SopsOut:
    """A new version, on or off, or both."""
    name, body = call.part("id"), call.body
    if body.definition is None and body.enabled is None:
        raise Invalid("请给 enabled 或 definition", code="nothing_to_change")
    if body.definition is not None:
        if body.definition.get("name") != name:
            raise Invalid("definition 里的 name 要和地址里的一致", code="other_name")
        await sops.publish(call, body.definition)
    if body.enabled is not None:
        await sops.switch(call, name, body.enabled)
    return await list_all(call)


async def due(call: Call) -> DueClaimsOut:
    """Cashback that waits for approval."""
    return DueClaimsOut(claims=await call.store.read(claims.due))


async def approve(call: Call) -> DecidedOut:
    """Lets the money go."""
    return DecidedOut.model_validate(await claims.approve(call, call.part("id")), from_attributes=True)


async def reject(call: Call) -> DecidedOut:
    """Refuses for good."""
    return DecidedOut.model_validate(await claims.reject(call, call.part("id"), call.body.reason), from_attributes=True)


BASE = "/api/v1"
ROUTES = (
    ApiRoute("GET", f"{BASE}/sops", "plan:read", list_all, "SOP 的最新版本、开关和人数", SopsOut),
    ApiRoute("PATCH", f"{BASE}/sops/{{id}}", "journey:edit", change, "打开、关掉或发布新版本", SopsOut, SopIn),
    ApiRoute("GET", f"{BASE}/claims", "book:read", due, "等批准的返现", DueClaimsOut),
    ApiRoute("POST", f"{BASE}/claims/{{id}}/approve", "payout:approve", approve, "批准打款；大额要第二个人", DecidedOut, Nothing),
    ApiRoute("POST", f"{BASE}/claims/{{id}}/reject", "cashback:review", reject, "不通过，理由会告诉会员", DecidedOut, ReasonIn),
)
