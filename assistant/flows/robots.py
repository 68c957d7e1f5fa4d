"""Internal notices by group robots: what our people must see, gathered for a moment and said once in the group of their robot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from assistant import telemetry
from assistant.base import ids
from assistant.base.clock import SHANGHAI, business_day
from assistant.base.errors import LaoyouError, Transient
from assistant.base.principal import system
from assistant.channels import notices, quota
from assistant.channels.notices import Notice
from assistant.channels.quota import Charge, Learned
from assistant.domain import staff
from assistant.jobs import Handler, Job
from assistant.store import Due, Store, Work
from assistant.wecom import Unknown, WeComClient
from assistant.wecom.calls_robot import robot_markdown
from assistant.wecom.tokens import Secret

ME = system("robots")
SEND = "robot.send"
GATHER = timedelta(seconds=20)
"""Notices of one moment are one message."""

SHOWN = 5
MOST = 200
KINDS: dict[str, tuple[str, str]] = {
    "unknown": ("运营", "不知道是否送达的消息"),
    "trouble": ("运营", "企业微信需要处理"),
    "plan": ("运营", "方案等待批准"),
    "payout": ("财务", "返现打款已暂停"),
    "book": ("财务", "对账发现不一致"),
    "overdue": ("客服", "工单已超过承诺的时间"),
}
"""Notice → the robot that says it, by its name in the settings (or the first robot where none has that name), and its heading."""

TROUBLE = frozenset(f"wecom_{slug}" for slug in ("credentials", "permission", "ip", "licence", "kf_account", "abnormal_traffic"))
"""Refusals that end only when somebody does something in WeCom's admin pages."""

ALARMS: dict[str, str] = {
    "wecom.app_inactive_warned": "应用很久没人用，快要停用了，请在企业微信后台处理",
    "wecom.app_inactive_closed": "应用因为没人用已被停用，请在企业微信后台重新启用",
    "wecom.app_low_active_warned": "应用的活跃太低，快要取不到客户数据了，请让员工多用",
    "wecom.app_low_active": "应用的活跃太低，已经取不到客户数据，请在企业微信后台处理",
}
"""Facts after which the app loses, or soon loses, access to customer data."""

