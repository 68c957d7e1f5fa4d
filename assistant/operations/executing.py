"""Carrying out an approved plan in chunks: first a canary, then the rest, each chunk one commit, nobody ever twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant import access
from assistant.base.clock import parse_instant
from assistant.base.errors import Refused
from assistant.base.principal import system
from assistant.domain import audience, experiments, ledger, members, outreach
from assistant.operations import gifts, grouping, moments, store
from assistant.operations.approving import release
from assistant.operations.previewing import candidates, design, is_held_out
from assistant.operations.values import Changed, Steer, Stored
from assistant.store import Due, Work, once

CHUNK = 200
PACE = timedelta(seconds=1)
CANARY_REST = timedelta(seconds=60)
"""After the canary the plan waits this long, so that a person can still stop it."""

Stage = Callable[[str], None]


def no_stage(_name: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one chunk did: members sent to and passed over, and whether the plan goes on."""

    sent: int = 0
    skipped: int = 0
    held_out: int = 0
    state: str = ""


def run_chunk(work: Work, payload: Mapping[str, Any], stage: Stage = no_stage) -> Ran:
    """Handles the next members of a plan. The plan's state is read first; a chunk told again after its commit does nothing."""
    stage("plan.chunk_begins")
    stored = store.locked(work, payload["plan"])
    if stored.state not in ("approved", "running") or payload["chunk"] != stored.chunk:
        return Ran(state=stored.state)
    work = work.acting(system(f"plan/{stored.decided_by}"), stored.cause)
    by = stored.plan.schedule.by
    if by is not None and work.now >= parse_instant(by):
        return _end(work, stored, "过了截止时间，剩下的人没有发送")
    open_at = outreach.quiet_ends(work.now)
    if open_at > work.now:
        _next(work, stored, stored.chunk, open_at)
        return Ran(state=stored.state)
    moments.post(work, stored)
    if stored.plan.only_moment:
        store.change(work, stored, started_at=work.now)
        return _end(work, stored, "")
    if stored.plan.to_groups:
        return _to_groups(work, stored, stage)
    members_here = audience.page(work, stored.snapshot_id, stored.after, _size(work, stored))
    if not members_here:
        return _end(work, stored, "")
    ran = _handle(work, stored, members_here, stage)
    stage("plan.before_cursor")
    values = {"after": members_here[-1], "chunk": stored.chunk + 1, "sent": stored.sent + ran.sent, "state": "running"}
    store.change(work, stored, **values, started_at=stored.started_at or work.now)
    _next(work, stored, stored.chunk + 1, work.now + (CANARY_REST if stored.chunk == 0 else PACE))
    stage("plan.chunk_ends")
    return ran


def _to_groups(work: Work, stored: Stored, stage: Stage) -> Ran:
    """The next customer groups; there is no canary, since every group's owner looks before tapping."""
    here, sent = grouping.queue(work, stored)
    if not here:
        return _end(work, stored, "")
    stage("plan.before_cursor")
    values = {"after": here[-1], "chunk": stored.chunk + 1, "sent": stored.sent + sent, "state": "running"}
    store.change(work, stored, **values, started_at=stored.started_at or work.now)
    _next(work, stored, stored.chunk + 1, work.now + PACE)
    return Ran(sent, len(here) - sent, 0, "running")


