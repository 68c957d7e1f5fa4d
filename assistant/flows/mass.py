"""Looks after 群发 tasks until they end: results, reminders, other employees, cancellation, and creations that were not answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from assistant.base.errors import LaoyouError, Refused, Transient
from assistant.base.principal import system
from assistant.domain import contacts, outreach
from assistant.jobs import Handler, Job
from assistant.store import Store, chunks
from assistant.wecom import Unknown, WeComClient, calls, calls_contact, fields

ME = system("mass")
POLL_MOST = timedelta(minutes=10)
SETTLED_WITHIN = timedelta(days=1)
"""After a tap WeCom sends at once; what has no result by then is not going to get one."""

NO_TASK = "wecom_mass_task"
GONE = "企业微信里已经没有这个任务（可能被管理员取消），不知道是否发过"
KNOWN_FOR = timedelta(minutes=10)
LOOKS = 2
LOOK_AGAIN = timedelta(seconds=60)
BEFORE, AFTER = timedelta(seconds=60), timedelta(minutes=5)
"""A task that may exist was made within this time around our call, by WeCom's clock."""

Stage = Callable[[str], None]


def handlers(store: Store, client: WeComClient, stage: Stage, rules: outreach.MassRules = outreach.MASS) -> dict[str, Handler]:
    """The handlers of mass.poll, mass.close, mass.reconcile and mass.cancel jobs."""
    desk = MassDesk(store, client, stage, rules)

    async def cancel(job: Job) -> None:
        await store.write(outreach.cancel_more, str(job.payload["cause"]), ME)

    return {outreach.POLL: desk.look, outreach.CLOSE: desk.close, outreach.RECONCILE: desk.reconcile, outreach.CANCEL: cancel}


