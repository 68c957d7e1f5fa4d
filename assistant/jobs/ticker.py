"""What recurs: APScheduler only ticks; each tick asks for one due row per schedule and planned instant, so that many processes agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]

from assistant.base.clock import SHANGHAI
from assistant.base.principal import system
from assistant.store import Due, Store, Work, cursor, upsert
from assistant.telemetry import log

TICK_SECONDS = 1.0
WINDOWS = (timedelta(hours=1), timedelta(hours=26), timedelta(days=32))
"""How far back a planned instant is looked for, near ones first: a service that was down makes up for the latest instant only."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """``kind`` becomes due either ``every`` so many seconds (whole multiples since 1970) or by ``cron`` (five fields, Shanghai time)."""

    kind: str
    every: int = 0
    cron: str = ""

    def latest(self, now: datetime) -> datetime | None:
        """The last planned instant at or before ``now``; None if there was none within the last month."""
        if self.every:
            return datetime.fromtimestamp(int(now.timestamp()) // self.every * self.every, UTC)
        trigger = CronTrigger.from_crontab(self.cron, timezone=SHANGHAI)
        for window in WINDOWS:
            found: datetime | None = None
            instant = trigger.get_next_fire_time(None, now - window)
            while instant is not None and instant <= now:
                found = instant
                instant = trigger.get_next_fire_time(instant, instant + timedelta(seconds=1))
            if found is not None:
                return found.astimezone(UTC)
        return None


def plan_tick(work: Work, schedules: Sequence[Schedule]) -> int:
    """Makes the last planned instant of each schedule due, once for ever; returns how many were new.

    The cursor of a schedule never goes back, so a clock that does fires nothing twice. A cron schedule seen for the first time starts
    with its next instant.
    """
    fresh = 0
    for schedule in schedules:
        instant = schedule.latest(work.now)
        if instant is None:
            continue
        name = f"tick:{schedule.kind}:{schedule.cron or schedule.every}"
        planned = instant.isoformat()
        work.insert_missing(cursor, [{"name": name, "value": "", "at": work.now}])
        statement = cursor.select().where(cursor.c.name == name)
        row = work.one(work.locked(statement))
        if row is not None and row.value >= planned:
            continue
        upsert(work, cursor, [{"name": name, "value": planned, "at": work.now}], ["name"], ["value", "at"])
        if schedule.cron and row is not None and not row.value:
            continue
        work.due(Due(schedule.kind, f"{name}@{planned}", instant, {"planned": planned}, keep=True))
        fresh += 1
    return fresh


class Ticker:
    """Ticks ``plan_tick`` for the schedules; owns no state, so any number of processes may run one."""

    def __init__(self, store: Store, schedules: Sequence[Schedule], seconds: float = TICK_SECONDS) -> None:
        self._store = store
        self._schedules = list(schedules)
        self._seconds = seconds
        self._scheduler: AsyncIOScheduler | None = None
        self._shown: list[datetime | None] = []

    async def start(self) -> None:
        """Starts ticking in the running event loop."""
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60})
        self._scheduler.add_job(self._quiet_tick, "interval", seconds=self._seconds, id="tick")
        self._scheduler.start()
        await self._quiet_tick()

    async def stop(self) -> None:
        """Stops ticking; nothing is lost, the next start catches up."""
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    async def tick(self) -> int:
        """Looks once; writes only when an instant has passed since the last look."""
        now = self._store.clock.now()
        seen = [schedule.latest(now) for schedule in self._schedules]
        if seen == self._shown:
            return 0
        fresh: int = await self._store.write(plan_tick, self._schedules, system("ticker"))
        self._shown = seen
        return fresh

    async def _quiet_tick(self) -> None:
        try:
            await self.tick()
        except Exception as error:
            log("jobs").error("tick_failed", error=repr(error))
            self._shown = []
