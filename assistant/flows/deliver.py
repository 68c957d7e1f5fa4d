"""Takes decided touches out by WeCom's reality: 客服 inside its window, otherwise a 群发 task that a staff member must confirm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant.base.errors import LaoyouError, Transient
from assistant.base.principal import system
from assistant.channels import outbox
from assistant.channels.message import Address, OutboundMessage
from assistant.domain import outreach
from assistant.jobs import Handler, Job
from assistant.store import Due, Store, Work
from assistant.wecom import Unknown, WeComClient, calls

ME = system("deliver")
POLL = "mass.poll"
RECONCILE = "mass.reconcile"
LOOK_AFTER = timedelta(seconds=30)
POLL_FIRST = timedelta(seconds=10)
POLL_MOST = timedelta(minutes=10)
GIVE_UP = timedelta(days=3)
PREFIX = "touch:"
REASONS = {2: "对方已不是该员工的客户", 3: "客户本期收到的群发已达上限"}
"""What the result codes of get_groupmsg_send_result mean for the person who reads the report."""

Stage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kf:
    """A touch that goes out through 客服 in its window."""

    touch: outreach.Touch
    account: str


@dataclass(frozen=True, slots=True)
class Created:
    """What became of one 群发 task: per touch an outcome, and when to look at it again."""

    results: tuple[outreach.TouchResult, ...]
    follow_up: Due | None = None


def handlers(store: Store, client: WeComClient, kf_account: str, stage: Stage) -> dict[str, Handler]:
    """The handlers of touch.deliver, mass.poll and mass.reconcile jobs."""
    desk = _MassDesk(store, client, kf_account, stage)
    return {"touch.deliver": desk.deliver, POLL: desk.poll, RECONCILE: desk.reconcile}


def queue_kf(work: Work, request: Kf) -> None:
    """Puts the touch into the outbox; the key of the message is the touch, so it can never be queued twice."""
    touch = request.touch
    address = Address("kf", request.account, touch.peer)
    outbox.queue(work, [OutboundMessage(PREFIX + touch.id, address, touch.text, touch.cause, touch.member_id, proactive=True)])


def settle_kf(work: Work, key: str, state: Any, reason: str, external_id: str) -> None:
    """Carries what became of an outbox row over to its touch; rows that are no touches are left alone."""
    if key.startswith(PREFIX):
        touch_id = key.removeprefix(PREFIX)
        result = outreach.TouchResult(f"{key}:{state}", touch_id, state, reason, external_id)
        outreach.settle_touches(work, [result])


def settle_task(work: Work, created: Created) -> None:
    """Writes the results of a task and its next look in one commit."""
    outreach.settle_touches(work, created.results)
    if created.follow_up is not None:
        work.due(created.follow_up)


class _MassDesk:
    def __init__(self, store: Store, client: WeComClient, kf_account: str, stage: Stage) -> None:
        self._store = store
        self._client = client
        self._kf_account = kf_account
        self._stage = stage

    async def deliver(self, job: Job) -> None:
        """One group of touches: a single 客服 message, or one task of one staff member."""
        group = str(job.payload["group"])
        self._stage("touch.before_claim")
        touches: list[outreach.Touch] = await self._store.write(outreach.claim_touches, outreach.Claim(group), ME)
        self._stage("touch.claimed")
        if touches and touches[0].route == "kf":
            for touch in touches:
                await self._store.write(queue_kf, Kf(touch, self._kf_account), ME, cause=touch.cause)
        elif touches:
            await self._create(group, touches)
        else:
            await self._store.write(_look_again, (group, LOOK_AFTER), ME)
        self._stage("touch.done")

    async def _create(self, group: str, touches: Sequence[outreach.Touch]) -> None:
        first = touches[0]
        created = Created(())
        try:
            self._stage("touch.before_task")
            task = await calls.add_msg_template(
                self._client, text=first.text, external_userids=[touch.peer for touch in touches], sender=first.staff
            )
            self._stage("touch.task_created")
            failed = set(task.failed)
            results = tuple(
                _result(touch, "refused", "企业微信无法送达这位客户", task.msgid)
                if touch.peer in failed
                else _result(touch, "task_created", "", task.msgid)
                for touch in touches
            )
            created = Created(results, _poll(task.msgid, first.staff, self._store.clock.now(), POLL_FIRST))
        except Unknown as error:
            look = Due(RECONCILE, group, self._store.clock.now() + LOOK_AFTER, {"group": group}, order_key=f"touch:{group}")
            created = Created(tuple(_result(touch, "unknown", error.say) for touch in touches), look)
        except Transient as error:
            await self._store.write(outreach.release_touches, [touch.id for touch in touches], ME)
            raise error
        except LaoyouError as error:
            created = Created(tuple(_result(touch, "refused", error.say) for touch in touches))
        await self._store.write(settle_task, created, ME, cause=first.cause)
        self._stage("touch.task_settled")

    async def poll(self, job: Job) -> None:
        """Asks what the staff member's customers have received; looks again, ever less often, until all is told or given up."""
        msgid, staff = job.key, str(job.payload["staff"])
        touches = await self._store.read(outreach.of_task, msgid)
        waiting = {touch.peer: touch for touch in touches if touch.state == "task_created"}
        if not waiting:
            return
        told = await self._told(msgid, staff)
        results = [_told_result(waiting[peer], status, msgid) for peer, status in told.items() if peer in waiting and status in (1, 2, 3)]
        left = len(waiting) - len(results)
        now = self._store.clock.now()
        young = any(now - touch.queued_at < GIVE_UP for touch in waiting.values())
        pause = min(POLL_MOST, timedelta(seconds=float(job.payload.get("pause", 10)) * 1.5))
        follow_up = _poll(msgid, staff, now, pause) if left and young else None
        await self._store.write(settle_task, Created(tuple(results), follow_up), ME)

    async def _told(self, msgid: str, staff: str) -> dict[str, int]:
        told: dict[str, int] = {}
        cursor = ""
        while True:
            listing = await calls.get_groupmsg_send_result(self._client, msgid, staff, cursor=cursor)
            told |= {str(row.get("external_userid")): int(row.get("status", 0)) for row in listing.rows}
            cursor = listing.next_cursor
            if not cursor:
                return told

    async def reconcile(self, job: Job) -> None:
        """Looks for tasks whose creation was not answered and adopts the touches whose customer stands in one; others stay unknown."""
        group, now = str(job.payload["group"]), self._store.clock.now()
        unknown: list[outreach.Touch] = await self._store.read(outreach.unknown_of_group, group)
        left = [touch for touch in unknown if now - touch.queued_at < GIVE_UP]
        for msgid in await self._strangers(left) if left else ():
            told = await self._told(msgid, left[0].staff)
            found = [touch for touch in left if touch.peer in told]
            if found:
                results = tuple(_result(touch, "task_created", "", msgid) for touch in found)
                created = Created(results, _poll(msgid, found[0].staff, now, POLL_FIRST))
                await self._store.write(settle_task, created, ME, cause=found[0].cause)

    async def _strangers(self, touches: Sequence[outreach.Touch]) -> list[str]:
        """The tasks of this text and employee, made since the touches were queued, that no touch knows."""
        text, staff = touches[0].text, touches[0].staff
        since = min(touch.queued_at for touch in touches)
        start, end = int(since.timestamp()) - 60, int(self._store.clock.now().timestamp()) + 60
        known = await self._store.read(outreach.known_tasks)
        found = []
        for row in await self._tasks(start, end):
            msgid = str(row.get("msgid", ""))
            if msgid and msgid not in known and (row.get("text") or {}).get("content") == text:
                tasks = await calls.get_groupmsg_task(self._client, msgid)
                if [task.get("userid") for task in tasks.rows] == [staff]:
                    found.append(msgid)
        return found

    async def _tasks(self, start: int, end: int) -> list[Mapping[str, Any]]:
        """All 群发 tasks to customers made between two Unix seconds."""
        rows: list[Mapping[str, Any]] = []
        cursor = ""
        while True:
            listing = await calls.get_groupmsg_list_v2(self._client, "single", start, end, cursor=cursor)
            rows += listing.rows
            cursor = listing.next_cursor
            if not cursor:
                return rows


def _look_again(work: Work, request: tuple[str, timedelta]) -> None:
    group, pause = request
    if outreach.unknown_of_group(work, group):
        work.due(Due(RECONCILE, group, work.now + pause, {"group": group}, order_key=f"touch:{group}", keep=True))


def _poll(msgid: str, staff: str, now: datetime, pause: timedelta) -> Due:
    return Due(POLL, msgid, now + pause, {"staff": staff, "pause": pause.total_seconds()})


def _result(touch: outreach.Touch, outcome: Any, reason: str, external_id: str = "") -> outreach.TouchResult:
    return outreach.TouchResult(f"{touch.id}:{outcome}", touch.id, outcome, reason, external_id)


def _told_result(touch: outreach.Touch, status: int, msgid: str) -> outreach.TouchResult:
    if status == 1:
        return _result(touch, "delivered", "", msgid)
    return _result(touch, "refused", REASONS[status], msgid)
