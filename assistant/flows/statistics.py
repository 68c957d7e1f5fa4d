"""Pulls WeCom's daily counts of employees and groups into insights: each span its own commit, so a run that was cut off goes on there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from assistant.base.clock import business_day, day_start
from assistant.base.errors import Refused
from assistant.base.principal import system
from assistant.domain import insights
from assistant.jobs import Handler, Job
from assistant.store import Due, Store, Work
from assistant.wecom import WeComClient, calls_contact, calls_mass

PULL, STAFF, GROUPS = "insights.pull", "insights.staff", "insights.groups"
ME = system("insights")
DAY = timedelta(days=1)
BACK = timedelta(days=179)
"""WeCom keeps 180 days."""

SPAN = 30
AGAIN = 2
"""So many of the last days are read once more: late figures replace the early ones."""

OWNERS = 100
Stage = Callable[[str], None]


def handlers(store: Store, client: WeComClient, stage: Stage) -> dict[str, Handler]:
    """The handlers of insights.pull, which asks for the others, and of insights.staff and insights.groups: a span, a day, then again."""
    puller = _Puller(store, client, stage)
    return {PULL: puller.pull, STAFF: puller.staff, GROUPS: puller.groups}


class _Puller:
    def __init__(self, store: Store, client: WeComClient, stage: Stage) -> None:
        self._store = store
        self._client = client
        self._stage = stage

    async def pull(self, _job: Job) -> None:
        """Everybody who has customers, each a job of its own; nobody where customer contact is not set up."""
        if not self._client.has("contact"):
            return
        people = sorted(await calls_contact.follow_users(self._client))
        await self._store.write(_ask, people, ME)

    async def staff(self, job: Job) -> None:
        """The next span of one employee alone, since WeCom sums several; who is not visible is left out today."""
        staff, name = job.key, f"insights.staff:{job.key}"[:120]
        yesterday = business_day(self._store.clock.now()) - DAY
        first = await self._first(name, yesterday, job)
        last = min(yesterday, first + (SPAN - 1) * DAY)
        try:
            rows = await calls_mass.behavior(self._client, staff, _seconds(first), _seconds(last))
        except Refused:
            return
        days = [_staff_day(staff, row) for row in rows]
        await self._store.write(insights.keep_staff_days, insights.Pulled(days, name, last), ME)
        self._stage("insights.span_kept")
        if last < yesterday:
            await self._store.write(_next, (STAFF, staff, {"from": str(last + DAY)}), ME)

    async def groups(self, job: Job) -> None:
        """The next day of all owners, since only the sum of a span comes by owner."""
        people, yesterday = list(job.payload["owners"]), business_day(self._store.clock.now()) - DAY
        day = await self._first("insights.groups", yesterday, job)
        rows: list[dict[str, Any]] = []
        for start in range(0, len(people), OWNERS):
            try:
                found = await calls_mass.group_statistic(self._client, people[start : start + OWNERS], _seconds(day))
            except Refused:
                continue
            rows += [_group_day(row, day) for row in found]
        await self._store.write(insights.keep_group_days, insights.Pulled(rows, "insights.groups", day), ME)
        self._stage("insights.day_kept")
        if day < yesterday:
            await self._store.write(_next, (GROUPS, job.key, {"owners": people, "from": str(day + DAY)}), ME)

    async def _first(self, name: str, yesterday: date, job: Job) -> date:
        """Where to go on: after the span before, or where the last run ended, the last days of it once more."""
        if job.payload.get("from"):
            return min(yesterday, date.fromisoformat(str(job.payload["from"])))
        known = await self._store.read(insights.pulled_until, name)
        return yesterday - BACK if known is None else max(yesterday - BACK, min(known, yesterday) - (AGAIN - 1) * DAY)


def _ask(work: Work, people: Sequence[str]) -> None:
    work.due(*(Due(STAFF, staff, work.now) for staff in people))
    if people:
        work.due(Due(GROUPS, "all", work.now, {"owners": list(people)}))


def _next(work: Work, request: tuple[str, str, Mapping[str, Any]]) -> None:
    kind, key, payload = request
    work.due(Due(kind, key, work.now, payload))


def _seconds(day: date) -> int:
    return int(day_start(day).timestamp())


def _staff_day(staff: str, row: Mapping[str, Any]) -> dict[str, Any]:
    percent, minutes = row.get("reply_percentage"), row.get("avg_reply_time")
    return {
        "staff": staff,
        "day": str(business_day(datetime.fromtimestamp(int(row["stat_time"]), UTC))),
        "chats": _whole(row, "chat_cnt"),
        "messages": _whole(row, "message_cnt"),
        "replied": None if percent is None else round(float(percent) * 100),
        "first_reply_minutes": None if minutes is None else int(minutes),
        "negative": _whole(row, "negative_feedback_cnt"),
        "applies": _whole(row, "new_apply_cnt"),
        "contacts": _whole(row, "new_contact_cnt"),
    }


def _group_day(row: Mapping[str, Any], day: date) -> dict[str, Any]:
    data = row.get("data") or {}
    names = ("new_chat_cnt", "chat_total", "chat_has_msg", "new_member_cnt", "member_total", "member_has_msg", "msg_total")
    counts = dict(zip(insights.GROUP_COLUMNS, (_whole(data, name) for name in names), strict=True))
    return {"owner": str(row.get("owner")), "day": str(day), **counts}


def _whole(row: Mapping[str, Any], name: str) -> int:
    return int(row.get(name) or 0)
