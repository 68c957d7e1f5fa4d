"""What needs a person, over the API: sends nobody knows about, work that is held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from assistant import jobs
from assistant.domain import staff
from assistant.store import Work
from assistant.web.doors import Call
from assistant.web.route import ApiRoute
from assistant.web.shapes import CountOut, JobOut, JobsOut, NoteIn, Nothing, TicketOut, TicketsOut, TurnedOut, UnknownOut, UnknownsOut
from assistant.web.unknowns import unknown_sends

MOST = 200


async def unknowns(call: Call) -> UnknownsOut:
    """Sends whose outcome WeCom did not tell."""
    found = await call.store.read(unknown_sends, MOST)
    return UnknownsOut(unknowns=[UnknownOut(**asdict(one)) for one in found])


async def held(call: Call) -> JobsOut:
    """Work that failed too often."""
    found = await call.store.read(jobs.held)
    return JobsOut(
        held=[JobOut(id=one.id, kind=one.kind, key=one.key, attempts=one.attempts, reason=one.reason, due_at=one.due_at) for one in found]
    )


async def release(call: Call) -> CountOut:
    """Tries held work again."""
    return CountOut(count=await call.store.write(release_job, call.part("id"), call.who, cause="api"))


def release_job(work: Work, job_id: str) -> int:
    """Lets one held job run again."""
    return jobs.release(work, [job_id])


async def tickets(call: Call) -> TicketsOut:
    """What people promised to look after."""
    return TicketsOut(tickets=[TicketOut.model_validate(one, from_attributes=True) for one in await call.store.read(staff.open_tickets)])


async def take_ticket(call: Call) -> TurnedOut:
    """The caller takes the ticket over."""
    return await _turn(call, staff.take, staff.Take(call.key, call.part("id"), call.who.id))


async def close_ticket(call: Call) -> TurnedOut:
    """The caller has finished with it."""
    return await _turn(call, staff.done, staff.Done(call.key, call.part("id"), call.who.id, call.body.note))


async def _turn(call: Call, verb: Callable[[Work, list[Any]], list[staff.Turned]], request: staff.Take | staff.Done) -> TurnedOut:
    turned = (await call.store.write(verb, [request], call.who, cause="api"))[0]
    return TurnedOut.model_validate(turned, from_attributes=True)


BASE = "/api/v1"
ROUTES = (
    ApiRoute("GET", f"{BASE}/tickets", "conversation:read", tickets, "没办完的工单，最急的在前", TicketsOut),
    ApiRoute("POST", f"{BASE}/tickets/{{id}}/take", "task:do", take_ticket, "由调用者接手", TurnedOut, Nothing),
    ApiRoute("POST", f"{BASE}/tickets/{{id}}/close", "task:do", close_ticket, "办完了", TurnedOut, NoteIn),
    ApiRoute("GET", f"{BASE}/unknowns", "conversation:read", unknowns, "不知道是否送达的消息，不会自动重发", UnknownsOut),
    ApiRoute("GET", f"{BASE}/held", "conversation:read", held, "反复失败、等人处理的工作", JobsOut),
    ApiRoute("POST", f"{BASE}/held/{{id}}/release", "job:release", release, "再试一次", CountOut, Nothing),
)
