"""Tiers, paid plans and stored value in the console: the rules on one page, purchases and top-ups beside the member."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from assistant import access
from assistant.base.errors import Invalid
from assistant.base.money import format_yuan, parse_yuan
from assistant.web import fields, membership_form, memberships
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import part, render
from assistant.web.route import Route
from assistant.web.shapes_membership import VersionOut

LONGEST = 60_000
Save = Callable[[Call, int, Any], Awaitable[None]]
Read = Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]


async def show(call: Call) -> web.StreamResponse:
    """The rules in force."""
    return await _page(call)


async def _page(call: Call, written: dict[str, str] | None = None, problem: str = "", form: str = "") -> web.StreamResponse:
    """``written`` are texts that go back to who wrote them, ``form`` names the form that does."""
    tiers = await call.store.read(memberships.membership_rules)
    stored = await call.store.read(memberships.stored_rules)
    texts = {name: json.dumps(one.document, ensure_ascii=False, indent=2) for name, one in (("tiers", tiers), ("stored", stored))}
    may = access.allowed(call.who, "membership:edit")
    texts |= written or {}
    forms = {"tiers": membership_form.tier_groups(tiers.document), "stored": membership_form.step_groups(stored.document)}
    if form:
        forms[form] = fields.shown(forms[form], call.body)
    values = {"tiers": tiers, "stored": stored, "texts": texts, "forms": forms, "problem": problem, "may": may}
    return render(call, "membership.html", status=422 if problem else 200, **values)


async def set_tiers(call: Call) -> web.StreamResponse:
    """New rules of tiers and plans; a mistake is said above the text, which stays as it was written."""
    return await _save(call, "tiers", memberships.set_membership)


async def set_stored(call: Call) -> web.StreamResponse:
    """New rules of stored value."""
    return await _save(call, "stored", memberships.set_stored)


async def form_tiers(call: Call) -> web.StreamResponse:
    """New rules of tiers and plans from the form over those that were on the page."""
    now = await call.store.read(memberships.membership_rules)
    return await _save_form(call, "tiers", now, membership_form.tiers_of, memberships.set_membership)


async def form_stored(call: Call) -> web.StreamResponse:
    """New rules of stored value from the form over those that were on the page."""
    now = await call.store.read(memberships.stored_rules)
    return await _save_form(call, "stored", now, membership_form.steps_of, memberships.set_stored)


async def _save(call: Call, name: str, save: Save) -> web.StreamResponse:
    text = call.field("document")
    try:
        await save(call, _seen(call), _document(text))
    except Invalid as error:
        return await _page(call, {name: text}, error.say)
    return see("/membership")


async def _save_form(call: Call, name: str, now: VersionOut, read: Read, save: Save) -> web.StreamResponse:
    try:
        if _seen(call) != now.version:
            raise Invalid("规则刚刚换过一版，请看过新的再改", code="stale")
        await save(call, now.version, read(now.document, call.body))
    except Invalid as error:
        return await _page(call, problem=error.say, form=name)
    return see("/membership")


def _seen(call: Call) -> int:
    seen = call.field("seen")
    if not seen.isascii() or not seen.isdecimal():
        raise Invalid("请刷新页面后再保存", code="no_version")
    return int(seen)


def _document(text: str) -> Any:
    try:
        if len(text) > LONGEST:
            raise ValueError
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Invalid("规则要写成 JSON，请检查括号、引号和逗号", code="bad_json") from None


async def buy(call: Call) -> web.StreamResponse:
    """Records a purchase of a plan."""
    member = call.part("id")
    await memberships.buy(call, member, call.field("plan"), call.field("payment"), parse_yuan(call.field("yuan")))
    return see(f"/members/{part(member)}#membership")


async def refund_plan(call: Call) -> web.StreamResponse:
    """Ends paid time; the page then shows what is to be paid back."""
    await memberships.refund_plan(call, call.field("payment"))
    return see(f"/members/{part(call.part('id'))}#membership")


async def top_up(call: Call) -> web.StreamResponse:
    """Records money that was paid in."""
    member = call.part("id")
    await memberships.top_up(call, member, parse_yuan(call.field("yuan")), call.field("payment"))
    return see(f"/members/{part(member)}#stored")


async def refund_stored(call: Call) -> web.StreamResponse:
    """Pays principal back: as much as is written, or all that is left."""
    yuan = call.field("yuan")
    await memberships.refund_stored(call, call.field("payment"), parse_yuan(yuan) if yuan else None)
    return see(f"/members/{part(call.part('id'))}#stored")


def rights(call: Call) -> dict[str, bool]:
    """What the operator may do beside a member."""
    names = ("paid_plan:sell", "paid_plan:refund", "stored_value:move", "stored_value:refund")
    return {name.replace(":", "_"): access.allowed(call.who, name) for name in names}


def plans(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Plans to choose from, with name and price."""
    return [(plan["id"], f"{plan['name']} ¥{format_yuan(plan['price_fen'])}") for plan in document["plans"]]


ROUTES = (
    Route("GET", "/membership", "member:read", show),
    Route("POST", "/membership/tiers", "membership:edit", set_tiers),
    Route("POST", "/membership/stored", "membership:edit", set_stored),
    Route("POST", "/membership/tiers/form", "membership:edit", form_tiers),
    Route("POST", "/membership/stored/form", "membership:edit", form_stored),
    Route("POST", "/members/{id}/plans", "paid_plan:sell", buy),
    Route("POST", "/members/{id}/plans/refund", "paid_plan:refund", refund_plan),
    Route("POST", "/members/{id}/stored", "stored_value:move", top_up),
    Route("POST", "/members/{id}/stored/refund", "stored_value:refund", refund_stored),
)
