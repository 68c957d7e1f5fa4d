"""What needs a person: tickets, cashback to approve, sends nobody knows about, work that is held."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from assistant import access, jobs
from assistant.channels import accounts, outbox
from assistant.domain import staff
from assistant.store import View, Work
from assistant.web import claims
from assistant.web.console.forms import see
from assistant.web.doors import Call
from assistant.web.pages import render
from assistant.web.route import Route
from assistant.web.today import LATELY
from assistant.web.unknowns import unknown_sends

KINDS = {"complaint": "投诉", "handover": "转人工", "task": "任务"}
MOST = 100


def _waiting(view: View) -> dict[str, Any]:
    return {
        "tickets": staff.open_tickets(view, limit=MOST),
        "late": {one.id for one in staff.overdue(view, MOST)},
        "failed": outbox.failed_since(view, view.now - LATELY, MOST),
        "accounts": accounts.troubled(view),
        "unknowns": unknown_sends(view, MOST),
        "claims": claims.due(view),
        "held": jobs.held(view, MOST),
    }


async def show(call: Call) -> web.StreamResponse:
    """All of it on one page."""
    may = {
        name: access.allowed(call.who, needs)
        for name, needs in (("task", "task:do"), ("payout", "payout:approve"), ("review", "cashback:review"), ("job", "job:release"))
    }
    return render(call, "tickets.html", may=may, kinds=KINDS, **await call.store.read(_waiting))


async def close(call: Call) -> web.StreamResponse:
    """The ticket has been looked after."""
    await call.store.write(staff.done, [staff.Done(call.key, call.part("id"), call.who.id)], call.who, cause="console")
    return see("/tickets#tickets")


async def approve(call: Call) -> web.StreamResponse:
    """Lets the money of a claim go."""
    await claims.approve(call, call.part("id"))
    return see("/tickets#claims")


async def reject(call: Call) -> web.StreamResponse:
    """Refuses a claim; the member is told why."""
    await claims.reject(call, call.part("id"), call.field("reason"))
    return see("/tickets#claims")


async def release(call: Call) -> web.StreamResponse:
    """Tries held work again."""
    await call.store.write(_release, call.part("id"), call.who, cause="console")
    return see("/tickets#held")


async def account_seen(call: Call) -> web.StreamResponse:
    """The notice about an account has been read."""
    await call.store.write(accounts.seen, call.part("id"), call.who, cause="console")
    return see("/tickets#accounts")


def _release(work: Work, job_id: str) -> int:
    return jobs.release(work, [job_id])


ROUTES = (
    Route("GET", "/tickets", "conversation:read", show),
    Route("POST", "/tickets/{id}/close", "task:do", close),
    Route("POST", "/claims/{id}/approve", "payout:approve", approve),
    Route("POST", "/claims/{id}/reject", "cashback:review", reject),
    Route("POST", "/held/{id}/release", "job:release", release),
    Route("POST", "/kf-accounts/{id}/seen", "task:do", account_seen),
)