def _size(work: Work, stored: Stored) -> int:
    """The canary is one in a hundred, at least one person."""
    if stored.chunk > 0:
        return CHUNK
    snapshot = audience.snapshot(work, stored.snapshot_id)
    return max(1, min(CHUNK, (snapshot.count if snapshot else 1) // 100))


def _next(work: Work, stored: Stored, chunk: int, at: datetime) -> None:
    payload = {"plan": stored.id, "chunk": chunk}
    work.due(Due("plan.chunk", f"{stored.id}:{chunk}", at, payload, order_key=f"plan:{stored.id}"))


def _handle(work: Work, stored: Stored, here: list[str], stage: Stage) -> Ran:
    known = store.handled(work, stored.id, here)
    fresh = [member_id for member_id in here if member_id not in known]
    held_out = [member_id for member_id in fresh if is_held_out(stored, member_id)]
    touched = [member_id for member_id in fresh if not is_held_out(stored, member_id)]
    experiments.assign(work, [experiments.Assign(f"{stored.id}:{stored.chunk}", stored.id, tuple(fresh), design(stored.plan))])
    stage("plan.before_decide")
    sends, skips = _decide(work, stored, touched)
    stage("plan.before_grant")
    gifts.grant(work, stored, [send.candidate.member_id for send in sends])
    stage("plan.after_grant")
    _queue(work, stored, sends)
    outreach.keep_skips(work, [outreach.KeepSkip(stored.cause, skip) for skip in skips])
    stage("plan.after_queue")
    outcomes = dict.fromkeys(held_out, "holdout")
    outcomes |= {send.candidate.member_id: "sent" for send in sends} | {skip.candidate.member_id: "skipped" for skip in skips}
    store.keep_members(work, stored.id, stored.chunk, outcomes)
    return Ran(len(sends), len(skips), len(held_out), "running")


def _decide(work: Work, stored: Stored, touched: list[str]) -> tuple[list[outreach.Send], list[outreach.Skip]]:
    """The gate once more, now; then the caps that were approved: people and money."""
    room = _room(work, stored)
    sends: list[outreach.Send] = []
    skips: list[outreach.Skip] = []
    for decision in outreach.decide(work, candidates(stored, touched)):
        if isinstance(decision, outreach.Skip):
            skips.append(decision)
        elif isinstance(decision, outreach.Defer):
            skips.append(outreach.Skip(decision.candidate, decision.code, decision.reason))
        elif len(sends) >= room[0]:
            skips.append(outreach.Skip(decision.candidate, room[1], room[2]))
        else:
            sends.append(decision)
    return sends, skips


def _room(work: Work, stored: Stored) -> tuple[int, str, str]:
    """How many more may be sent to, and why not more."""
    cap = stored.plan.caps.people
    people = (cap - stored.sent, "people_cap", f"达到人数上限 {cap} 人") if cap is not None else (10**9, "", "")
    each = gifts.cost_each(work, stored.plan.benefits)
    if each == 0:
        return people
    left = ledger.held(work, [stored.hold_id]).get(stored.hold_id, 0) if stored.hold_id else 0
    return min(people, (left // each, "budget_spent", "预算已用完"))


def _queue(work: Work, stored: Stored, sends: Sequence[outreach.Send]) -> None:
    people = members.profiles(work, [send.candidate.member_id for send in sends])
    step = len(stored.plan.steps) - 1
    requests = []
    for send in sends:
        member_id = send.candidate.member_id
        text = stored.plan.text_for(people[member_id].nickname, send.route)
        requests.append(outreach.Queue(f"{stored.id}:{step}:{member_id}", send, stored.cause, text, stored.plan.attachments))
    outreach.queue(work, requests)


def _end(work: Work, stored: Stored, reason: str) -> Ran:
    release(work, stored)
    store.change(work, stored, state="done", reason=reason, ended_at=work.now)
    return Ran(state="done")


def hold_up(work: Work, request: tuple[str, str]) -> None:
    """Pauses a plan whose chunk a room refused (a card out of stock); a person reads the reason and resumes or stops."""
    plan_id, reason = request
    stored = store.locked(work, plan_id)
    if stored.state in ("approved", "running"):
        store.change(work, stored, state="paused", reason=reason)


def pause(work: Work, requests: Sequence[Steer]) -> list[Changed]:
    """Holds running plans before their next chunk; tasks that nobody has confirmed are taken back from WeCom."""
    return once(work, "plan.pause", requests, Changed, _pause)


def _pause(work: Work, requests: list[Steer]) -> list[Changed]:
    done = []
    for request in requests:
        done.append(_steer(work, request, ("approved", "running"), "paused"))
        outreach.halt(work, outreach.Halt(store.get(work, request.plan_id).cause, "paused"))
    return done


def resume(work: Work, requests: Sequence[Steer]) -> list[Changed]:
    """Lets paused plans go on where they were."""
    return once(work, "plan.resume", requests, Changed, _resume)


def _resume(work: Work, requests: list[Steer]) -> list[Changed]:
    done = []
    for request in requests:
        done.append(_steer(work, request, ("paused",), "running"))
        stored = store.get(work, request.plan_id)
        send_at = stored.plan.schedule.send_at
        outreach.go_on(work, stored.cause)
        _next(work, stored, stored.chunk, max(work.now, parse_instant(send_at)) if send_at else work.now)
    return done


def stop(work: Work, requests: Sequence[Steer]) -> list[Changed]:
    """Ends plans for good: nothing more is queued, what waits for a tap is taken back, the rest of the budget goes back.

    A plan that has queued everybody may still have tasks that wait: it can be stopped too. What was delivered or published stays.
    """
    return once(work, "plan.stop", requests, Changed, _stop)


def _stop(work: Work, requests: list[Steer]) -> list[Changed]:
    done = []
    for request in requests:
        done.append(_steer(work, request, ("approved", "running", "paused", "done"), "stopped"))
        stored = store.get(work, request.plan_id)
        outreach.halt(work, outreach.Halt(stored.cause, "stopped"))
        release(work, stored)
        store.change(work, stored, ended_at=work.now)
    return done


def _steer(work: Work, request: Steer, allowed: tuple[str, ...], state: str) -> Changed:
    access.require(work.principal, "plan:run")
    stored = store.locked(work, request.plan_id)
    if stored.state not in allowed:
        raise Refused(f"方案现在是“{stored.state}”，不能这样做", code="wrong_state", state=stored.state)
    store.change(work, stored, state=state, reason=request.reason)
    return Changed(stored.id, state)