class MassDesk:
    """Every job is about one task; a step that was cut off is done again and finds what the first attempt left."""

    def __init__(self, store: Store, client: WeComClient, stage: Stage, rules: outreach.MassRules) -> None:
        self._store = store
        self._client = client
        self._stage = stage
        self._rules = rules
        self._working: tuple[datetime, frozenset[str]] | None = None

    async def look(self, job: Job) -> None:
        """Asks what has become of the task; looks again, ever less often, until it is confirmed and told, or given up."""
        task = await self._store.read(outreach.task, job.key)
        if task is None or task.state != "open":
            return
        self._stage("mass.before_look")
        sent = await self._sent(task)
        if sent is None:
            await self._lost(task)
            over = True
        elif sent:
            over = await self._results(task)
        else:
            over = await self._wait(task)
        if not over:
            pause = min(POLL_MOST, timedelta(seconds=float(job.payload.get("pause", 10)) * 1.5))
            await self._store.write(outreach.keep_looking, (task.id, pause), ME)
        self._stage("mass.looked")

    async def _sent(self, task: outreach.Task) -> bool | None:
        """Whether its employee has pressed send, noted the first time; None where WeCom knows of no such task (any more)."""
        assert task.msgid
        msgid = task.msgid
        rows = calls.every(lambda cursor: calls.get_groupmsg_task(self._client, msgid, cursor=cursor))
        try:
            pressed = any([row.get("userid") == task.staff and row.get("status") == 2 async for row in rows])
        except Refused as error:
            if error.code != NO_TASK:
                raise
            return None
        if pressed:
            await self._store.write(outreach.confirmed, task.id, ME)
            return True
        return False

    async def _lost(self, task: outreach.Task) -> None:
        """Whether it was sent cannot be known any more, so nobody else is asked to."""
        await self._store.write(outreach.ended, outreach.Ended(task.id, reason=GONE), ME)

    async def _results(self, task: outreach.Task) -> bool:
        """Every page of results in a commit of its own; true when nothing more is to come."""
        assert task.msgid
        cursor, key = "", "external_userid" if task.chat == "single" else "chat_id"
        while True:
            listing = await calls.get_groupmsg_send_result(self._client, task.msgid, task.staff, cursor=cursor)
            rows = tuple(
                outreach.Row(str(row.get(key)), int(row.get("status") or 0), fields.instant(row.get("send_time"))) for row in listing.rows
            )
            for part in chunks(rows):
                await self._store.write(outreach.tell, outreach.Told(task.id, tuple(part)), ME)
            self._stage("mass.page_told")
            cursor = listing.next_cursor
            if not cursor:
                break
        now, since = self._store.clock.now(), task.confirmed_at or self._store.clock.now()
        if not await self._store.read(outreach.unsent, task.id) or now >= since + SETTLED_WITHIN:
            await self._store.write(outreach.ended, outreach.Ended(task.id), ME)
            return True
        return False

    async def _wait(self, task: outreach.Task) -> bool:
        """Nobody has pressed send yet: remind, ask others, or give up. True when the task is to be cancelled."""
        now = self._store.clock.now()
        step = outreach.next_step(task, now, usable=await self._usable(task.staff), rules=self._rules)
        if step == "fallback" and not await self._others(task):
            await self._store.write(outreach.leave_alone, task.id, ME)
            return False
        if step == "remind":
            await self._remind(task)
        elif step != "wait":
            await self._store.write(outreach.close, (task.id, step), ME)
            return True
        return False

    async def _remind(self, task: outreach.Task) -> None:
        """Counted before it goes out: a reminder that was cut off is not made up for."""
        assert task.msgid
        if not await self._store.write(outreach.reminding, task.id, ME):
            return
        self._stage("mass.before_remind")
        outcome = "sent"
        try:
            await calls.remind_groupmsg_send(self._client, task.msgid)
        except Refused as error:
            outcome = error.code.removeprefix("wecom_")
        except Unknown:
            outcome = "unknown"
        await self._store.write(outreach.reminded, (task.id, outcome), ME)
        self._stage("mass.reminded")

    async def _usable(self, staff: str) -> bool:
        """Whether the employee may still write to customers; asked every ten minutes, and believed if WeCom does not tell."""
        now = self._store.clock.now()
        if self._working is None or now >= self._working[0] + KNOWN_FOR:
            try:
                self._working = (now, frozenset(await calls_contact.follow_users(self._client)))
            except LaoyouError:
                return True
        return not self._working[1] or staff in self._working[1]

    async def _others(self, task: outreach.Task) -> bool:
        """Whether some customer of the task has another employee who was not asked yet."""
        after = ""
        while page := await self._store.read(outreach.unsent, task.id, after):
            friends = await self._friends(task, page)
            if any(outreach.next_staff(one.tried, task.staff, friends.get(one.peer, ())) for one in page):
                return True
            after = page[-1].id
        return False

    async def _friends(self, task: outreach.Task, page: Sequence[outreach.Unsent]) -> dict[str, list[str]]:
        """Customer → employees who may be asked now, the latest friend first. Nobody but its owner can write to a group.

        WeCom is asked only about customers of whom we know no friendship.
        """
        if task.chat == "group":
            return {}
        known = await self._store.read(contacts.friends, [one.member_id for one in page])
        found: dict[str, list[str]] = {}
        for one in page:
            told = known.get(one.member_id)
            friends = list(reversed(told.staff)) if told else await self._shown(one.peer)
            found[one.peer] = [staff for staff in friends if await self._usable(staff)]
        return found

    async def _shown(self, peer: str) -> list[str]:
        """The customer's employees as WeCom shows them, the latest friend first."""
        try:
            found = await calls_contact.customer(self._client, peer)
        except Refused:
            return []
        return [follow.staff for follow in sorted(found[1], key=lambda one: one.since, reverse=True)] if found else []

    async def close(self, job: Job) -> None:
        """Takes the task back, then looks once more: only what was never sent goes on to somebody else, or ends."""
        task = await self._store.read(outreach.task, job.key)
        if task is None or task.state != "closing" or not task.msgid:
            return
        self._stage("mass.before_cancel")
        await self._cancel(task.msgid)
        self._stage("mass.cancelled")
        sent = await self._sent(task)
        if sent is None:
            await self._lost(task)
            return
        if sent:
            await self._store.write(outreach.reopen, task.id, ME)
            return
        while page := await self._store.read(outreach.unsent, task.id):
            asked = task.ending in ("fallback", "left")
            friends = await self._friends(task, page) if asked else {}
            request = outreach.HandOn(task.id, tuple(one.id for one in page), friends)
            await self._store.write(outreach.hand_on, request, ME)
            self._stage("mass.handed_on")
        await self._store.write(outreach.ended, outreach.Ended(task.id), ME)

    async def _cancel(self, msgid: str) -> None:
        try:
            await calls.cancel_groupmsg_send(self._client, msgid)
        except Refused as error:
            # Cancelled before, or gone: what counts is that it cannot be sent any more.
            if error.code != NO_TASK:
                raise
        except Unknown as error:
            later = self._store.clock.now() + timedelta(seconds=10)
            raise Transient(error.say, retry_at=later, code=error.code) from error

    async def reconcile(self, job: Job) -> None:
        """Looks for a task whose creation was not answered; what is not found after two looks stays unknown and is shown."""
        task = await self._store.read(outreach.task, job.key)
        if task is None or task.state != "unknown" or task.called_at is None:
            return
        peers = await self._store.read(outreach.peers, task.id)
        for row in await self._candidates(task):
            msgid = str(row.get("msgid"))
            inside = await self._inside(task, msgid)
            if inside is None or not inside <= set(peers):
                continue
            left_out = tuple(peer for peer in peers if task.chat == "single" and peer not in inside)
            await self._store.write(outreach.opened, outreach.Opened(task.id, msgid, left_out), ME, cause=task.cause)
            return
        look = int(job.payload.get("look", 1))
        if look < LOOKS:
            await self._store.write(outreach.look_again, (task.id, look + 1, LOOK_AGAIN), ME)

    async def _candidates(self, task: outreach.Task) -> Sequence[Mapping[str, Any]]:
        """Tasks of these words made around our call that are nobody's yet; of groups only a single one, since nobody can be seen in it."""
        assert task.called_at
        start, end = int((task.called_at - BEFORE).timestamp()), int((task.called_at + AFTER).timestamp())
        made = calls.every(lambda cursor: calls.get_groupmsg_list_v2(self._client, task.chat, start, end, cursor=cursor))
        rows = [row async for row in made if (row.get("text") or {}).get("content", "") == task.text]
        known = await self._store.read(outreach.known_msgids, [str(row.get("msgid")) for row in rows])
        fresh = [row for row in rows if row.get("msgid") and row["msgid"] not in known]
        if task.chat == "group" and (len(fresh) != 1 or await self._store.read(outreach.lost_like, task) != 1):
            return []
        return fresh

    async def _inside(self, task: outreach.Task, msgid: str) -> set[str] | None:
        """Who is in a task of this employee alone; None if it is another's, or nobody can be seen in it."""
        staff = await calls.get_groupmsg_task(self._client, msgid)
        if [row.get("userid") for row in staff.rows] != [task.staff]:
            return None
        if task.chat == "group":
            return set()
        results = calls.every(lambda cursor: calls.get_groupmsg_send_result(self._client, msgid, task.staff, cursor=cursor))
        return {str(row.get("external_userid")) async for row in results} or None
