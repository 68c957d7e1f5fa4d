"""Moments (朋友圈) that employees are asked to publish: made once, followed until told. A moment is no touch of anybody in person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.base.errors import Invalid, Refused
from assistant.channels import quota
from assistant.domain.outreach import tables, tasks
from assistant.store import Due, Fact, View, Work, once

POST, LOOK = "moment.post", "moment.look"
LONGEST = 2000
CORP = "corp"
OPEN = ("queued", "working", "open")
"""States in which a moment can be taken back."""


@dataclass(frozen=True, slots=True)
class PostMoment:
    """A moment to be published. ``staff`` empty is everybody the app sees, ``tags`` (WeCom's ids) narrow who can see it."""

    key: str
    text: str
    attachments: tuple[Mapping[str, Any], ...] = ()
    staff: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Posted:
    """The moment by our id."""

    moment_id: str


@dataclass(frozen=True, slots=True)
class Moment:
    """``state``: queued, calling, unknown, working (WeCom prepares it), open, refused, cancelled, done. ``external`` is WeCom's id."""

    id: str
    cause: str
    text: str
    attachments: list[dict[str, Any]]
    staff: list[str]
    tags: list[str]
    state: str
    reason: str
    jobid: str
    external: str | None
    by: str
    queued_at: datetime
    called_at: datetime | None
    created_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Publication:
    """One employee's part: published or not, customers who can see it, comments, likes."""

    staff: str
    published: bool
    customers: int = 0
    comments: int = 0
    likes: int = 0


@dataclass(frozen=True, slots=True)
class MomentTurn:
    """What became of a moment; ``publications`` replace what was known of those employees."""

    moment_id: str
    state: str
    reason: str = ""
    jobid: str = ""
    external: str = ""
    publications: tuple[Publication, ...] = ()
    look_after: timedelta | None = None
    pause: float = field(default=0.0)


def post_moments(work: Work, requests: Sequence[PostMoment]) -> list[Posted]:
    """Writes moments down and has them made. Raises Invalid with what is wrong."""
    return once(work, "outreach.post_moment", requests, Posted, lambda work, new: [_post(work, one) for one in new])


def check_moment(text: str, attachments: Sequence[Mapping[str, Any]]) -> None:
    """Raises Invalid with what WeCom would not take."""
    kinds = {str(one.get("kind")) for one in attachments}
    if not text.strip() and not attachments:
        raise Invalid("请写下朋友圈的文字，或放一个附件", code="bad_moment")
    if len(text.strip()) > LONGEST:
        raise Invalid(f"朋友圈文字最多 {LONGEST} 字，这里有 {len(text.strip())} 字", code="bad_moment")
    if kinds - {"image", "video", "link"} or len(kinds) > 1 or (kinds != {"image"} and len(attachments) > 1):
        raise Invalid("附件只能是最多 9 张图片、一个视频或一个链接，不能混着放", code="bad_moment")


def _post(work: Work, request: PostMoment) -> Posted:
    text = request.text.strip()
    check_moment(text, request.attachments)
    moment_id = ids.derive("moment", request.key)
    row: dict[str, Any] = {"id": moment_id, "cause": request.cause, "text": text, "attachments": [dict(one) for one in request.attachments]}
    row |= {"staff": list(request.staff), "tags": list(request.tags), "state": "queued", "by": work.principal.label}
    row |= dict.fromkeys(("reason", "jobid"), "") | {"queued_at": work.now}
    work.insert(tables.moment, [row | dict.fromkeys(("external", "called_at", "created_at", "ended_at"))])
    work.record(Fact("moment.queued", f"moment:{moment_id}", {"staff": len(request.staff)}, cause=request.cause))
    work.due(Due(POST, moment_id, work.now, {}, order_key=f"moment:{moment_id}"))
    return Posted(moment_id)


def claim_moment(work: Work, moment_id: str) -> tuple[Moment | None, datetime | None]:
    """Takes a queued moment for its one creation, if the platform's allowance has room; else says when it may have (None: never).

    One whose creation was cut off is unknown from now on and looked for.
    """
    moment = _locked(work, moment_id)
    if moment is None or moment.state not in ("queued", "calling"):
        return None, None
    if moment.state == "calling":
        turn_moment(work, MomentTurn(moment.id, "unknown", "创建朋友圈时中断，结果未知", look_after=timedelta(seconds=30)))
        return None, None
    (taken,) = quota.take(work, [[quota.Charge(quota.MOMENTS, CORP)]])
    if not taken.ok:
        if taken.until is None:
            turn_moment(work, MomentTurn(moment.id, "refused", "本月朋友圈任务已满"))
        return None, taken.until
    _change(work, moment.id, state="calling", called_at=work.now)
    return _locked(work, moment_id), None


def put_back_moment(work: Work, moment_id: str) -> None:
    """Nothing has reached WeCom."""
    moment = _locked(work, moment_id)
    if moment is not None and moment.state == "calling":
        quota.give_back(work, [quota.GiveBack([quota.Charge(quota.MOMENTS, CORP)], moment.called_at or work.now)])
        _change(work, moment.id, state="queued", called_at=None)


def turn_moment(work: Work, turn: MomentTurn) -> None:
    """Writes down what became of a moment and when to look again."""
    moment = _locked(work, turn.moment_id)
    if moment is None or moment.ended_at is not None:
        return
    state = "cancelled" if moment.state == "cancelled" else turn.state
    values: dict[str, Any] = {"state": state, "reason": turn.reason}
    values |= {"jobid": turn.jobid} if turn.jobid else {}
    values |= {"external": turn.external, "created_at": moment.created_at or work.now} if turn.external else {}
    if turn.state in ("refused", "done"):
        values["ended_at"] = work.now
    _change(work, moment.id, **values)
    _keep(work, moment, turn.publications)
    if state != moment.state:
        work.record(Fact(f"moment.{state}", f"moment:{moment.id}", {"reason": turn.reason}, cause=moment.cause))
    if turn.state in OPEN and tasks.halted(work, moment.cause) == "stopped":
        stop_moments(work, moment.cause)
    elif turn.look_after is not None:
        payload = {"pause": turn.pause or turn.look_after.total_seconds()}
        work.due(Due(LOOK, moment.id, work.now + turn.look_after, payload, order_key=f"moment:{moment.id}"))


def _keep(work: Work, moment: Moment, publications: Sequence[Publication]) -> None:
    table = tables.moment_staff
    known = {one.staff for one in publications_of(work, moment.id) if one.published}
    for one in publications:
        values = {"published": one.published, "customers": one.customers, "comments": one.comments, "likes": one.likes}
        place = {"moment_id": moment.id, "staff": one.staff}
        work.insert_missing(table, [place | values])
        work.execute(table.update().where(table.c.moment_id == moment.id, table.c.staff == one.staff).values(values))
        if one.published and one.staff not in known:
            payload = {"staff": one.staff, "customers": one.customers}
            work.record(Fact("moment.published", f"moment:{moment.id}", payload, cause=moment.cause))


def cancel_moment(work: Work, moment_id: str) -> None:
    """Takes a moment back from who has not published it; what is published stays. Raises Refused where it is over."""
    moment = _locked(work, moment_id)
    if moment is None or moment.state not in OPEN:
        raise Refused("这条朋友圈现在不能撤回", code="moment_over")
    ended = {"ended_at": work.now} if moment.state == "queued" else {}
    _change(work, moment.id, state="cancelled", reason="已撤回", **ended)
    work.record(Fact("moment.cancelled", f"moment:{moment.id}", {}, cause=moment.cause))
    work.due(Due(LOOK, moment.id, work.now, {}, order_key=f"moment:{moment.id}"))


def stop_moments(work: Work, cause: str) -> None:
    """Takes the moments of a stopped cause back from who has not published them; one that is being made follows when WeCom has it."""
    for one in moments_of(work, cause):
        if one.state in OPEN:
            cancel_moment(work, one.id)


def moments_of(view: View, cause: str) -> list[Moment]:
    """The moments of one cause."""
    table = tables.moment
    rows = view.all(sa.select(table).where(table.c.cause == cause).order_by(table.c.queued_at, table.c.id)) if cause else []
    return [Moment(**row._mapping) for row in rows]


def moment(view: View, moment_id: str) -> Moment | None:
    """One moment, or None."""
    return _moment(view.one(sa.select(tables.moment).where(tables.moment.c.id == moment_id)))


def moments(view: View, limit: int = 50) -> list[Moment]:
    """The newest first."""
    rows = view.all(sa.select(tables.moment).order_by(tables.moment.c.queued_at.desc(), tables.moment.c.id).limit(limit))
    return [Moment(**row._mapping) for row in rows]


def publications_of(view: View, moment_id: str) -> list[Publication]:
    """What each employee has done with a moment."""
    table = tables.moment_staff
    rows = view.all(sa.select(table).where(table.c.moment_id == moment_id).order_by(table.c.staff))
    return [Publication(row.staff, row.published, row.customers, row.comments, row.likes) for row in rows]


def known_moments(view: View, externals: Sequence[str]) -> set[str]:
    """Which of these moments of WeCom are ours already."""
    return {row.external for row in view.all(sa.select(tables.moment.c.external).where(view.among(tables.moment.c.external, externals)))}


def _locked(work: Work, moment_id: str) -> Moment | None:
    return _moment(work.one(work.locked(sa.select(tables.moment).where(tables.moment.c.id == moment_id))))


def _moment(row: Any) -> Moment | None:
    return None if row is None else Moment(**row._mapping)


def _change(work: Work, moment_id: str, **values: Any) -> None:
    work.execute(tables.moment.update().where(tables.moment.c.id == moment_id).values(values))
