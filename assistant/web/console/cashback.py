"""Cashback: what waits for a person, the kinds of cards, the limits."""

from __future__ import annotations

from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from assistant import access
from assistant.base.errors import Invalid
from assistant.base.money import parse_yuan
from assistant.domain.cashback import KINDS, NATURES
from assistant.store import View
from assistant.web import cashback, payouts
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route
from assistant.web.shapes_cashback import CardKindEditIn, CardKindIn, DecidedSetOut, DecideIn, LimitsIn

TICK = "claim:"
T = TypeVar("T", bound=BaseModel)


async def show(call: Call) -> web.StreamResponse:
    """All of it on one page."""
    return await _page(call, None)


async def _page(call: Call, decided: DecidedSetOut | None) -> web.StreamResponse:
    needs = {"approve": "payout:approve", "review": "cashback:review", "edit": "cashback:edit", "limits": "settings:edit"}
    may = {name: access.allowed(call.who, permission) for name, permission in needs.items()}
    names = {f"operator:{one.id}": one.name for one in await call.store.read(access.operators)}
    found = await call.store.read(_both)
    return render(call, "cashback.html", may=may, names=names, kinds=KINDS, natures=NATURES, decided=decided, **found)


def _both(view: View) -> dict[str, Any]:
    return {"queue": cashback.queue(view), "cards": cashback.kinds(view), "stuck": payouts.stuck(view)}


async def decide(call: Call) -> web.StreamResponse:
    """What was ticked, all alike; the page says what came of it."""
    ticked = [name.removeprefix(TICK) for name in call.body if name.startswith(TICK)]
    wanted = _checked(DecideIn, {"claims": ticked, "action": call.field("action"), "reason": call.field("reason")}, "请先勾选要处理的返现")
    return await _page(call, await cashback.decide(call, wanted))


async def create(call: Call) -> web.StreamResponse:
    """One more kind of card."""
    form = {name: call.field(name) for name in call.body}
    await cashback.create(call, _checked(CardKindIn, cashback.form_kind(form), "返现卡的内容不对"))
    return see("/cashback#cards")


async def edit(call: Call) -> web.StreamResponse:
    """What may change of one."""
    stock, budget = call.field("stock"), call.field("budget_fen")
    values = {
        "name": call.field("name"),
        "stock": cashback.whole(stock) if stock else None,
        "budget_fen": parse_yuan(budget) if budget else None,
        "auto_bind": bool(call.field("auto_bind")),
        "open": bool(call.field("open")),
    }
    await cashback.edit(call, call.part("id"), _checked(CardKindEditIn, values, "返现卡的内容不对"))
    return see("/cashback#cards")


async def set_limits(call: Call) -> web.StreamResponse:
    """All limits at once."""
    values = {name: parse_yuan(call.field(name)) for name in ("second_person_fen", "brand_day_fen", "payee_day_fen")}
    values["hold_score"] = cashback.whole(call.field("hold_score"))
    await cashback.set_limits(call, _checked(LimitsIn, values, "上限的内容不对"))
    return see("/cashback#limits")


async def ask_again(call: Call) -> web.StreamResponse:
    """The payer is asked now."""
    await payouts.ask_again(call, call.part("id"))
    return see("/cashback#payouts")


async def paid_by_hand(call: Call) -> web.StreamResponse:
    """A person has seen it paid."""
    await payouts.paid_by_hand(call, call.part("id"), call.field("reference"))
    return see("/cashback#payouts")


async def go_on(call: Call) -> web.StreamResponse:
    """Payouts go out again."""
    await payouts.go_on(call)
    return see("/cashback#payouts")


def _checked(shape: type[T], values: dict[str, Any], say: str) -> T:
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_url=False)[0]["loc"])
        raise Invalid(f"{say}：{where}", code="bad_form", where=where) from None


ROUTES = (
    Route("GET", "/cashback", "book:read", show),
    Route("POST", "/cashback/decide", "cashback:review", decide),
    Route("POST", "/cashback/cards", "cashback:edit", create),
    Route("POST", "/cashback/cards/{id}", "cashback:edit", edit),
    Route("POST", "/cashback/payouts/go-on", "payout:approve", go_on),
    Route("POST", "/cashback/payouts/{id}/ask", "payout:approve", ask_again),
    Route("POST", "/cashback/payouts/{id}/hand", "payout:approve", paid_by_hand),
    Route("POST", "/cashback/limits", "settings:edit", set_limits),
)
