"""Kinds of cashback cards, the queue of claims and the limits, for the page and the API alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant import access
from assistant.base.errors import Invalid, LaoyouError
from assistant.base.ids import derive
from assistant.base.money import parse_yuan
from assistant.domain import cashback, members
from assistant.store import View
from assistant.web.doors import Call
from assistant.web.shapes_cashback import (
    CardKindEditIn,
    CardKindIn,
    CardKindOut,
    DecidedSetOut,
    DecideIn,
    LimitsIn,
    LimitsOut,
    QueuedOut,
    QueueOut,
)

NEEDS = {"approve": "payout:approve", "release": "cashback:review", "reject": "cashback:review"}
SCOPE = ("sources", "shops", "live_rooms", "products", "categories")
MONEY = ("fixed_fen", "floor_fen", "cap_fen", "card_cap_fen", "budget_fen")


def kinds(view: View) -> list[CardKindOut]:
    """All kinds of cards by name, with what is left of stock and budget."""
    found = cashback.templates(view)
    budgets = cashback.budgets(view, [one.id for one in found])
    return [_kind(one, budgets[one.id]) for one in found]


def _kind(one: cashback.Template, budget: tuple[int, int]) -> CardKindOut:
    calendar = one.kind in ("month", "quarter", "year")
    free, kept = (None, None) if one.budget_fen is None else budget
    return CardKindOut(
        id=one.id,
        name=one.name,
        kind=cashback.KINDS[one.kind],
        rule=cashback.describe(one.rule, one.scope, one.card_cap_fen),
        valid=("有效期按日历算" if calendar else f"{one.valid_days} 天") + f"，可用 {one.uses} 次",
        window_days=one.window_days,
        auto_bind=one.auto_bind,
        open=one.open,
        nature=cashback.NATURES[one.nature],
        stock=one.stock,
        issued=one.issued,
        budget_fen=one.budget_fen,
        free_fen=free,
        kept_fen=kept,
    )


def queue(view: View, most: int = 200) -> QueueOut:
    """Claims that wait for a person, oldest first, and the limits that hold."""
    found = cashback.waiting_approval(view, most)
    people = members.profiles(view, {one.member_id for one in found})
    return QueueOut(claims=[_queued(one, people.get(one.member_id)) for one in found], limits=limits(view))


def _queued(one: cashback.RebateClaim, who: members.Member | None) -> QueuedOut:
    return QueuedOut(
        id=one.id,
        member_id=one.member_id,
        nickname=who.nickname if who else "",
        order_no=one.order_no,
        amount_fen=one.payable_fen,
        nature=cashback.NATURES[one.nature],
        score=one.score,
        reasons=list(one.signs),
        hold=one.hold,
        released_by=one.released_by,
        first_approver=one.first_approver,
        note=one.reason,
        claimed_at=one.created_at,
        ripe_at=one.ripe_at,
    )


def limits(view: View) -> LimitsOut:
    """The limits that hold, and what has left today."""
    held = cashback.limits_now(view)
    return LimitsOut(
        second_person_fen=held.second_person_fen,
        brand_day_fen=held.brand_day_fen,
        payee_day_fen=held.payee_day_fen,
        hold_score=held.hold_score,
        today_fen=cashback.billed_today(view),
    )


async def create(call: Call, wanted: CardKindIn) -> str:
    """Makes a kind of card; returns its id."""
    values = wanted.model_dump()
    scope = cashback.Scope(**{name: tuple(values.pop(name)) for name in SCOPE})
    rule = cashback.Rule(*(values.pop(name) for name in ("ratio_bp", "fixed_fen", "floor_fen", "cap_fen")))
    request = cashback.CreateTemplate(call.key, f"web:{derive('named', call.key)}", rule=rule, scope=scope, **values)
    made: str = (await call.store.write(_create, [request], call.who, cause="web"))[0].template_id
    return made


def _create(work: Any, requests: list[cashback.CreateTemplate]) -> list[cashback.TemplateMade]:
    access.require(work.principal, "cashback:edit")
    return cashback.create_template(work, requests)


async def edit(call: Call, template_id: str, wanted: CardKindEditIn) -> None:
    """Sets what may change of a kind of card."""
    request = cashback.EditTemplate(call.key, template_id, **wanted.model_dump())
    await call.store.write(cashback.edit_template, [request], call.who, cause="web")


async def set_limits(call: Call, wanted: LimitsIn) -> None:
    """All limits at once."""
    request = cashback.SetLimits(call.key, cashback.Limits(**wanted.model_dump()))
    await call.store.write(cashback.set_limits, [request], call.who, cause="web")


async def decide(call: Call, wanted: DecideIn) -> DecidedSetOut:
    """One decision about several claims, each by itself, so that one that cannot be done does not hold up the others."""
    access.require(call.who, NEEDS[wanted.action])
    done = second = held = 0
    problems = []
    for claim_id in dict.fromkeys(wanted.claims):
        try:
            one = await _decide(call, claim_id, wanted)
        except LaoyouError as error:
            problems.append(error.say)
            continue
        second, held = second + one.needs_second, held + one.held
        done += not (one.needs_second or one.held)
    return DecidedSetOut(done=done, second=second, held=held, problems=problems)


async def _decide(call: Call, claim_id: str, wanted: DecideIn) -> cashback.Decided:
    key = f"{call.key}:{claim_id}"
    done: list[cashback.Decided]
    match wanted.action:
        case "approve":
            done = await call.store.write(cashback.approve, [cashback.Approve(key, claim_id)], call.who, cause="web")
        case "release":
            done = await call.store.write(cashback.release, [cashback.Release(key, claim_id, wanted.reason)], call.who, cause="web")
        case "reject":
            done = await call.store.write(cashback.reject, [cashback.Reject(key, claim_id, wanted.reason)], call.who, cause="web")
    return done[0]


def form_kind(form: Mapping[str, str]) -> dict[str, Any]:
    """What a posted form says of a kind of card, amounts in yuan and lists by comma; raises Invalid with the field to mend."""
    found: dict[str, Any] = {"name": form["name"].strip(), "auto_bind": bool(form.get("auto_bind"))}
    found |= {name: form[name] for name in ("kind", "nature") if form.get(name)}
    found |= {name: parse_yuan(form[name]) for name in MONEY if form.get(name, "").strip()}
    found |= {name: whole(form[name]) for name in ("valid_days", "uses", "window_days", "stock") if form.get(name, "").strip()}
    if form.get("percent", "").strip():
        found["ratio_bp"] = parse_yuan(form["percent"])
    listed = {name: [part.strip() for part in form.get(name, "").replace("，", ",").split(",") if part.strip()] for name in SCOPE}
    return found | {name: values for name, values in listed.items() if values}


def whole(text: str) -> int:
    """A whole number that a person wrote."""
    if not text.strip().isascii() or not text.strip().isdecimal() or len(text) > 9:
        raise Invalid(f"“{text}”请写整数", code="bad_number")
    return int(text)