Stage = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one robot says in one message. ``until``: it must wait, and nothing was taken."""

    notices: Sequence[Notice] = ()
    until: datetime | None = None


def say(work: Work, kind: str, key: str, text: str) -> None:
    """Has something said once for ever by this key; phone numbers in it are masked."""
    robot = KINDS[kind][0]
    if notices.add(work, Notice(ids.derive("notice", kind, key), robot, kind, telemetry.redact(text)[:300], work.now)):
        work.due(_due(robot, work.now + GATHER))


def _due(robot: str, at: datetime) -> Due:
    return Due(SEND, robot, at, {"robot": robot}, order_key=f"robot:{robot}", keep=True)


def hear(work: Work, name: str, subject: str, payload: Mapping[str, Any]) -> None:
    """Has said what our people must see of this fact, if anything."""
    found = of_fact(name, subject, payload)
    if found is not None:
        kind, key, text = found
        # The same trouble another day is news again.
        say(work, kind, f"{key}:{business_day(work.now)}" if kind in ("trouble", "payout") else key, text)


def look_round(work: Work) -> int:
    """Tells of tickets whose promise has passed, each once, wakes the robots that have something to say, and drops
    what is a month old; returns how many tickets are late."""
    for robot in notices.robots_waiting(work):
        work.due(_due(robot, work.now))
    notices.sweep(work)
    late = staff.overdue(work)
    for one in late:
        due = f"{one.due_at.astimezone(SHANGHAI):%m-%d %H:%M}" if one.due_at else ""
        say(
            work,
            "overdue",
            one.id,
            f"{one.title or one.kind}（应在 {due} 前处理，{'已由 ' + one.staff + ' 接手' if one.staff else '还没人接手'}）",
        )
    return len(late)


def handler(store: Store, client: WeComClient, robots: Mapping[str, Secret], stage: Stage) -> Handler:
    """The handler of ``robot.send`` jobs. Without robots in the settings the notices stay where they are, for a month."""
    desk = _RobotDesk(store, client, robots, stage)
    return desk.send


class _RobotDesk:
    def __init__(self, store: Store, client: WeComClient, robots: Mapping[str, Secret], stage: Stage) -> None:
        self._store = store
        self._client = client
        self._robots = robots
        self._stage = stage

    async def send(self, job: Job) -> None:
        """One message of one robot; what was cut off between its two commits is unknown and not said again."""
        if not self._robots:
            return
        named = str(job.payload["robot"])
        robot = named if named in self._robots else next(iter(self._robots))
        batch: Batch = await self._store.write(_claim, (named, robot), ME)
        if batch.until is not None:
            raise Transient("群机器人一分钟只能发 20 条，稍后再发", retry_at=batch.until, code="quota")
        if not batch.notices:
            return
        self._stage("robot.claimed")
        state, why, away = "sent", "", None
        try:
            await robot_markdown(self._client, self._robots[robot], written(batch.notices))
        except Unknown as error:
            state, why = "unknown", error.say
        except Transient as error:
            state, why, away = "waiting", error.say, error
        except LaoyouError as error:
            state, why = "refused", error.say
        self._stage("robot.sent")
        await self._store.write(_settle, (robot, batch.notices, state, why), ME)
        if away is not None:
            if away.code == "wecom_rate":
                closed: datetime = (await self._store.write(quota.learn, [Learned(quota.ROBOT, robot)], ME))[0]
                away.retry_at = max(closed, away.retry_at or closed)
            raise away


def written(batch: Sequence[Notice]) -> str:
    """The notices as one Markdown message: a heading for each kind, the latest lines below it."""
    parts = []
    for kind in dict.fromkeys(one.kind for one in batch):
        mine = [one for one in batch if one.kind == kind]
        lines = [f"> {one.text}" for one in mine[-SHOWN:]]
        more = [f"> ……一共 {len(mine)} 条，请在控制台查看"] if len(mine) > SHOWN else []
        parts.append("\n".join([f"**{KINDS[kind][1]}**（{len(mine)}）", *lines, *more]))
    return "\n\n".join(parts)


def _claim(work: Work, request: tuple[str, str]) -> Batch:
    named, robot = request
    notices.interrupted(work, named)
    if not notices.waiting(work, named, 1):
        return Batch()
    taken = quota.take(work, [[Charge(quota.ROBOT, robot)]])[0]
    if not taken.ok:
        return Batch(until=taken.until or work.now + timedelta(minutes=1))
    found = notices.waiting(work, named, MOST)
    notices.move(work, [one.id for one in found], "sending", "")
    return Batch(found)


def _settle(work: Work, request: tuple[str, Sequence[Notice], str, str]) -> None:
    robot, batch, state, why = request
    notices.move(work, [one.id for one in batch], state, why)
    if state in ("refused", "unknown"):
        key = f"robot:{robot}:{business_day(work.now)}:{ids.digest_of(why)[:12]}"
        staff.open_ticket(work, [staff.OpenTicket(key, "task", title=f"群机器人“{robot}”没有把通知发出去", summary=why)])


def of_fact(name: str, subject: str, payload: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """(kind, key, text) of what our people must see of this fact; None if there is nothing to say."""
    why = str(payload.get("reason", ""))
    if name in ("channel.unknown", "mass.unknown", "moment.unknown"):
        what = payload.get("channel") or {"mass.unknown": "群发", "moment.unknown": "朋友圈"}.get(name, "消息")
        return "unknown", subject, f"{what}：{why or '没有收到答复'}"
    if name == "channel.refused" and payload.get("code") in TROUBLE:
        return "trouble", f"{payload['code']}", why
    if name in ALARMS:
        return "trouble", name, ALARMS[name]
    if name == "cashback.halted":
        return "payout", f"{subject}:{payload.get('why', '')}", str(payload.get("why", ""))
    if name == "book.reconciled" and payload.get("differences"):
        return "book", subject, f"夜间对账发现 {payload['differences']} 处不一致，明细在“待办”里"
    if name == "plan.awaiting_approval":
        return "plan", f"{subject}:{payload.get('digest', '')}", f"方案 {subject.removeprefix('plan:')} 等待批准"
    return None
